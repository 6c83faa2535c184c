/** Errors in the words of Docker's client: which are the daemon's, which are ours. */
import { SlipwayError, isKind, messageOf } from "../../layers/base/errors.ts";
import { apiStatusOf } from "../client/api-errors.ts";

/** The message as the client reports it. */
export function errorText(thrown: unknown): string {
  if (apiStatusOf(thrown) !== undefined) return `Error response from daemon: ${messageOf(thrown)}`;
  if (isKind(thrown, "unavailable")) {
    return `Cannot connect to the Docker daemon: ${messageOf(thrown)}. Is the docker daemon running?`;
  }
  return messageOf(thrown);
}

/** Whether the command was stopped, rather than failed. */
export function isCancelled(thrown: unknown): boolean {
  return thrown instanceof SlipwayError && thrown.kind === "cancelled";
}

/** Several failures as the client joins them (errors.Join): one a line. */
export function joinErrors(failures: readonly string[]): Error {
  return new Error(failures.join("\n"));
}

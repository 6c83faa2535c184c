/**
 * Responses that are errors become `SlipwayError`s: the daemon's own message, the kind by status, and
 * the status in `data`, by which a client tells the daemon's errors from its own.
 */
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import type { ErrorKind } from "../../layers/base/errors.ts";
import { SlipwayError } from "../../layers/base/errors.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import type { TransportResponse } from "./transport.ts";

/** moby: errdefs/httphandlers.go, the other way round. */
const KIND_BY_STATUS: ReadonlyMap<number, ErrorKind> = new Map([
  [304, "notModified"],
  [400, "invalidParameter"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "notFound"],
  [408, "deadline"],
  [409, "conflict"],
  [429, "resourceExhausted"],
  [499, "cancelled"],
  [500, "system"],
  [501, "notImplemented"],
  [503, "unavailable"],
  [504, "deadline"],
]);

/** Error bodies are one sentence; more than this is not one of ours. */
const ERROR_BODY_BYTES_MAX = 1024 * 1024;

interface ApiErrorData {
  readonly status: number;
}

/** The HTTP status the daemon answered with, when `thrown` is the daemon's own error. */
export function apiStatusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof SlipwayError)) return undefined;
  const data = thrown.data;
  if (typeof data !== "object" || data === null || !("status" in data)) return undefined;
  return typeof data.status === "number" ? data.status : undefined;
}

/** The error that `response`, of a status of 400 or more, stands for. */
export async function errorOf(response: TransportResponse): Promise<SlipwayError> {
  const text = decodeUtf8(await collectBytes(response.body, ERROR_BODY_BYTES_MAX));
  const kind = KIND_BY_STATUS.get(response.status) ?? (response.status < 500 ? "invalidParameter" : "system");
  const data: ApiErrorData = { status: response.status };
  return new SlipwayError(kind, messageIn(text, response.status), { data });
}

function messageIn(text: string, status: number): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) {
      if (typeof parsed.message === "string") return parsed.message;
    }
  } catch (thrown) {
    // Not JSON: proxies and old daemons answer plain text, which is the message itself.
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  return text.trim() === "" ? `request returned ${status} for API route and version` : text.trim();
}

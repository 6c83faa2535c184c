/** Error kinds and HTTP status codes, in one table (moby api/server/httpstatus). */
import type { ErrorKind } from "../../layers/base/errors.ts";
import { SlipwayError } from "../../layers/base/errors.ts";
import type { ApiReply } from "./handler.ts";
import { jsonReply } from "./replies.ts";

const STATUS: Readonly<Record<ErrorKind, number>> = {
  cancelled: 500,
  conflict: 409,
  dataLoss: 500,
  deadline: 500,
  forbidden: 403,
  invalidParameter: 400,
  notFound: 404,
  notImplemented: 501,
  notModified: 304,
  resourceExhausted: 500,
  system: 500,
  unauthorized: 401,
  unavailable: 503,
};

/** The response for anything thrown. */
export function errorReply(thrown: unknown): ApiReply {
  const error = SlipwayError.from(thrown);
  const status = STATUS[error.kind];
  // 304 has no body, by HTTP's own rule.
  if (status === 304) return { kind: "response", status, headers: {}, body: undefined };
  return jsonReply(status, { message: error.message });
}

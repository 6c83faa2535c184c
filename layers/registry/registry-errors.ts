/**
 * What a registry says when it refuses, turned into what dockerd says to the user. Registries answer
 * with `{"errors":[{"code","message"}]}`, token servers with `{"details"}`; docker prints the first
 * error as "code in lower case: message" and puts the image's name before it.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import type { ErrorKind, SlipwayError } from "../base/errors.ts";
import { fail, messageOf } from "../base/errors.ts";
import { collectBytes } from "../base/streams.ts";
import type { Reference } from "../oci/reference.ts";
import { familiarName, familiarString } from "../oci/reference.ts";
import { parseChallenges } from "./challenge.ts";

/** Enough for any error document; the rest is not read. */
const ERROR_BODY_BYTES_MAX = 64 * 1024;
/** How much of an unreadable body is quoted. */
const QUOTE_LENGTH_MAX = 200;
/** The proxy of this project marks refusals that are its own with this header. */
export const PROXY_ERROR_HEADER = "slipway-proxy-error";

/** The code names a registry may answer with (distribution spec and distribution/errcode). */
const KINDS: Readonly<Record<string, ErrorKind>> = {
  UNAUTHORIZED: "unauthorized",
  DENIED: "forbidden",
  TOOMANYREQUESTS: "resourceExhausted",
  MANIFEST_UNKNOWN: "notFound",
  NAME_UNKNOWN: "notFound",
  BLOB_UNKNOWN: "notFound",
  BLOB_UPLOAD_UNKNOWN: "notFound",
  NAME_INVALID: "invalidParameter",
  MANIFEST_INVALID: "invalidParameter",
  MANIFEST_BLOB_UNKNOWN: "invalidParameter",
  TAG_INVALID: "invalidParameter",
  DIGEST_INVALID: "invalidParameter",
  SIZE_INVALID: "invalidParameter",
  UNSUPPORTED: "notImplemented",
  UNAVAILABLE: "unavailable",
};

const DEFAULT_MESSAGES: Readonly<Record<string, string>> = {
  UNAUTHORIZED: "authentication required",
  DENIED: "requested access to the resource is denied",
  TOOMANYREQUESTS: "too many requests",
  MANIFEST_UNKNOWN: "manifest unknown",
  NAME_UNKNOWN: "repository name not known to registry",
  BLOB_UNKNOWN: "blob unknown to registry",
};

/** The first error of a refusal, in the registry's vocabulary. */
export interface Refusal {
  /** Such as "MANIFEST_UNKNOWN"; "" when the body held none. */
  readonly code: string;
  /** As docker prints it: "manifest unknown: manifest unknown". */
  readonly text: string;
  readonly status: number;
}

/** Reads the body of a refusal; `secrets` never appear in what comes out. */
export async function readRefusal(response: Response, secrets: readonly string[] = []): Promise<Refusal> {
  const body = await readBody(response);
  const redact = (text: string): string => redactSecrets(text, secrets);
  const proxyError = response.headers.get(PROXY_ERROR_HEADER);
  if (proxyError !== null) {
    const code = response.status === 429 ? "TOOMANYREQUESTS" : "";
    return { code, text: redact(`CORS proxy: ${proxyError}`), status: response.status };
  }
  const insufficient = response.status === 401 ? refusalOfChallenge(response) : undefined;
  const refusal = insufficient ?? refusalOfBody(response.status, body);
  return { ...refusal, text: redact(refusal.text) };
}

/** The engine's error for a refusal that no rule of a verb speaks about. */
export function errorOf(refusal: Refusal): SlipwayError {
  return fail(kindOf(refusal), refusal.text, { data: { status: refusal.status, code: refusal.code } });
}

/** The error of a pull, as moby's translatePullError words it. */
export function pullError(refusal: Refusal, reference: Reference): SlipwayError {
  const data = { status: refusal.status, code: refusal.code };
  switch (refusal.code) {
    case "DENIED":
      return fail(
        "notFound",
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require ` +
          `'docker login': ${refusal.text}`,
        { data },
      );
    case "MANIFEST_UNKNOWN":
      return fail("notFound", `manifest for ${familiarString(reference)} not found: ${refusal.text}`, { data });
    case "NAME_UNKNOWN":
      return fail("notFound", `repository ${familiarName(reference)} not found: ${refusal.text}`, { data });
    default:
      if (refusal.status !== 404 || refusal.code !== "") return errorOf(refusal);
      return fail(
        "notFound",
        `manifest for ${familiarString(reference)} not found: manifest unknown: manifest unknown`,
        { data },
      );
  }
}

/** The error of a host that did not answer, worded as Go's http client does. */
export function unreachable(method: string, url: URL, thrown: unknown): SlipwayError {
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase();
  return fail("unavailable", `${verb} "${redactUrl(url)}": ${networkReason(url, thrown)}`, { cause: thrown });
}

/** The URL without credentials and query: queries of blob hosts are signatures. */
export function redactUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

export function redactSecrets(text: string, secrets: readonly string[]): string {
  let redacted = text;
  for (const secret of secrets) if (secret.length > 3) redacted = redacted.replaceAll(secret, "***");
  return redacted;
}

function kindOf(refusal: Refusal): ErrorKind {
  const known = KINDS[refusal.code];
  if (known !== undefined) return known;
  switch (refusal.status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "notFound";
    case 429:
      return "resourceExhausted";
    case 502:
    case 503:
    case 504:
      return "unavailable";
    default:
      return "system";
  }
}

/** RFC 6750 errors in the challenge come before the body, as in distribution's client. */
function refusalOfChallenge(response: Response): Refusal | undefined {
  for (const challenge of parseChallenges(response.headers.get("www-authenticate"))) {
    const error = challenge.parameters["error"];
    if (challenge.scheme !== "bearer" || error === undefined) continue;
    const code = { invalid_token: "UNAUTHORIZED", insufficient_scope: "DENIED" }[error];
    if (code === undefined) continue;
    const message = challenge.parameters["error_description"] ?? DEFAULT_MESSAGES[code] ?? "";
    return { code, text: `${codeText(code)}: ${message}`, status: response.status };
  }
  return undefined;
}

function refusalOfBody(status: number, body: string): Refusal {
  const json = parseJson(body);
  const [first] = Array.isArray(json?.["errors"]) ? (json["errors"] as unknown[]) : [];
  if (typeof first === "object" && first !== null && "code" in first) {
    const code = String(first.code);
    const message = "message" in first && first.message !== "" ? String(first.message) : DEFAULT_MESSAGES[code];
    return { code, text: `${codeText(code)}: ${message ?? "unknown error"}`, status };
  }
  const details = json?.["details"];
  const code = { 401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS" }[status] ?? "";
  if (code !== "") {
    const message = typeof details === "string" ? details : (DEFAULT_MESSAGES[code] ?? "");
    return { code, text: `${codeText(code)}: ${message}`, status };
  }
  if (status >= 500 || body.trim() === "") {
    return { code, text: `received unexpected HTTP status: ${statusText(status)}`, status };
  }
  const quote = JSON.stringify(body.slice(0, QUOTE_LENGTH_MAX));
  return { code, text: `error parsing HTTP ${status} response body: ${quote}`, status };
}

function codeText(code: string): string {
  return code.toLowerCase().replaceAll("_", " ");
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // Proxies and load balancers answer in HTML.
  }
}

async function readBody(response: Response): Promise<string> {
  if (response.body === null) return "";
  try {
    return decodeUtf8(await collectBytes(response.body, ERROR_BODY_BYTES_MAX));
  } catch {
    return ""; // Too long or broken off: the status has to do.
  }
}

/** Status texts of RFC 9110, since HTTP/2 carries none. */
export function statusText(status: number): string {
  const texts: Readonly<Record<number, string>> = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
  };
  const text = texts[status];
  return text === undefined ? String(status) : `${status} ${text}`;
}

/** undici hides the reason in `cause`; browsers tell none, so they get the two likely ones. */
function networkReason(url: URL, thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : undefined;
  const code = cause !== undefined && "code" in cause ? String(cause.code) : "";
  const port = url.port === "" ? (url.protocol === "http:" ? "80" : "443") : url.port;
  const dial = `dial tcp ${url.hostname}:${port}`;
  switch (code) {
    case "ECONNREFUSED":
      return `${dial}: connect: connection refused`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return `${dial}: i/o timeout`;
    case "ECONNRESET":
    case "UND_ERR_SOCKET":
      return "EOF";
    default:
      break;
  }
  if (cause !== undefined) return cause.message;
  const message = messageOf(thrown);
  if (!(thrown instanceof TypeError)) return message;
  return `${message} (no answer, or the registry does not let a web page read it: configure a CORS proxy)`;
}

/** The proxy's own refusals: a status, Docker's error document, and a header that says whose they are. */
import { PROXY_ERROR_HEADER, addPageHeaders } from "./headers.ts";

const CODES: Readonly<Record<number, string>> = {
  403: "DENIED",
  404: "NAME_UNKNOWN",
  405: "UNSUPPORTED",
  413: "SIZE_INVALID",
  429: "TOOMANYREQUESTS",
};

/** Thrown anywhere inside the proxy; `createCorsProxy` answers with it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  toResponse(allowedOrigin: string): Response {
    const body = { errors: [{ code: CODES[this.status] ?? "UNAVAILABLE", message: this.message }] };
    const headers = new Headers({ "content-type": "application/json" });
    // Header values are Latin-1; the body has the whole text.
    headers.set(PROXY_ERROR_HEADER, this.message.replace(/[^\x20-\x7e]/g, "?"));
    if (this.retryAfterSeconds !== undefined) headers.set("retry-after", String(this.retryAfterSeconds));
    addPageHeaders(headers, allowedOrigin);
    return new Response(JSON.stringify(body), { status: this.status, headers });
  }
}

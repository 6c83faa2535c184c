/**
 * Which headers pass. Towards the registry: what the distribution protocol needs and nothing that
 * tells who the user is (no cookies, no referrer, no origin). Towards the page: the same in the other
 * direction, plus the CORS headers that are the point of it all. Answers are never to be rendered:
 * the proxy may live on the page's own origin, and a registry's HTML must not run there.
 */

const REQUEST_HEADERS = ["accept", "authorization", "content-type", "content-range", "if-none-match", "range"];

const RESPONSE_HEADERS = [
  "accept-ranges",
  "content-length",
  "content-range",
  "content-type",
  "docker-content-digest",
  "docker-distribution-api-version",
  "docker-ratelimit-source",
  "docker-upload-uuid",
  "etag",
  "link",
  "location",
  "oci-chunk-max-length",
  "oci-chunk-min-length",
  "oci-subject",
  "range",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "www-authenticate",
];

/** Own refusals carry their reason in this header. */
export const PROXY_ERROR_HEADER = "slipway-proxy-error";
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH"];
/** Chromium caps it at two hours. */
const PREFLIGHT_SECONDS = 7200;

/** What the registry gets of the client's headers. */
export function forwardedHeaders(headers: Headers): Headers {
  const forwarded = new Headers();
  for (const name of REQUEST_HEADERS) {
    const value = headers.get(name);
    if (value !== null) forwarded.set(name, value);
  }
  // Encoded bodies would have other lengths and digests than the registry says.
  forwarded.set("accept-encoding", "identity");
  forwarded.set("user-agent", "slipway-cors-proxy");
  return forwarded;
}

/** What the client gets of the registry's headers. */
export function projectedHeaders(headers: Headers): Headers {
  const projected = new Headers();
  const isEncoded = headers.has("content-encoding");
  for (const name of RESPONSE_HEADERS) {
    const value = headers.get(name);
    // A fetch that decoded the body left the length of the encoded one behind.
    if (value !== null && !(isEncoded && name === "content-length")) projected.set(name, value);
  }
  const type = projected.get("content-type") ?? "";
  if (type === "" || /html|xml|svg|javascript/i.test(type)) projected.set("content-type", "application/octet-stream");
  return projected;
}

/** Headers of every answer, so that the page may read it and no browser may render it. */
export function addPageHeaders(headers: Headers, allowedOrigin: string): void {
  headers.set("access-control-allow-origin", allowedOrigin);
  if (allowedOrigin !== "*") headers.set("vary", "origin");
  headers.set("access-control-expose-headers", [...RESPONSE_HEADERS, PROXY_ERROR_HEADER].join(", "));
  headers.set("cross-origin-resource-policy", "cross-origin");
  headers.set("x-content-type-options", "nosniff");
  headers.set("content-security-policy", "sandbox; default-src 'none'");
  headers.set("cache-control", "no-store");
}

/** The answer to OPTIONS, given by the proxy itself: registries answer it with 401. */
export function preflight(allowedOrigin: string): Response {
  const headers = new Headers({
    "access-control-allow-methods": METHODS.join(", "),
    "access-control-allow-headers": REQUEST_HEADERS.join(", "),
    "access-control-max-age": String(PREFLIGHT_SECONDS),
  });
  addPageHeaders(headers, allowedOrigin);
  return new Response(null, { status: 204, headers });
}

/**
 * What every answer of the page's server says to the browser. Whoever hosts the built page elsewhere
 * should send the same (the README lists them).
 */

/**
 * No inline script, no foreign script; WebAssembly compiles because that is how guests run. Styles may
 * be inline because the terminal measures and themes itself with style elements. Connections may go to
 * any registry over TLS, and to registries on this machine.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "connect-src 'self' https: http://127.0.0.1:* http://localhost:* ws://127.0.0.1:* ws://localhost:* data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export const SITE_HEADERS: Readonly<Record<string, string>> = {
  // Cross-origin isolation: @wasmer/sdk needs SharedArrayBuffer.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "cross-origin",
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * Serves directories over HTTP: the built page, and OCI image layouts as a static mirror. Read-only,
 * GET and HEAD, byte ranges (a broken pull resumes), and never outside the directory, symbolic links
 * included.
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

export interface StaticFilesOptions {
  /** Sent with every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether a path's content never changes (content-hashed or content-addressed names). */
  readonly isImmutable: (path: string) => boolean;
}

interface Served {
  readonly file: string;
  readonly sizeBytes: number;
  readonly etag: string;
}

/** Answers requests for files under `directory`; `path` is the URL's path below the mount point. */
export function staticFiles(directory: string, options: StaticFilesOptions) {
  return async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { ...options.headers, allow: "GET, HEAD" }).end();
      return;
    }
    const served = await find(directory, path);
    if (served === undefined) {
      response.writeHead(404, { ...options.headers, "content-type": "text/plain" }).end("not found\n");
      return;
    }
    const headers = {
      ...options.headers,
      "content-type": CONTENT_TYPES[extname(served.file)] ?? "application/octet-stream",
      "cache-control": options.isImmutable(path) ? "public, max-age=31536000, immutable" : "no-cache",
      "accept-ranges": "bytes",
      etag: served.etag,
    };
    if (request.headers["if-none-match"] === served.etag) {
      response.writeHead(304, headers).end();
      return;
    }
    await send(served, headers, request, response);
  };
}

async function find(directory: string, path: string): Promise<Served | undefined> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined; // Malformed escapes name nothing.
  }
  if (decoded.includes("\0")) return undefined;
  if (decoded === "" || decoded.endsWith("/")) decoded += "index.html";
  try {
    const root = await realpath(directory);
    const file = await realpath(join(root, decoded));
    if (!file.startsWith(root + sep)) return undefined;
    const info = await stat(file);
    if (!info.isFile()) return undefined;
    const etag = `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`;
    return { file, sizeBytes: info.size, etag };
  } catch {
    return undefined; // Not there, or not readable by us: the same to a client.
  }
}

async function send(
  served: Served,
  headers: Record<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const range = parseRange(request.headers.range, served.sizeBytes);
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...headers, "content-range": `bytes */${served.sizeBytes}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: served.sizeBytes };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "content-length": String(end - start),
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${served.sizeBytes}` }),
  });
  if (request.method === "HEAD" || end === start) {
    response.end();
    return;
  }
  try {
    await pipeline(createReadStream(served.file, { start, end: end - 1 }), response);
  } catch {
    response.destroy(); // The client went away in the middle.
  }
}

/** One byte range (RFC 9110 14.1.2), as [start, end); undefined for none or a form we answer whole. */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  if (first === "") {
    const suffixBytes = Number(last);
    if (suffixBytes === 0) return "unsatisfiable";
    return { start: Math.max(0, sizeBytes - suffixBytes), end: sizeBytes };
  }
  const start = Number(first);
  if (start >= sizeBytes) return "unsatisfiable";
  const end = last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  return end <= start ? undefined : { start, end };
}

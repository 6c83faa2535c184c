/**
 * `slipway serve`: the page, its configuration, the static mirror and the CORS proxy behind one
 * loopback port, so that a page works without anything else. Stateless; the engine is in the tab.
 *
 *   /               the built page, cross-origin isolated (WASI images need SharedArrayBuffer)
 *   /slipway.json   where the page finds mirror and proxy
 *   /mirror/        an OCI image layout, when one was given
 *   /proxy/         the allow-listed CORS proxy, unless switched off
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { messageOf } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { piecesOf } from "../../layers/base/streams.ts";
import { SITE_HEADERS } from "./site-headers.ts";
import { staticFiles } from "./static-files.ts";

/** Answers what comes in under /proxy/ (layers/cors-proxy). */
export type ProxyHandler = (request: Request, client: { readonly address: string }) => Promise<Response>;

export interface SiteOptions {
  /** The built page. */
  readonly siteDirectory: string;
  /** An OCI image layout, or undefined for no mirror. */
  readonly mirrorDirectory: string | undefined;
  readonly proxy: ProxyHandler | undefined;
}

/** The HTTP server of `slipway serve`, not yet listening. */
export function createSiteServer(options: SiteOptions): Server {
  const site = staticFiles(options.siteDirectory, {
    headers: SITE_HEADERS,
    // The builder puts a content hash into every name under assets/.
    isImmutable: (path) => path.startsWith("assets/"),
  });
  const mirror =
    options.mirrorDirectory === undefined
      ? undefined
      : staticFiles(options.mirrorDirectory, {
          headers: { ...SITE_HEADERS, "access-control-allow-origin": "*" },
          isImmutable: (path) => path.startsWith("blobs/"),
        });
  const configuration = JSON.stringify({
    mirrors: mirror === undefined ? [] : ["/mirror/"],
    proxy: options.proxy === undefined ? null : "/proxy/",
  });

  return createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const work = ((): Promise<void> => {
      if (path === "/slipway.json") return sendConfiguration(configuration, response);
      if (mirror !== undefined && path.startsWith("/mirror/")) {
        return mirror(path.slice("/mirror/".length), request, response);
      }
      if (options.proxy !== undefined && path.startsWith("/proxy/")) {
        return sendProxied(options.proxy, request, response);
      }
      return site(path.slice(1), request, response);
    })();
    work.catch((thrown: unknown) => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end(`${messageOf(thrown)}\n`);
    });
  });
}

async function sendConfiguration(configuration: string, response: ServerResponse): Promise<void> {
  const headers = { ...SITE_HEADERS, "content-type": "application/json", "cache-control": "no-cache" };
  response.writeHead(200, headers).end(configuration);
}

async function sendProxied(
  proxy: ProxyHandler,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const method = message.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD";
  const init: RequestInit & { duplex?: "half" } = {
    method,
    headers: headersOf(message),
    signal: gone.signal,
    ...(hasBody ? { body: Readable.toWeb(message) as ReadableStream<Uint8Array>, duplex: "half" } : {}),
  };
  const url = new URL(message.url ?? "/", `http://${message.headers.host ?? "localhost"}`);
  const reply = await proxy(new Request(url, init), { address: message.socket.remoteAddress ?? "" });
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of reply.headers) headers[name] = value;
  response.writeHead(reply.status, headers);
  if (reply.body !== null) {
    try {
      for await (const piece of piecesOf(reply.body as ByteStream)) {
        if (!response.write(piece)) await new Promise((resolve) => response.once("drain", resolve));
      }
    } catch {
      response.destroy(); // Broken off upstream: the client must see that the body is not whole.
      return;
    }
  }
  response.end();
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    // Hop-by-hop (RFC 9110 7.6.1): meant for this connection alone.
    if (value === undefined || ["connection", "host", "keep-alive", "transfer-encoding", "upgrade"].includes(name)) continue;
    headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

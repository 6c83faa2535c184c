/** Puts a fetch handler behind a Node HTTP server, as `slipway serve` does with the CORS proxy. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { listen } from "./registry-server.ts";

export interface HandlerServer {
  readonly origin: string;
  stop(): Promise<void>;
}

export type Handler = (request: Request, client: { readonly address: string }) => Promise<Response>;

export async function startHandlerServer(handler: Handler): Promise<HandlerServer> {
  const server = createServer((message, response) => {
    answer(handler, message, response).catch(() => response.destroy());
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (typeof value === "string" && !["connection", "host", "transfer-encoding"].includes(name))
      headers.set(name, value);
  }
  const method = message.method ?? "GET";
  const init: RequestInit & { duplex?: "half" } = { method, headers, signal: gone.signal };
  if (method !== "GET" && method !== "HEAD") {
    init.body = Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>>;
    init.duplex = "half";
  }
  const url = `http://${message.headers.host ?? ""}${message.url ?? "/"}`;
  const reply = await handler(new Request(url, init), { address: message.socket.remoteAddress ?? "" });
  response.writeHead(reply.status, Object.fromEntries(reply.headers));
  if (reply.body === null) {
    response.end();
    return;
  }
  const body = Readable.fromWeb(reply.body as NodeReadableStream<Uint8Array>);
  body.on("error", () => response.destroy());
  body.pipe(response);
}

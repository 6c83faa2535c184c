/**
 * Carries the Engine API over HTTP sockets (TCP or unix) for the real docker CLI: a request becomes
 * an `ApiRequest`, a response is streamed piece by piece, a hijack takes the socket over.
 *
 * The hard idea is the hijack. docker asks for it with `Connection: Upgrade` (Node then hands over the
 * raw socket) or, in old clients, without (the socket is taken from the pending response). Either way the
 * bytes already read ahead belong to the stream, and half-close must reach the engine: it is the
 * end of the container's stdin.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Socket } from "node:net";
import type { Duplex as NodeDuplex } from "node:stream";
import { Readable } from "node:stream";
import { assert } from "../../layers/base/assert.ts";
import { messageOf } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { streamOf } from "../../layers/base/streams.ts";
import type { ApiHandler, ApiReply, ApiRequest } from "../api/handler.ts";
import { socketDuplex } from "./socket-duplex.ts";

/** A Node HTTP server that answers every request through `handler`. Not yet listening. */
export function createApiServer(handler: ApiHandler): Server {
  const server = createServer({ keepAliveTimeout: 30_000 }, (message, response) => {
    void answer(handler, message, response);
  });
  // Attach and wait stay silent for as long as a container runs.
  server.requestTimeout = 0;
  server.timeout = 0;
  server.on("upgrade", (message: IncomingMessage, socket: NodeDuplex, head: Buffer) => {
    assert(socket instanceof Socket, "an HTTP server's connections are sockets");
    void answerUpgrade(handler, message, socket, head);
  });
  return server;
}

async function answer(handler: ApiHandler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const reply = await handler(toRequest(message, bodyOf(message), gone.signal));
  if (reply.kind === "response") {
    await sendResponse(reply, response);
    return;
  }
  const socket = response.socket;
  if (socket === null) return; // The client left meanwhile.
  const lines = headerLines({ "content-type": "application/vnd.docker.raw-stream", ...reply.headers });
  response.detachSocket(socket);
  socket.write(`HTTP/1.1 200 OK\r\n${lines}\r\n`);
  await serveHijack(reply, socket, new Uint8Array(0));
}

async function answerUpgrade(
  handler: ApiHandler,
  message: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  socket.on("error", () => gone.abort());
  // An upgrade request with a body (exec start) has it in front of the hijacked bytes.
  const declared = Number(message.headers["content-length"] ?? 0);
  const { body, rest } = await takeBody(socket, head, declared);
  const reply = await handler(toRequest(message, streamOf(body), gone.signal));
  if (reply.kind === "hijack") {
    const headers = { connection: "Upgrade", upgrade: "tcp", ...reply.headers };
    socket.write(`HTTP/1.1 101 UPGRADED\r\n${headerLines(headers)}\r\n`);
    await serveHijack(reply, socket, rest);
    return;
  }
  socket.write(`HTTP/1.1 ${reply.status} ${STATUS_TEXT[reply.status] ?? ""}\r\n`);
  socket.write(`${headerLines({ ...reply.headers, connection: "close" })}\r\n`);
  await pump(asStream(reply.body), socket);
  socket.end();
}

function toRequest(message: IncomingMessage, body: ByteStream, signal: AbortSignal): ApiRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { method: message.method ?? "GET", target: message.url ?? "/", headers, body, signal };
}

function bodyOf(message: IncomingMessage): ByteStream {
  const hasBody =
    message.headers["transfer-encoding"] !== undefined || Number(message.headers["content-length"] ?? 0) > 0;
  // Node's and the platform's stream types differ in name only.
  return hasBody ? (Readable.toWeb(message) as ByteStream) : streamOf();
}

async function sendResponse(reply: ApiReply & { kind: "response" }, response: ServerResponse): Promise<void> {
  response.writeHead(reply.status, reply.headers);
  if (reply.body === undefined || reply.body instanceof Uint8Array) {
    response.end(reply.body);
    return;
  }
  response.flushHeaders(); // `wait` must be seen to be waiting before the container is started.
  try {
    await pump(reply.body, response);
    response.end();
  } catch (thrown) {
    response.destroy(new Error(messageOf(thrown)));
  }
}

/** Copies `stream` into `target` with its backpressure; gives up when `target` closes. */
async function pump(stream: ByteStream, target: NodeDuplex | ServerResponse): Promise<void> {
  const reader = stream.getReader();
  const onClose = (): void => void reader.cancel().catch(() => undefined); // The source failed first.
  target.on("close", onClose);
  try {
    for (;;) {
      const step = await reader.read();
      if (step.done) return;
      if (!target.write(step.value)) await drained(target);
    }
  } finally {
    target.off("close", onClose);
  }
}

function drained(target: NodeDuplex | ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      target.off("drain", done);
      target.off("close", done);
      resolve();
    };
    target.on("drain", done);
    target.on("close", done);
  });
}

async function serveHijack(
  reply: ApiReply & { kind: "hijack" },
  socket: Socket,
  head: Uint8Array,
): Promise<void> {
  if (head.length > 0) socket.unshift(head);
  try {
    await reply.serve(socketDuplex(socket));
    socket.end();
  } catch {
    socket.destroy(); // The connection broke: there is nobody to tell.
  }
}

/** Splits what follows an upgrade request's head into its declared body and the stream's first bytes. */
async function takeBody(
  socket: Socket,
  head: Uint8Array,
  sizeBytes: number,
): Promise<{ body: Uint8Array; rest: Uint8Array }> {
  let bytes = Buffer.from(head);
  while (bytes.length < sizeBytes) {
    const piece = await new Promise<Buffer | undefined>((resolve) => {
      socket.once("data", (data: Buffer) => {
        socket.pause();
        resolve(data);
      });
      socket.once("end", () => resolve(undefined));
      socket.resume();
    });
    if (piece === undefined) break;
    bytes = Buffer.concat([bytes, piece]);
  }
  return { body: bytes.subarray(0, sizeBytes), rest: bytes.subarray(sizeBytes) };
}

function asStream(body: Uint8Array | ByteStream | undefined): ByteStream {
  if (body === undefined) return streamOf();
  return body instanceof Uint8Array ? streamOf(body) : body;
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value.replace(/[\r\n]/g, " ")}\r\n`)
    .join("");
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  409: "Conflict",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

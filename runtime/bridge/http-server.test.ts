import type { IncomingMessage } from "node:http";
import { request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { collectBytes, streamFrom } from "../../layers/base/streams.ts";
import type { ApiHandler } from "../api/handler.ts";
import { createApiServer } from "./http-server.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(handler: ApiHandler): Promise<number> {
  const server = createApiServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const echoHijack: ApiHandler = async (incoming) => ({
  kind: "hijack",
  headers: { "content-type": "application/vnd.docker.raw-stream" },
  serve: async (connection) => {
    const given = decodeUtf8(await collectBytes(incoming.body, 100));
    const writer = connection.writable.getWriter();
    await writer.write(encodeUtf8(`[${given}]`));
    for await (const piece of connection.readable as unknown as AsyncIterable<Uint8Array>) await writer.write(piece);
    await writer.write(encodeUtf8("eof"));
    await writer.close();
  },
});

function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (data: Buffer) => (text += data.toString()));
    socket.on("end", () => resolve(text));
  });
}

test("an upgraded connection carries both directions and half-close", async () => {
  const port = await serve(echoHijack);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.write("POST /attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}early ");
  await new Promise((resolve) => setTimeout(resolve, 30));
  socket.end("late ");
  const text = await readAll(socket);
  expect(text.split("\r\n\r\n")).toEqual([
    "HTTP/1.1 101 UPGRADED\r\nconnection: Upgrade\r\nupgrade: tcp\r\ncontent-type: application/vnd.docker.raw-stream",
    "[{}]early late eof",
  ]);
});

test("headers of a stream arrive before its first byte", async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const port = await serve(async () => ({
    kind: "response",
    status: 200,
    headers: { "content-type": "application/json" },
    body: streamFrom(
      (async function* () {
        await gate;
        yield encodeUtf8("{}");
      })(),
    ),
  }));
  const response = await new Promise<IncomingMessage>((resolve) =>
    request({ port, host: "127.0.0.1", path: "/wait", method: "POST" }, resolve).end(),
  );
  expect(response.statusCode).toBe(200);
  release();
  let text = "";
  for await (const piece of response) text += String(piece);
  expect(text).toBe("{}");
});

test("the handler learns when the client goes away", async () => {
  let aborted = (): void => undefined;
  const gone = new Promise<void>((resolve) => (aborted = resolve));
  const port = await serve(async (incoming) => {
    incoming.signal.addEventListener("abort", () => aborted());
    return { kind: "response", status: 200, headers: {}, body: new ReadableStream() };
  });
  const client = request({ port, host: "127.0.0.1", path: "/events" }, (response) => response.destroy());
  client.on("error", () => undefined);
  client.end();
  await gone;
});

test("a handler that reads nothing of a hijacked connection survives the client's end", async () => {
  const port = await serve(async () => ({
    kind: "hijack",
    headers: {},
    serve: async (connection) => {
      await connection.readable.cancel();
      await new Promise((resolve) => setTimeout(resolve, 30));
    },
  }));
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end("POST /attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nunread");
  expect(await readAll(socket)).toContain("101 UPGRADED");
});

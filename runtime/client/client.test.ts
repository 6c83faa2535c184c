import { expect, test } from "vitest";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { Peer } from "../../layers/base/peer.ts";
import type { IncomingCall } from "../../layers/base/peer.ts";
import { portPair } from "../../layers/base/port.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { apiStatusOf } from "./api-errors.ts";
import { DockerConfigStore, MemoryKeyValue } from "./docker-config.ts";
import { EngineClient } from "./engine-client.ts";
import { parseJson } from "./exact-json.ts";
import { jsonLines } from "./json-lines.ts";
import { demultiplex, separate } from "./output-frames.ts";
import { PeerTransport } from "./peer-transport.ts";
import { encodeRegistryAuth, fromBase64 } from "./registry-auth.ts";

function frame(stream: number, text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  const header = new Uint8Array(8);
  header[0] = stream;
  new DataView(header.buffer).setUint32(4, bytes.length);
  return concatBytes([header, bytes]);
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.slice(start, start + size));
  return pieces;
}

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: ByteStream;
}

function clientOf(answer: (call: IncomingCall) => Reply): EngineClient {
  const [left, right] = portPair();
  new Peer(right, async (call) => {
    const { status, headers = {}, body = streamOf() } = answer(call);
    return { result: { status, headers }, body };
  });
  return new EngineClient(new PeerTransport(new Peer(left)));
}

test.each([1, 3, 7, 8, 9, 64])(
  "stdout and stderr come apart whatever the pieces (%i bytes)",
  async (size) => {
    const whole = concatBytes([frame(1, "one\n"), frame(2, "two\n"), frame(1, ""), frame(1, "three\n")]);
    const { stdout, stderr } = separate(demultiplex(streamOf(...cut(whole, size))));
    const [out, err] = await Promise.all([collectBytes(stdout, 100), collectBytes(stderr, 100)]);
    expect([decodeUtf8(out), decodeUtf8(err)]).toEqual(["one\nthree\n", "two\n"]);
  },
);

test("a multiplexed stream that ends inside a frame is an error", async () => {
  const read = async (): Promise<void> => {
    for await (const _ of demultiplex(streamOf(frame(1, "hello").slice(0, 10)))) continue;
  };
  await expect(read()).rejects.toThrow("unexpected EOF");
});

test("an unknown stream number is an error", async () => {
  const read = async (): Promise<void> => {
    for await (const _ of demultiplex(streamOf(encodeUtf8("plain text, no header")))) continue;
  };
  await expect(read()).rejects.toThrow("Unrecognized input header");
});

test("JSON lines survive being cut anywhere, inside characters too", async () => {
  const pieces = cut(encodeUtf8('{"a":"ü€"}\r\n{"b":1}\n\n{"c":2}'), 1);
  const found: unknown[] = [];
  for await (const line of jsonLines(streamOf(...pieces))) found.push(line);
  expect(found).toEqual([{ a: "ü€" }, { b: 1 }, { c: 2 }]);
});

test("nanoseconds keep all their digits and strings stay strings", () => {
  expect(parseJson('{"t":1763720000123456789,"s":"1763720000123456789","n":12.5}')).toEqual({
    t: 1763720000123456789n,
    s: "1763720000123456789",
    n: 12.5,
  });
});

test("a daemon's error keeps its message, kind and status", async () => {
  const body = streamOf(encodeUtf8('{"message":"No such container: x"}\n'));
  const client = clientOf(() => ({ status: 404, body }));
  const failed = await client.containers.containerInspect("x").catch((thrown: unknown) => thrown);
  expect(failed).toMatchObject({ kind: "notFound", message: "No such container: x" });
  expect(apiStatusOf(failed)).toBe(404);
});

test("filters, flags and the version prefix are sent as Docker's client sends them", async () => {
  let seen: unknown;
  const client = clientOf((call) => {
    seen = call.params;
    return { status: 200, body: streamOf(encodeUtf8("[]")) };
  });
  await client.containers.containerList({ all: true, filters: { status: ["exited", "dead"] } });
  const filters = encodeURIComponent('{"status":{"exited":true,"dead":true}}');
  expect(seen).toMatchObject({ method: "GET", target: `/v1.50/containers/json?all=1&filters=${filters}` });
});

test("attach carries stdin in and separated output out", async () => {
  const client = clientOf((call) => ({ status: 101, body: call.body.pipeThrough(framer()) }));
  const { stdin, output } = await client.containers.containerAttach("c", {
    stdin: true,
    stdout: true,
    isTty: false,
  });
  const writer = stdin.getWriter();
  await writer.write(encodeUtf8("echo"));
  await writer.close();
  const pieces: string[] = [];
  for await (const piece of output) pieces.push(`${piece.stream}:${decodeUtf8(piece.bytes)}`);
  expect(pieces).toEqual(["stderr:echo"]);
});

function framer(): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({ transform: (piece, out) => out.enqueue(frame(2, decodeUtf8(piece))) });
}

test("a hijack that is refused is the daemon's error", async () => {
  const body = streamOf(encodeUtf8('{"message":"container is paused"}'));
  const client = clientOf(() => ({ status: 409, body }));
  await expect(client.containers.containerAttach("c", { isTty: false })).rejects.toThrow(
    "container is paused",
  );
});

test("an abort ends a followed log and cancels it at the daemon", async () => {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(frame(1, "first")),
    cancel: () => {
      isCancelled = true;
    },
  });
  const client = clientOf(() => ({ status: 200, body }));
  const abort = new AbortController();
  const output = await client.containers.containerLogs("c", {
    isTty: false,
    follow: true,
    signal: abort.signal,
  });
  const read = async (): Promise<void> => {
    for await (const _ of output) abort.abort();
  };
  await expect(read()).rejects.toMatchObject({ kind: "cancelled" });
  await expect.poll(() => isCancelled).toBe(true);
});

test("credentials go to the store and come back for every name of the registry", async () => {
  const store = new DockerConfigStore(new MemoryKeyValue());
  await store.login("docker.io", { username: "me", password: "pa:ss" });
  expect(await store.authFor("index.docker.io")).toEqual({
    username: "me",
    password: "pa:ss",
    serveraddress: "https://index.docker.io/v1/",
  });
  expect(await store.read()).toEqual({ auths: { "https://index.docker.io/v1/": { auth: "bWU6cGE6c3M=" } } });
  expect(await store.logout("docker.io")).toBe(true);
  expect(await store.authFor("docker.io")).toBeUndefined();
});

test("the X-Registry-Auth header is base64url of JSON", () => {
  const header = encodeRegistryAuth({ username: "ü?>", password: "~~~" });
  expect(header).toMatch(/^[A-Za-z0-9_=-]+$/);
  expect(JSON.parse(fromBase64(header))).toEqual({ username: "ü?>", password: "~~~" });
});

/**
 * The API over a message port: the same handler behind `serveApi`, the product's client in front, with
 * responses as streams and hijacked connections half-closed; and an engine that closes under its clients.
 */
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { Peer } from "../../layers/base/peer.ts";
import { portPair } from "../../layers/base/port.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { MemoryPlace } from "../../layers/content/memory-storage.ts";
import { createApiHandler } from "../../runtime/api/create-handler.ts";
import { serveApi } from "../../runtime/api/peer-server.ts";
import { PeerTransport } from "../../runtime/client/peer-transport.ts";
import type { Engine } from "../../runtime/engine/engine.ts";
import { splitFrames } from "../support/api-calls.ts";
import { openTestEngine } from "../support/engine.ts";

async function open(
  place = new MemoryPlace(),
): Promise<{ engine: Engine; transport: PeerTransport; close: () => Promise<void> }> {
  const engine = await openTestEngine({ place });
  const [here, there] = portPair();
  const server = serveApi(there, createApiHandler(engine));
  const peer = new Peer(here);
  return {
    engine,
    transport: new PeerTransport(peer),
    async close(): Promise<void> {
      peer.dispose();
      server.dispose();
      await engine.close();
    },
  };
}

async function post(
  transport: PeerTransport,
  target: string,
  body?: object,
): Promise<{ status: number; json: unknown }> {
  const response = await transport.request({
    method: "POST",
    target,
    ...(body === undefined
      ? {}
      : {
          headers: { "content-type": "application/json" },
          body: streamOf(encodeUtf8(JSON.stringify(body))),
        }),
  });
  const text = decodeUtf8(await collectBytes(response.body, 1 << 20));
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
}

async function create(transport: PeerTransport, body: object): Promise<string> {
  return ((await post(transport, "/containers/create", { Image: "busybox", ...body })).json as { Id: string })
    .Id;
}

describe("the API over a port", () => {
  it("attaches, half-closes stdin and waits", async () => {
    const { transport, close } = await open();
    const id = await create(transport, { Cmd: ["upper"], OpenStdin: true, StdinOnce: true });
    const { connection, headers } = await transport.hijack({
      method: "POST",
      target: `/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`,
    });
    expect(headers["content-type"]).toBe("application/vnd.docker.multiplexed-stream");
    const waiting = post(transport, `/containers/${id}/wait?condition=next-exit`);
    expect(await post(transport, `/containers/${id}/start`)).toMatchObject({ status: 204 });
    const writer = connection.writable.getWriter();
    await writer.write(encodeUtf8("over the port\n"));
    await writer.close();
    expect(splitFrames(await collectBytes(connection.readable, 1 << 20)).stdout).toBe("OVER THE PORT\n");
    expect((await waiting).json).toEqual({ StatusCode: 0 });
    await close();
  });

  it("answers a refused hijack as an error", async () => {
    const { transport, close } = await open();
    await expect(
      transport.hijack({ method: "POST", target: "/containers/none/attach?stream=1" }),
    ).rejects.toMatchObject({
      kind: "notFound",
      message: "No such container: none",
    });
    await close();
  });

  it("ends a client's streams when the client goes, and everybody's when the engine closes", async () => {
    const { transport, engine, close } = await open();
    const gone = new AbortController();
    const first = await transport.request({ method: "GET", target: "/events", signal: gone.signal });
    const second = await transport.request({ method: "GET", target: "/events" });
    expect(engine.events.listeners).toBe(2);
    await first.body.cancel();
    await expect.poll(() => engine.events.listeners).toBe(1);
    await create(transport, { Cmd: ["true"] });
    await engine.close();
    expect(decodeUtf8(await collectBytes(second.body, 1 << 20))).toContain('"Action":"create"');
    expect(engine.events.listeners).toBe(0);
    await close();
  });

  it("closing ends what runs, removes what removes itself, and keeps the rest", async () => {
    const place = new MemoryPlace();
    const { transport, engine, close } = await open(place);
    const kept = await create(transport, { Cmd: ["sleep", "100"] });
    const automatic = await create(transport, { Cmd: ["sleep", "100"], HostConfig: { AutoRemove: true } });
    for (const id of [kept, automatic]) await post(transport, `/containers/${id}/start`);
    const { connection } = await transport.hijack({
      method: "POST",
      target: `/containers/${kept}/attach?stream=1&stdout=1`,
    });
    const output = collectBytes(connection.readable, 1 << 20);
    await engine.close();
    await output;
    await close();
    const again = await open(place);
    expect(again.engine.containers.all().map((container) => [container.id, container.status])).toEqual([
      [kept, "exited"],
    ]);
    await again.close();
  });
});

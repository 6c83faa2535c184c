import { expect, test } from "vitest";
import { encodeUtf8, decodeUtf8 } from "./bytes.ts";
import { fail } from "./errors.ts";
import { Peer } from "./peer.ts";
import { portPair } from "./port.ts";
import { collectBytes, streamFrom, streamOf } from "./streams.ts";

function connect(handler: ConstructorParameters<typeof Peer>[1]): { caller: Peer; callee: Peer } {
  const [left, right] = portPair();
  return { caller: new Peer(left), callee: new Peer(right, handler) };
}

test("a call carries parameters and both bodies", async () => {
  const { caller } = connect(async (call) => {
    const text = decodeUtf8(await collectBytes(call.body, 100));
    return { result: { method: call.method, params: call.params, text }, body: streamOf(encodeUtf8("back")) };
  });
  const reply = await caller.call("echo", { a: 1 }, { body: streamOf(encodeUtf8("he"), encodeUtf8("llo")) });
  expect(reply.result).toEqual({ method: "echo", params: { a: 1 }, text: "hello" });
  expect(decodeUtf8(await collectBytes(reply.body, 100))).toBe("back");
});

test("an error of the handler arrives with its kind and data", async () => {
  const { caller } = connect(async () => {
    throw fail("conflict", "name in use", { data: { id: "x" } });
  });
  await expect(caller.call("x", null)).rejects.toMatchObject({ kind: "conflict", message: "name in use", data: { id: "x" } });
});

test("a duplex stays open after the reply", async () => {
  const { caller } = connect(async (call) => ({ body: call.body.pipeThrough(new TransformStream()) }));
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const reply = await caller.call("hijack", null, { body: up.readable });
  const writer = up.writable.getWriter();
  const reader = reply.body.getReader();
  await writer.write(encodeUtf8("ping"));
  expect(decodeUtf8((await reader.read()).value ?? new Uint8Array())).toBe("ping");
  await writer.close();
  expect((await reader.read()).done).toBe(true);
});

test("a writer waits until the reader has read", async () => {
  let produced = 0;
  const { caller } = connect(async () => ({
    body: streamFrom(
      (function* () {
        for (; produced < 1000; produced++) yield new Uint8Array(65_536);
      })(),
    ),
  }));
  const reply = await caller.call("flood", null);
  const reader = reply.body.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(produced).toBeLessThan(12);
  await reader.cancel();
});

test("closing either end fails what is pending at both", async () => {
  const aborted: boolean[] = [];
  const { caller, callee } = connect(
    (call) =>
      new Promise((_, reject) =>
        call.signal.addEventListener("abort", () => {
          aborted.push(true);
          reject(fail("cancelled", "gone"));
        }),
      ),
  );
  const pending = caller.call("wait", null);
  await new Promise((resolve) => setTimeout(resolve, 1));
  callee.dispose();
  await expect(pending).rejects.toMatchObject({ kind: "unavailable" });
  expect(aborted).toEqual([true]);
  await expect(caller.call("again", null)).rejects.toMatchObject({ kind: "unavailable" });
});

test("giving up aborts the handler", async () => {
  let settle = (): void => undefined;
  const done = new Promise<void>((resolve) => (settle = resolve));
  const { caller } = connect((call) => {
    call.signal.addEventListener("abort", () => settle());
    return new Promise(() => undefined);
  });
  const controller = new AbortController();
  const pending = caller.call("wait", null, { signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve, 1));
  controller.abort();
  await expect(pending).rejects.toMatchObject({ kind: "cancelled" });
  await done;
});

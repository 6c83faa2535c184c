import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fail } from "../../layers/base/errors.ts";
import type { CallHandler } from "../../layers/base/peer.ts";
import type { IncomingCall } from "../../layers/base/peer.ts";
import { streamOf } from "../../layers/base/streams.ts";
import type { BrokerState } from "./broker.ts";
import { EngineBroker } from "./broker.ts";

/** Exclusive locks in request order, as the Web Locks API has them, for one process. */
class FakeLocks {
  readonly #lines = new Map<string, Promise<unknown>>();

  request(name: string, ...rest: [() => unknown] | [{ signal?: AbortSignal }, () => unknown]): Promise<unknown> {
    const [options, held] = rest.length === 1 ? [{}, rest[0]] : rest;
    const signal = "signal" in options ? options.signal : undefined;
    const before = this.#lines.get(name) ?? Promise.resolve();
    const aborted = new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
    const turn = before.then(() => (signal?.aborted === true ? undefined : held()));
    this.#lines.set(name, turn.catch(() => undefined));
    // Once granted a lock is held until its callback settles, whatever the signal says.
    return Promise.race([turn, before.then(() => turn), aborted]);
  }
}

interface Tab {
  readonly broker: EngineBroker;
  readonly states: BrokerState["kind"][];
  call(method: string): Promise<unknown>;
  until(kind: BrokerState["kind"]): Promise<void>;
}

const opened: EngineBroker[] = [];

function openTab(name: string, handler: CallHandler, startEngine?: () => Promise<void>): Tab {
  const states: BrokerState["kind"][] = [];
  const broker = new EngineBroker({
    name,
    startEngine: async () => {
      await startEngine?.();
      return { handler, dispose: () => undefined };
    },
    onState: (state) => states.push(state.kind),
  });
  opened.push(broker);
  const call = async (method: string): Promise<unknown> => {
    const incoming: IncomingCall = { method, params: null, body: streamOf(), signal: new AbortController().signal };
    return (await broker.handle(incoming)).result;
  };
  return { broker, states, call, until: (kind) => vi.waitFor(() => expect(broker.state.kind).toBe(kind)) };
}

const saying = (word: string): CallHandler => async (call) => {
  if (call.method === "hang") return new Promise(() => undefined);
  if (call.method === "refuse") throw fail("notFound", "No such container: x");
  return { result: word };
};

beforeEach(() => vi.stubGlobal("navigator", { locks: new FakeLocks() }));
afterEach(() => {
  for (const broker of opened.splice(0)) broker.dispose();
  vi.unstubAllGlobals();
});

test("the first tab owns the engine and the second reaches it through the first", async () => {
  const first = openTab("a", saying("first"));
  const second = openTab("a", saying("second"));
  await first.until("owner");
  await second.until("guest");
  expect([await first.call("x"), await second.call("x")]).toEqual(["first", "first"]);
});

test("calls made before there is an engine wait for it", async () => {
  let ready = (): void => undefined;
  const gate = new Promise<void>((resolve) => (ready = resolve));
  const tab = openTab("b", saying("ready"), () => gate);
  const pending = tab.call("x");
  ready();
  expect(await pending).toBe("ready");
});

test("when the owner goes a guest takes over, and what was under way fails with a clear error", async () => {
  const first = openTab("c", saying("first"));
  const second = openTab("c", saying("second"));
  await second.until("guest");
  const pending = second.call("hang");
  const failed = expect(pending).rejects.toMatchObject({
    kind: "unavailable",
    message: "the tab that ran the engine was closed before it answered; try the command again",
  });
  await vi.waitFor(() => expect(first.states).toContain("owner"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  first.broker.dispose();
  await failed;
  await second.until("owner");
  expect(await second.call("x")).toBe("second");
});

test("a third tab follows to the new owner", async () => {
  const first = openTab("d", saying("first"));
  await first.until("owner");
  const second = openTab("d", saying("second"));
  await second.until("guest");
  const third = openTab("d", saying("third"));
  await third.until("guest");
  first.broker.dispose();
  await second.until("owner");
  await third.until("guest");
  await vi.waitFor(async () => expect(await third.call("x")).toBe("second"));
});

test("an engine's error reaches a guest as it was thrown", async () => {
  openTab("e", saying("first"));
  const second = openTab("e", saying("second"));
  await second.until("guest");
  await expect(second.call("refuse")).rejects.toMatchObject({ kind: "notFound", message: "No such container: x" });
});

test("an engine that cannot start fails everywhere with its reason until a retry helps", async () => {
  let tries = 0;
  const start = async (): Promise<void> => {
    if (++tries === 1) throw fail("resourceExhausted", "no space left on device");
  };
  const first = openTab("f", saying("first"), start);
  await first.until("failed");
  const second = openTab("f", saying("second"));
  await second.until("failed");
  await expect(second.call("x")).rejects.toMatchObject({ message: "no space left on device" });
  first.broker.retry();
  await first.until("owner");
  await second.until("guest");
  expect(await second.call("x")).toBe("first");
});

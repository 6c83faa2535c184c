/**
 * Which tab runs the engine, and how the others reach it. Each tab has one engine worker with one
 * `EngineBroker` in it; the page and its shells talk to their own tab's worker and never notice
 * where the engine is: `handle` passes every call on to the engine of the moment.
 *
 * The hard idea is that two Web Locks say who is alive, because nothing else survives a crash. The
 * worker that holds `<name>-engine` is the owner; every other worker stands in line for it, so that
 * it is granted the moment the owner's worker dies, however it died. And each guest holds a lock of
 * its own that the owner stands in line for, so that the owner lets go of connections whose tab is
 * gone. Between them frames of a Peer travel over one BroadcastChannel per connection: the one road
 * between tabs that Chromium, Firefox and Safari all have in workers.
 *
 * Lifecycle of a role: starting → owner (engine composed) or guest (connected to an owner); guest →
 * starting → owner when the owner's tab goes. Calls wait while starting. A call that was under way
 * in a tab that went fails with `unavailable`; the next one goes to the new owner.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import type { ErrorData } from "../../layers/base/errors.ts";
import { SlipwayError, fail, isKind } from "../../layers/base/errors.ts";
import type { CallHandler, CallReply, IncomingCall } from "../../layers/base/peer.ts";
import { Peer } from "../../layers/base/peer.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { ChannelPort } from "./channel-port.ts";

export type BrokerState =
  | { readonly kind: "starting" }
  | { readonly kind: "owner" }
  | { readonly kind: "guest" }
  /** The engine could not be started in this tab; it stays the owner so that `retry` can help. */
  | { readonly kind: "failed"; readonly error: SlipwayError };

export interface RunningEngine extends Disposable {
  readonly handler: CallHandler;
}

export interface BrokerOptions {
  /** Tabs with the same name share one engine and one storage. */
  readonly name: string;
  startEngine(): Promise<RunningEngine>;
  onState(state: BrokerState): void;
}

/** What is said in the lobby, where every tab listens. */
type LobbyMessage =
  /** An owner is ready for guests. */
  | { readonly kind: "open" }
  /** The owner has no engine to offer. */
  | { readonly kind: "failed"; readonly error: ErrorData }
  /** The owner went; its connections lead nowhere. */
  | { readonly kind: "takeover" }
  /** A guest listens on the channel of this connection. */
  | { readonly kind: "knock"; readonly connection: string };

const LOST = "the tab that ran the engine was closed before it answered; try the command again";

export class EngineBroker implements Disposable {
  readonly #options: BrokerOptions;
  readonly #lobby: BroadcastChannel;
  readonly #end = new AbortController();
  readonly #guests = new Map<string, Peer>();
  #engine: RunningEngine | undefined;
  #owner: Peer | undefined;
  /** Offered to whoever is the owner, not answered yet. */
  #offer: Peer | undefined;
  #isOwner = false;
  #state: BrokerState = { kind: "starting" };
  readonly #settled = new Set<() => void>();

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#lobby = new BroadcastChannel(`${options.name}-lobby`);
    this.#lobby.onmessage = (event): void => this.#hear(event.data as LobbyMessage); // Only we post.
    this.#standInLine();
    this.#knock();
  }

  get state(): BrokerState {
    return this.#state;
  }

  /** Answers one call of the page or a shell with the engine, wherever it is. */
  readonly handle: CallHandler = async (call) => {
    const engine = await this.#engineHandler(call.signal);
    return engine(call);
  };

  /** Tries once more to start an engine that failed to. */
  retry(): void {
    if (this.#isOwner && this.#state.kind === "failed") void this.#compose();
  }

  dispose(): void {
    this.#end.abort();
    this.#lobby.close();
    for (const guest of this.#guests.values()) guest.dispose();
    this.#offer?.dispose();
    this.#owner?.dispose();
    this.#engine?.dispose();
  }

  async #engineHandler(signal: AbortSignal): Promise<CallHandler> {
    while (!signal.aborted) {
      if (this.#state.kind === "failed") throw this.#state.error;
      if (this.#engine !== undefined) return this.#engine.handler;
      if (this.#owner !== undefined) return forwardTo(this.#owner);
      await new Promise<void>((resolve) => {
        this.#settled.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    throw fail("cancelled", "context canceled");
  }

  #become(state: BrokerState): void {
    this.#state = state;
    this.#options.onState(state);
    for (const resolve of this.#settled) resolve();
    this.#settled.clear();
  }

  #say(message: LobbyMessage): void {
    if (!this.#end.signal.aborted) this.#lobby.postMessage(message);
  }

  #hear(message: LobbyMessage): void {
    switch (message.kind) {
      case "open":
        if (!this.#isOwner) this.#knock();
        break;
      case "takeover":
        this.#leaveOwner();
        break;
      case "failed":
        if (!this.#isOwner) this.#become({ kind: "failed", error: SlipwayError.fromJSON(message.error) });
        break;
      case "knock":
        if (this.#engine !== undefined) this.#admit(message.connection, this.#engine);
        else if (this.#isOwner) this.#sayFailure();
        break;
      default:
        break;
    }
  }

  /** Guest: offers a connection; an owner that hears it answers on its channel. */
  #knock(): void {
    if (this.#end.signal.aborted) return;
    this.#offer?.dispose();
    const connection = crypto.randomUUID();
    const peer: Peer = new Peer(new ChannelPort(this.#channelName(connection)), async () => {
      // The owner's greeting: from here on calls may be sent.
      if (this.#isOwner) throw fail("conflict", "this tab runs the engine itself");
      this.#offer = undefined;
      this.#owner?.dispose();
      this.#owner = peer;
      this.#become({ kind: "guest" });
      return {};
    });
    this.#offer = peer;
    peer.onClose(() => {
      if (this.#owner === peer) this.#leaveOwner();
    });
    // Held as long as this worker lives: the owner learns of our end by getting it. The knock comes
    // after the grant, or the owner might stand in line first and believe us dead.
    const hold = (): Promise<void> => {
      this.#say({ kind: "knock", connection });
      return new Promise((resolve) => peer.onClose(resolve));
    };
    void navigator.locks.request(this.#channelName(connection), hold);
  }

  #leaveOwner(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    owner.dispose();
    if (!this.#isOwner) this.#become({ kind: "starting" });
  }

  /** Owner: serves one guest until its worker is gone. */
  #admit(connection: string, engine: RunningEngine): void {
    if (this.#guests.has(connection)) return;
    const port = new ChannelPort(this.#channelName(connection));
    const guest = new Peer(port, engine.handler);
    this.#guests.set(connection, guest);
    guest.onClose(() => this.#guests.delete(connection));
    guest.call("welcome", null).catch(() => guest.dispose()); // Gone again, or served by another.
    const watch = { signal: this.#end.signal };
    navigator.locks
      .request(this.#channelName(connection), watch, () => guest.dispose())
      .catch(() => guest.dispose()); // Aborted: this broker ends.
  }

  #sayFailure(): void {
    if (this.#state.kind === "failed") this.#say({ kind: "failed", error: this.#state.error.toJSON() });
  }

  #channelName(connection: string): string {
    return `${this.#options.name}-connection-${connection}`;
  }

  #standInLine(): void {
    const own = async (): Promise<void> => {
      this.#isOwner = true;
      this.#say({ kind: "takeover" });
      this.#offer?.dispose();
      this.#leaveOwner();
      this.#become({ kind: "starting" });
      await this.#compose();
      await new Promise<void>((resolve) => this.#end.signal.addEventListener("abort", () => resolve()));
    };
    navigator.locks
      .request(`${this.#options.name}-engine`, { signal: this.#end.signal }, own)
      .catch((thrown: unknown) => {
        if (!this.#end.signal.aborted) this.#become({ kind: "failed", error: SlipwayError.from(thrown) });
      });
  }

  async #compose(): Promise<void> {
    this.#become({ kind: "starting" });
    try {
      this.#engine = await this.#options.startEngine();
    } catch (thrown) {
      this.#become({ kind: "failed", error: SlipwayError.from(thrown) });
      this.#sayFailure();
      return;
    }
    this.#become({ kind: "owner" });
    this.#say({ kind: "open" });
  }
}

/** A handler that repeats each call at `peer` and returns its answer, streams included. */
function forwardTo(peer: Peer): CallHandler {
  return async (call: IncomingCall): Promise<CallReply> => {
    try {
      const reply = await peer.call(call.method, call.params, { body: call.body, signal: call.signal });
      return { result: reply.result, body: explainingLoss(reply.body) };
    } catch (thrown) {
      throw lostOr(thrown);
    }
  };
}

/** A connection that ended under a call says so in words that help. */
function lostOr(thrown: unknown): unknown {
  const isLost = isKind(thrown, "unavailable") && thrown.message === "the connection was closed";
  return isLost ? fail("unavailable", LOST, { cause: thrown }) : thrown;
}

function explainingLoss(source: ByteStream): ByteStream {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          const step = await reader.read();
          if (step.done) controller.close();
          else controller.enqueue(step.value);
        } catch (thrown) {
          controller.error(lostOr(thrown));
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

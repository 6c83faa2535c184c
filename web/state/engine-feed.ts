/**
 * The engine's events, for as long as the page lives: reconnects when the engine moves to another
 * tab, and tells its listeners to look again after each gap, since events in the gap are lost.
 */
import type { Slipway } from "../../runtime/client/slipway.ts";

/** Between tries while no engine answers; short, because a takeover takes a fraction of a second. */
const RETRY_MS = 500;
/** Events come in bursts (a run is six of them): lists are read once per burst. */
const SETTLE_MS = 60;

export type FeedKind = "container" | "image";

export class EngineFeed {
  readonly #slipway: Slipway;
  readonly #listeners = new Map<FeedKind, Set<() => void>>();
  readonly #pending = new Set<FeedKind>();
  readonly #end = new AbortController();

  constructor(slipway: Slipway) {
    this.#slipway = slipway;
    void this.#follow();
  }

  /** Calls `listener` soon after something of this kind changed, and after every reconnection. */
  on(kind: FeedKind, listener: () => void): void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(kind, listeners);
  }

  dispose(): void {
    this.#end.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        const events = await this.#slipway.engine.system.systemEvents({ signal });
        this.#announce("container");
        this.#announce("image");
        for await (const event of events) {
          if (event.Type === "container" || event.Type === "image") this.#announce(event.Type);
        }
      } catch {
        // The engine is starting, moving or failed; the role shown in the header says which. Lists
        // report their own errors, so here is nothing to add but another try.
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #announce(kind: FeedKind): void {
    if (this.#pending.has(kind)) return;
    this.#pending.add(kind);
    setTimeout(() => {
      this.#pending.delete(kind);
      for (const listener of this.#listeners.get(kind) ?? []) listener();
    }, SETTLE_MS);
  }
}

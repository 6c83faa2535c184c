/**
 * The containers of the engine: the list, kept live by events, what can be done to one, and the log
 * of the one that is open.
 */
import type { ContainerSummary } from "./api-types.ts";
import type { Slipway } from "../../runtime/client/slipway.ts";
import type { EngineFeed } from "./engine-feed.ts";
import { messageOf } from "./messages.ts";
import type { Loadable } from "./store.ts";
import { LOADING, Store } from "./store.ts";

export type ContainerAction = "start" | "stop" | "restart" | "kill" | "remove";

export interface ContainerList {
  readonly containers: readonly ContainerSummary[];
  /** IDs with an action under way. */
  readonly busy: ReadonlySet<string>;
  /** What went wrong with the last action, by ID. */
  readonly errors: ReadonlyMap<string, string>;
}

/** "Up 3 minutes" is the engine's word; it is asked again this often while something runs, */
const UPTIME_MS = 15_000;
/** and this often while it counts seconds. */
const UPTIME_SECONDS_MS = 1000;

export class Containers {
  readonly list = new Store<Loadable<ContainerList>>(LOADING);
  readonly #slipway: Slipway;
  #containers: readonly ContainerSummary[] = [];
  readonly #busy = new Set<string>();
  readonly #errors = new Map<string, string>();

  constructor(slipway: Slipway, feed: EngineFeed) {
    this.#slipway = slipway;
    feed.on("container", () => void this.refresh());
    let lastMs = 0;
    setInterval(() => {
      const running = this.#containers.filter((container) => container.State === "running");
      const waitMs = running.some(({ Status }) => Status?.includes("second")) ? 0 : UPTIME_MS;
      if (running.length === 0 || document.visibilityState !== "visible" || performance.now() - lastMs < waitMs) return;
      lastMs = performance.now();
      void this.refresh();
    }, UPTIME_SECONDS_MS);
  }

  async refresh(): Promise<void> {
    try {
      this.#containers = await this.#slipway.engine.containers.containerList({ all: true });
      this.#publish();
    } catch (thrown) {
      this.list.set({ kind: "failed", message: messageOf(thrown) });
    }
  }

  async act(id: string, action: ContainerAction): Promise<void> {
    const { containers } = this.#slipway.engine;
    this.#busy.add(id);
    this.#errors.delete(id);
    this.#publish();
    try {
      if (action === "start") await containers.containerStart(id);
      else if (action === "stop") await containers.containerStop(id);
      else if (action === "restart") await containers.containerRestart(id);
      else if (action === "kill") await containers.containerKill(id);
      else await containers.containerDelete(id, { force: true });
    } catch (thrown) {
      this.#errors.set(id, messageOf(thrown));
    }
    this.#busy.delete(id);
    await this.refresh();
  }

  #publish(): void {
    const value = { containers: this.#containers, busy: new Set(this.#busy), errors: new Map(this.#errors) };
    this.list.set({ kind: "ready", value });
  }
}

/** What is stored: the engine's own count (`docker system df`) and the browser's quota. */
import type { Slipway } from "../../runtime/client/slipway.ts";
import type { EngineFeed } from "./engine-feed.ts";
import { messageOf } from "./messages.ts";
import type { Loadable } from "./store.ts";
import { LOADING, Store } from "./store.ts";

export interface UsageRow {
  readonly kind: "Images" | "Containers" | "Local volumes" | "Build cache";
  readonly count: number;
  readonly active: number;
  readonly sizeBytes: number;
}

export interface Usage {
  readonly rows: readonly UsageRow[];
  /** All that this site keeps in this browser, by the browser's own estimate. */
  readonly usedBytes: number;
  readonly quotaBytes: number;
  /** Whether the browser promised not to clear it when space runs short. */
  readonly isPersistent: boolean;
}

/** Firefox asks the user and, with nobody there to answer, never settles. */
const PERSIST_TIMEOUT_MS = 3000;

/** Asks the browser to keep our storage; false when it does not say yes in time. */
export async function persistStorage(): Promise<boolean> {
  const late = new Promise<boolean>((resolve) =>
    setTimeout(() => resolve(false), PERSIST_TIMEOUT_MS),
  );
  return Promise.race([navigator.storage.persist().catch(() => false), late]);
}

export class UsageState {
  readonly usage = new Store<Loadable<Usage>>(LOADING);
  readonly #slipway: Slipway;
  #isWatched = false;

  constructor(slipway: Slipway, feed: EngineFeed) {
    this.#slipway = slipway;
    const refresh = (): void => {
      if (this.#isWatched) void this.refresh();
    };
    feed.on("image", refresh);
    feed.on("container", refresh);
  }

  /** Counting costs the engine some work, so it is done only while somebody looks. */
  watch(isWatched: boolean): void {
    if (isWatched && !this.#isWatched) void this.refresh();
    this.#isWatched = isWatched;
  }

  async refresh(): Promise<void> {
    try {
      const [df, estimate, isPersistent] = await Promise.all([
        this.#slipway.engine.system.systemDataUsage(),
        navigator.storage.estimate(),
        navigator.storage.persisted(),
      ]);
      const containers = df.Containers ?? [];
      const images = df.Images ?? [];
      const sum = (sizes: readonly (number | null | undefined)[]): number =>
        sizes.reduce<number>((all, one) => all + (one ?? 0), 0);
      const rows: UsageRow[] = [
        {
          kind: "Images",
          count: images.length,
          active: images.filter((image) => image.Containers > 0).length,
          sizeBytes: df.LayersSize ?? sum(images.map((image) => image.Size)),
        },
        {
          kind: "Containers",
          count: containers.length,
          active: containers.filter((one) => one.State === "running").length,
          sizeBytes: sum(containers.map((one) => one.SizeRw)),
        },
        {
          kind: "Local volumes",
          count: df.Volumes?.length ?? 0,
          active: 0,
          sizeBytes: sum((df.Volumes ?? []).map((volume) => volume.UsageData?.Size)),
        },
      ];
      const value = {
        rows,
        usedBytes: estimate.usage ?? 0,
        quotaBytes: estimate.quota ?? 0,
        isPersistent,
      };
      this.usage.set({ kind: "ready", value });
    } catch (thrown) {
      this.usage.set({ kind: "failed", message: messageOf(thrown) });
    }
  }

  async persist(): Promise<boolean> {
    const isPersistent = await persistStorage();
    await this.refresh();
    return isPersistent;
  }
}

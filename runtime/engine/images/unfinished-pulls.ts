/**
 * What a pull needs before its image has a record: pinned against the sweep while it runs, and written
 * down so that after a crash the next pull finds the finished layers instead of loading them again.
 */
import type { EngineContext } from "../context.ts";

const KEY = "engine/pulls/";
/** After this long nobody is expected to try again; the next sweep takes the bytes. */
const KEPT_NS = 24n * 3_600_000_000_000n;

interface UnfinishedPull {
  readonly digests: readonly string[];
  /** Decimal nanoseconds. */
  readonly startedNs: string;
}

/** Runs `work` with `digests`, and those it adds, safe from the sweep. A failed pull stays written down. */
export async function withUnfinishedPull<T>(
  context: EngineContext,
  digests: readonly string[],
  work: (pin: (more: readonly string[]) => Promise<void>) => Promise<T>,
): Promise<T> {
  const key = KEY + (digests[0] ?? "");
  const startedNs = String(context.clock.nowNs());
  const unpins = [context.images.pin(digests)];
  let all = digests;
  const write = async (): Promise<void> => {
    const value: UnfinishedPull = { digests: all, startedNs };
    await context.storage.records.apply([{ kind: "put", key, value }]);
  };
  try {
    await write();
    const result = await work(async (more) => {
      unpins.push(context.images.pin(more));
      all = [...all, ...more];
      await write();
    });
    await context.storage.records.apply([{ kind: "remove", key }]);
    return result;
  } finally {
    // What failed stays pinned for the next try, by the record; see pinUnfinishedPulls.
    await pinUnfinishedPulls(context, key);
    for (const unpin of unpins) unpin();
  }
}

/** At opening, and after a failure: keeps what unfinished pulls left, forgets those too old. */
export async function pinUnfinishedPulls(context: EngineContext, prefix: string = KEY): Promise<void> {
  const nowNs = context.clock.nowNs();
  for (const [key, value] of await context.storage.records.entries(prefix)) {
    const pull = value as UnfinishedPull; // Written only above.
    const isOld = nowNs - BigInt(pull.startedNs) > KEPT_NS;
    if (isOld) await context.storage.records.apply([{ kind: "remove", key }]);
    context.images.pinUnfinished(key, isOld ? [] : pull.digests);
  }
  for (const key of context.images.unfinished()) {
    if ((await context.storage.records.get(key)) === undefined) context.images.pinUnfinished(key, []);
  }
}

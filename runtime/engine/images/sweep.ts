/**
 * Reference counting by looking: blobs and unpacked layers that no image, container or pull under way
 * needs are removed. Run after every removal; one sweep at a time.
 */
import type { EngineContext } from "../context.ts";

export interface SweepResult {
  readonly layers: readonly string[];
  readonly reclaimedBytes: number;
}

export async function sweepLayers(context: EngineContext): Promise<SweepResult> {
  return context.locks.run("sweep", async () => {
    const removed: string[] = [];
    let reclaimedBytes = 0;
    const needed = neededDigests(context);
    const isNeeded = (digest: string): boolean => needed.has(digest) || context.images.isPinned(digest);
    for (const layer of await context.snapshots.layers()) {
      if (isNeeded(layer.diffID)) continue;
      await context.snapshots.removeLayer(layer.diffID);
      removed.push(layer.diffID);
      reclaimedBytes += layer.sizeBytes;
    }
    for (const blob of await context.content.list()) {
      if (!isNeeded(blob.digest)) await context.content.remove(blob.digest);
    }
    return { layers: removed, reclaimedBytes };
  });
}

function neededDigests(context: EngineContext): ReadonlySet<string> {
  const needed = new Set(context.images.needed());
  for (const container of context.containers.all()) {
    for (const diffID of container.record.layers) needed.add(diffID);
  }
  return needed;
}

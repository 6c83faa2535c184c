/** `docker container prune`: everything that does not run, under the filters given. */
import { isKind } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import type { Filters } from "../filters.ts";
import { pruneBound } from "../prune-filters.ts";
import { timeNs } from "../time.ts";
import { removeContainer } from "./remove.ts";
import { writableSizeBytes } from "./sizes.ts";

export interface PruneResult {
  readonly deleted: readonly string[];
  readonly reclaimedBytes: number;
}

export async function pruneContainers(context: EngineContext, filters: Filters): Promise<PruneResult> {
  const bound = pruneBound(filters, context.clock.nowNs());
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const container of context.containers.all()) {
    const { record } = container;
    if (container.isRunning || container.isRemovalInProgress) continue;
    if (bound.untilNs !== undefined && timeNs(record.created) > bound.untilNs) continue;
    if (!bound.matchesLabels(record.config.Labels ?? {})) continue;
    const sizeBytes = await writableSizeBytes(context, container);
    try {
      await removeContainer(context, record.id, { force: false, withVolumes: false, isLink: false });
    } catch (thrown) {
      // Started or removed by somebody else in the meantime.
      if (isKind(thrown, "conflict") || isKind(thrown, "notFound")) continue;
      throw thrown;
    }
    deleted.push(record.id);
    reclaimedBytes += sizeBytes;
  }
  return { deleted, reclaimedBytes };
}

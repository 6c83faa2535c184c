/** `docker image prune`: images without a name, or with `dangling=false` all that no container uses. */
import { isKind } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import type { Filters } from "../filters.ts";
import { pruneBound } from "../prune-filters.ts";
import { timeNs } from "../time.ts";
import type { DeletedItem } from "./delete.ts";
import { deleteImage } from "./delete.ts";
import type { ImageRecord } from "./image-record.ts";
import { sweepLayers } from "./sweep.ts";

export interface ImagesPruned {
  readonly deleted: readonly DeletedItem[];
  readonly reclaimedBytes: number;
}

export async function pruneImages(context: EngineContext, filters: Filters): Promise<ImagesPruned> {
  const bound = pruneBound(filters, context.clock.nowNs(), ["dangling"]);
  const danglingOnly = filters.boolean("dangling", true);
  const deleted: DeletedItem[] = [];
  const sizeBefore = await layerBytes(context);
  for (const image of context.images.all()) {
    if (bound.untilNs !== undefined && timeNs(image.created) > bound.untilNs) continue;
    if (!bound.matchesLabels(image.config.Labels ?? {})) continue;
    if (isUsed(context, image)) continue;
    const references = context.images.referencesOf(image.id);
    const isDangling = references.every((reference) => reference.tag === undefined);
    if (danglingOnly && !isDangling) continue;
    try {
      deleted.push(...(await deleteImage(context, image.id, { force: references.length > 0 })));
    } catch (thrown) {
      if (!isKind(thrown, "conflict") && !isKind(thrown, "notFound")) throw thrown; // Used meanwhile.
    }
  }
  await sweepLayers(context);
  return { deleted, reclaimedBytes: Math.max(0, sizeBefore - (await layerBytes(context))) };
}

function isUsed(context: EngineContext, image: ImageRecord): boolean {
  return context.containers.all().some((container) => container.record.imageID === image.id);
}

async function layerBytes(context: EngineContext): Promise<number> {
  return (await context.snapshots.layers()).reduce((sum, layer) => sum + layer.sizeBytes, 0);
}

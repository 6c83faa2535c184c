/** `docker history`: the steps of an image, newest first, each with the size of its layer. */
import type { EngineContext } from "../context.ts";
import { familiarString } from "../../../layers/oci/reference.ts";

export interface HistoryItem {
  /** The image's ID for the newest step, "<missing>" for the others. */
  readonly id: string;
  readonly created: string;
  readonly createdBy: string;
  readonly tags: readonly string[] | null;
  readonly sizeBytes: number;
  readonly comment: string;
}

export async function imageHistory(context: EngineContext, name: string): Promise<readonly HistoryItem[]> {
  const image = context.images.get(name);
  const sizes: number[] = [];
  for (const diffID of image.diffIDs) sizes.push((await context.snapshots.layer(diffID))?.sizeBytes ?? 0);
  let next = 0;
  const steps = image.history.map((entry) => ({
    id: "<missing>",
    created: entry.created,
    createdBy: entry.createdBy,
    tags: null,
    sizeBytes: entry.isEmptyLayer ? 0 : (sizes[next++] ?? 0),
    comment: entry.comment,
  }));
  const tags = context.images
    .referencesOf(image.id)
    .filter((reference) => reference.tag !== undefined)
    .map(familiarString);
  const newest = steps.pop();
  const first: HistoryItem[] =
    newest === undefined ? [] : [{ ...newest, id: image.id, tags: tags.length === 0 ? null : tags }];
  return [...first, ...steps.reverse()];
}

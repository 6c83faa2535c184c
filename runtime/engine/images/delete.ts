/**
 * `docker rmi`: a name goes; with the last name the image, and with it whatever no other image needs.
 * Which conflicts stop it, and which of them force overrides, is moby's daemon/images/image_delete.go.
 */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import { familiarString, formatName, parseReference, withDefaultTag } from "../../../layers/oci/reference.ts";
import type { Container } from "../containers/container.ts";
import type { EngineContext } from "../context.ts";
import { truncateId } from "../ids.ts";
import { imageEvent } from "./image-events.ts";
import type { ImageRecord } from "./image-record.ts";
import { sweepLayers } from "./sweep.ts";

export type DeletedItem = { readonly Untagged: string } | { readonly Deleted: string };

export interface DeleteOptions {
  readonly force: boolean;
}

export async function deleteImage(
  context: EngineContext,
  name: string,
  options: DeleteOptions,
): Promise<readonly DeletedItem[]> {
  const image = context.images.get(name);
  const deleted: DeletedItem[] = [];
  if (isIdPrefix(image.id, name)) {
    await removeSingleName(context, image, options, deleted);
    await removeImage(context, image, options.force, deleted);
    return deleted;
  }
  requireUnused(context, image, name, options);
  const remaining = await removeName(context, image, withDefaultTag(parseReference(name)), deleted);
  if (remaining.length === 0) await removeUnnamed(context, image, options.force, deleted);
  return deleted;
}

function isIdPrefix(id: string, text: string): boolean {
  return id.startsWith(text) || id.slice(id.indexOf(":") + 1).startsWith(text);
}

/** Taking the only name from an image in use would leave it nameless: only by force. */
function requireUnused(
  context: EngineContext,
  image: ImageRecord,
  name: string,
  options: DeleteOptions,
): void {
  const user = usersOf(context, image)[0];
  if (options.force || user === undefined || !isSingle(context.images.referencesOf(image.id))) return;
  throw fail(
    "conflict",
    `conflict: unable to remove repository reference "${name}" (must force) - container ${truncateId(user.id)} ` +
      `is using its referenced image ${truncateId(image.id)}`,
  );
}

/** Removes one name and, with a repository's last tag, its digests. What names are left. */
async function removeName(
  context: EngineContext,
  image: ImageRecord,
  reference: Reference,
  deleted: DeletedItem[],
): Promise<readonly Reference[]> {
  await untag(context, image, reference, deleted);
  let left = context.images.referencesOf(image.id);
  const isSameRepository = (other: Reference): boolean => formatName(other) === formatName(reference);
  if (
    reference.digest === undefined &&
    !left.some((other) => isSameRepository(other) && other.tag !== undefined)
  ) {
    for (const other of left.filter(
      (candidate) => isSameRepository(candidate) && candidate.digest !== undefined,
    )) {
      await context.images.removeReference(other);
      deleted.push({ Untagged: familiarString(other) });
    }
    left = context.images.referencesOf(image.id);
  }
  return left;
}

async function untag(
  context: EngineContext,
  image: ImageRecord,
  reference: Reference,
  deleted: DeletedItem[],
): Promise<void> {
  await context.images.removeReference(reference);
  imageEvent(context, image, "untag", image.id, image.id);
  deleted.push({ Untagged: familiarString(reference) });
}

/** By ID: an image with one name loses it first; with several, only force may. */
async function removeSingleName(
  context: EngineContext,
  image: ImageRecord,
  options: DeleteOptions,
  deleted: DeletedItem[],
): Promise<void> {
  const references = context.images.referencesOf(image.id);
  if (!isSingle(references)) return;
  const conflict =
    runningConflict(context, image) ?? (options.force ? undefined : stoppedConflict(context, image));
  if (conflict !== undefined) throw conflict;
  for (const reference of references) await untag(context, image, reference, deleted);
}

/** After the last name was removed: quietly left in place when a container still needs it. */
async function removeUnnamed(
  context: EngineContext,
  image: ImageRecord,
  force: boolean,
  deleted: DeletedItem[],
): Promise<void> {
  const conflict = runningConflict(context, image) ?? (force ? undefined : stoppedConflict(context, image));
  if (conflict === undefined) await removeImage(context, image, force, deleted);
}

async function removeImage(
  context: EngineContext,
  image: ImageRecord,
  force: boolean,
  deleted: DeletedItem[],
): Promise<void> {
  const conflict =
    runningConflict(context, image) ??
    (force ? undefined : (referenceConflict(context, image) ?? stoppedConflict(context, image)));
  if (conflict !== undefined) throw conflict;
  for (const reference of context.images.referencesOf(image.id))
    await untag(context, image, reference, deleted);
  const before = layersInUse(context);
  await context.images.remove(image);
  await sweepLayers(context);
  imageEvent(context, image, "delete", image.id, image.id);
  deleted.push({ Deleted: image.id });
  const after = layersInUse(context);
  const chain = await chainIDs(context, image.diffIDs);
  // Topmost first, and by chain, as dockerd tells it.
  for (const [index, diffID] of [...image.diffIDs.entries()].reverse()) {
    if (before.has(diffID) && !after.has(diffID)) deleted.push({ Deleted: chain[index] ?? diffID });
  }
}

/** A layer with all below it has one name (OCI image spec config.md, layer ChainID). */
async function chainIDs(context: EngineContext, diffIDs: readonly string[]): Promise<readonly string[]> {
  const chain: string[] = [];
  for (const diffID of diffIDs) {
    const below = chain.at(-1);
    if (below === undefined) {
      chain.push(diffID);
      continue;
    }
    const hasher = await context.hasher("sha256");
    hasher.update(encodeUtf8(`${below} ${diffID}`));
    chain.push(`sha256:${hasher.digestHex()}`);
  }
  return chain;
}

function layersInUse(context: EngineContext): ReadonlySet<string> {
  const layers = new Set<string>(context.images.all().flatMap((image) => image.diffIDs));
  for (const container of context.containers.all())
    for (const diffID of container.record.layers) layers.add(diffID);
  return layers;
}

/** One repository, at most one tag. */
function isSingle(references: readonly Reference[]): boolean {
  if (references.length <= 1) return references.length === 1;
  const tagged = references.filter((reference) => reference.tag !== undefined);
  if (tagged.length > 1) return false;
  return new Set(references.map(formatName)).size === 1;
}

function usersOf(context: EngineContext, image: ImageRecord): readonly Container[] {
  return context.containers.all().filter((container) => container.record.imageID === image.id);
}

function runningConflict(context: EngineContext, image: ImageRecord): Error | undefined {
  const user = usersOf(context, image).find((container) => container.isRunning);
  return user && conflict(image, false, `image is being used by running container ${truncateId(user.id)}`);
}

function stoppedConflict(context: EngineContext, image: ImageRecord): Error | undefined {
  const user = usersOf(context, image).find((container) => !container.isRunning);
  return user && conflict(image, true, `image is being used by stopped container ${truncateId(user.id)}`);
}

function referenceConflict(context: EngineContext, image: ImageRecord): Error | undefined {
  if (context.images.referencesOf(image.id).length === 0) return undefined;
  return conflict(image, true, "image is referenced in multiple repositories");
}

function conflict(image: ImageRecord, canBeForced: boolean, reason: string): Error {
  const force = canBeForced ? "must be forced" : "cannot be forced";
  return fail("conflict", `conflict: unable to delete ${truncateId(image.id)} (${force}) - ${reason}`);
}

/**
 * `docker push`: the blobs the repository lacks, then the very manifest the image came with, so that
 * its digest stays what it was.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { Descriptor } from "../../../layers/oci/descriptor.ts";
import { MANIFEST_SIZE_BYTES_MAX } from "../../../layers/oci/manifest.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import {
  familiarName,
  familiarString,
  formatName,
  repositoryOf,
  withDigest,
} from "../../../layers/oci/reference.ts";
import type { Credentials } from "../../../layers/registry/registry.ts";
import type { EngineContext } from "../context.ts";
import { truncateId } from "../ids.ts";
import { imageEvent } from "./image-events.ts";
import type { ImageRecord } from "./image-record.ts";
import type { ProgressMessage, ProgressQueue } from "./progress.ts";
import { progressOperation } from "./progress-operation.ts";

export interface PushRequest {
  /** Without a tag: every tag of the repository. */
  readonly reference: Reference;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** As dockerd's max-concurrent-uploads. */
const UPLOADS_AT_A_TIME = 5;

export async function pushImage(
  context: EngineContext,
  request: PushRequest,
): Promise<AsyncIterable<ProgressMessage>> {
  return progressOperation(context, request.signal, async (progress, signal) => {
    const { reference } = request;
    progress.status(`The push refers to repository [${formatName(reference)}]`);
    for (const { name, image } of imagesToPush(context, reference)) {
      await pushOne(context, { ...request, signal, reference: name }, image, progress);
      imageEvent(context, image, "push", familiarString(name), familiarName(name));
    }
  });
}

function imagesToPush(
  context: EngineContext,
  reference: Reference,
): readonly { name: Reference; image: ImageRecord }[] {
  if (reference.digest !== undefined) throw fail("invalidParameter", "cannot push a digest reference");
  if (reference.tag !== undefined) {
    const image = context.images.byReference(reference);
    if (image === undefined) {
      throw fail("notFound", `An image does not exist locally with the tag: ${familiarName(reference)}`);
    }
    return [{ name: reference, image }];
  }
  const all = context.images.all().flatMap((image) =>
    context.images
      .referencesOf(image.id)
      .filter((name) => name.tag !== undefined && formatName(name) === formatName(reference))
      .map((name) => ({ name, image })),
  );
  if (all.length > 0) return all;
  throw fail("notFound", `An image does not exist locally with the tag: ${familiarName(reference)}`);
}

async function pushOne(
  context: EngineContext,
  request: PushRequest,
  image: ImageRecord,
  progress: ProgressQueue,
): Promise<void> {
  const { reference, credentials, signal } = request;
  // Topmost first, as dockerd does.
  const layers = image.blobs
    .map((blob, index) => ({ blob, id: truncateId(image.diffIDs[index] ?? blob.digest) }))
    .reverse();
  for (const { id } of layers) progress.status("Preparing", id);
  for (const { id } of layers.slice(UPLOADS_AT_A_TIME)) progress.status("Waiting", id);
  for (let start = 0; start < layers.length; start += UPLOADS_AT_A_TIME) {
    const batch = layers.slice(start, start + UPLOADS_AT_A_TIME);
    await Promise.all(
      batch.map(({ blob, id }) => pushLayer(context, request, { image, blob, id, progress })),
    );
  }
  await pushBlob(context, request, image.configDescriptor);
  const bytes = await context.content.readAll(image.manifest.digest, MANIFEST_SIZE_BYTES_MAX);
  const pushed = await context.registry.pushManifest(reference, bytes, image.manifest.mediaType, {
    credentials,
    signal,
  });
  await context.images.put(image, [withDigest(repositoryOf(reference), pushed.digest)]);
  progress.status(`${reference.tag ?? ""}: digest: ${pushed.digest} size: ${bytes.length}`);
  progress.aux({ Tag: reference.tag ?? "", Digest: pushed.digest, Size: bytes.length });
}

interface LayerPush {
  readonly image: ImageRecord;
  readonly blob: Descriptor;
  readonly id: string;
  readonly progress: ProgressQueue;
}

async function pushLayer(context: EngineContext, request: PushRequest, layer: LayerPush): Promise<void> {
  const { image, blob, id, progress } = layer;
  const from = mountSource(context, image, request.reference);
  const outcome = await context.registry.pushBlob(
    request.reference,
    blob,
    () => context.content.read(blob.digest),
    {
      credentials: request.credentials,
      signal: request.signal,
      onProgress: (sentBytes) => progress.count("Pushing", id, sentBytes, blob.size),
      ...(from === undefined ? {} : { mountFrom: from.path }),
    },
  );
  if (outcome === "uploaded") progress.status("Pushed", id);
  else if (outcome === "exists") progress.status("Layer already exists", id);
  else progress.status(`Mounted from ${from?.path ?? ""}`, id);
}

async function pushBlob(context: EngineContext, request: PushRequest, blob: Descriptor): Promise<void> {
  const { reference, credentials, signal } = request;
  await context.registry.pushBlob(reference, blob, () => context.content.read(blob.digest), {
    credentials,
    signal,
  });
}

/** Another repository of the same registry that is known to have the image's layers. */
function mountSource(context: EngineContext, image: ImageRecord, target: Reference): Reference | undefined {
  return context.images
    .referencesOf(image.id)
    .find((name) => name.digest !== undefined && name.domain === target.domain && name.path !== target.path);
}

/**
 * `docker pull`: name → manifest → platform → config and layers → a record under the name. Layers are
 * verified while they arrive, kept when the pull is broken off, and shared by pulls that run at the
 * same time. Nothing has a name before everything it needs is there.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { ImageManifest } from "../../../layers/oci/manifest.ts";
import { chooseManifest, parseManifest } from "../../../layers/oci/manifest.ts";
import type { Platform } from "../../../layers/oci/platform.ts";
import { formatPlatform, matchesPlatform } from "../../../layers/oci/platform.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import {
  familiarName,
  familiarString,
  repositoryOf,
  withDefaultTag,
  withDigest,
} from "../../../layers/oci/reference.ts";
import type { Credentials, RegistryRequest, ResolvedManifest } from "../../../layers/registry/registry.ts";
import type { EngineContext } from "../context.ts";
import { formatTime } from "../time.ts";
import { imageEvent } from "./image-events.ts";
import type { ImageRecord } from "./image-record.ts";
import { keepManifest, knownManifest } from "./manifests.ts";
import type { ProgressMessage, ProgressQueue } from "./progress.ts";
import { progressOperation } from "./progress-operation.ts";
import type { PulledContent } from "./pull-content.ts";
import { pullContent } from "./pull-content.ts";
import { withUnfinishedPull } from "./unfinished-pulls.ts";

export interface PullRequest {
  /** Without tag and digest: latest. */
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** The stream of Docker's messages; failures before the first message are thrown. */
export async function pullImage(
  context: EngineContext,
  request: PullRequest,
): Promise<AsyncIterable<ProgressMessage>> {
  return progressOperation(context, request.signal, (progress, signal) =>
    pull(context, { ...request, signal }, progress),
  );
}

async function pull(context: EngineContext, request: PullRequest, progress: ProgressQueue): Promise<void> {
  const reference = withDefaultTag(request.reference);
  const registryRequest: RegistryRequest = {
    credentials: request.credentials,
    signal: request.signal,
    known: (digest) => knownManifest(context, digest),
  };
  const top = await context.registry.manifest(reference, registryRequest);
  progress.titled(`Pulling from ${reference.path}`, reference.digest ?? reference.tag ?? "");
  const { manifest, resolved } = await chooseImage(context, request, top, registryRequest);
  const before = context.images.byReference(reference)?.id;
  const known = await wholeImage(context, manifest.config.digest);
  const image = known ?? (await fetchImage(context, { request, reference, manifest, resolved, progress }));
  requirePlatform(image, request, reference, progress);
  const unpin = context.images.pin([top.descriptor.digest]);
  try {
    await keepManifest(context, top);
    await giveNames(context, image, reference, top.descriptor.digest);
  } finally {
    unpin();
  }
  progress.status(`Digest: ${top.descriptor.digest}`);
  imageEvent(context, image, "pull", familiarString(reference), familiarName(reference));
  const isNew = before !== image.id;
  const what = isNew ? "Downloaded newer image for" : "Image is up to date for";
  progress.status(`Status: ${what} ${familiarString(reference)}`);
}

/** The image that is remembered, unless a part of it has gone: a browser may clear files and keep records. */
async function wholeImage(context: EngineContext, id: string): Promise<ImageRecord | undefined> {
  const image = context.images.byId(id);
  if (image === undefined) return undefined;
  for (const diffID of image.diffIDs)
    if ((await context.snapshots.layer(diffID)) === undefined) return undefined;
  for (const { digest } of [image.configDescriptor, ...image.blobs])
    if ((await context.content.info(digest)) === undefined) return undefined;
  return image;
}

interface ChosenImage {
  readonly manifest: ImageManifest;
  readonly resolved: ResolvedManifest;
}

/** Through an index, if there is one, to the manifest for the platform asked for. */
async function chooseImage(
  context: EngineContext,
  request: PullRequest,
  top: ResolvedManifest,
  registryRequest: RegistryRequest,
): Promise<ChosenImage> {
  const name = familiarString(request.reference);
  const parsed = parseManifest(top.bytes, top.descriptor.mediaType, name);
  if (parsed.kind === "manifest") return { manifest: parsed, resolved: top };
  const descriptor = chooseManifest(parsed, request.platform);
  const reference = withDigest(repositoryOf(request.reference), descriptor.digest);
  const resolved = await context.registry.manifest(reference, registryRequest);
  const manifest = parseManifest(resolved.bytes, resolved.descriptor.mediaType, name);
  if (manifest.kind === "manifest") return { manifest, resolved };
  throw fail("invalidParameter", `invalid manifest: ${descriptor.digest} is an index inside an index`);
}

interface Fetching extends ChosenImage {
  readonly request: PullRequest;
  readonly reference: Reference;
  readonly progress: ProgressQueue;
}

/** Everything the image needs, then its record. Also what an interrupted pull left is used. */
async function fetchImage(context: EngineContext, fetching: Fetching): Promise<ImageRecord> {
  const { manifest, resolved } = fetching;
  const digests = [
    resolved.descriptor.digest,
    manifest.config.digest,
    ...manifest.layers.map((layer) => layer.digest),
  ];
  return withUnfinishedPull(context, digests, async (pin) => {
    await keepManifest(context, resolved);
    const content = await pullContent(context, { ...fetching, pin });
    const image = recordOf(context, fetching, content);
    // Without a name at first; the names follow at once, and a crash in between leaves a dangling image.
    await context.images.put(image, []);
    return image;
  });
}

function recordOf(context: EngineContext, fetching: Fetching, content: PulledContent): ImageRecord {
  const { manifest, resolved } = fetching;
  const { config } = content;
  return {
    id: manifest.config.digest,
    created: config.created ?? "",
    os: config.platform.os,
    architecture: config.platform.architecture,
    variant: config.platform.variant ?? "",
    author: config.author,
    comment: config.comment,
    config: content.runConfig,
    history: config.history.map((entry) => ({ ...entry, created: entry.created ?? "" })),
    diffIDs: content.layers.map((layer) => layer.diffID),
    blobs: manifest.layers,
    manifest: resolved.descriptor,
    configDescriptor: manifest.config,
    sizeBytes: content.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
    lastTagTime: formatTime(context.clock.nowNs()),
  };
}

/** The tag, and the digest the tag had: RepoTags and RepoDigests. */
async function giveNames(
  context: EngineContext,
  image: ImageRecord,
  reference: Reference,
  digest: string,
): Promise<void> {
  const canonical = withDigest(repositoryOf(reference), digest);
  const names = reference.digest === undefined ? [reference, canonical] : [canonical];
  await context.images.put({ ...image, lastTagTime: formatTime(context.clock.nowNs()) }, names);
}

/** A single-platform image of another platform is taken, with a warning, as dockerd does. */
function requirePlatform(
  image: ImageRecord,
  request: PullRequest,
  reference: Reference,
  progress: ProgressQueue,
): void {
  if (request.platform === undefined || matchesPlatform(request.platform, image)) return;
  progress.status(
    `WARNING: image with reference ${familiarString(reference)} was found but its platform (${formatPlatform(image)}) ` +
      `does not match the specified platform (${formatPlatform(request.platform)})`,
  );
}

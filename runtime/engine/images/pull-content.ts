/**
 * The bytes of an image: config and layers side by side, at most three at a time. A layer that is
 * unpacked already is not loaded again; a layer another pull is loading is waited for.
 */
import { fail, isKind } from "../../../layers/base/errors.ts";
import type { Descriptor } from "../../../layers/oci/descriptor.ts";
import type { ImageConfig } from "../../../layers/oci/image-config.ts";
import {
  CONFIG_SIZE_BYTES_MAX,
  checkConfigMatches,
  parseImageConfig,
} from "../../../layers/oci/image-config.ts";
import type { ImageManifest } from "../../../layers/oci/manifest.ts";
import { configKindOf, layerKindOf } from "../../../layers/oci/media-types.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import { isWasmArtifact, readWasmArtifact } from "../../../layers/oci/wasm-artifact.ts";
import type { BlobSource, Credentials } from "../../../layers/registry/registry.ts";
import type { LayerInfo } from "../../../layers/snapshots/snapshotter.ts";
import type { ContainerConfig } from "../containers/config.ts";
import type { EngineContext } from "../context.ts";
import { truncateId } from "../ids.ts";
import { fetchBlob } from "./fetch-blob.ts";
import type { ProgressQueue } from "./progress.ts";
import type { TransferProgress } from "./pull-share.ts";
import { runConfigOf } from "./run-config.ts";
import { unpackModule } from "./wasm-layer.ts";

export interface ContentRequest {
  readonly request: { readonly credentials: Credentials | undefined; readonly signal: AbortSignal };
  readonly reference: Reference;
  readonly manifest: ImageManifest;
  readonly progress: ProgressQueue;
  /** Keeps diffIDs from the sweep. */
  readonly pin: (digests: readonly string[]) => Promise<void>;
}

export interface PulledContent {
  readonly config: ImageConfig;
  readonly runConfig: ContainerConfig;
  /** In the order of the manifest. */
  readonly layers: readonly LayerInfo[];
}

/** As dockerd's max-concurrent-downloads: a fourth layer says "Waiting". */
const TRANSFERS_AT_A_TIME = 3;

export async function pullContent(context: EngineContext, wanted: ContentRequest): Promise<PulledContent> {
  const { manifest, progress } = wanted;
  const isArtifact = isWasmArtifact(manifest);
  if (!isArtifact) requireImage(manifest);
  // One failure ends the other transfers of this pull.
  const abort = new AbortController();
  const signal = AbortSignal.any([wanted.request.signal, abort.signal]);
  const inside = { ...wanted, signal };
  for (const layer of manifest.layers) progress.status("Pulling fs layer", truncateId(layer.digest));
  for (const layer of manifest.layers.slice(TRANSFERS_AT_A_TIME))
    progress.status("Waiting", truncateId(layer.digest));
  const configBytes = fetchConfig(context, inside);
  const config = configBytes.then(async (bytes) => {
    const parsed = isArtifact ? readWasmArtifact(manifest, bytes).config : parseImageConfig(bytes);
    if (!isArtifact) checkConfigMatches(parsed, manifest);
    await wanted.pin(parsed.diffIds);
    return parsed;
  });
  const slots = new Slots(TRANSFERS_AT_A_TIME);
  const layers = manifest.layers.map((layer, index) =>
    isArtifact
      ? pullModule(context, inside, layer, configBytes)
      : slots.run(() =>
          pullLayer(
            context,
            inside,
            layer,
            config.then((parsed) => diffIDAt(parsed, index)),
          ),
        ),
  );
  try {
    // All of them, so that no transfer outlives the pull.
    const [parsed, infos] = await Promise.all([config, Promise.all(layers)]);
    return { config: parsed, runConfig: runConfigOf(parsed.config), layers: infos };
  } catch (thrown) {
    abort.abort();
    await Promise.allSettled([config, ...layers]);
    throw thrown;
  }
}

type Inside = ContentRequest & { readonly signal: AbortSignal };

/** What an image may be made of; refused before anything is loaded. */
function requireImage(manifest: ImageManifest): void {
  if (configKindOf(manifest.config.mediaType) !== "image") {
    throw fail("invalidParameter", `unsupported media type ${manifest.config.mediaType}`);
  }
  for (const layer of manifest.layers) {
    if (layerKindOf(layer.mediaType).kind === "tar") continue;
    throw fail("invalidParameter", `unsupported media type ${layer.mediaType}`);
  }
}

function diffIDAt(config: ImageConfig, index: number): string {
  const diffID = config.diffIds[index];
  if (diffID === undefined) throw fail("invalidParameter", "layer and diffID count differ");
  return diffID;
}

async function fetchConfig(context: EngineContext, inside: Inside): Promise<Uint8Array> {
  const { manifest, signal } = inside;
  if (manifest.config.size > CONFIG_SIZE_BYTES_MAX)
    throw fail("invalidParameter", "image config is too large");
  await fetchBlob(context, sourceOf(context, inside, manifest.config), {
    signal,
    onProgress: () => undefined,
  });
  return context.content.readAll(manifest.config.digest, CONFIG_SIZE_BYTES_MAX);
}

function sourceOf(context: EngineContext, inside: Inside, descriptor: Descriptor): BlobSource {
  const { credentials } = inside.request;
  return context.registry.blob(inside.reference, descriptor, { credentials, signal: inside.signal });
}

async function pullLayer(
  context: EngineContext,
  inside: Inside,
  layer: Descriptor,
  diffID: Promise<string>,
): Promise<LayerInfo> {
  const id = truncateId(layer.digest);
  const { progress, signal } = inside;
  const onProgress = (told: TransferProgress): void => {
    if (told.currentBytes === undefined) progress.status(told.action, id);
    else progress.count(told.action, id, told.currentBytes, told.totalBytes);
  };
  const hasBlob = (await context.content.info(layer.digest)) !== undefined;
  if (!hasBlob) {
    // Loading begins before the config has come: only unpacking needs the diffID.
    diffID.catch(() => undefined); // Told to the pull by the config's own promise.
    await context.pulls.run(`blob ${layer.digest}`, { signal, onProgress }, (report, sharedSignal) =>
      downloadLayer(context, { ...inside, signal: sharedSignal }, layer, report),
    );
  }
  const expected = await diffID;
  const there = await context.snapshots.layer(expected);
  if (there !== undefined) {
    progress.status(hasBlob ? "Already exists" : "Pull complete", id);
    return there;
  }
  return context.pulls.run(
    `layer ${expected} ${layer.digest}`,
    { signal, onProgress },
    async (report, sharedSignal) => {
      const info = await unpack(context, layer, expected, {
        signal: sharedSignal,
        onProgress: (currentBytes) => report({ action: "Extracting", currentBytes, totalBytes: layer.size }),
      });
      report(state("Pull complete"));
      return info;
    },
  );
}

async function downloadLayer(
  context: EngineContext,
  inside: Inside,
  layer: Descriptor,
  report: (progress: TransferProgress) => void,
): Promise<void> {
  await fetchBlob(context, sourceOf(context, inside, layer), {
    signal: inside.signal,
    onProgress: (currentBytes) => report({ action: "Downloading", currentBytes, totalBytes: layer.size }),
    onVerify: () => report(state("Verifying Checksum")),
  });
  report(state("Download complete"));
}

function state(action: string): TransferProgress {
  return { action, currentBytes: undefined, totalBytes: undefined };
}

interface UnpackOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (consumedBytes: number) => void;
}

async function unpack(
  context: EngineContext,
  layer: Descriptor,
  diffID: string,
  options: UnpackOptions,
): Promise<LayerInfo> {
  try {
    return await context.snapshots.unpack(diffID, await context.content.read(layer.digest), options);
  } catch (thrown) {
    // The bytes are what the manifest says, so another try would fail the same way: keep nothing.
    if (isKind(thrown, "dataLoss") || isKind(thrown, "invalidParameter"))
      await context.content.remove(layer.digest);
    if (!isKind(thrown, "invalidParameter") && !isKind(thrown, "dataLoss")) throw thrown;
    throw fail(thrown.kind, `failed to register layer: ${thrown.message}`, { cause: thrown });
  }
}

/** The module of a wasm artifact becomes the only file of a layer. */
async function pullModule(
  context: EngineContext,
  inside: Inside,
  layer: Descriptor,
  config: Promise<Uint8Array>,
): Promise<LayerInfo> {
  const id = truncateId(layer.digest);
  const { progress, signal } = inside;
  await fetchBlob(context, sourceOf(context, inside, layer), {
    signal,
    onProgress: (current) => progress.count("Downloading", id, current, layer.size),
    onVerify: () => progress.status("Verifying Checksum", id),
  });
  progress.status("Download complete", id);
  const info = await unpackModule(context, readWasmArtifact(inside.manifest, await config), inside.pin);
  progress.status("Pull complete", id);
  return info;
}

/** Runs at most `count` at a time, in order of arrival. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

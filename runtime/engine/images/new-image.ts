/**
 * An image made here: its config and manifest as documents, in the dialect of the image it grew out of,
 * so that a push sends what a registry of that image understands. Its ID is the digest of the config.
 */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { Descriptor } from "../../../layers/oci/descriptor.ts";
import type { HasherFactory } from "../../../layers/oci/hasher.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
  layerKindOf,
} from "../../../layers/oci/media-types.ts";
import type { ContainerConfig } from "../containers/config.ts";
import type { EngineContext } from "../context.ts";
import { ZERO_TIME } from "../time.ts";
import type { HistoryEntry, ImageRecord } from "./image-record.ts";

export interface NewLayer {
  readonly diffID: string;
  readonly digest: string;
  /** Of the compressed layer. */
  readonly sizeBytes: number;
}

export interface ImageChange {
  readonly config: ContainerConfig;
  readonly history: HistoryEntry;
  /** Undefined when the step changed no files. */
  readonly layer: NewLayer | undefined;
}

export interface NewImage {
  /** Without the unpacked size of the new layer. */
  readonly record: ImageRecord;
  readonly config: Uint8Array;
  readonly manifest: Uint8Array;
}

/** `parent` with one more step. Nothing is stored. */
export async function childImage(
  hasher: HasherFactory,
  parent: ImageRecord,
  { config, history, layer }: ImageChange,
): Promise<NewImage> {
  const isDocker = parent.manifest.mediaType === DOCKER_MANIFEST;
  if (parent.blobs.some((blob) => layerKindOf(blob.mediaType).kind !== "tar")) {
    throw fail(
      "notImplemented",
      "committing on top of a bare WebAssembly module is not implemented by Slipway",
    );
  }
  const added: readonly Descriptor[] =
    layer === undefined
      ? []
      : [
          {
            mediaType: isDocker ? DOCKER_LAYER_GZIP : OCI_LAYER_GZIP,
            digest: layer.digest,
            size: layer.sizeBytes,
          },
        ];
  const blobs = [...parent.blobs, ...added];
  const diffIDs = [...parent.diffIDs, ...(layer === undefined ? [] : [layer.diffID])];
  const steps = [...parent.history, history];
  const { os, architecture, variant } = parent;
  const { author, created } = history;
  const configBytes = encodeJson({
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(author === "" ? {} : { author }),
    config: withoutNothing(config),
    created,
    history: steps.map(historyJson),
    os,
    rootfs: { type: "layers", diff_ids: diffIDs },
  });
  const configDescriptor = await describe(hasher, configBytes, isDocker ? DOCKER_CONFIG : OCI_CONFIG);
  const manifestType = isDocker ? DOCKER_MANIFEST : OCI_MANIFEST;
  const manifestBytes = encodeJson({
    schemaVersion: 2,
    mediaType: manifestType,
    config: configDescriptor,
    layers: blobs,
  });
  const record: ImageRecord = {
    ...parent,
    id: configDescriptor.digest,
    created,
    author,
    comment: "",
    config,
    history: steps,
    diffIDs,
    blobs,
    manifest: await describe(hasher, manifestBytes, manifestType),
    configDescriptor,
    lastTagTime: ZERO_TIME,
  };
  return { record, config: configBytes, manifest: manifestBytes };
}

/** Puts the documents into the content store. Preconditions: their digests are pinned. */
export async function keepDocuments(context: EngineContext, image: NewImage): Promise<void> {
  await keepBytes(context, image.record.id, image.config);
  await keepBytes(context, image.record.manifest.digest, image.manifest);
}

async function keepBytes(context: EngineContext, digest: string, bytes: Uint8Array): Promise<void> {
  const ingest = await context.content.ingest({ digest, sizeBytes: bytes.length });
  if (ingest === undefined) return;
  try {
    await ingest.write(bytes.subarray(ingest.offset));
    await ingest.commit();
  } catch (thrown) {
    await ingest.abort();
    throw thrown;
  }
}

/** As Go leaves out what is empty. */
function withoutNothing(config: ContainerConfig): object {
  const isNothing = (value: unknown): boolean => value === null || value === "" || value === false;
  return Object.fromEntries(Object.entries(config).filter(([, value]) => !isNothing(value)));
}

function historyJson(entry: HistoryEntry): object {
  const { created, createdBy, author, comment, isEmptyLayer } = entry;
  return {
    ...(created === "" ? {} : { created }),
    ...(author === "" ? {} : { author }),
    ...(createdBy === "" ? {} : { created_by: createdBy }),
    ...(comment === "" ? {} : { comment }),
    ...(isEmptyLayer ? { empty_layer: true } : {}),
  };
}

function encodeJson(value: object): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

async function describe(hasher: HasherFactory, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const sum = await hasher("sha256");
  sum.update(bytes);
  return { mediaType, digest: `sha256:${sum.digestHex()}`, size: bytes.length };
}

/**
 * What the engine remembers of an image. Its ID is the digest of its config blob, as in dockerd's
 * default store; the blobs (config, manifest, compressed layers for pushing) are in the content store,
 * the unpacked layers in the snapshots.
 */
import type { Descriptor } from "../../../layers/oci/descriptor.ts";
import type { ContainerConfig } from "../containers/config.ts";

export interface HistoryEntry {
  readonly created: string;
  readonly createdBy: string;
  readonly author: string;
  readonly comment: string;
  readonly isEmptyLayer: boolean;
}

export interface ImageRecord {
  /** "sha256:…": digest of the config. */
  readonly id: string;
  readonly created: string;
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly author: string;
  readonly comment: string;
  readonly config: ContainerConfig;
  readonly history: readonly HistoryEntry[];
  /** Uncompressed digests, lowest first. */
  readonly diffIDs: readonly string[];
  /** Compressed layers as the registry named them, in the order of diffIDs. */
  readonly blobs: readonly Descriptor[];
  /** The image manifest this came with: what push sends again. */
  readonly manifest: Descriptor;
  readonly configDescriptor: Descriptor;
  /** Bytes of the unpacked layers' files. */
  readonly sizeBytes: number;
  /** When a name was last given to it. */
  readonly lastTagTime: string;
}

/** Prefix of the keys of image records. */
export const IMAGE_KEY = "engine/images/";
/** Prefix of the keys of names: "engine/references/docker.io/library/nginx:latest" → image ID. */
export const REFERENCE_KEY = "engine/references/";

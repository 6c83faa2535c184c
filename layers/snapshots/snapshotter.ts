/**
 * Snapshots: unpacked layers and the writable layers on top of them. Image layers are stored once
 * per diffID, whatever image they came with; a root filesystem is an overlay mounted over a list of
 * them, so no chain is ever copied.
 *
 * Lifecycle of a writable layer: `prepare` (nothing is stored until the first write) → any number of
 * `mount` / `unmount` by one owner at a time (`conflict` otherwise) → `remove`.
 */
import type { ByteStream } from "../base/streams.ts";
import type { Filesystem } from "../fs/filesystem.ts";

export interface LayerInfo {
  readonly diffID: string;
  /** Bytes of file contents, as `docker image ls` counts a layer. */
  readonly sizeBytes: number;
  readonly entries: number;
}

export interface MountRequest {
  /** diffIDs, lowest first. */
  readonly layers: readonly string[];
  /** Key of a writable layer, or undefined for a read-only view. */
  readonly writable: string | undefined;
}

export interface Mounted {
  readonly filesystem: Filesystem;
  /**
   * The writable layer as a layer tar: whiteouts, opaque directories, changed files. What `isSkipped`
   * names, absolute, is left out with what is below it.
   */
  exportDiff(isSkipped?: (path: string) => boolean): ByteStream;
  /** As `docker diff`, sorted by path. */
  changes(): readonly { readonly kind: 0 | 1 | 2; readonly path: string }[];
  writableSizeBytes(): number;
  /** Hands files that were closed to the host, so that they outlive this worker; cheap when there are none. */
  handOver(): void;
  /** Makes the writable layer durable and closes every file. */
  unmount(): Promise<void>;
}

export interface UnpackOptions {
  readonly signal?: AbortSignal;
  /** Called with the count of compressed bytes consumed so far. */
  readonly onProgress?: (consumedBytes: number) => void;
}

export interface Snapshotter {
  /** What is unpacked under a diffID, or undefined. */
  layer(diffID: string): Promise<LayerInfo | undefined>;
  /**
   * Unpacks a (possibly compressed) layer tar and publishes it when its uncompressed digest is `diffID`.
   * Idempotent; two callers for one diffID share the work. `dataLoss` for a wrong digest or a broken
   * stream, `invalidParameter` for hostile names, `resourceExhausted` for bombs and full disks.
   */
  unpack(diffID: string, source: ByteStream, options?: UnpackOptions): Promise<LayerInfo>;
  removeLayer(diffID: string): Promise<void>;
  layers(): Promise<readonly LayerInfo[]>;
  mount(request: MountRequest): Promise<Mounted>;
  /** Drops a writable layer. */
  removeWritable(key: string): Promise<void>;
  /** Keys and stored bytes of all writable layers. */
  writables(): Promise<readonly { readonly key: string; readonly sizeBytes: number }[]>;
}

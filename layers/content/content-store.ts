/**
 * The content-addressed store: blobs (manifests, configs, compressed layers) under their digests.
 * Nothing is visible under a digest before every byte of it was verified.
 *
 * Lifecycle of a blob: `ingest` (or continue an interrupted one) → `write`… → `commit`. A crash or a
 * closed tab leaves the ingest behind with what was flushed; the next `ingest` of the same digest
 * continues at `offset`. One ingest of a digest at a time per store: the second caller waits.
 *
 * Example:
 *   const ingest = await store.ingest({ digest, sizeBytes });
 *   if (ingest !== undefined) {            // undefined: already there
 *     for await (const piece of fetchFrom(ingest.offset)) await ingest.write(piece);
 *     await ingest.commit();
 *   }
 */
import type { ByteStream } from "../base/streams.ts";

export interface ContentInfo {
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface ExpectedContent {
  readonly digest: string;
  /** When known, a longer stream fails at once instead of filling the disk. */
  readonly sizeBytes?: number | undefined;
}

export interface Ingest {
  /** Bytes already there and hashed: where the source should continue. */
  readonly offset: number;
  /** `dataLoss` when the stream is longer than expected. */
  write(piece: Uint8Array): Promise<void>;
  /** Verifies and publishes. `dataLoss` (and the bytes are dropped) when size or digest differ. */
  commit(): Promise<void>;
  /** Stops and keeps what arrived, to continue later. */
  suspend(): Promise<void>;
  /** Stops and drops what arrived. */
  abort(): Promise<void>;
}

export interface ContentStore {
  info(digest: string): Promise<ContentInfo | undefined>;
  /** `notFound`. */
  read(digest: string): Promise<ByteStream>;
  /** The whole blob, for manifests and configs. `notFound`, `resourceExhausted`. */
  readAll(digest: string, sizeBytesMax: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Undefined when the blob is already there. */
  ingest(expected: ExpectedContent): Promise<Ingest | undefined>;
  remove(digest: string): Promise<void>;
  list(): Promise<readonly ContentInfo[]>;
}

/**
 * Where bytes and small records rest: memory, the browser (OPFS and IndexedDB), or a directory in
 * Node. The content store, the unpacked layers, writable layers, logs and the engine's state are all
 * built on this contract, so that there is one place that knows how durable storage differs.
 *
 * Vocabulary. A *file* is a large named sequence of bytes, read and written synchronously once it is
 * open (that is what OPFS offers a worker, and what the synchronous kernel needs). A *record* is a
 * small structured-cloneable value under a key. File names are slash-separated paths of the
 * characters [A-Za-z0-9._-]; nothing else, so that every host accepts them.
 *
 * Several workers may open one Storage each on the same place. A file opened read-only may be open in
 * any number of them and must no longer be written to; a file opened for writing is open once in all
 * of them (`conflict` otherwise). Records have no such rule: only the engine writes them.
 *
 * Errors: SlipwayError `notFound`, `conflict`, `invalidParameter` for a bad name, and
 * `resourceExhausted` "no space left on device" when the quota is reached.
 */
import type { ByteStream } from "../base/streams.ts";

export interface ReadOnlyFile {
  readonly sizeBytes: number;
  /** Reads into `target` from `position`; the count, short only at the end. Synchronous. */
  readAt(position: number, target: Uint8Array): number;
  /** Bytes [start, end) as a stream; the whole file without arguments. */
  stream(start?: number, end?: number): ByteStream;
  close(): void;
}

export interface WritableFile extends ReadOnlyFile {
  /** Writes all of `source` at `position`, extending the file. */
  writeAt(position: number, source: Uint8Array): void;
  truncate(sizeBytes: number): void;
  /** Returns when everything written would survive a crash. */
  flush(): void;
}

export interface FileInfo {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface FileStore {
  /** What is there under `name`, or undefined. */
  info(name: string): Promise<FileInfo | undefined>;
  /** Opens a finished file. `notFound`. */
  openReadOnly(name: string): Promise<ReadOnlyFile>;
  /** Opens for reading and writing, exclusively, making an empty file where there is none. `conflict`. */
  openWritable(name: string): Promise<WritableFile>;
  /** Gives a closed file another name, replacing what was there, in one step that a crash cannot split. */
  rename(from: string, to: string): Promise<void>;
  /** Removes; missing is fine. */
  remove(name: string): Promise<void>;
  /** All files whose names begin with `prefix`, sorted by name. */
  list(prefix: string): Promise<readonly FileInfo[]>;
}

export type RecordChange =
  | { readonly kind: "put"; readonly key: string; readonly value: unknown }
  | { readonly kind: "remove"; readonly key: string };

export interface RecordStore {
  get(key: string): Promise<unknown>;
  /** All records whose keys begin with `prefix`, sorted by key. */
  entries(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]>;
  /** Applies all changes or none, durably. */
  apply(changes: readonly RecordChange[]): Promise<void>;
}

export interface StorageUsage {
  readonly usageBytes: number;
  /** Undefined where the host does not say. */
  readonly quotaBytes: number | undefined;
}

export interface Storage {
  readonly files: FileStore;
  readonly records: RecordStore;
  usage(): Promise<StorageUsage>;
  close(): Promise<void>;
}

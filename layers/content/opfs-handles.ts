/**
 * Open files of OPFS. Two kinds: a `HandleFile` on a synchronous access handle, which reads 4 KiB in
 * microseconds; and a `SnapshotFile` on a File and FileReaderSync, which needs no lock but is slow,
 * for the browser that has no shared read-only handles (Firefox).
 */
import { assert } from "../base/assert.ts";
import { fail } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { CHUNK_BYTES } from "./chunk-cache.ts";
import { streamOfRange } from "./file-stream.ts";
import { storageError } from "./opfs-errors.ts";
import type { ReadOnlyFile, WritableFile } from "./storage.ts";

/** Of FileReaderSync the part used here; it exists in workers only. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** Owns its access handle, and with it the lock of the file, until closed. */
export class HandleFile implements WritableFile {
  readonly #name: string;
  readonly #handle: FileSystemSyncAccessHandle;
  readonly #onClose: (file: HandleFile) => void;
  #isClosed = false;
  /** Known here because nobody else can change it: asking the handle may cost a call to another process. */
  #sizeBytes: number;

  constructor(name: string, handle: FileSystemSyncAccessHandle, onClose: (file: HandleFile) => void) {
    this.#name = name;
    this.#handle = handle;
    this.#onClose = onClose;
    this.#sizeBytes = handle.getSize();
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  readAt(position: number, target: Uint8Array): number {
    if (position >= this.#sizeBytes) return 0;
    return this.#run((handle) => handle.read(target as Uint8Array<ArrayBuffer>, { at: position }));
  }

  stream(start?: number, end?: number): ByteStream {
    return streamOfRange(this, start, end);
  }

  writeAt(position: number, source: Uint8Array): void {
    this.#run((handle) => {
      for (let done = 0; done < source.length; ) {
        // Shared memory is accepted by the browsers and missing only in the type.
        const rest = source.subarray(done) as Uint8Array<ArrayBuffer>;
        const count = handle.write(rest, { at: position + done });
        // Private windows of Chromium do not throw when the quota is reached but return
        // FILE_ERROR_NO_SPACE (-8) as an unsigned number.
        if (count === 0 || count > rest.length) throw fail("resourceExhausted", "no space left on device");
        done += count;
        this.#sizeBytes = Math.max(this.#sizeBytes, position + done);
      }
    });
  }

  truncate(sizeBytes: number): void {
    this.#run((handle) => handle.truncate(sizeBytes));
    this.#sizeBytes = sizeBytes;
  }

  flush(): void {
    this.#run((handle) => handle.flush());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handle.close();
    this.#onClose(this);
  }

  #run<T>(operation: (handle: FileSystemSyncAccessHandle) => T): T {
    assert(!this.#isClosed, "file is closed");
    try {
      return operation(this.#handle);
    } catch (thrown) {
      this.#sizeBytes = this.#handle.getSize(); // A failed write may have written something.
      throw storageError(thrown, this.#name);
    }
  }
}

let nextSnapshotId = 0;

/** A file as it was when opened. Its chunks in the cache go when it is closed. */
export class SnapshotFile implements ReadOnlyFile {
  readonly #name: string;
  readonly #file: File;
  readonly #cache: ChunkCache;
  readonly #onClose: (file: SnapshotFile) => void;
  readonly #id = nextSnapshotId++;
  readonly #reader = new FileReaderSync();
  readonly sizeBytes: number;
  #isClosed = false;

  constructor(name: string, file: File, cache: ChunkCache, onClose: (file: SnapshotFile) => void) {
    this.#name = name;
    this.#file = file;
    this.#cache = cache;
    this.#onClose = onClose;
    this.sizeBytes = file.size;
  }

  readAt(position: number, target: Uint8Array): number {
    assert(!this.#isClosed, "file is closed");
    const count = Math.max(0, Math.min(target.length, this.sizeBytes - position));
    if (count >= CHUNK_BYTES) {
      target.set(this.#read(position, position + count)); // Nothing a cache could help with.
      return count;
    }
    for (let done = 0; done < count; ) {
      const index = Math.floor((position + done) / CHUNK_BYTES);
      const start = index * CHUNK_BYTES;
      const chunk = this.#cache.get(this.#id, index, () => this.#read(start, start + CHUNK_BYTES));
      const offset = position + done - start;
      const length = Math.min(count - done, chunk.length - offset);
      target.set(chunk.subarray(offset, offset + length), done);
      done += length;
    }
    return count;
  }

  stream(start?: number, end?: number): ByteStream {
    return streamOfRange(this, start, end);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cache.drop(this.#id);
    this.#onClose(this);
  }

  #read(start: number, end: number): Uint8Array {
    const last = Math.min(end, this.sizeBytes);
    try {
      const bytes = new Uint8Array(this.#reader.readAsArrayBuffer(this.#file.slice(start, last)));
      if (bytes.length === last - start) return bytes;
    } catch (thrown) {
      throw fail("dataLoss", `${this.#name}: vanished from the browser's storage`, { cause: thrown });
    }
    throw fail("dataLoss", `${this.#name}: was cut in the browser's storage`);
  }
}

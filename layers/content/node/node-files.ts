/**
 * Files of a Storage as files of the host, under the same names below one directory. Opening for
 * writing takes a lock that holds between threads and processes; whether a file is *being* written is
 * therefore known to every worker on the same data root.
 */
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync } from "node:fs";
import { openSync, readSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import type { Dirent } from "node:fs";
import { dirname, join } from "node:path";
import { assert } from "../../base/assert.ts";
import type { Disposable } from "../../base/disposable.ts";
import { fail } from "../../base/errors.ts";
import type { ByteStream } from "../../base/streams.ts";
import { streamOfRange } from "../file-stream.ts";
import { componentsOf } from "../names.ts";
import type { FileInfo, FileStore, ReadOnlyFile, WritableFile } from "../storage.ts";
import { tryLock } from "./file-lock.ts";
import { errnoOf, storageError } from "./node-errors.ts";

/** A file of the host that is open. Owned by its NodeFiles until closed. */
class NodeFile implements WritableFile {
  readonly #name: string;
  readonly #descriptor: number;
  readonly #onClose: () => void;
  #isClosed = false;
  #sizeBytes: number;

  constructor(name: string, descriptor: number, onClose: () => void) {
    this.#name = name;
    this.#descriptor = descriptor;
    this.#onClose = onClose;
    this.#sizeBytes = fstatSync(descriptor).size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  readAt(position: number, target: Uint8Array): number {
    const descriptor = this.#opened();
    let done = 0;
    while (done < target.length) {
      const count = readSync(descriptor, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  stream(start?: number, end?: number): ByteStream {
    return streamOfRange(this, start, end);
  }

  writeAt(position: number, source: Uint8Array): void {
    const descriptor = this.#opened();
    for (let done = 0; done < source.length; ) {
      done += this.#told(() => writeSync(descriptor, source, done, source.length - done, position + done));
      this.#sizeBytes = Math.max(this.#sizeBytes, position + done);
    }
  }

  truncate(sizeBytes: number): void {
    const descriptor = this.#opened();
    this.#told(() => ftruncateSync(descriptor, sizeBytes));
    this.#sizeBytes = sizeBytes;
  }

  flush(): void {
    const descriptor = this.#opened();
    this.#told(() => fdatasyncSync(descriptor));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#descriptor);
    this.#onClose();
  }

  #opened(): number {
    assert(!this.#isClosed, "file is closed");
    return this.#descriptor;
  }

  #told<T>(operation: () => T): T {
    try {
      return operation();
    } catch (thrown) {
      throw storageError(thrown, this.#name);
    }
  }
}

export class NodeFiles implements FileStore {
  readonly #directory: string;
  readonly #locksDirectory: string;
  readonly #open = new Set<NodeFile>();

  /** `directory` for the files; `locksDirectory` beside it, on the same disk. Both exist. */
  constructor(directory: string, locksDirectory: string) {
    this.#directory = directory;
    this.#locksDirectory = locksDirectory;
  }

  async info(name: string): Promise<FileInfo | undefined> {
    const path = this.#path(name);
    try {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat?.isFile() === true ? { name, sizeBytes: stat.size } : undefined;
    } catch (thrown) {
      if (errnoOf(thrown) === "ENOTDIR") return undefined;
      throw storageError(thrown, name);
    }
  }

  async openReadOnly(name: string): Promise<ReadOnlyFile> {
    const path = this.#path(name);
    await this.#requireFile(name);
    return told(name, () => this.#handle(name, openSync(path, "r"), undefined));
  }

  async openWritable(name: string): Promise<WritableFile> {
    const path = this.#path(name);
    return told(name, () => {
      const lock = this.#lock(name);
      try {
        return this.#handle(name, openOrCreate(path), lock);
      } catch (thrown) {
        lock.dispose();
        throw thrown;
      }
    });
  }

  /** Both names are locked meanwhile, so that neither is written to. */
  async rename(from: string, to: string): Promise<void> {
    const [fromPath, toPath] = [this.#path(from), this.#path(to)];
    await this.#requireFile(from);
    if (from === to) return;
    told(from, () => {
      const locks: Disposable[] = [];
      try {
        locks.push(this.#lock(from), this.#lock(to));
        syncPath(fromPath);
        mkdirSync(dirname(toPath), { recursive: true });
        renameSync(fromPath, toPath);
        syncPath(dirname(toPath));
      } finally {
        for (const lock of locks) lock.dispose();
      }
    });
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    told(name, () => {
      const lock = this.#lock(name);
      try {
        rmSync(path, { force: true });
      } catch (thrown) {
        // A folder is no file of that name, and neither is what would lie below a file.
        if (errnoOf(thrown) !== "ENOTDIR" && errnoOf(thrown) !== "ERR_FS_EISDIR") throw thrown;
      } finally {
        lock.dispose();
      }
    });
  }

  async list(prefix: string): Promise<readonly FileInfo[]> {
    const found: FileInfo[] = [];
    this.#collect("", prefix, found);
    return found.sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  closeAll(): void {
    for (const file of this.#open) file.close();
  }

  async #requireFile(name: string): Promise<void> {
    if ((await this.info(name)) === undefined) throw fail("notFound", `${name}: no such file in storage`);
  }

  /** Walks only folders in which a name with `prefix` can be. */
  #collect(folder: string, prefix: string, found: FileInfo[]): void {
    for (const entry of entriesOf(join(this.#directory, folder))) {
      const name = folder + entry.name;
      if (entry.isDirectory()) {
        const inside = `${name}/`;
        if (inside.startsWith(prefix) || prefix.startsWith(inside)) this.#collect(inside, prefix, found);
      } else if (name.startsWith(prefix)) {
        const stat = statSync(join(this.#directory, name), { throwIfNoEntry: false });
        if (stat !== undefined) found.push({ name, sizeBytes: stat.size });
      }
    }
  }

  #path(name: string): string {
    return join(this.#directory, ...componentsOf(name));
  }

  #lock(name: string): Disposable {
    // "%" cannot be in a name, so that two names never share a lock.
    const lock = tryLock(join(this.#locksDirectory, name.replaceAll("/", "%")));
    if (lock === undefined) throw fail("conflict", `${name} is open for writing`);
    return lock;
  }

  #handle(name: string, descriptor: number, lock: Disposable | undefined): NodeFile {
    const file: NodeFile = new NodeFile(name, descriptor, () => {
      this.#open.delete(file);
      lock?.dispose();
    });
    this.#open.add(file);
    return file;
  }
}

/** A folder that vanished meanwhile holds nothing. */
function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return [];
    throw storageError(thrown, path);
  }
}

function told<T>(name: string, operation: () => T): T {
  try {
    return operation();
  } catch (thrown) {
    throw storageError(thrown, name);
  }
}

function openOrCreate(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT") throw thrown;
  }
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, "w+");
}

function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

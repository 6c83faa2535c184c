/**
 * Storage in memory: for tests, and for a browser that denies the tab any other (private windows).
 *
 * The hard idea is the *place*: several `MemoryStorage` objects on one `MemoryPlace` behave like
 * several workers on one disk, so that exclusive opening, and finding again what a crashed owner left
 * behind, can be tested here too.
 */
import { assert } from "../base/assert.ts";
import { fail } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { streamOfRange } from "./file-stream.ts";
import { componentsOf } from "./names.ts";
import type {
  FileInfo,
  FileStore,
  ReadOnlyFile,
  RecordChange,
  RecordStore,
  Storage,
  StorageUsage,
  WritableFile,
} from "./storage.ts";

/** Files grow page by page, so that a growing layer is never copied to make room. */
const PAGE_BYTES = 64 * 1024;

/** The bytes under one name. Owned by the place. */
class MemoryContent {
  readonly #place: MemoryPlace;
  /** Undefined pages are holes and read as zeros. */
  readonly #pages: (Uint8Array | undefined)[] = [];
  sizeBytes = 0;
  isOpenForWriting = false;

  constructor(place: MemoryPlace) {
    this.#place = place;
  }

  readAt(position: number, target: Uint8Array): number {
    const count = Math.max(0, Math.min(target.length, this.sizeBytes - position));
    for (let done = 0; done < count; ) {
      const offset = (position + done) % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - offset, count - done);
      const page = this.#pages[Math.floor((position + done) / PAGE_BYTES)];
      if (page === undefined) target.fill(0, done, done + length);
      else target.set(page.subarray(offset, offset + length), done);
      done += length;
    }
    return count;
  }

  writeAt(position: number, source: Uint8Array): void {
    this.#place.claim(Math.max(0, position + source.length - this.sizeBytes));
    for (let done = 0; done < source.length; ) {
      const offset = (position + done) % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - offset, source.length - done);
      const page = (this.#pages[Math.floor((position + done) / PAGE_BYTES)] ??= new Uint8Array(PAGE_BYTES));
      page.set(source.subarray(done, done + length), offset);
      done += length;
    }
    if (source.length > 0) this.sizeBytes = Math.max(this.sizeBytes, position + source.length);
  }

  truncate(sizeBytes: number): void {
    this.#place.claim(sizeBytes - this.sizeBytes);
    if (sizeBytes < this.sizeBytes) {
      this.#pages.length = Math.min(this.#pages.length, Math.ceil(sizeBytes / PAGE_BYTES));
      // What lay behind the new end must not come back when the file grows again.
      this.#pages[Math.floor(sizeBytes / PAGE_BYTES)]?.fill(0, sizeBytes % PAGE_BYTES);
    }
    this.sizeBytes = sizeBytes;
  }
}

/** One disk in memory. Share it between storages to play several workers. */
export class MemoryPlace {
  readonly files = new Map<string, MemoryContent>();
  readonly records = new Map<string, unknown>();
  readonly quotaBytes: number | undefined;
  usageBytes = 0;

  constructor(options: { readonly quotaBytes?: number } = {}) {
    this.quotaBytes = options.quotaBytes;
  }

  /** Takes (or gives back, when negative) space. */
  claim(sizeBytes: number): void {
    if (this.quotaBytes !== undefined && sizeBytes > 0 && this.usageBytes + sizeBytes > this.quotaBytes) {
      throw fail("resourceExhausted", "no space left on device");
    }
    this.usageBytes += sizeBytes;
  }

  /** Hosts with real folders cannot have "a" and "a/b" both as files. */
  requireFit(name: string): void {
    for (const other of this.files.keys()) {
      if (other.startsWith(`${name}/`) || name.startsWith(`${other}/`)) {
        throw fail("invalidParameter", `${name}: a name cannot be both a file and a folder (${other})`);
      }
    }
  }

  make(name: string): MemoryContent {
    this.requireFit(name);
    const content = new MemoryContent(this);
    this.files.set(name, content);
    return content;
  }

  drop(name: string): void {
    const content = this.files.get(name);
    if (content === undefined) return;
    if (content.isOpenForWriting) throw fail("conflict", `${name} is open for writing`);
    this.files.delete(name);
    this.claim(-content.sizeBytes);
  }
}

class MemoryFile implements WritableFile {
  readonly #content: MemoryContent;
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(content: MemoryContent, onClose: () => void) {
    this.#content = content;
    this.#onClose = onClose;
  }

  get sizeBytes(): number {
    return this.#open().sizeBytes;
  }

  readAt(position: number, target: Uint8Array): number {
    return this.#open().readAt(position, target);
  }

  stream(start?: number, end?: number): ByteStream {
    return streamOfRange(this, start, end);
  }

  writeAt(position: number, source: Uint8Array): void {
    this.#open().writeAt(position, source);
  }

  truncate(sizeBytes: number): void {
    this.#open().truncate(sizeBytes);
  }

  flush(): void {
    this.#open(); // Memory is as durable as it will ever be.
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose();
  }

  #open(): MemoryContent {
    assert(!this.#isClosed, "file is closed");
    return this.#content;
  }
}

class MemoryFiles implements FileStore {
  readonly #place: MemoryPlace;
  readonly #open = new Set<MemoryFile>();

  constructor(place: MemoryPlace) {
    this.#place = place;
  }

  async info(name: string): Promise<FileInfo | undefined> {
    componentsOf(name);
    const content = this.#place.files.get(name);
    return content === undefined ? undefined : { name, sizeBytes: content.sizeBytes };
  }

  async openReadOnly(name: string): Promise<ReadOnlyFile> {
    componentsOf(name);
    const content = this.#place.files.get(name);
    if (content === undefined) throw fail("notFound", `${name}: no such file in storage`);
    return this.#handle(content, () => undefined);
  }

  async openWritable(name: string): Promise<WritableFile> {
    componentsOf(name);
    const content = this.#place.files.get(name) ?? this.#place.make(name);
    if (content.isOpenForWriting) throw fail("conflict", `${name} is open for writing`);
    content.isOpenForWriting = true;
    return this.#handle(content, () => (content.isOpenForWriting = false));
  }

  async rename(from: string, to: string): Promise<void> {
    componentsOf(from);
    componentsOf(to);
    const content = this.#place.files.get(from);
    if (content === undefined) throw fail("notFound", `${from}: no such file in storage`);
    if (content.isOpenForWriting) throw fail("conflict", `${from} is open for writing`);
    if (from === to) return;
    this.#place.requireFit(to);
    this.#place.drop(to);
    this.#place.files.delete(from);
    this.#place.files.set(to, content);
  }

  async remove(name: string): Promise<void> {
    componentsOf(name);
    this.#place.drop(name);
  }

  async list(prefix: string): Promise<readonly FileInfo[]> {
    return [...this.#place.files]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, content]) => ({ name, sizeBytes: content.sizeBytes }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  closeAll(): void {
    for (const file of this.#open) file.close();
  }

  #handle(content: MemoryContent, onClose: () => void): MemoryFile {
    const file: MemoryFile = new MemoryFile(content, () => {
      this.#open.delete(file);
      onClose();
    });
    this.#open.add(file);
    return file;
  }
}

/** Values are cloned on the way in and out: a record is what was put, not what became of it. */
class MemoryRecords implements RecordStore {
  readonly #place: MemoryPlace;

  constructor(place: MemoryPlace) {
    this.#place = place;
  }

  async get(key: string): Promise<unknown> {
    return structuredClone(this.#place.records.get(key));
  }

  async entries(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]> {
    return [...this.#place.records]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, value]) => [key, structuredClone(value)] as const);
  }

  async apply(changes: readonly RecordChange[]): Promise<void> {
    const copies = structuredClone(changes); // Throws before anything is changed.
    for (const change of copies) {
      if (change.kind === "put") this.#place.records.set(change.key, change.value);
      else this.#place.records.delete(change.key);
    }
  }
}

export class MemoryStorage implements Storage {
  readonly files: FileStore;
  readonly records: RecordStore;
  readonly #place: MemoryPlace;
  readonly #files: MemoryFiles;

  constructor(place: MemoryPlace = new MemoryPlace()) {
    this.#place = place;
    this.#files = new MemoryFiles(place);
    this.files = this.#files;
    this.records = new MemoryRecords(place);
  }

  async usage(): Promise<StorageUsage> {
    return { usageBytes: this.#place.usageBytes, quotaBytes: this.#place.quotaBytes };
  }

  /** Closes whatever is still open, as the end of a worker would. */
  async close(): Promise<void> {
    this.#files.closeAll();
  }
}

/**
 * The shared cache on disk: one file per digest and one beside it with the media type, at most so many
 * bytes in all, least recently used first out. Files appear under their digest by rename, complete and
 * verified; what a crash left half-written is cleared at the next start.
 */
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ByteStream } from "../../base/streams.ts";
import type { CacheWriter, CachedContent, ProxyCache } from "../cache.ts";
import { ENTRY_SHARE_MAX } from "../cache.ts";

const PART_SUFFIX = ".part";
const TYPE_SUFFIX = ".type";

interface Entry {
  readonly sizeBytes: number;
  readonly contentType: string;
}

export class DiskCache implements ProxyCache {
  readonly #folder: string;
  readonly #sizeBytesMax: number;
  /** By file name; insertion order is the order of last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #writing = new Map<string, number>();
  #ready: Promise<void> | undefined;
  #sizeBytes = 0;
  #partNumber = 0;

  constructor(folder: string, sizeBytesMax: number) {
    this.#folder = folder;
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** Bytes on disk, finished and being written. */
  get sizeBytes(): number {
    return this.#sizeBytes + [...this.#writing.values()].reduce((sum, size) => sum + size, 0);
  }

  async get(digest: string): Promise<CachedContent | undefined> {
    await this.#open();
    const name = nameOf(digest);
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const path = join(this.#folder, name);
    const now = new Date();
    try {
      await utimes(path, now, now);
    } catch {
      await this.#forget(name); // Removed behind our back.
      return undefined;
    }
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return { ...entry, stream: (start, end) => fileStream(path, start, end) };
  }

  async put(digest: string, content: Entry): Promise<CacheWriter | undefined> {
    await this.#open();
    const name = nameOf(digest);
    if (content.sizeBytes > this.#sizeBytesMax * ENTRY_SHARE_MAX) return undefined;
    if (this.#writing.has(name) || this.#entries.has(name)) return undefined;
    this.#writing.set(name, content.sizeBytes);
    await this.#makeRoom();
    const part = join(this.#folder, `${name}.${this.#partNumber++}${PART_SUFFIX}`);
    const file = await open(part, "wx").catch((error: unknown) => {
      this.#writing.delete(name);
      throw error;
    });
    let sizeBytes = 0;
    const drop = async (): Promise<void> => {
      this.#writing.delete(name);
      await file.close();
      await rm(part, { force: true });
    };
    return {
      write: async (piece) => {
        sizeBytes += piece.length;
        await file.writeFile(piece);
      },
      abort: drop,
      commit: async () => {
        if (sizeBytes !== content.sizeBytes) return await drop();
        await file.close();
        await writeFile(join(this.#folder, name + TYPE_SUFFIX), content.contentType);
        await rename(part, join(this.#folder, name));
        this.#writing.delete(name);
        this.#entries.set(name, { sizeBytes, contentType: content.contentType });
        this.#sizeBytes += sizeBytes;
        await this.#makeRoom();
      },
    };
  }

  async remove(digest: string): Promise<void> {
    await this.#open();
    await this.#forget(nameOf(digest));
  }

  /** Reads the folder once, before the first use. */
  #open(): Promise<void> {
    this.#ready ??= this.#scan();
    return this.#ready;
  }

  async #scan(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const found: { name: string; entry: Entry; usedMs: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (name.endsWith(PART_SUFFIX)) await rm(path, { force: true });
      if (!/^sha256-[0-9a-f]{64}$/.test(name)) continue;
      const info = await stat(path);
      const contentType = await readFile(path + TYPE_SUFFIX, "utf8").catch(() => "application/octet-stream");
      found.push({ name, entry: { sizeBytes: info.size, contentType }, usedMs: info.mtimeMs });
    }
    found.sort((left, right) => left.usedMs - right.usedMs);
    for (const { name, entry } of found) {
      this.#entries.set(name, entry);
      this.#sizeBytes += entry.sizeBytes;
    }
    await this.#makeRoom();
  }

  async #makeRoom(): Promise<void> {
    for (const name of this.#entries.keys()) {
      if (this.sizeBytes <= this.#sizeBytesMax) return;
      await this.#forget(name);
    }
  }

  async #forget(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#sizeBytes -= entry.sizeBytes;
    // Streams that are being read keep their open file.
    await rm(join(this.#folder, name), { force: true });
    await rm(join(this.#folder, name + TYPE_SUFFIX), { force: true });
  }
}

function nameOf(digest: string): string {
  return digest.replace(":", "-");
}

function fileStream(path: string, start: number, end: number): ByteStream {
  if (start === end) return new Blob([]).stream();
  return Readable.toWeb(createReadStream(path, { start, end: end - 1 })) as ByteStream;
}

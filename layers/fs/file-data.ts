/**
 * The bytes of one in-memory file, sparse as on tmpfs. The hard idea: storage is in chunks of 64 KiB
 * whose buffers grow by doubling (small files stay small, big files never move), while holes are kept
 * by page of 4 KiB in a bit mask per chunk, so that allocated sizes, SEEK_HOLE and punched holes are
 * what tmpfs answers. Bytes of a chunk that are not in the file, or in a hole, are always zero.
 */
import { FsError } from "./errors.ts";

export const PAGE_BYTES = 4096;
const CHUNK_BYTES = 65_536;
const PAGES_PER_CHUNK = CHUNK_BYTES / PAGE_BYTES;
/** Smallest buffer: V8 keeps typed arrays up to 64 bytes inside the object. */
const BUFFER_BYTES_MIN = 64;
/** Below this a loop is faster than making a view to copy from. */
const LOOP_COPY_BYTES_MAX = 48;
/** Missing chunks looked at one by one before all chunks are searched for the next. */
const GAP_PROBES_MAX = 64;

/** Largest file: positions must stay exact in a number. Linux allows 2^63 - 1. */
export const FILE_BYTES_MAX = Number.MAX_SAFE_INTEGER - CHUNK_BYTES;

/** Pages used and allowed in one filesystem; owned by the filesystem, shared by its files. */
export interface PageAccount {
  used: number;
  limit: number;
}

interface Chunk {
  /** May be shorter than the chunk: the rest is zero. */
  buffer: Uint8Array;
  /** Bit n is set when page n holds data. */
  pages: number;
}

/** What a filesystem of nodes in memory keeps of one file: here the bytes themselves. */
export interface FileContent {
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  read(position: number, target: Uint8Array): number;
  write(position: number, source: Uint8Array): void;
  resize(sizeBytes: number): void;
  punchHole(position: number, sizeBytes: number): void;
  seek(position: number, whence: "data" | "hole"): number;
  free(): void;
}

export class FileData implements FileContent {
  readonly #account: PageAccount;
  readonly #chunks = new Map<number, Chunk>();
  #sizeBytes = 0;
  #pageCount = 0;

  constructor(account: PageAccount) {
    this.#account = account;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get allocatedBytes(): number {
    return this.#pageCount * PAGE_BYTES;
  }

  /** Reads into `target`; the count. */
  read(position: number, target: Uint8Array): number {
    const count = Math.min(target.length, this.#sizeBytes - position);
    if (count <= 0) return 0;
    let done = 0;
    while (done < count) {
      const offset = (position + done) % CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES - offset, count - done);
      const buffer = this.#chunks.get((position + done - offset) / CHUNK_BYTES)?.buffer;
      const stored = buffer === undefined ? 0 : Math.max(0, Math.min(length, buffer.length - offset));
      if (buffer !== undefined && stored > 0) copyBytes(buffer, offset, target, done, stored);
      if (stored < length) target.fill(0, done + stored, done + length);
      done += length;
    }
    return count;
  }

  /** Writes all of `source` or, with ENOSPC or EFBIG, nothing. */
  write(position: number, source: Uint8Array): void {
    const end = position + source.length;
    if (end > FILE_BYTES_MAX) throw new FsError("EFBIG");
    this.#reserve(position, end);
    let done = 0;
    while (done < source.length) {
      const offset = (position + done) % CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES - offset, source.length - done);
      const chunk = this.#chunkForWrite((position + done - offset) / CHUNK_BYTES, offset + length);
      chunk.pages |= pageMask(offset, offset + length);
      copyBytes(source, done, chunk.buffer, offset, length);
      done += length;
    }
    if (end > this.#sizeBytes) this.#sizeBytes = end;
  }

  /** Cuts the file or extends it with a hole. */
  resize(sizeBytes: number): void {
    if (sizeBytes > FILE_BYTES_MAX) throw new FsError("EFBIG");
    if (sizeBytes < this.#sizeBytes) {
      const firstPage = Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
      this.#zero(sizeBytes, Math.min(firstPage, this.#sizeBytes));
      this.#freePages(firstPage, this.#sizeBytes);
    }
    this.#sizeBytes = sizeBytes;
  }

  /** Makes a hole; whole pages are given back. */
  punchHole(position: number, sizeBytes: number): void {
    const end = position + sizeBytes;
    const firstPage = Math.ceil(position / PAGE_BYTES) * PAGE_BYTES;
    const endPage = Math.floor(end / PAGE_BYTES) * PAGE_BYTES;
    if (firstPage >= endPage) return this.#zero(position, end);
    this.#zero(position, firstPage);
    this.#zero(endPage, end);
    this.#freePages(firstPage, endPage);
  }

  /** SEEK_DATA and SEEK_HOLE. */
  seek(position: number, whence: "data" | "hole"): number {
    if (position < 0 || position >= this.#sizeBytes) throw new FsError("ENXIO");
    let at = position;
    while (at < this.#sizeBytes) {
      const index = Math.floor(at / CHUNK_BYTES);
      const pages = this.#chunks.get(index)?.pages ?? 0;
      if (pages === 0 && whence === "hole") return at;
      if (pages === 0) {
        at = this.#nextChunk(index + 1) * CHUNK_BYTES;
        continue;
      }
      const base = index * CHUNK_BYTES;
      for (let page = Math.floor((at - base) / PAGE_BYTES); page < PAGES_PER_CHUNK; page++) {
        const isData = (pages & (1 << page)) !== 0;
        const found = Math.max(position, base + page * PAGE_BYTES);
        if (isData === (whence === "data") && found < this.#sizeBytes) return found;
      }
      at = base + CHUNK_BYTES;
    }
    if (whence === "data") throw new FsError("ENXIO");
    return this.#sizeBytes;
  }

  /** Gives all pages back; the file is gone. */
  free(): void {
    this.#account.used -= this.#pageCount;
    this.#pageCount = 0;
    this.#chunks.clear();
    this.#sizeBytes = 0;
  }

  /** Accounts for the pages that a write of [position, end) will fill. */
  #reserve(position: number, end: number): void {
    let added = 0;
    for (let at = position; at < end;) {
      const offset = at % CHUNK_BYTES;
      const chunkEnd = Math.min(CHUNK_BYTES, offset + end - at);
      const wanted = pageMask(offset, chunkEnd);
      const present = this.#chunks.get((at - offset) / CHUNK_BYTES)?.pages ?? 0;
      if ((wanted & ~present) !== 0) added += countBits(wanted & ~present);
      at += chunkEnd - offset;
    }
    if (added === 0) return;
    if (this.#account.used + added > this.#account.limit) throw new FsError("ENOSPC");
    this.#account.used += added;
    this.#pageCount += added;
  }

  #chunkForWrite(index: number, end: number): Chunk {
    let chunk = this.#chunks.get(index);
    if (chunk === undefined) {
      chunk = { buffer: new Uint8Array(capacityFor(end)), pages: 0 };
      this.#chunks.set(index, chunk);
    } else if (chunk.buffer.length < end) {
      const grown = new Uint8Array(capacityFor(end));
      grown.set(chunk.buffer);
      chunk.buffer = grown;
    }
    return chunk;
  }

  /** Index of the first chunk from `index` on, or the index past the end of the file. */
  #nextChunk(index: number): number {
    for (let probe = index; probe < index + GAP_PROBES_MAX; probe++) if (this.#chunks.has(probe)) return probe;
    let next = Math.ceil(this.#sizeBytes / CHUNK_BYTES);
    for (const key of this.#chunks.keys()) if (key >= index && key < next) next = key;
    return next;
  }

  /** Writes zeros over whatever is stored in [start, end), which lies in one page or is empty. */
  #zero(start: number, end: number): void {
    if (end <= start) return;
    const chunk = this.#chunks.get(Math.floor(start / CHUNK_BYTES));
    const offset = start % CHUNK_BYTES;
    chunk?.buffer.fill(0, offset, offset + end - start);
    // A range of less than a page may still cross a page border, hence a chunk border.
    if (offset + end - start > CHUNK_BYTES) this.#zero(start - offset + CHUNK_BYTES, end);
  }

  /** Gives back the pages of [start, end); both are page borders or past the last data. */
  #freePages(start: number, end: number): void {
    if (end <= start) return;
    const first = Math.floor(start / CHUNK_BYTES);
    const last = Math.ceil(end / CHUNK_BYTES);
    if (last - first > this.#chunks.size) {
      for (const index of this.#chunks.keys()) if (index >= first && index < last) this.#freeIn(index, start, end);
    } else {
      for (let index = first; index < last; index++) this.#freeIn(index, start, end);
    }
  }

  #freeIn(index: number, start: number, end: number): void {
    const chunk = this.#chunks.get(index);
    if (chunk === undefined) return;
    const from = Math.max(0, start - index * CHUNK_BYTES);
    const to = Math.min(CHUNK_BYTES, end - index * CHUNK_BYTES);
    const freed = chunk.pages & pageMask(from, to);
    const count = countBits(freed);
    this.#account.used -= count;
    this.#pageCount -= count;
    chunk.pages &= ~freed;
    if (chunk.pages === 0) this.#chunks.delete(index);
    else chunk.buffer.fill(0, from, to);
  }
}

/** Bits of the pages that [start, end) of a chunk touches; start < end. */
function pageMask(start: number, end: number): number {
  const first = Math.floor(start / PAGE_BYTES);
  const count = Math.ceil(end / PAGE_BYTES) - first;
  return ((1 << count) - 1) << first;
}

function countBits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

function capacityFor(end: number): number {
  let capacity = BUFFER_BYTES_MIN;
  while (capacity < end) capacity *= 2;
  return capacity;
}

function copyBytes(from: Uint8Array, fromStart: number, to: Uint8Array, toStart: number, length: number): void {
  if (length <= LOOP_COPY_BYTES_MAX) {
    for (let index = 0; index < length; index++) to[toStart + index] = from[fromStart + index] ?? 0;
  } else if (fromStart === 0 && length === from.length) {
    to.set(from, toStart);
  } else {
    to.set(from.subarray(fromStart, fromStart + length), toStart);
  }
}

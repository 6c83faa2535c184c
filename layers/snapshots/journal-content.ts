/**
 * The contents of one file as places in the journal. The hard idea: nothing is ever overwritten, so
 * writing in the middle of a file splits what was there, and what no extent leads to any more is
 * garbage until the journal is compacted.
 */
import { FsError } from "../fs/errors.ts";
import { FILE_BYTES_MAX } from "../fs/file-data.ts";
import type { FileContent } from "../fs/file-data.ts";
import type { NodeId } from "../fs/filesystem.ts";
import { DATA_BYTES_MAX } from "./journal.ts";
import { allocatedBytes, firstEndingAfter, seekRegions } from "./regions.ts";
import type { Regions } from "./regions.ts";

/** What a file's contents need of the layer they are in. */
export interface DataPlace {
  /** Appends; where the data is now. ENOSPC. */
  append(node: NodeId, position: number, data: Uint8Array): number;
  read(dataAt: number, target: Uint8Array): void;
  /** The sum of what extents lead to has changed. */
  account(changeBytes: number): void;
}

export class JournalContent implements FileContent, Regions {
  readonly #place: DataPlace;
  readonly #node: NodeId;
  // Extents in order, without overlaps, in three columns: [start, end) of the file is at `at`.
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #ats: number[] = [];
  #sizeBytes = 0;
  /** Of the extents; -1 when it must be counted again. */
  #allocatedBytes = 0;

  constructor(place: DataPlace, node: NodeId) {
    this.#place = place;
    this.#node = node;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get allocatedBytes(): number {
    if (this.#allocatedBytes < 0) this.#allocatedBytes = allocatedBytes(this);
    return this.#allocatedBytes;
  }

  get count(): number {
    return this.#starts.length;
  }

  start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  end(index: number): number {
    return this.#ends[index] ?? 0;
  }

  read(position: number, target: Uint8Array): number {
    const count = Math.min(target.length, this.#sizeBytes - position);
    if (count <= 0) return 0;
    const end = position + count;
    let at = position;
    for (let index = firstEndingAfter(this, position); index < this.count && at < end; index++) {
      const from = Math.max(at, this.start(index));
      const to = Math.min(end, this.end(index));
      if (from >= end) break;
      if (from > at) target.fill(0, at - position, from - position);
      const dataAt = (this.#ats[index] ?? 0) + from - this.start(index);
      this.#place.read(dataAt, target.subarray(from - position, to - position));
      at = to;
    }
    if (at < end) target.fill(0, at - position, count);
    return count;
  }

  write(position: number, source: Uint8Array): void {
    if (position + source.length > FILE_BYTES_MAX) throw new FsError("EFBIG");
    for (let done = 0; done < source.length; done += DATA_BYTES_MAX) {
      const data = source.length <= DATA_BYTES_MAX ? source : source.subarray(done, done + DATA_BYTES_MAX);
      const dataAt = this.#place.append(this.#node, position + done, data);
      this.#insert(position + done, position + done + data.length, dataAt);
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, position + source.length);
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > FILE_BYTES_MAX) throw new FsError("EFBIG");
    if (sizeBytes < this.#sizeBytes) this.#remove(sizeBytes, this.#sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  punchHole(position: number, sizeBytes: number): void {
    this.#remove(position, Math.min(position + sizeBytes, this.#sizeBytes));
  }

  seek(position: number, whence: "data" | "hole"): number {
    return seekRegions(this, this.#sizeBytes, position, whence);
  }

  free(): void {
    this.#remove(0, this.#sizeBytes);
    this.#sizeBytes = 0;
  }

  #insert(start: number, end: number, dataAt: number): void {
    this.#place.account(end - start);
    this.#allocatedBytes = -1;
    const last = this.count - 1;
    // Nearly every write is at the end of the file.
    if (last < 0 || this.end(last) <= start) {
      const isContinued = last >= 0 && this.end(last) === start && this.#endsAt(last) === dataAt;
      if (isContinued) this.#ends[last] = end;
      else this.#put(last + 1, 0, [[start, end, dataAt]]);
      return;
    }
    this.#remove(start, end);
    const index = firstEndingAfter(this, start);
    this.#put(index, 0, [[start, end, dataAt]]);
  }

  /** Where in the journal the data of an extent ends. */
  #endsAt(index: number): number {
    return (this.#ats[index] ?? 0) + this.end(index) - this.start(index);
  }

  /** Cuts [start, end) out of the extents. */
  #remove(start: number, end: number): void {
    if (start >= end) return;
    const first = firstEndingAfter(this, start);
    let after = first;
    let removedBytes = 0;
    const kept: [start: number, end: number, at: number][] = [];
    for (; after < this.count && this.start(after) < end; after++) {
      const [from, to, at] = [this.start(after), this.end(after), this.#ats[after] ?? 0];
      removedBytes += Math.min(to, end) - Math.max(from, start);
      if (from < start) kept.push([from, start, at]);
      if (to > end) kept.push([end, to, at + end - from]);
    }
    if (after === first) return;
    this.#put(first, after - first, kept);
    this.#allocatedBytes = -1;
    this.#place.account(-removedBytes);
  }

  #put(index: number, count: number, extents: readonly (readonly [number, number, number])[]): void {
    this.#starts.splice(index, count, ...extents.map(([start]) => start));
    this.#ends.splice(index, count, ...extents.map(([, end]) => end));
    this.#ats.splice(index, count, ...extents.map(([, , at]) => at));
  }
}

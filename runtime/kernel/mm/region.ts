/**
 * Regions (vm_area_struct) and the sorted list of them. One hard idea: the list is always split at the
 * borders of a range before the range is changed, so that every operation sees whole regions only; equal
 * neighbours are merged afterwards, as Linux shows them in /proc/pid/maps.
 */
import { PageAccess } from "../../cpu/machine.ts";
import { PROT_EXEC, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import type { SharedObject } from "./shared-object.ts";

export const PAGE_BYTES = 4096;
/** Pages around a fault of a file mapping that come with it (fault_around_bytes, mm/memory.c). */
const FAULT_AROUND_PAGES = 16;

/** Region flags of our own, beside the MAP_ ones: madvise(2) of fork, and shared files not open for writing. */
export const RegionFlag = { dontFork: 0x2000_0000, wipeOnFork: 0x4000_0000, mayNotWrite: 0x0800_0000 } as const;

export function pageFloor(address: number): number {
  return address - (address % PAGE_BYTES);
}

export function pageCeil(address: number): number {
  return pageFloor(address + PAGE_BYTES - 1);
}

/** Something that is counted. */
export interface Held {
  acquire(): void;
  release(): void;
}

/** What a region of a file shows: the file behind a mapping. Counted by region. */
export interface Backing extends Held {
  /** As in /proc/pid/maps. */
  readonly path: string;
  readonly device: number;
  readonly ino: number;
  /** It is memory, not a file on a disk (tmpfs, memfd, System V): RssShmem, not RssFile. */
  readonly isMemory: boolean;
  /** Fills `target` from `position`, zeros beyond the end: how many bytes of it there are (0: SIGBUS). */
  load(position: number, target: Uint8Array): number;
  /** Of shared mappings: puts a changed page back. */
  store?(position: number, source: Uint8Array): void;
  /** Of shared mappings: the object whose pages all of them show. */
  share?(): SharedObject;
  /** Its regions stay apart once they were cut: they are counted (vm_ops->close keeps Linux from merging). */
  readonly isKeptApart?: boolean;
}

export interface Region {
  readonly start: number;
  readonly end: number;
  /** PROT_ bits. */
  readonly protection: number;
  /** MAP_SHARED or MAP_PRIVATE, MAP_GROWSDOWN, MAP_LOCKED, and RegionFlag. */
  readonly flags: number;
  readonly backing: Backing | undefined;
  /** Position in the backing of `start`. */
  readonly position: number;
  /** "[stack]", "[heap]" or "". */
  readonly name: string;
}

/** What the processor may let through: a page that others share is written only once it is dirty. */
export function accessOf({ protection }: Region, isWritable: boolean): number {
  const read = (protection & PROT_READ) !== 0 ? PageAccess.read : 0;
  const write = isWritable && (protection & PROT_WRITE) !== 0 ? PageAccess.write : 0;
  return read | write | ((protection & PROT_EXEC) !== 0 ? PageAccess.execute : 0);
}

/** The run of pages around `page` that come with a fault there: in its window, its region, and `wanted`. */
export function faultAround(
  region: Region,
  page: number,
  wanted: (page: number) => boolean,
): [start: number, end: number] {
  const window = FAULT_AROUND_PAGES * PAGE_BYTES;
  const low = Math.max(page - (page % window), region.start);
  const high = Math.min(page - (page % window) + window, region.end);
  let [start, end] = [page, page + PAGE_BYTES];
  while (start > low && wanted(start - PAGE_BYTES)) start -= PAGE_BYTES;
  while (end < high && wanted(end)) end += PAGE_BYTES;
  return [start, end];
}

export class RegionList {
  #regions: Region[] = [];

  get all(): readonly Region[] {
    return this.#regions;
  }

  /** The region that holds `address`. */
  find(address: number): Region | undefined {
    const region = this.#regions[this.#firstEndingBehind(address)];
    return region !== undefined && region.start <= address ? region : undefined;
  }

  /** The first region that ends behind `address`: holds it, or is the next above. */
  findFrom(address: number): Region | undefined {
    return this.#regions[this.#firstEndingBehind(address)];
  }

  /** Regions that overlap [start, end), in order. */
  overlapping(start: number, end: number): readonly Region[] {
    const found: Region[] = [];
    for (let index = this.#firstEndingBehind(start); index < this.#regions.length; index++) {
      const region = this.#regions[index];
      if (region === undefined || region.start >= end) break;
      found.push(region);
    }
    return found;
  }

  /** Whether every address of [start, end) is in some region. */
  covers(start: number, end: number): boolean {
    let at = start;
    for (const region of this.overlapping(start, end)) {
      if (region.start > at) return false;
      at = region.end;
    }
    return at >= end;
  }

  /** The first address from `start` on that no region holds, at most `end`. */
  coveredEnd(start: number, end: number): number {
    let at = start;
    for (const region of this.overlapping(start, end)) {
      if (region.start > at) return at;
      at = region.end;
    }
    return Math.min(at, end);
  }

  /** Of all regions, or of those that are `wanted`. */
  sizeBytes(wanted: (region: Region) => boolean = () => true): number {
    let sum = 0;
    for (const region of this.#regions) if (wanted(region)) sum += region.end - region.start;
    return sum;
  }

  /** Puts `region` where nothing is. */
  insert(region: Region): void {
    const index = this.#firstEndingBehind(region.start);
    this.#regions.splice(index, 0, region);
    region.backing?.acquire();
    this.#mergeAround(index);
  }

  /** Takes [start, end) out; answers what was there, cut to the range. Their backings are released. */
  remove(start: number, end: number): readonly Region[] {
    const removed = this.#cut(start, end);
    for (const region of removed) region.backing?.release();
    return removed;
  }

  /** Replaces every region of [start, end) by what `change` makes of it. */
  change(start: number, end: number, change: (region: Region) => Region): void {
    for (const region of this.#cut(start, end)) {
      const index = this.#firstEndingBehind(region.start);
      this.#regions.splice(index, 0, change(region));
      this.#mergeAround(index);
    }
  }

  /** The lowest gap of `sizeBytes` in [from, to), or undefined. */
  lowestGap(sizeBytes: number, from: number, to: number): number | undefined {
    let at = from;
    for (let index = this.#firstEndingBehind(from); index < this.#regions.length; index++) {
      const region = this.#regions[index];
      if (region === undefined || region.start - at >= sizeBytes) break;
      at = Math.max(at, region.end);
    }
    return at + sizeBytes <= to ? at : undefined;
  }

  /** The highest gap of `sizeBytes` in [from, to), or undefined. */
  highestGap(sizeBytes: number, from: number, to: number): number | undefined {
    let top = to;
    for (let index = this.#regions.length - 1; index >= 0; index--) {
      const region = this.#regions[index];
      if (region === undefined || region.start >= top) continue;
      if (top - region.end >= sizeBytes) break;
      top = region.start;
    }
    return top - sizeBytes >= from ? top - sizeBytes : undefined;
  }

  /** The same regions for another address space. */
  clone(): RegionList {
    const copy = new RegionList();
    copy.#regions = [...this.#regions];
    for (const region of copy.#regions) region.backing?.acquire();
    return copy;
  }

  #cut(start: number, end: number): readonly Region[] {
    this.#split(start);
    this.#split(end);
    const first = this.#firstEndingBehind(start);
    return this.#regions.splice(first, this.overlapping(start, end).length);
  }

  #split(address: number): void {
    const index = this.#firstEndingBehind(address);
    const region = this.#regions[index];
    if (region === undefined || region.start >= address) return;
    const position = region.position + (address - region.start);
    region.backing?.acquire();
    this.#regions.splice(index, 1, { ...region, end: address }, { ...region, start: address, position });
  }

  #mergeAround(index: number): void {
    for (const at of [index, index - 1]) {
      const [low, high] = [this.#regions[at], this.#regions[at + 1]];
      if (low === undefined || high === undefined || !isContinued(low, high)) continue;
      high.backing?.release();
      this.#regions.splice(at, 2, { ...low, end: high.end });
    }
  }

  #firstEndingBehind(address: number): number {
    let [low, high] = [0, this.#regions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#regions[middle]?.end ?? 0) > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function isContinued(low: Region, high: Region): boolean {
  return (
    low.end === high.start &&
    low.protection === high.protection &&
    low.flags === high.flags &&
    low.backing === high.backing &&
    low.backing?.isKeptApart !== true &&
    low.name === high.name &&
    (low.backing === undefined || low.position + (low.end - low.start) === high.position)
  );
}

/**
 * What of an address space lies beyond 4 GiB, or below the first 4 MiB, where the processor has no bytes. Engines of
 * WebAssembly reserve whole gigabytes and use the first pages of them; so reservations that find no room go here.
 * And lld puts executables at 2 MiB: what of their data lies so low is here too. One hard
 * idea: a region beyond is only written down, until something touches it. Then a window opens: ordinary
 * regions below, taken from mmap's places, hold its pages, and the processor is told to look there. All that
 * is known of pages (demand, sharing, accounting, fork) stays the business of the regions below; everything
 * said of addresses beyond is said again to them.
 *
 * Invariant: windows are apart from each other (neighbours are joined, which may move their pages), so that
 * bytes which follow each other beyond do so below.
 */
import type { Window } from "../../cpu/machine.ts";
import { SPACE_END, SPACE_START, WINDOWS_MAX } from "../../cpu/machine.ts";
import { Errno } from "../abi/errno.ts";
import { MAP_32BIT, MAP_NORESERVE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import type { AddressSpace } from "./address-space.ts";
import type { FaultOutcome } from "./fault-outcome.ts";
import { NOT_ALLOWED, NOT_MAPPED, OUT_OF_MEMORY } from "./fault-outcome.ts";
import type { MapRequest } from "./placement.ts";
import type { Region } from "./region.ts";
import { pageCeil, pageFloor, RegionList } from "./region.ts";

/** Addresses beyond: from 4 GiB to the end of the lower half. */
const BEYOND_START = 0x1_0000_0000;
const BEYOND_END = 0x7fff_ffff_f000;
/** vm.mmap_min_addr: below SPACE_START, from here on. */
const LOW_START = 0x1_0000;
/** Less than this is refused when there is no room below: its pages would find none either. */
const HUGE_BYTES = 0x4000_0000;
/** Of a larger region a window shows a part at first. */
const WHOLE_BYTES = 32 * 1024 * 1024;
const STEP_BYTES = 1024 * 1024;

/** Whether a request that the processor has no place for may go beyond. */
export function mayGoBeyond({ sizeBytes, protection, flags, isFixed, address }: MapRequest): boolean {
  if (isFixed) return isOutside(address);
  if (sizeBytes < HUGE_BYTES || (flags & MAP_32BIT) !== 0) return false;
  // Linux refuses so much writable memory as well, by its heuristic.
  return (protection & PROT_WRITE) === 0 || (flags & (MAP_SHARED | MAP_NORESERVE)) !== 0;
}

/** Whether `address` is none of the processor's. */
export function isOutside(address: number): boolean {
  return address < SPACE_START || address > SPACE_END;
}

export class Beyond {
  readonly #home: AddressSpace;
  #regions = new RegionList();
  /** In order of addresses. */
  #windows: readonly Window[] = [];
  /** Those the processor knows, the last one needed first. */
  #open: readonly Window[] = [];

  constructor(home: AddressSpace) {
    this.#home = home;
  }

  /** The same for a copy of the address space, whose processor has the same windows. */
  copyFor(home: AddressSpace): Beyond {
    const copy = new Beyond(home);
    copy.#regions = this.#regions.clone();
    copy.#windows = this.#windows;
    copy.#open = this.#open;
    return copy;
  }

  get isEmpty(): boolean {
    return this.#regions.all.length === 0;
  }

  /** Virtual size, but for what the windows hold below. */
  get sizeBytes(): number {
    return this.#regions.sizeBytes() - this.#windows.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** All regions as the program knows them: `below` without what is behind windows. */
  shown(below: readonly Region[]): readonly Region[] {
    if (this.isEmpty) return below;
    const isBehind = ({ start }: Region): boolean => this.#windowBelow(start) !== undefined;
    const known = [...below.filter((region) => !isBehind(region)), ...this.#regions.all];
    return known.sort((first, second) => first.start - second.start);
  }

  /** The address the program knows for one below. */
  shownAddress(address: number): number {
    const window = this.#windowBelow(address);
    return window === undefined ? address : window.start + (address - window.low);
  }

  regionAt(address: number): Region | undefined {
    return this.#regions.find(address);
  }

  /** With those that lie `between`, in order. */
  regionsIn(start: number, end: number, between: readonly Region[]): readonly Region[] {
    const outside = this.#regions.overlapping(start, end);
    return start < SPACE_START ? [...outside, ...between] : [...between, ...outside];
  }

  coveredEnd(start: number, end: number): number {
    const covered = this.#regions.coveredEnd(start, end);
    return covered === SPACE_START && end > covered ? this.#home.coveredEnd(covered, end) : covered;
  }

  map(request: MapRequest): number {
    const { sizeBytes, protection, flags, backing, position = 0, name = "", isFixed, address } = request;
    const start = isFixed ? address : this.#regions.highestGap(sizeBytes, BEYOND_START, BEYOND_END);
    if (start === undefined) return -Errno.ENOMEM;
    if (start < LOW_START) return -Errno.EPERM;
    if (start < SPACE_START && start + sizeBytes > SPACE_START) return this.#mapBoth(request);
    const isLow = start < SPACE_START;
    if (!isLow && (start < BEYOND_START || start + sizeBytes > BEYOND_END)) return -Errno.ENOMEM;
    if (isFixed) this.unmap(start, start + sizeBytes);
    this.#regions.insert({ start, end: start + sizeBytes, protection, flags, backing, position, name });
    return start;
  }

  /** Over the border at SPACE_START. */
  #mapBoth(request: MapRequest): number {
    const below = SPACE_START - request.address;
    const start = this.map({ ...request, sizeBytes: below });
    const position = (request.position ?? 0) + below;
    const rest = { ...request, address: SPACE_START, sizeBytes: request.sizeBytes - below, position };
    return Math.min(start, this.#home.map(rest));
  }

  unmap(start: number, end: number): void {
    if (this.isEmpty) return;
    this.#each(start, end, (from, to) => this.#home.unmap(from, to));
    this.#regions.remove(start, end);
    const rest = this.#windows.flatMap((window): Window[] => {
      if (window.end <= start || window.start >= end) return [window];
      const { start: first, end: last, low } = window;
      const before = first < start ? [{ start: first, end: start, low }] : [];
      return last > end ? [...before, { start: end, end: last, low: low + (end - first) }] : before;
    });
    if (rest.length !== this.#windows.length || rest.some((each, index) => each !== this.#windows[index]))
      this.#setWindows(rest);
  }

  protect(start: number, wantedEnd: number, protection: number): number {
    const end = start < SPACE_START ? Math.min(wantedEnd, SPACE_START) : wantedEnd;
    const covered = this.#regions.coveredEnd(start, end);
    this.#regions.change(start, covered, (region) => ({ ...region, protection }));
    this.#each(start, covered, (from, to) => this.#home.protect(from, to, protection));
    if (covered < end) return -Errno.ENOMEM;
    return end < wantedEnd ? this.#home.protect(end, wantedEnd, protection) : 0;
  }

  change(start: number, end: number, change: (region: Region) => Region): void {
    this.#regions.change(start, end, change);
    this.#each(start, end, (from, to) => this.#home.change(from, to, change));
  }

  discard(start: number, end: number): void {
    this.#each(start, end, (from, to) => this.#home.discard(from, to));
  }

  synchronize(start: number, end: number): void {
    this.#each(start, end, (from, to) => this.#home.synchronize(from, to));
  }

  isResident(page: number): boolean {
    const window = this.#windowAt(page);
    return window !== undefined && this.#home.isResident(window.low + (page - window.start));
  }

  touch(address: number, need: number): FaultOutcome {
    const region = this.#regions.find(address);
    if (region === undefined) return NOT_MAPPED;
    const isAllowed = need === PROT_READ ? region.protection !== PROT_NONE : (region.protection & need) !== 0;
    if (!isAllowed) return NOT_ALLOWED;
    const low = this.#below(address, 1);
    return low === undefined ? OUT_OF_MEMORY : this.#home.touch(low, need);
  }

  bytes(address: number, sizeBytes: number, need: number): Uint8Array | undefined {
    if (this.#regions.coveredEnd(address, address + sizeBytes) < address + sizeBytes) return undefined;
    const low = this.#below(address, sizeBytes);
    return low === undefined ? undefined : this.#home.bytes(low, sizeBytes, need);
  }

  poke(address: number, source: Uint8Array): boolean {
    if (this.#regions.coveredEnd(address, address + source.length) < address + source.length) return false;
    const low = this.#below(address, source.length);
    return low !== undefined && this.#home.poke(low, source);
  }

  /** The address space is gone: what is mapped here is held no longer. */
  release(): void {
    this.#regions.remove(0, BEYOND_END);
  }

  /** Where the bytes of [address, address + sizeBytes) are, all of them mapped; undefined: no room for a window. */
  #below(address: number, sizeBytes: number): number | undefined {
    const known = this.#windowAt(address);
    const isWhole = known !== undefined && address + sizeBytes <= known.end;
    const window = isWhole ? known : this.#widen(pageFloor(address), pageCeil(address + sizeBytes));
    if (window === undefined) return undefined;
    if (this.#open[0] !== window) this.#tell([window, ...this.#open.filter((other) => other !== window)]);
    return window.low + (address - window.start);
  }

  /** One window for [start, end) and all windows it touches. */
  #widen(start: number, end: number): Window | undefined {
    const [from, wanted] = this.#extent(start, end);
    const joined = this.#windows.filter((window) => window.start <= wanted && window.end >= from);
    const [first] = joined;
    const to = Math.max(wanted, ...joined.map((window) => window.end));
    const all = { start: Math.min(from, first?.start ?? from), end: to };
    const isAtStart = joined.length === 1 && first !== undefined && first.start === all.start;
    const isInPlace = isAtStart && this.#home.isFree(first.low + (first.end - first.start), first.low + (to - first.start));
    const low = isInPlace ? first.low : this.#home.freePlace(all.end - all.start);
    if (low < 0) return undefined;
    let at = all.start;
    for (const window of joined) {
      this.#show(at, window.start, low + (at - all.start));
      const target = low + (window.start - all.start);
      if (!isInPlace && !this.#home.move(window.low, window.low + (window.end - window.start), target, false))
        return undefined;
      at = window.end;
    }
    this.#show(at, all.end, low + (at - all.start));
    const window: Window = { ...all, low };
    const rest = this.#windows.filter((other) => !joined.includes(other));
    this.#setWindows([...rest, window].sort((a, b) => a.start - b.start));
    return window;
  }

  /** A small region as a whole; of a large one more, the more there is of it already. */
  #extent(start: number, end: number): readonly [start: number, end: number] {
    const region = this.#regions.find(start);
    if (region === undefined) return [start, end];
    if (region.end - region.start <= WHOLE_BYTES) return [region.start, Math.max(region.end, end)];
    const before = this.#windows.find((window) => window.end === start);
    const step = Math.max(STEP_BYTES, before === undefined ? 0 : before.end - before.start);
    return [start, Math.max(end, Math.min(region.end, start + step))];
  }

  /** Regions below for those of [start, end). */
  #show(start: number, end: number, low: number): void {
    for (const region of start < end ? this.#regions.overlapping(start, end) : []) {
      const [from, to] = [Math.max(start, region.start), Math.min(end, region.end)];
      this.#home.map({
        ...region,
        address: low + (from - start),
        sizeBytes: to - from,
        isFixed: true,
        position: region.position + (from - region.start),
      });
    }
  }

  /** What is behind windows of [start, end). */
  #each(start: number, end: number, visit: (from: number, to: number) => void): void {
    for (const window of this.#windows) {
      const [from, to] = [Math.max(start, window.start), Math.min(end, window.end)];
      if (from < to) visit(window.low + (from - window.start), window.low + (to - window.start));
    }
  }

  #windowAt(address: number): Window | undefined {
    return this.#windows.find(({ start, end }) => start <= address && address < end);
  }

  #windowBelow(address: number): Window | undefined {
    return this.#windows.find(({ start, end, low }) => low <= address && address < low + (end - start));
  }

  #setWindows(windows: readonly Window[]): void {
    this.#windows = windows;
    this.#tell(this.#open.filter((window) => windows.includes(window)));
  }

  #tell(open: readonly Window[]): void {
    this.#open = open.slice(0, WINDOWS_MAX);
    this.#home.space.setWindows(this.#open);
  }
}


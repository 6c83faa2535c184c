/**
 * The shared pages of one address space. One hard idea: a shared page is read-only for the guest until its
 * first write, so that the fault tells which pages differ from the original; they go back to read-only when
 * the original has them. Who runs is known to `Coherence`: it lets the one before flush and the next fetch.
 */
import type { Machine, Space } from "../../cpu/machine.ts";
import { BIAS } from "../../cpu/machine.ts";
import { MAP_SHARED } from "../abi/mman.ts";
import type { Region, RegionList } from "./region.ts";
import { PAGE_BYTES } from "./region.ts";
import type { Mapper, SharedObject } from "./shared-object.ts";

/** What it needs of its address space. */
export interface SharedHome {
  readonly space: Space;
  isPresent(page: number): boolean;
  /** Sets the access of a present page anew: writable only when it is dirty. */
  renewAccess(page: number, region: Region): void;
  discard(start: number, end: number): void;
}

/** Whose memory is the newest: one for all address spaces of a machine. */
export class Coherence {
  #active: SharedMappings | undefined;

  /** `next` is about to run, or to be looked at. */
  enter(next: SharedMappings): void {
    if (this.#active === next) return;
    this.#active?.flushShared();
    this.#active = next;
    next.refresh();
  }

  leave(one: SharedMappings): void {
    if (this.#active === one) this.#active = undefined;
  }

  /** What the running one has of `object` is fetched anew. */
  refreshActive(): void {
    this.#active?.refresh();
  }
}

const coherences = new WeakMap<Machine, Coherence>();

export function coherenceOf(machine: Machine): Coherence {
  const coherence = coherences.get(machine) ?? new Coherence();
  coherences.set(machine, coherence);
  return coherence;
}

export class SharedMappings implements Mapper {
  readonly #home: SharedHome;
  readonly #regions: RegionList;
  /** Objects with the version last seen. */
  readonly #seen = new Map<SharedObject, number>();
  readonly #dirty = new Set<number>();

  constructor(home: SharedHome, regions: RegionList) {
    this.#home = home;
    this.#regions = regions;
  }

  get isEmpty(): boolean {
    return this.#seen.size === 0;
  }

  isDirty(page: number): boolean {
    return this.#dirty.has(page);
  }

  markDirty(page: number): void {
    this.#dirty.add(page);
  }

  /**
   * Before `page` is brought in or written: other places of this address space that show the same page let
   * go of what they changed, and of the page itself when it is about to differ.
   */
  settle(region: Region, page: number, isWriting: boolean): void {
    const object = sharedOf(region);
    const position = region.position + (page - region.start);
    for (const other of this.#regions.all) {
      if (sharedOf(other) !== object) continue;
      const alias = other.start + (position - other.position);
      if (alias === page || alias < other.start || alias >= other.end) continue;
      if (this.#dirty.has(alias)) this.#flushPage(alias);
      if (isWriting) this.#home.discard(alias, alias + PAGE_BYTES);
    }
  }

  /** A region of `object` is there now. */
  add(object: SharedObject): void {
    if (!this.#seen.has(object)) this.#seen.set(object, object.version);
    object.mappers.add(this);
  }

  /** Regions went away: objects no region names are let go of. */
  prune(): void {
    if (this.isEmpty) return;
    const named = new Set(this.#regions.all.map(sharedOf));
    for (const object of [...this.#seen.keys()]) {
      if (named.has(object)) continue;
      this.#seen.delete(object);
      object.mappers.delete(this);
    }
  }

  flush(object: SharedObject, start: number, end: number): void {
    if (this.#dirty.size === 0) return;
    for (const page of [...this.#dirty]) {
      const region = this.#regions.find(page);
      if (region === undefined || sharedOf(region) !== object) continue;
      const position = region.position + (page - region.start);
      if (position < end && position + PAGE_BYTES > start) this.#flushPage(page);
    }
  }

  flushAll(): void {
    for (const page of [...this.#dirty]) this.#flushPage(page);
  }

  /** What others can see: before somebody else runs. */
  flushShared(): void {
    if (this.#dirty.size === 0) return;
    for (const page of [...this.#dirty]) {
      const region = this.#regions.find(page);
      const object = region === undefined ? undefined : sharedOf(region);
      if (object !== undefined && object.mappers.size > 1) this.#flushPage(page);
    }
  }

  flushRange(start: number, end: number): void {
    for (const page of [...this.#dirty]) if (page >= start && page < end) this.#flushPage(page);
  }

  refresh(): void {
    for (const [object, seen] of this.#seen) {
      if (seen === object.version) continue;
      const changed = object.changedSince(seen);
      this.#seen.set(object, object.version);
      const wanted = changed === undefined ? undefined : new Set(changed);
      for (const region of this.#regions.all)
        if (sharedOf(region) === object) this.#fetch(region, object, wanted);
    }
  }

  cutOff(object: SharedObject, position: number): void {
    for (const region of [...this.#regions.all]) {
      if (sharedOf(region) !== object) continue;
      const start = Math.max(region.start, region.start + (position - region.position));
      if (start < region.end) this.#home.discard(start, region.end);
    }
  }

  /** A page that was thrown away needs no bringing back. */
  forget(start: number, end: number): void {
    if (this.#dirty.size === 0) return;
    for (const page of [...this.#dirty]) if (page >= start && page < end) this.#dirty.delete(page);
  }

  /** The same objects for a fork, up to date. */
  copyTo(other: SharedMappings): void {
    for (const object of this.#seen.keys()) other.add(object);
  }

  #flushPage(page: number): void {
    const region = this.#regions.find(page);
    const object = region === undefined ? undefined : sharedOf(region);
    if (region === undefined || object === undefined) {
      this.#dirty.delete(page);
      return;
    }
    this.#dirty.delete(page);
    const isCurrent = this.#seen.get(object) === object.version;
    object.store(
      region.position + (page - region.start),
      this.#home.space.bytes.subarray(page - BIAS, page - BIAS + PAGE_BYTES),
    );
    if (isCurrent) this.#seen.set(object, object.version);
    this.#home.renewAccess(page, region);
  }

  #fetch(region: Region, object: SharedObject, positions: ReadonlySet<number> | undefined): void {
    const fetchPage = (page: number): void => {
      if (!this.#home.isPresent(page) || this.#dirty.has(page)) return;
      const target = this.#home.space.bytes.subarray(page - BIAS, page - BIAS + PAGE_BYTES);
      if (object.load(region.position + (page - region.start), target) === 0)
        this.#home.discard(page, page + PAGE_BYTES);
      else this.#home.space.codeChanged(page, page + PAGE_BYTES);
    };
    if (positions === undefined) {
      for (let page = region.start; page < region.end; page += PAGE_BYTES) fetchPage(page);
      return;
    }
    for (const position of positions) {
      const page = region.start + (position - region.position);
      if (page >= region.start && page < region.end) fetchPage(page);
    }
  }
}

/** The object a region shows together with others; undefined for private regions. */
export function sharedOf(region: Region): SharedObject | undefined {
  return (region.flags & MAP_SHARED) === 0 ? undefined : region.backing?.share?.();
}

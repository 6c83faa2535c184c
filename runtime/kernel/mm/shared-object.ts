/**
 * What several mappings show together: a file's pages, or an anonymous object's. One hard idea: every
 * address space has a memory of its own, so "the same page" is a copy in each, and this is the original.
 * Only one address space runs at a time; what it changed is brought here when another one starts to run
 * (or a system call looks), and the log says which pages the next must fetch. So nobody pays who does not
 * share, and nobody sees an old page.
 */
import type { Backing } from "./region.ts";
import { PAGE_BYTES } from "./region.ts";

/** Pages in the log before it starts anew: whoever is further behind fetches everything it has. */
const LOG_MAX = 4096;

/** An address space, as far as a shared object is concerned. */
export interface Mapper {
  /** Brings what it changed of [start, end) of `object` to the original. */
  flush(object: SharedObject, start: number, end: number): void;
  /** Fetches what others changed. */
  refresh(): void;
  /** Takes pages from `position` on away: the file ends there. */
  cutOff(object: SharedObject, position: number): void;
}

export class SharedObject {
  readonly mappers = new Set<Mapper>();
  readonly #original: Pick<Backing, "load" | "store">;
  #log: number[] = [];
  #logStart = 0;

  constructor(original: Pick<Backing, "load" | "store">) {
    this.#original = original;
  }

  /** Changes so far: who has seen as many is up to date. */
  get version(): number {
    return this.#logStart + this.#log.length;
  }

  /** Positions of pages changed since `version`; undefined when that is too long ago to know. */
  changedSince(version: number): readonly number[] | undefined {
    return version < this.#logStart ? undefined : this.#log.slice(version - this.#logStart);
  }

  load(position: number, target: Uint8Array): number {
    return this.#original.load(position, target);
  }

  store(position: number, page: Uint8Array): void {
    this.#original.store?.(position, page);
    this.noteChange(position);
  }

  /** The page at `position` is another than it was. */
  noteChange(position: number): void {
    if (this.#log.length >= LOG_MAX) {
      this.#logStart += this.#log.length;
      this.#log = [];
    }
    this.#log.push(position);
  }

  /** Everybody's changes come to the original: before something else reads or writes it. */
  gather(start: number, end: number): void {
    for (const mapper of this.mappers) mapper.flush(this, start, end);
  }
}

/** Shared anonymous memory: pages that have no file. */
export class AnonymousObject implements Backing {
  readonly path = "/dev/zero (deleted)";
  readonly device = 1;
  readonly isMemory = true;
  readonly ino: number;
  readonly shared = new SharedObject(this);
  readonly #pages = new Map<number, Uint8Array>();

  constructor(ino: number) {
    this.ino = ino;
  }

  /** Pages somebody has written. */
  get pageCount(): number {
    return this.#pages.size;
  }

  share(): SharedObject {
    return this.shared;
  }

  load(position: number, target: Uint8Array): number {
    for (let at = 0; at < target.length; at += PAGE_BYTES) {
      const page = this.#pages.get(position + at);
      if (page === undefined) target.fill(0, at, at + PAGE_BYTES);
      else target.set(page, at);
    }
    return target.length;
  }

  store(position: number, source: Uint8Array): void {
    const page = this.#pages.get(position) ?? new Uint8Array(PAGE_BYTES);
    page.set(source);
    this.#pages.set(position, page);
  }

  acquire(): void {
    // Lives as long as a region names it.
  }

  release(): void {
    // See acquire.
  }
}

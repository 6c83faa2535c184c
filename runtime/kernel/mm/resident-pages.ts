/**
 * Which pages of an address space are there: a byte for each, counted by groups. One hard idea: groups with
 * nothing in them are stepped over, so that walking a large and almost empty space costs almost nothing.
 */
import { SPACE_END } from "../../cpu/machine.ts";
import { PAGE_BYTES } from "./region.ts";

const GROUP_PAGES = 64;

export class ResidentPages {
  /** By page number; true is 1. Grows with the space. */
  #present: Uint8Array;
  /** How many of each group are. */
  #groups: Uint8Array;
  #count: number;
  #countMax: number;

  constructor(pages: number, source?: ResidentPages) {
    this.#present = source === undefined ? new Uint8Array(pages) : source.#present.slice();
    this.#groups = source === undefined ? new Uint8Array(Math.ceil(pages / GROUP_PAGES)) : source.#groups.slice();
    this.#count = this.#countMax = source === undefined ? 0 : source.#count;
  }

  get count(): number {
    return this.#count;
  }

  /** The most there ever were. */
  get countMax(): number {
    return Math.max(this.#countMax, this.#count);
  }

  has(address: number): boolean {
    return this.#present[address / PAGE_BYTES] === 1;
  }

  /** Makes room for pages below `end`. */
  reach(end: number): void {
    const pages = end / PAGE_BYTES;
    if (pages <= this.#present.length) return;
    const larger = new Uint8Array(Math.min(pages * 2, SPACE_END / PAGE_BYTES));
    larger.set(this.#present);
    this.#present = larger;
    const groups = new Uint8Array(Math.ceil(larger.length / GROUP_PAGES));
    groups.set(this.#groups);
    this.#groups = groups;
  }

  /** [start, end) is there; nothing of it was. */
  add(start: number, end: number): void {
    this.#set(start / PAGE_BYTES, end / PAGE_BYTES, 1);
  }

  /** [start, end) is gone; all of it was there. */
  remove(start: number, end: number): void {
    this.#countMax = this.countMax;
    this.#set(start / PAGE_BYTES, end / PAGE_BYTES, 0);
  }

  #set(first: number, last: number, value: 0 | 1): void {
    this.#present.fill(value, first, last);
    this.#count += value === 1 ? last - first : first - last;
    for (let page = first; page < last; ) {
      const group = Math.floor(page / GROUP_PAGES);
      const next = Math.min((group + 1) * GROUP_PAGES, last);
      this.#groups[group] = (this.#groups[group] ?? 0) + (value === 1 ? next - page : page - next);
      page = next;
    }
  }

  eachRun(start: number, end: number, visit: (from: number, to: number) => void): void {
    const last = Math.min(end / PAGE_BYTES, this.#present.length);
    let from = -1;
    for (let page = start / PAGE_BYTES; page < last; ) {
      if (page % GROUP_PAGES === 0 && from < 0 && this.#groups[page / GROUP_PAGES] === 0) {
        page += GROUP_PAGES;
        continue;
      }
      const isThere = this.#present[page] === 1;
      if (isThere && from < 0) from = page;
      else if (!isThere && from >= 0) {
        visit(from * PAGE_BYTES, page * PAGE_BYTES);
        from = -1;
      }
      page += 1;
    }
    if (from >= 0) visit(from * PAGE_BYTES, last * PAGE_BYTES);
  }

  countIn(start: number, end: number): number {
    let count = 0;
    this.eachRun(start, end, (from, to) => (count += (to - from) / PAGE_BYTES));
    return count;
  }
}

/**
 * Which pages of an address space are there: a byte for each, counted. One hard idea: runs are found with
 * indexOf, so that walking a large and almost empty space costs almost nothing.
 */
import { SPACE_END } from "../../cpu/machine.ts";
import { PAGE_BYTES } from "./region.ts";

export class ResidentPages {
  /** By page number; true is 1. Grows with the space. */
  #present: Uint8Array;
  #count: number;
  #countMax: number;

  constructor(pages: number, source?: ResidentPages) {
    this.#present = source === undefined ? new Uint8Array(pages) : source.#present.slice();
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
  }

  /** [start, end) is there; nothing of it was. */
  add(start: number, end: number): void {
    this.#present.fill(1, start / PAGE_BYTES, end / PAGE_BYTES);
    this.#count += (end - start) / PAGE_BYTES;
  }

  /** [start, end) is gone; all of it was there. */
  remove(start: number, end: number): void {
    this.#countMax = this.countMax;
    this.#present.fill(0, start / PAGE_BYTES, end / PAGE_BYTES);
    this.#count -= (end - start) / PAGE_BYTES;
  }

  eachRun(start: number, end: number, visit: (from: number, to: number) => void): void {
    const last = Math.min(end / PAGE_BYTES, this.#present.length);
    let page = this.#present.indexOf(1, start / PAGE_BYTES);
    while (page >= 0 && page < last) {
      const gap = this.#present.indexOf(0, page);
      const to = Math.min(gap < 0 ? last : gap, last);
      visit(page * PAGE_BYTES, to * PAGE_BYTES);
      page = this.#present.indexOf(1, to);
    }
  }

  countIn(start: number, end: number): number {
    let count = 0;
    this.eachRun(start, end, (from, to) => (count += (to - from) / PAGE_BYTES));
    return count;
  }
}

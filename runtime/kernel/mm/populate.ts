/** Bringing pages in before they are touched: MAP_POPULATE, mlock(2). What may not be touched is stepped over. */
import { PROT_NONE, PROT_READ } from "../abi/mman.ts";
import type { AddressSpace } from "./address-space.ts";
import { PAGE_BYTES } from "./region.ts";

/** Makes every page of [start, end) present that may be read; false when memory ran out. */
export function populate(space: AddressSpace, start: number, end: number): boolean {
  for (const region of space.regionsIn(start, end)) {
    if (region.protection === PROT_NONE) continue;
    const last = Math.min(end, region.end);
    for (let page = Math.max(start, region.start); page < last; page += PAGE_BYTES) {
      if (space.touch(page, PROT_READ).kind === "outOfMemory") return false;
    }
  }
  return true;
}

/**
 * Where a file has data, in order: what SEEK_DATA, SEEK_HOLE and allocated sizes are answered from.
 * The hard idea: contents are kept by the byte, but Linux answers by the page, so a page with one byte
 * of data is data as a whole.
 */
import { FsError } from "../fs/errors.ts";

export const PAGE_BYTES = 4096;

export interface Regions {
  readonly count: number;
  start(index: number): number;
  end(index: number): number;
}

/** lseek(2) with SEEK_DATA or SEEK_HOLE in a file of `sizeBytes`. ENXIO. */
export function seekRegions(
  regions: Regions,
  sizeBytes: number,
  position: number,
  whence: "data" | "hole",
): number {
  if (position < 0 || position >= sizeBytes) throw new FsError("ENXIO");
  let at = position;
  for (let index = firstEndingAfter(regions, position - (position % PAGE_BYTES)); index < regions.count; index++) {
    const start = Math.floor(regions.start(index) / PAGE_BYTES) * PAGE_BYTES;
    const end = Math.ceil(regions.end(index) / PAGE_BYTES) * PAGE_BYTES;
    if (at < start) return whence === "hole" ? at : Math.min(start, sizeBytes);
    if (at < end && whence === "data") return at;
    at = Math.max(at, end);
    if (at >= sizeBytes) break;
  }
  if (whence === "data") throw new FsError("ENXIO");
  return Math.min(at, sizeBytes);
}

/** Bytes of all pages that hold data. */
export function allocatedBytes(regions: Regions): number {
  let pages = 0;
  let nextPage = 0;
  for (let index = 0; index < regions.count; index++) {
    const first = Math.max(nextPage, Math.floor(regions.start(index) / PAGE_BYTES));
    nextPage = Math.max(nextPage, Math.ceil(regions.end(index) / PAGE_BYTES));
    pages += Math.max(0, nextPage - first);
  }
  return pages * PAGE_BYTES;
}

/** Index of the first region that ends after `position`; `count` when none does. */
export function firstEndingAfter(regions: Regions, position: number): number {
  let low = 0;
  let high = regions.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (regions.end(middle) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * What a space's memory holds, as ranges: for a copy of it (fork) and for making it clean again. One hard
 * idea: the page map remembers every page that ever had access, so only those and the processor's own
 * tables need to be touched, however far the memory reaches. All addresses here are linear.
 */
import { BIAS, PAGE_BYTES, SPACE_START } from "../machine.ts";
import { LAYOUT, RESERVED_BYTES, STATE, TOUCHED } from "../spec/layout.ts";

export type Range = readonly [start: number, end: number];

const LOW_END = SPACE_START - BIAS;
/** Pages are looked through in groups of 64, of which most never had any with access. */
const GROUP_BYTES = 64 * PAGE_BYTES;
/** Groups in 4 GiB. */
export const GROUPS = 0x1_0000_0000 / GROUP_BYTES;
/** Registers, cells and scratch; behind them lie the module's constants, the same in every memory. */
const CELLS: Range = [0, LAYOUT.DATA];
const TABLES: Range = [LAYOUT.HASH, LAYOUT.ARENA_LOW];

function cell(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer).getUint32(LAYOUT.STATE + offset, true);
}

/** The part of the page map that says something. */
function mapRange(bytes: Uint8Array): Range {
  return [LAYOUT.MAP, LAYOUT.MAP + Math.min(bytes.length / PAGE_BYTES, LAYOUT.ARENA - LAYOUT.MAP)];
}

/** Arenas the kernel reserved, used or not. */
export function reservedArenas(bytes: Uint8Array): Range[] {
  return Array.from({ length: cell(bytes, STATE.RESERVED) }, (_, index): Range => {
    const start = cell(bytes, STATE.RESERVED + 4 + index * 4);
    return [start, start + RESERVED_BYTES];
  });
}

/** The arenas as far as they are full. */
function usedArenas(bytes: Uint8Array): Range[] {
  const all: Range[] = [
    [LAYOUT.ARENA, LAYOUT.ARENA_END],
    [LAYOUT.ARENA_LOW, LAYOUT.ARENA_LOW_END],
    ...reservedArenas(bytes),
  ];
  const current = cell(bytes, STATE.ARENA_NUMBER);
  const free = cell(bytes, STATE.FREE);
  return all.slice(0, current + 1).map(([start, end], index) => [start, index < current ? end : free]);
}

/** Everything of the processor's own that a copy of the space needs, when that reaches to `end`. */
export function processorRanges(bytes: Uint8Array, end: number): Range[] {
  const [map, mapEnd] = mapRange(bytes);
  return [CELLS, TABLES, [map, Math.min(mapEnd, map + end / PAGE_BYTES)], ...usedArenas(bytes)];
}

/** Where a copy of `ranges` ends: behind them and behind what the translator may yet use. */
export function endOfCopy(bytes: Uint8Array, ranges: readonly Range[]): number {
  return [...ranges, ...reservedArenas(bytes)].reduce((most, [, end]) => Math.max(most, end), LOW_END);
}

/** Marks the groups of the (linear) pages [start, end): somewhere in them TOUCHED may be set. */
export function touch(touched: Uint8Array, start: number, end: number): void {
  touched.fill(1, Math.floor(start / GROUP_BYTES), Math.ceil(end / GROUP_BYTES));
}

/** Runs of pages that ever had access, beyond the low range. */
function touchedRuns(bytes: Uint8Array, touched: Uint8Array): Range[] {
  const runs: Range[] = [];
  const [map, mapEnd] = mapRange(bytes);
  let start = -1;
  let at = 0;
  for (let group = touched.indexOf(1); group >= 0; group = touched.indexOf(1, group + 1)) {
    const first = Math.max(map + (group * GROUP_BYTES) / PAGE_BYTES, map + LOW_END / PAGE_BYTES);
    if (start >= 0 && first > at) {
      runs.push([(start - map) * PAGE_BYTES, (at - map) * PAGE_BYTES]);
      start = -1;
    }
    const last = Math.min(map + ((group + 1) * GROUP_BYTES) / PAGE_BYTES, mapEnd);
    for (at = first; at < last; at++) {
      const isTouched = ((bytes[at] ?? 0) & TOUCHED) !== 0;
      if (isTouched && start < 0) start = at;
      if (isTouched || start < 0) continue;
      runs.push([(start - map) * PAGE_BYTES, (at - map) * PAGE_BYTES]);
      start = -1;
    }
  }
  if (start >= 0) runs.push([(start - map) * PAGE_BYTES, (at - map) * PAGE_BYTES]);
  return runs;
}

/** Bytes the host holds for this memory, about: never fewer than it would take to clean it. */
export function residentBytes(bytes: Uint8Array, touched: Uint8Array): number {
  const ranges = [TABLES, ...touchedRuns(bytes, touched), ...usedArenas(bytes)];
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
}

/** Everything that a space with this memory may ever see again, and its processor: what parking keeps. */
export function contentRanges(bytes: Uint8Array, touched: Uint8Array): Range[] {
  return [...processorRanges(bytes, bytes.length), ...touchedRuns(bytes, touched)];
}

/** Makes all zero that a space may see, but for pages in `overwritten`, which the caller fills. */
export function clean(bytes: Uint8Array, touched: Uint8Array, overwritten: readonly Range[] = []): void {
  const [map, mapEnd] = mapRange(bytes);
  for (const [start, end] of overwritten) {
    bytes.fill(0, map + start / PAGE_BYTES, map + Math.min(end, bytes.length) / PAGE_BYTES);
  }
  for (const [start, end] of [...touchedRuns(bytes, touched), ...reservedArenas(bytes)]) bytes.fill(0, start, end);
  touched.fill(0);
  bytes.fill(0, map, mapEnd);
  bytes.fill(0, ...CELLS);
}

/**
 * Where mappings go. One hard idea: libraries and small mappings go up from MMAP_BASE, always to the same
 * places, because translations will be kept by address; big reservations come down from the top, so that
 * the processor's memory need not reach there until they are used.
 */
import { SPACE_END, SPACE_START } from "../../cpu/machine.ts";
import { Errno } from "../abi/errno.ts";
import { MAP_32BIT, MAP_GROWSDOWN, MAP_SHARED, PROT_NONE } from "../abi/mman.ts";
import type { Backing, Region, RegionList } from "./region.ts";
import { PAGE_BYTES, pageFloor } from "./region.ts";

/** Where mmap looks first, upwards: below it lie the program, its heap and the stack. */
export const MMAP_BASE = 0x1000_0000;
/** The stack ends one page below, so that an overrun of its top faults. */
export const STACK_TOP = MMAP_BASE - PAGE_BYTES;
/** Reservations this big go to the top of the space. */
const RESERVATION_BYTES = 16 * 1024 * 1024;
/** Free space below a stack that its growth leaves (stack_guard_gap). */
export const STACK_GUARD_BYTES = 256 * PAGE_BYTES;
/** MAP_32BIT: the first 2 GiB. */
const MAP_32BIT_END = 0x8000_0000;

export interface MapRequest {
  /** Whole pages. */
  readonly sizeBytes: number;
  /** Exactly there when `isFixed` (what was there goes), else a hint; 0 is none. */
  readonly address: number;
  readonly isFixed: boolean;
  readonly protection: number;
  readonly flags: number;
  readonly backing?: Backing | undefined;
  readonly position?: number;
  readonly name?: string;
}

/** The address for `request`, or -errno. */
export function placeOf(regions: RegionList, request: MapRequest): number {
  const { address, sizeBytes, isFixed, protection, flags } = request;
  if (isFixed) {
    const isInside = address >= SPACE_START && address + sizeBytes <= SPACE_END;
    return isInside ? address : address < SPACE_START ? -Errno.EPERM : -Errno.ENOMEM;
  }
  if (sizeBytes > SPACE_END - SPACE_START) return -Errno.ENOMEM;
  const isInside = address >= SPACE_START && address + sizeBytes <= SPACE_END;
  if (isInside && regions.overlapping(address, address + sizeBytes).length === 0) return address;
  if ((flags & MAP_32BIT) !== 0) return regions.lowestGap(sizeBytes, MMAP_BASE, MAP_32BIT_END) ?? -Errno.ENOMEM;
  const isReservation = protection === PROT_NONE && sizeBytes >= RESERVATION_BYTES && (flags & MAP_SHARED) === 0;
  const gap = isReservation
    ? regions.highestGap(sizeBytes, MMAP_BASE, SPACE_END)
    : regions.lowestGap(sizeBytes, MMAP_BASE, SPACE_END);
  return gap ?? -Errno.ENOMEM;
}

/** The region of `address` when a stack may grow down to it, by at most `bytesMax` as a whole. */
export function growStack(regions: RegionList, address: number, bytesMax: number): Region | undefined {
  const above = regions.findFrom(address);
  if (above === undefined || (above.flags & MAP_GROWSDOWN) === 0) return undefined;
  const start = pageFloor(address);
  if (above.end - start > bytesMax) return undefined;
  if (regions.overlapping(start - STACK_GUARD_BYTES, start).length > 0) return undefined;
  regions.insert({ ...above, start, end: above.start });
  return regions.find(address);
}

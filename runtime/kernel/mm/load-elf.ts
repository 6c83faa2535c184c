/**
 * Maps a program and its interpreter (fs/binfmt_elf.c: load_elf_binary): segments, bss, where the heap
 * begins. Places are fixed, not random: translations are kept by file and address.
 */
import { SPACE_END, SPACE_START } from "../../cpu/machine.ts";
import { Errno } from "../abi/errno.ts";
import { MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import type { AddressSpace } from "./address-space.ts";
import type { ElfHeader, Segment } from "./elf.ts";
import { PF_R, PF_W, PF_X, PT_LOAD } from "./elf.ts";
import type { Backing } from "./region.ts";
import { PAGE_BYTES, pageCeil, pageFloor } from "./region.ts";

/** Where position-independent programs go: as low as can be, so that the heap behind them has room. */
const PIE_BASE = SPACE_START;

export interface LoadedElf {
  /** Added to every address of the file. */
  readonly bias: number;
  readonly entry: number;
  readonly start: number;
  readonly end: number;
  /** Where the program headers are in memory: AT_PHDR. */
  readonly headers: number;
}

/** Maps `elf`; `isInterpreter` goes where mmap puts it. -ENOMEM or -ENOEXEC when it cannot be. */
export function loadElf(
  space: AddressSpace,
  elf: ElfHeader,
  backing: Backing,
  isInterpreter: boolean,
): LoadedElf | number {
  const loads = elf.segments.filter(({ type, memoryBytes }) => type === PT_LOAD && memoryBytes > 0);
  const [first, last] = [loads[0], loads[loads.length - 1]];
  if (first === undefined || last === undefined) return -Errno.ENOEXEC;
  const low = pageFloor(first.address);
  const sizeBytes = pageCeil(last.address + last.memoryBytes) - low;
  if (!(sizeBytes > 0 && sizeBytes < SPACE_END)) return -Errno.ENOEXEC;
  const bias = biasOf(space, elf, low, sizeBytes, isInterpreter);
  if (bias === undefined) return -Errno.ENOMEM;
  for (const segment of loads) {
    const failure = mapSegment(space, segment, backing, bias);
    if (failure !== 0) return failure;
  }
  const holder = loads.find(
    ({ offset, fileBytes }) => offset <= elf.headersOffset && elf.headersOffset < offset + fileBytes,
  );
  return {
    bias,
    entry: elf.entry + bias,
    start: low + bias,
    end: low + bias + sizeBytes,
    headers: holder === undefined ? 0 : holder.address + bias + (elf.headersOffset - holder.offset),
  };
}

function biasOf(
  space: AddressSpace,
  elf: ElfHeader,
  low: number,
  sizeBytes: number,
  isInterpreter: boolean,
): number | undefined {
  if (!elf.isRelocatable) return low + sizeBytes <= SPACE_END ? 0 : undefined;
  if (!isInterpreter) return PIE_BASE - low;
  const start = space.map({ sizeBytes, address: 0, isFixed: false, protection: 0, flags: MAP_PRIVATE });
  if (start < 0) return undefined;
  space.unmap(start, start + sizeBytes);
  return start - low;
}

function mapSegment(space: AddressSpace, segment: Segment, backing: Backing, bias: number): number {
  const { address, offset, fileBytes, memoryBytes } = segment;
  if (address % PAGE_BYTES !== offset % PAGE_BYTES || fileBytes > memoryBytes) return -Errno.ENOEXEC;
  const start = pageFloor(address + bias);
  const fileEnd = pageCeil(address + bias + fileBytes);
  const end = pageCeil(address + bias + memoryBytes);
  const protection = protectionOf(segment);
  const common = { address: start, isFixed: true, protection, flags: MAP_PRIVATE };
  if (fileBytes > 0) {
    const position = pageFloor(offset);
    const mapped = space.map({ ...common, sizeBytes: fileEnd - start, backing, position });
    if (mapped < 0) return mapped;
  }
  const bssStart = fileBytes > 0 ? fileEnd : start;
  if (end > bssStart) {
    const mapped = space.map({ ...common, address: bssStart, sizeBytes: end - bssStart });
    if (mapped < 0) return mapped;
  }
  // The file's bytes behind the segment on its last page belong to nobody: bss begins with zeros.
  const tail = address + bias + fileBytes;
  if (fileBytes > 0 && memoryBytes > fileBytes && tail < fileEnd && (protection & PROT_WRITE) !== 0) {
    if (!space.poke(tail, new Uint8Array(fileEnd - tail))) return -Errno.EFAULT;
  }
  return 0;
}

function protectionOf({ flags }: Segment): number {
  const read = (flags & PF_R) !== 0 ? PROT_READ : 0;
  const write = (flags & PF_W) !== 0 ? PROT_WRITE : 0;
  return read | write | ((flags & PF_X) !== 0 ? PROT_EXEC : 0);
}

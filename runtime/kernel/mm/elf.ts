/**
 * ELF64 headers (elf(5), System V ABI, AMD64 supplement): what exec needs to know of a file, checked so
 * that nothing a hostile file says can take the loader out of bounds.
 */

export const PT_LOAD = 1;
export const PT_INTERP = 3;
export const PT_GNU_STACK = 0x6474_e551;
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_X86_64 = 62;
const EHDR_BYTES = 64;
const PHDR_BYTES = 56;
/** 64 KiB of program headers are all Linux takes (ELF_MIN_ALIGN check in load_elf_phdrs). */
const HEADERS_BYTES_MAX = 65_536;

export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

export interface ElfHeader {
  /** ET_DYN: may be loaded anywhere. */
  readonly isRelocatable: boolean;
  readonly entry: number;
  readonly headersOffset: number;
  readonly headersCount: number;
  readonly segments: readonly Segment[];
}

/** Reads from the file: fewer bytes at its end. */
export type ReadAt = (position: number, sizeBytes: number) => Uint8Array;

/** Undefined when this is no x86-64 program Linux would run (ENOEXEC). */
export function readElf(read: ReadAt): ElfHeader | undefined {
  const bytes = read(0, EHDR_BYTES);
  if (bytes.length < EHDR_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isElf64 = view.getUint32(0, false) === 0x7f45_4c46 && bytes[4] === 2;
  if (!isElf64 || view.getUint16(18, true) !== EM_X86_64) return undefined;
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) return undefined;
  const headersOffset = word(view, 32);
  const headersCount = view.getUint16(56, true);
  const size = headersCount * PHDR_BYTES;
  if (view.getUint16(54, true) !== PHDR_BYTES || size === 0 || size > HEADERS_BYTES_MAX) return undefined;
  const headers = read(headersOffset, size);
  if (headers.length < size) return undefined;
  const segments = Array.from({ length: headersCount }, (_, index) => segmentAt(headers, index * PHDR_BYTES));
  return { isRelocatable: type === ET_DYN, entry: word(view, 24), headersOffset, headersCount, segments };
}

function segmentAt(bytes: Uint8Array, at: number): Segment {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, PHDR_BYTES);
  return {
    type: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    offset: word(view, 8),
    address: word(view, 16),
    fileBytes: word(view, 32),
    memoryBytes: word(view, 40),
  };
}

/** A 64-bit word as a number: values beyond 2^53 are as wrong as any other beyond 4 GiB. */
function word(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

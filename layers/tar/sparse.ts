/**
 * Sparse maps: which regions of a file the archive holds. GNU tar has written them in four ways (old
 * GNU header fields, PAX 0.0, 0.1 and 1.0); all end up as the same list of extents, checked so that a
 * hostile map can neither overlap, nor run past the file, nor promise more data than is there.
 */
import { numberField } from "./fields.ts";
import { FIELDS, invalidHeader } from "./header.ts";
import type { Extent } from "./header.ts";
import { parseInteger } from "./pax.ts";
import type { PaxRecords } from "./pax.ts";

/** Two 12-byte numbers. */
const OLD_ENTRY_BYTES = 24;
const OLD_ENTRIES_IN_HEADER = 4;
const OLD_ENTRIES_IN_EXTENSION = 21;
const OLD_EXTENSION_FLAG = 504;

/** A map of this many regions means some megabytes of extents: past any file that was not made to hurt. */
export const EXTENTS_MAX = 262_144;

const NEWLINE = 0x0a;
/** Of any number that a JavaScript number holds exactly. */
const NUMBER_DIGITS_MAX = 16;

export type PaxSparse =
  | { readonly kind: "none" }
  | { readonly kind: "listed"; readonly extents: readonly Extent[] }
  /** Format 1.0: the map precedes the data. */
  | { readonly kind: "inBody" };

/** Adds what an old GNU header lists to `extents`; whether an extension block follows. */
export function oldHeaderExtents(block: Uint8Array, extents: Extent[]): boolean {
  addOldExtents(block, FIELDS.gnuSparse[0], OLD_ENTRIES_IN_HEADER, extents);
  return (block[FIELDS.gnuIsExtended[0]] ?? 0) !== 0;
}

/** The same for an extension block. */
export function oldExtensionExtents(block: Uint8Array, extents: Extent[]): boolean {
  addOldExtents(block, 0, OLD_ENTRIES_IN_EXTENSION, extents);
  if (extents.length > EXTENTS_MAX) throw invalidHeader("sparse map is too long");
  return (block[OLD_EXTENSION_FLAG] ?? 0) !== 0;
}

function addOldExtents(block: Uint8Array, start: number, count: number, extents: Extent[]): void {
  for (let index = 0; index < count; index++) {
    const at = start + index * OLD_ENTRY_BYTES;
    if (block[at] === 0 && block[at + 12] === 0) return;
    extents.push({ position: numberField(block, [at, 12]), sizeBytes: numberField(block, [at + 12, 12]) });
  }
}

/** What PAX records say about the sparseness of an entry. */
export function paxSparse(records: PaxRecords): PaxSparse {
  const major = records.integer("GNU.sparse.major");
  if (major !== undefined) {
    const minor = records.integer("GNU.sparse.minor");
    if (major === 1 && minor === 0) return { kind: "inBody" };
    if (major !== 0) throw invalidHeader(`unknown sparse format ${major}.${minor ?? 0}`);
  }
  const map = records.text("GNU.sparse.map");
  if (map !== undefined) return { kind: "listed", extents: pairs(map.split(",").map(parseInteger)) };
  if (records.sparsePairs.length > 0) return { kind: "listed", extents: pairs(records.sparsePairs) };
  return records.integer("GNU.sparse.size") === undefined ? { kind: "none" } : { kind: "listed", extents: [] };
}

/** How many extents a map in the body (format 1.0) promises in its first block. */
export function bodyMapCount(block: Uint8Array): number {
  const count = parseInteger(textUntil(block, 0, block.indexOf(NEWLINE)));
  if (count < 0 || count > EXTENTS_MAX) throw invalidHeader("sparse map is too long");
  return count;
}

/** The extents of a map in the body. Precondition: as many lines as its count promises. */
export function bodyMap(text: Uint8Array): readonly Extent[] {
  const numbers: number[] = [];
  const count = bodyMapCount(text);
  let position = text.indexOf(NEWLINE) + 1;
  while (numbers.length < count * 2) {
    const newline = text.indexOf(NEWLINE, position);
    numbers.push(parseInteger(textUntil(text, position, newline)));
    position = newline + 1;
  }
  return pairs(numbers);
}

function textUntil(bytes: Uint8Array, start: number, end: number): string {
  if (end < start || end - start > NUMBER_DIGITS_MAX) throw invalidHeader("sparse map is not made of numbers");
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** The map as format 1.0 writes it, unpadded. */
export function formatBodyMap(extents: readonly Extent[]): string {
  const lines = [extents.length, ...extents.flatMap((extent) => [extent.position, extent.sizeBytes])];
  return lines.map((line) => `${line}\n`).join("");
}

function pairs(numbers: readonly number[]): readonly Extent[] {
  if (numbers.length % 2 !== 0) throw invalidHeader("sparse map has an odd count of numbers");
  const extents: Extent[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    extents.push({ position: numbers[index] ?? 0, sizeBytes: numbers[index + 1] ?? 0 });
  }
  return extents;
}

/** `extents` without the empty ones, once they are in order, inside the file and match the stored data. */
export function checkedExtents(
  extents: readonly Extent[],
  fileBytes: number,
  storedBytes: number,
): readonly Extent[] {
  let end = 0;
  let dataBytes = 0;
  for (const { position, sizeBytes } of extents) {
    if (position < end || sizeBytes < 0 || position + sizeBytes > fileBytes) {
      throw invalidHeader("sparse map does not fit its file");
    }
    end = position + sizeBytes;
    dataBytes += sizeBytes;
  }
  if (dataBytes !== storedBytes) throw invalidHeader("sparse map does not match its data");
  return extents.filter((extent) => extent.sizeBytes > 0);
}

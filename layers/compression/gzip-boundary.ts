/**
 * Where one gzip member ends and the next begins. DecompressionStream does not say how much input it
 * took, and browsers refuse what follows the first member, so concatenated members (pigz -i, eStargz,
 * bgzip) must be told apart before they are fed to it.
 *
 * The hard idea: a member's header looks like data and data can look like a header (a layer is full of
 * .gz files), but the eight bytes before a true header are the trailer of the member before it, and
 * its last four say how many bytes that member decompressed to. A candidate is a boundary exactly when
 * that is the count of bytes that came out so far.
 */

/** magic (2), method, flags, mtime (4), extra flags, operating system: RFC 1952, 2.3. */
const HEADER_BYTES = 10;

/** CRC-32 and ISIZE. */
export const TRAILER_BYTES = 8;

/** At the end of a piece so many bytes may be a trailer and a header that is not whole yet. */
export const UNDECIDED_BYTES = TRAILER_BYTES + HEADER_BYTES - 1;

/** A possible beginning of a member. */
export interface Candidate {
  readonly position: number;
  /** ISIZE of the member that would end here. */
  readonly sizeBefore: number;
}

/** The first whole header in `bytes` at or after `from`, with room for a trailer before it. */
export function findCandidate(bytes: Uint8Array, from: number): Candidate | undefined {
  const last = bytes.length - HEADER_BYTES;
  let position = bytes.indexOf(0x1f, Math.max(from, TRAILER_BYTES));
  while (position >= 0 && position <= last) {
    if (isHeader(bytes, position)) return { position, sizeBefore: sizeFieldBefore(bytes, position) };
    position = bytes.indexOf(0x1f, position + 1);
  }
  return undefined;
}

/** ISIZE of a member that ends at `position`. */
export function sizeFieldBefore(bytes: Uint8Array, position: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + position - 4, 4).getUint32(0, true);
}

function isHeader(bytes: Uint8Array, position: number): boolean {
  const flags = bytes[position + 3] ?? 0;
  return bytes[position + 1] === 0x8b && bytes[position + 2] === 0x08 && (flags & 0xe0) === 0;
}

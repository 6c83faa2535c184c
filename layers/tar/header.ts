/**
 * What an archive says about one entry, whichever of the formats (v7, ustar, PAX, GNU) said it, and
 * the layout of the 512-byte block they share.
 *
 * Sources: POSIX pax(1), "ustar Interchange Format"; GNU tar manual, "Basic Tar Format" and "Storing
 * Sparse Files"; Go's archive/tar for what Docker accepts.
 */
import type { SlipwayError} from "../base/errors.ts";
import { fail } from "../base/errors.ts";
import type { Device, NodeType } from "../fs/filesystem.ts";

export const BLOCK_BYTES = 512;

/** A hard link is an entry of its own kind: another name for an earlier one. */
export type TarEntryType = Exclude<NodeType, "socket"> | "hardlink";

/** A region of a sparse file that holds data. */
export interface Extent {
  readonly position: number;
  readonly sizeBytes: number;
}

export interface TarHeader {
  /** As in the archive, but without slashes at its end. Bytes that are not UTF-8 as in fs/names.ts. */
  readonly name: string;
  readonly type: TarEntryType;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  /** Of the file when unpacked: with its holes. 0 for all but files. */
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** Only PAX and GNU archives say. */
  readonly atimeNs: bigint | undefined;
  readonly ctimeNs: bigint | undefined;
  /** Target of a symbolic link, or name of the entry a hard link points to. */
  readonly linkName: string;
  readonly rdev: Device;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Where a sparse file has data, in order; undefined for an ordinary file. */
  readonly extents: readonly Extent[] | undefined;
}

/** Positions and sizes of the fields of a header block. */
export const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  userName: [265, 32],
  groupName: [297, 32],
  devMajor: [329, 8],
  devMinor: [337, 8],
  prefix: [345, 155],
  gnuAtime: [345, 12],
  gnuCtime: [357, 12],
  gnuSparse: [386, 96],
  gnuIsExtended: [482, 1],
  gnuRealSize: [483, 12],
} as const;

export const MAGIC_USTAR = "ustar\x0000";
export const MAGIC_GNU = "ustar  \0";

/** What Go's archive/tar says of anything it cannot read, hence Docker. */
export function invalidHeader(why: string): SlipwayError {
  return fail("dataLoss", `archive/tar: invalid tar header: ${why}`);
}

/** The archive ended in the middle of something. */
export function truncated(): SlipwayError {
  return fail("dataLoss", "archive/tar: unexpected EOF");
}

/** Sum of the bytes of `block`, its checksum field counted as spaces; as unsigned and signed bytes. */
export function checksumsOf(block: Uint8Array): { unsigned: number; signed: number } {
  const [start, size] = FIELDS.checksum;
  let unsigned = 0x20 * size;
  let signed = unsigned;
  for (let index = 0; index < BLOCK_BYTES; index++) {
    if (index >= start && index < start + size) continue;
    const byte = block[index] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  return { unsigned, signed };
}

/** Bytes from `sizeBytes` to the next block. */
export function paddingOf(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

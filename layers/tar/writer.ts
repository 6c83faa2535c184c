/**
 * Writing archives: ustar headers that every tar reads, with PAX records in front wherever ustar
 * cannot hold the truth (long or non-ASCII names, nanoseconds, large numbers, extended attributes,
 * holes). The same headers always give the same bytes: no process ids, no present time.
 */
import { EMPTY_BYTES, concatBytes, encodeUtf8 } from "../base/bytes.ts";
import { encodeName } from "../fs/names.ts";
import { fitsOctal, putBytes, putOctal } from "./fields.ts";
import { BLOCK_BYTES, FIELDS, MAGIC_USTAR, checksumsOf, paddingOf } from "./header.ts";
import type { TarEntryType, TarHeader } from "./header.ts";
import { formatRecord, formatTimeNs } from "./pax.ts";
import { formatBodyMap } from "./sparse.ts";

/** Two blocks of zeros. */
export const END_OF_ARCHIVE: Uint8Array = new Uint8Array(2 * BLOCK_BYTES);

const NS = 1_000_000_000n;
const SLASH = 0x2f;

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** Bytes of the body that belong after `writeHeader`, before padding. */
export function bodyBytesOf(header: TarHeader): number {
  if (header.type !== "file") return 0;
  return header.extents?.reduce((sum, extent) => sum + extent.sizeBytes, 0) ?? header.sizeBytes;
}

/** Zeros to put behind the body. */
export function bodyPaddingOf(header: TarHeader): Uint8Array {
  return END_OF_ARCHIVE.subarray(0, paddingOf(bodyBytesOf(header)));
}

/** Everything that comes before the body: PAX records, header block, sparse map. */
export function writeHeader(header: TarHeader): Uint8Array {
  const records = new Map<string, Uint8Array>();
  const block = new Uint8Array(BLOCK_BYTES);
  const map = sparseMapOf(header, records);
  const storedBytes = map.length + bodyBytesOf(header);
  const name = encodeName(header.type === "directory" ? `${header.name}/` : header.name);
  if (header.extents !== undefined) putName(block, sparseNameOf(name), new Map());
  else putName(block, name, records);
  putText(block, FIELDS.linkName, encodeName(header.linkName), "linkpath", records);
  putText(block, FIELDS.userName, encodeName(header.userName), "uname", records);
  putText(block, FIELDS.groupName, encodeName(header.groupName), "gname", records);
  putNumber(block, FIELDS.uid, header.uid, "uid", records);
  putNumber(block, FIELDS.gid, header.gid, "gid", records);
  putNumber(block, FIELDS.size, storedBytes, "size", records);
  putTime(block, header.mtimeNs, records);
  if (header.atimeNs !== undefined) records.set("atime", encodeUtf8(formatTimeNs(header.atimeNs)));
  if (header.ctimeNs !== undefined) records.set("ctime", encodeUtf8(formatTimeNs(header.ctimeNs)));
  for (const [key, value] of header.xattrs) records.set(`SCHILY.xattr.${key}`, value);
  putOctal(block, FIELDS.mode, header.mode & 0o7777);
  putOctal(block, FIELDS.devMajor, header.rdev.major);
  putOctal(block, FIELDS.devMinor, header.rdev.minor);
  seal(block, FLAGS[header.type]);
  return concatBytes([paxBlocks(name, records), block, map]);
}

/** The type flag, magic and checksum, which every block has. */
function seal(block: Uint8Array, flag: string): void {
  putBytes(block, FIELDS.type, encodeUtf8(flag));
  putBytes(block, FIELDS.magic, encodeUtf8(MAGIC_USTAR));
  const [position, sizeBytes] = FIELDS.checksum;
  putOctal(block, [position, sizeBytes - 1], checksumsOf(block).unsigned);
  block[position + sizeBytes - 1] = 0x20;
}

/** The extended header that carries `records`, or nothing. */
function paxBlocks(name: Uint8Array, records: ReadonlyMap<string, Uint8Array>): Uint8Array {
  if (records.size === 0) return EMPTY_BYTES;
  const keys = [...records.keys()].sort();
  const body = concatBytes(keys.map((key) => formatRecord(key, records.get(key) ?? EMPTY_BYTES)));
  const block = new Uint8Array(BLOCK_BYTES);
  putName(block, besideName(name, "PaxHeaders.0/"), new Map());
  putOctal(block, FIELDS.mode, 0o644);
  for (const field of [FIELDS.uid, FIELDS.gid, FIELDS.mtime, FIELDS.devMajor, FIELDS.devMinor]) {
    putOctal(block, field, 0);
  }
  putOctal(block, FIELDS.size, body.length);
  seal(block, "x");
  return concatBytes([block, body, END_OF_ARCHIVE.subarray(0, paddingOf(body.length))]);
}

/** `name` with `folder` put before its last component: what a tar without PAX would unpack. */
function besideName(name: Uint8Array, folder: string): Uint8Array {
  const end = name.at(-1) === SLASH ? name.length - 1 : name.length;
  const slash = name.lastIndexOf(SLASH, end - 1) + 1;
  return concatBytes([name.subarray(0, slash), encodeUtf8(folder), name.subarray(slash, end)]);
}

function sparseNameOf(name: Uint8Array): Uint8Array {
  return besideName(name, "GNUSparseFile.0/");
}

/** The map of a sparse file (GNU, PAX format 1.0), padded, and the records that announce it. */
function sparseMapOf(header: TarHeader, records: Map<string, Uint8Array>): Uint8Array {
  if (header.extents === undefined) return EMPTY_BYTES;
  records.set("GNU.sparse.major", encodeUtf8("1"));
  records.set("GNU.sparse.minor", encodeUtf8("0"));
  records.set("GNU.sparse.name", encodeName(header.name));
  records.set("GNU.sparse.realsize", encodeUtf8(String(header.sizeBytes)));
  // GNU tar makes a hole at the end only where an empty extent says so.
  const last = header.extents.at(-1);
  const hasHoleAtEnd = last === undefined || last.position + last.sizeBytes < header.sizeBytes;
  const end = hasHoleAtEnd ? [{ position: header.sizeBytes, sizeBytes: 0 }] : [];
  const map = encodeUtf8(formatBodyMap([...header.extents, ...end]));
  return concatBytes([map, END_OF_ARCHIVE.subarray(0, paddingOf(map.length))]);
}

/** The name in its field, in prefix and field, or in a record. */
function putName(block: Uint8Array, name: Uint8Array, records: Map<string, Uint8Array>): void {
  const [, nameBytes] = FIELDS.name;
  const isAscii = name.every((byte) => byte < 0x80);
  if (isAscii && name.length <= nameBytes) return putBytes(block, FIELDS.name, name);
  const split = isAscii ? splitPosition(name) : -1;
  if (split > 0) {
    putBytes(block, FIELDS.prefix, name.subarray(0, split));
    return putBytes(block, FIELDS.name, name.subarray(split + 1));
  }
  records.set("path", name);
  putBytes(block, FIELDS.name, name);
}

/** The slash at which `name` fits prefix and name fields, or -1. */
function splitPosition(name: Uint8Array): number {
  const slash = name.lastIndexOf(SLASH, Math.min(FIELDS.prefix[1], name.length - 2));
  return slash > 0 && name.length - slash - 1 <= FIELDS.name[1] ? slash : -1;
}

type Field = readonly [position: number, sizeBytes: number];

function putText(
  block: Uint8Array,
  field: Field,
  text: Uint8Array,
  key: string,
  records: Map<string, Uint8Array>,
): void {
  if (text.length > field[1] || text.some((byte) => byte >= 0x80)) records.set(key, text);
  putBytes(block, field, text);
}

function putNumber(
  block: Uint8Array,
  field: Field,
  value: number,
  key: string,
  records: Map<string, Uint8Array>,
): void {
  const fits = fitsOctal(field, value);
  if (!fits) records.set(key, encodeUtf8(String(value)));
  putOctal(block, field, fits ? value : 0);
}

function putTime(block: Uint8Array, mtimeNs: bigint, records: Map<string, Uint8Array>): void {
  const seconds = Number(mtimeNs / NS);
  const fits = mtimeNs >= 0n && fitsOctal(FIELDS.mtime, seconds);
  if (!fits || mtimeNs % NS !== 0n) records.set("mtime", encodeUtf8(formatTimeNs(mtimeNs)));
  putOctal(block, FIELDS.mtime, fits ? seconds : 0);
}

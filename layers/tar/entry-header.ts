/**
 * From a header block and what preceded it (PAX records, GNU long names) to one TarHeader. The hard
 * idea is precedence: local PAX records over global ones over GNU long names over the block's fields.
 */
import { fail } from "../base/errors.ts";
import type { Device } from "../fs/filesystem.ts";
import { numberField, textField, textOf } from "./fields.ts";
import { FIELDS, MAGIC_GNU, MAGIC_USTAR, checksumsOf, invalidHeader } from "./header.ts";
import type { TarEntryType, TarHeader } from "./header.ts";
import type { PaxRecords } from "./pax.ts";
import { paxSparse } from "./sparse.ts";
import type { PaxSparse } from "./sparse.ts";

const NS = 1_000_000_000n;
const TIME_NS_MAX = 2n ** 63n - 1n;
const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();
const NO_DEVICE = { major: 0, minor: 0 };
const SCHILY = "SCHILY.xattr.";
const LIBARCHIVE = "LIBARCHIVE.xattr.";

/** What the blocks before an entry's own said about it. */
export interface Prelude {
  readonly records: PaxRecords | undefined;
  readonly longName: string | undefined;
  readonly longLinkName: string | undefined;
}

/** An entry, and how its body is stored. */
export interface ParsedHeader {
  readonly header: TarHeader;
  /** Bytes of the body in the archive. */
  readonly storedBytes: number;
  readonly sparse: PaxSparse | { readonly kind: "oldGnu" };
}

/** Fails unless the block's checksum is right, summed as unsigned or, as some old tars did, signed. */
export function verifyChecksum(block: Uint8Array): void {
  const claimed = numberField(block, FIELDS.checksum);
  const { unsigned, signed } = checksumsOf(block);
  if (claimed !== unsigned && claimed !== signed) throw invalidHeader("wrong checksum");
}

/** The type flag as a character. */
export function typeFlagOf(block: Uint8Array): string {
  return String.fromCharCode(block[FIELDS.type[0]] ?? 0);
}

/** Bytes of the body that follows the block, before PAX overrides. */
export function storedBytesOf(block: Uint8Array): number {
  const sizeBytes = numberField(block, FIELDS.size);
  if (sizeBytes < 0) throw invalidHeader("negative size");
  return sizeBytes;
}

export function readEntryHeader(block: Uint8Array, prelude: Prelude): ParsedHeader {
  const { records } = prelude;
  const flag = typeFlagOf(block);
  const rawName =
    records?.text("GNU.sparse.name") ?? records?.text("path") ?? prelude.longName ?? nameOf(block);
  const type = typeOf(flag, rawName);
  const isFile = type === "file";
  const storedBytes = isFile ? (records?.integer("size") ?? storedBytesOf(block)) : 0;
  if (storedBytes < 0) throw invalidHeader("negative size");
  const sparse = sparseOf(isFile, flag, records);
  const sizeBytes = sparse.kind === "none" ? storedBytes : realSizeOf(block, sparse.kind, records);
  const isDevice = type === "character" || type === "block";
  const mtimeNs = records?.timeNs("mtime") ?? BigInt(numberField(block, FIELDS.mtime)) * NS;
  const uid = records?.integer("uid") ?? numberField(block, FIELDS.uid);
  const gid = records?.integer("gid") ?? numberField(block, FIELDS.gid);
  if (!isId(uid) || !isId(gid)) throw invalidHeader("owner is out of range");
  const header: TarHeader = {
    name: withoutSlashes(rawName),
    type,
    mode: numberField(block, FIELDS.mode) & 0o7777,
    uid,
    gid,
    userName: records?.text("uname") ?? textField(block, FIELDS.userName),
    groupName: records?.text("gname") ?? textField(block, FIELDS.groupName),
    sizeBytes,
    mtimeNs: inRange(mtimeNs),
    atimeNs: inRange(records?.timeNs("atime") ?? gnuTime(block, FIELDS.gnuAtime)),
    ctimeNs: inRange(records?.timeNs("ctime") ?? gnuTime(block, FIELDS.gnuCtime)),
    linkName: records?.text("linkpath") ?? prelude.longLinkName ?? textField(block, FIELDS.linkName),
    rdev: isDevice ? deviceOf(block) : NO_DEVICE,
    xattrs: records === undefined ? NO_XATTRS : xattrsOf(records),
    extents: undefined,
  };
  return { header, storedBytes, sparse };
}

/** uid_t and gid_t, without -1, which means "none" to chown(2). */
function isId(value: number): boolean {
  return value >= 0 && value < 0xffff_ffff;
}

function deviceOf(block: Uint8Array): Device {
  const major = numberField(block, FIELDS.devMajor);
  const minor = numberField(block, FIELDS.devMinor);
  if (!isId(major) || !isId(minor)) throw invalidHeader("device is out of range");
  return { major, minor };
}

/** Times that 64 bits of nanoseconds cannot hold become the nearest they can, as filesystems do. */
function inRange<Time extends bigint | undefined>(timeNs: Time): Time | bigint {
  if (timeNs === undefined) return timeNs;
  return timeNs > TIME_NS_MAX ? TIME_NS_MAX : timeNs < -TIME_NS_MAX ? -TIME_NS_MAX : timeNs;
}

function nameOf(block: Uint8Array): string {
  const name = textField(block, FIELDS.name);
  if (!hasMagic(block, MAGIC_USTAR)) return name;
  const prefix = textField(block, FIELDS.prefix);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function hasMagic(block: Uint8Array, magic: string): boolean {
  const [position] = FIELDS.magic;
  // Of POSIX's magic only "ustar\0" must be right: some tars leave the version empty.
  const length = magic === MAGIC_USTAR ? 6 : magic.length;
  for (let index = 0; index < length; index++) {
    if (block[position + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}

function gnuTime(block: Uint8Array, field: readonly [number, number]): bigint | undefined {
  if (!hasMagic(block, MAGIC_GNU) || (block[field[0]] ?? 0) === 0) return undefined;
  return BigInt(numberField(block, field)) * NS;
}

const TYPES: Readonly<Record<string, TarEntryType>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file", // Contiguous: an ordinary file to everybody now alive.
  S: "file",
};

/** @throws SlipwayError `invalidParameter`, in Docker's words, for types it does not unpack either. */
function typeOf(flag: string, name: string): TarEntryType {
  const type = TYPES[flag];
  if (type === undefined) {
    throw fail("invalidParameter", `unhandled tar header type ${flag.charCodeAt(0)}`);
  }
  return type === "file" && name.endsWith("/") ? "directory" : type;
}

function sparseOf(isFile: boolean, flag: string, records: PaxRecords | undefined): ParsedHeader["sparse"] {
  if (!isFile) return { kind: "none" };
  if (flag === "S") return { kind: "oldGnu" };
  return records === undefined ? { kind: "none" } : paxSparse(records);
}

function realSizeOf(
  block: Uint8Array,
  kind: "listed" | "inBody" | "oldGnu",
  records: PaxRecords | undefined,
): number {
  const real =
    kind === "oldGnu"
      ? numberField(block, FIELDS.gnuRealSize)
      : (records?.integer("GNU.sparse.realsize") ?? records?.integer("GNU.sparse.size"));
  if (real === undefined || real < 0) throw invalidHeader("sparse file without a size");
  return real;
}

function xattrsOf(records: PaxRecords): ReadonlyMap<string, Uint8Array> {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of records.values) {
    if (key.startsWith(SCHILY)) (xattrs ??= new Map()).set(key.slice(SCHILY.length), value);
    else if (key.startsWith(LIBARCHIVE)) {
      const name = percentDecoded(key.slice(LIBARCHIVE.length));
      if (!records.values.has(SCHILY + name)) (xattrs ??= new Map()).set(name, base64Decoded(value));
    }
  }
  return xattrs ?? NO_XATTRS;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (thrown) {
    throw fail("dataLoss", "archive/tar: invalid tar header: bad xattr name", { cause: thrown });
  }
}

function base64Decoded(value: Uint8Array): Uint8Array {
  try {
    return Uint8Array.from(atob(textOf(value, 0, value.length)), (character) => character.charCodeAt(0));
  } catch (thrown) {
    throw fail("dataLoss", "archive/tar: invalid tar header: bad xattr value", { cause: thrown });
  }
}

function withoutSlashes(name: string): string {
  let end = name.length;
  while (end > 1 && name.charCodeAt(end - 1) === 0x2f) end--;
  return end === name.length ? name : name.slice(0, end);
}

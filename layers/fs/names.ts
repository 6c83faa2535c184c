/**
 * Names as bytes and as strings. Linux names are bytes, ours are strings; the hard idea is that no
 * name may be lost on the way: bytes that are not UTF-8 become lone surrogates U+DC80..U+DCFF, as
 * Python's surrogateescape (PEP 383) does, and come back as the same bytes.
 */
import { FsError } from "./errors.ts";
import { NAME_BYTES_MAX } from "./filesystem.ts";

/** Lone surrogate that carries byte 0x00; only 0x80..0xff are ever carried. */
const ESCAPE_BASE = 0xdc00;

/** A UTF-16 unit takes at most three bytes, so names up to this length need no counting. */
const NAME_LENGTH_ALWAYS_FINE = Math.floor(NAME_BYTES_MAX / 3);

/** The string that carries `bytes`: a file name, a path or a link's target. */
export function decodeName(bytes: Uint8Array): string {
  let text = "";
  let index = 0;
  while (index < bytes.length) {
    const sizeBytes = sequenceSizeAt(bytes, index);
    if (sizeBytes === 0) {
      text += String.fromCharCode(ESCAPE_BASE + byteAt(bytes, index));
      index += 1;
    } else {
      text += String.fromCodePoint(codePointAt(bytes, index, sizeBytes));
      index += sizeBytes;
    }
  }
  return text;
}

/** The bytes that `name` carries. EINVAL for surrogates that `decodeName` never makes. */
export function encodeName(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(nameSizeBytes(name));
  let position = 0;
  for (let index = 0; index < name.length; index++) {
    const code = name.codePointAt(index) ?? 0;
    if (code < 0x80) bytes[position++] = code;
    else if (isEscape(code)) bytes[position++] = code - ESCAPE_BASE;
    else if (code < 0x800) {
      bytes[position++] = 0xc0 | (code >> 6);
      bytes[position++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      if (code >= 0xd800 && code <= 0xdfff) throw new FsError("EINVAL", "a lone surrogate carries no byte");
      bytes[position++] = 0xe0 | (code >> 12);
      bytes[position++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[position++] = 0x80 | (code & 0x3f);
    } else {
      bytes[position++] = 0xf0 | (code >> 18);
      bytes[position++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[position++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[position++] = 0x80 | (code & 0x3f);
      index += 1;
    }
  }
  return bytes;
}

/** How many bytes `name` carries. */
export function nameSizeBytes(name: string): number {
  let sizeBytes = 0;
  for (let index = 0; index < name.length; index++) {
    const code = name.codePointAt(index) ?? 0;
    if (code < 0x80 || isEscape(code)) sizeBytes += 1;
    else if (code < 0x800) sizeBytes += 2;
    else if (code < 0x10000) sizeBytes += 3;
    else {
      sizeBytes += 4;
      index += 1;
    }
  }
  return sizeBytes;
}

/** ENAMETOOLONG past NAME_MAX: all that a lookup has to check. */
export function checkNameLength(name: string): void {
  if (name.length > NAME_LENGTH_ALWAYS_FINE && nameSizeBytes(name) > NAME_BYTES_MAX) {
    throw new FsError("ENAMETOOLONG");
  }
}

/** Whether a directory may hold an entry of this name. */
export function isValidName(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !name.includes("/") &&
    !name.includes("\0") &&
    !hasForeignSurrogate(name)
  );
}

/** Throws unless a directory may hold `name`: ENAMETOOLONG, EINVAL. */
export function checkNewName(name: string): void {
  checkNameLength(name);
  if (!isValidName(name)) throw new FsError("EINVAL", "not a file name");
}

function hasForeignSurrogate(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = name.codePointAt(index) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff && !isEscape(code)) return true;
    if (code > 0xffff) index += 1;
  }
  return false;
}

function isEscape(code: number): boolean {
  return code >= 0xdc80 && code <= 0xdcff;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** Length of the well-formed UTF-8 sequence at `index` (Unicode table 3-7), or 0 when there is none. */
function sequenceSizeAt(bytes: Uint8Array, index: number): 0 | 1 | 2 | 3 | 4 {
  const first = byteAt(bytes, index);
  if (first < 0x80) return 1;
  const second = byteAt(bytes, index + 1);
  if (first >= 0xc2 && first <= 0xdf) return isTrail(second) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const isSecond = isTrail(second) && (first !== 0xe0 || second >= 0xa0) && (first !== 0xed || second < 0xa0);
    return isSecond && isTrail(byteAt(bytes, index + 2)) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const isSecond = isTrail(second) && (first !== 0xf0 || second >= 0x90) && (first !== 0xf4 || second < 0x90);
    return isSecond && isTrail(byteAt(bytes, index + 2)) && isTrail(byteAt(bytes, index + 3)) ? 4 : 0;
  }
  return 0;
}

function isTrail(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function codePointAt(bytes: Uint8Array, index: number, sizeBytes: 1 | 2 | 3 | 4): number {
  const first = byteAt(bytes, index);
  if (sizeBytes === 1) return first;
  let code = first & (0x7f >> sizeBytes);
  for (let trail = 1; trail < sizeBytes; trail++) code = (code << 6) | (byteAt(bytes, index + trail) & 0x3f);
  return code;
}

/**
 * Reading and writing the fields of a header block: text ended by NUL, octal numbers in the many ways
 * old tars padded them, and GNU's base-256 for what octal cannot hold.
 */
import { decodeName } from "../fs/names.ts";
import { invalidHeader } from "./header.ts";

type Field = readonly [position: number, sizeBytes: number];

/** More arguments than this a call should not have. */
const SPREAD_MAX = 1024;

/** The text of `field`, up to its first NUL. */
export function textField(block: Uint8Array, [position, sizeBytes]: Field): string {
  return textOf(block, position, position + sizeBytes);
}

/** The text in [start, end), up to the first NUL. ASCII, nearly always, is decoded at once. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let stop = start;
  let mixed = 0;
  for (; stop < end; stop++) {
    const byte = bytes[stop] ?? 0;
    if (byte === 0) break;
    mixed |= byte;
  }
  if (stop === start) return "";
  const text = bytes.subarray(start, stop);
  return mixed < 0x80 && text.length <= SPREAD_MAX ? String.fromCharCode(...text) : decodeName(text);
}

/** The number in `field`: octal, or base-256 when its first bit is set. */
export function numberField(block: Uint8Array, [position, sizeBytes]: Field): number {
  const first = block[position] ?? 0;
  if ((first & 0x80) !== 0) return base256(block, position, sizeBytes);
  let value = 0;
  let index = position;
  const end = position + sizeBytes;
  while (index < end && (block[index] === 0x20 || block[index] === 0)) index++;
  for (; index < end; index++) {
    const byte = block[index] ?? 0;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw invalidHeader("number is not octal");
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

/** Two's complement, big-endian, without the first bit. */
function base256(block: Uint8Array, position: number, sizeBytes: number): number {
  const isNegative = ((block[position] ?? 0) & 0x40) !== 0;
  let value = isNegative ? -1n : 0n;
  for (let index = position; index < position + sizeBytes; index++) {
    const byte = BigInt(block[index] ?? 0);
    value = index === position ? (isNegative ? (-1n << 6n) | (byte & 0x3fn) : byte & 0x3fn) : (value << 8n) | byte;
  }
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw invalidHeader("number is out of range");
  return number;
}

/** Writes `value` as octal with a NUL behind it. Precondition: `fitsOctal`. */
export function putOctal(block: Uint8Array, [position, sizeBytes]: Field, value: number): void {
  const digits = value.toString(8).padStart(sizeBytes - 1, "0");
  for (let index = 0; index < sizeBytes - 1; index++) block[position + index] = digits.charCodeAt(index);
  block[position + sizeBytes - 1] = 0;
}

/** Whether `putOctal` can write `value` into `field`. */
export function fitsOctal([, sizeBytes]: Field, value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 8 ** (sizeBytes - 1);
}

/** Writes as much of `bytes` as the field holds. */
export function putBytes(block: Uint8Array, [position, sizeBytes]: Field, bytes: Uint8Array): void {
  block.set(bytes.subarray(0, sizeBytes), position);
}

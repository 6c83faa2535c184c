/** What Linux' terminals take bytes for: ISO 8859-1, whatever the program speaks (lib/ctype.c). */

const DELETE = 0x7f;
/** Multiplication and division sign, between the letters. */
const SIGNS: readonly number[] = [0xd7, 0xf7];
const CASE_BIT = 0x20;

export function isControl(byte: number): boolean {
  return byte < 0x20 || byte === DELETE;
}

export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Letters, digits and the underscore: what a word is made of. */
export function isWordByte(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isDigit || byte === 0x5f || isUpper(byte) || isLower(byte);
}

export function toUpper(byte: number): number {
  return isLower(byte) ? byte - CASE_BIT : byte;
}

export function toLower(byte: number): number {
  return isUpper(byte) ? byte + CASE_BIT : byte;
}

function isUpper(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0xc0 && byte <= 0xde && !SIGNS.includes(byte));
}

function isLower(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && !SIGNS.includes(byte));
}

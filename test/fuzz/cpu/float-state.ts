/**
 * x87, MMX and SSE state for the differential fuzzer: what a case starts with, and what of an fxsave image
 * is compared. The hard idea: last opcode and pointers are not, because processors differ in when they
 * keep them; everything else must be the host's to the bit.
 */
import type { Row } from "../../../runtime/cpu/spec/row.ts";
import { Random as FloatRandom } from "./native/random.ts";
import { fillImage } from "./native/x87-cases.ts";
import type { Random } from "./random.ts";
import { fillVectors } from "./vector-state.ts";

export const FXSAVE_BYTES = 512;

/** Bytes of an fxsave image that are one processor's own: opcode, pointers, MXCSR mask, reserved. */
function isOwn(offset: number): boolean {
  if (offset === 24 || offset === 25 || offset === 26 || offset === 27) return false;
  return (offset >= 5 && offset < 32) || (offset >= 32 && offset < 160 && (offset & 15) >= 10) || offset >= 416;
}

/** Of an fnstenv image (and the start of an fnsave one), of 14 or 28 bytes. */
const isOwnOfEnvironment = (offset: number, bytes: number): boolean => offset >= (bytes * 3) / 7 && offset < bytes;

const IMAGES = /^(fnstenv|fldenv|fnsave|frstor|fxsave|fxrstor)$/;

/** Writes or reads a whole image, of which processors touch the bytes in their own order. */
export function isImage(row: Row): boolean {
  return row.mnemonics.some((mnemonic) => IMAGES.test(mnemonic));
}

/** Whether byte `offset` of what the instruction writes to memory is not compared. */
export function isOwnByte(row: Row, code: readonly number[], offset: number): boolean {
  const [mnemonic = ""] = row.mnemonics;
  const isWide = code.some((byte, index) => (byte & 0xf8) === 0x48 && index < 4);
  const isShort = code.includes(0x66) && !isWide;
  if (mnemonic === "fxsave") return offset >= 0 && offset < FXSAVE_BYTES && isOwn(offset);
  if (mnemonic === "fnstenv" || mnemonic === "fnsave") {
    return offset >= 0 && isOwnOfEnvironment(offset, isShort ? 14 : 28);
  }
  return false;
}

/** x87 as its own tests draw it; xmm registers and MXCSR at random. */
export function drawFloatState(random: Random, row: Row, image: Uint8Array): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  view.setUint16(0, 0x37f, true);
  fillVectors(random, image);
  const isMmx = row.operands.some(({ kind }) => kind === "P" || kind === "Q" || kind === "N");
  if (!isMmx && !["fpu", "fxsr", "mmx", "pni"].includes(row.feature)) return;
  fillImage(new FloatRandom(random.next()), image, {});
  if (row.feature !== "fxsr") return;
  for (let offset = 160; offset < 416; offset++) image[offset] = random.next();
  view.setUint32(24, random.next() & 0xffff, true);
}

function describe(image: Uint8Array, offset: number): string {
  const start = offset < 32 ? offset : offset & ~15;
  return Buffer.from(image.subarray(start, offset < 32 ? start + 4 : start + 16)).toString("hex");
}

/** First difference of the x87 part of two fxsave images, or undefined; the rest: vector-state.ts. */
export function floatDifference(ours: Uint8Array, theirs: Uint8Array): string | undefined {
  for (let offset = 0; offset < 160; offset++) {
    const isMxcsr = offset >= 24 && offset < 32;
    if (ours[offset] === theirs[offset] || isMxcsr || isOwn(offset)) continue;
    return `fxsave byte ${offset}: ours ${describe(ours, offset)}, host ${describe(theirs, offset)}`;
  }
  return undefined;
}

/** fsin and its kin are not exact anywhere: test/conformance/cpu-f80-transcendental.test.ts. */
const INEXACT = new Set(["f2xm1", "fyl2x", "fptan", "fpatan", "fyl2xp1", "fsincos", "fsin", "fcos"]);

export function isExact(row: Row): boolean {
  return !row.mnemonics.some((mnemonic) => INEXACT.has(mnemonic));
}

/** Makes the second half of page 1 good for fxrstor and ldmxcsr: no reserved bit at any 16-byte offset. */
export function makeLoadable(content: Uint8Array): void {
  for (let offset = 0x1800; offset < 0x2000; offset += 16) content.fill(0, offset + 10, offset + 12);
}

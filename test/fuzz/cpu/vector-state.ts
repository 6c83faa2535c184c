/**
 * The vector half of a fuzz case: xmm registers and MXCSR before and after. The hard idea is MXCSR: with
 * MXCSR_EXACT set every sticky flag must agree; without it (only with default control bits) the fast
 * paths promise IE, ZE and OE and no others.
 */
import { LAYOUT } from "../../../runtime/cpu/spec/layout.ts";
import type { Row } from "../../../runtime/cpu/spec/row.ts";
import type { Random } from "./random.ts";

export const UPPER_BYTES = 256;
const MXCSR_AT = 24;
export const XMM_AT = 160;
const EXACT = 0x8000_0000;
const KEPT = 0xffc0 | 0x0d;
const ESTIMATE = /^v?r(cp|sqrt)[ps]s$/;
const ESTIMATE_ERROR = 1.5 / 4096;
/** The smallest normal f32: hosts differ in whether an estimate that small is zero. */
const SMALLEST = 2 ** -126;

/** Whether the case asks for exact sticky flags. */
export function isExactCase(fxsave: Uint8Array): boolean {
  return (fxsave[XMM_AT + 256] ?? 0) !== 0;
}

function randomBits(random: Random, width: number): bigint {
  switch (random.below(5)) {
    case 0: return 0n;
    case 1: return 1n << BigInt(random.below(width));
    case 2: return (1n << BigInt(random.below(width + 1))) - 1n;
    default: return random.bits64() & ((1n << BigInt(width)) - 1n);
  }
}

/** A float of `fraction` and `exponent` bits: mostly near one, every class of special now and then. */
export function randomFloatBits(random: Random, fraction: number, exponent: number): bigint {
  const top = (1 << exponent) - 1;
  const bias = top >> 1;
  let field = bias + random.below(9) - 4;
  switch (random.below(6)) {
    case 0: field = random.pick([0, 0, 1, 2, top - 2, top - 1, top, top]); break;
    case 1: field = random.below(top + 1); break;
    case 2: field = bias + random.below(fraction * 2 + 8) - fraction; break;
    default:
  }
  const bounded = BigInt(Math.max(0, Math.min(top, field)));
  const sign = random.oneIn(2) ? 1n << BigInt(fraction + exponent) : 0n;
  return sign | (bounded << BigInt(fraction)) | randomBits(random, fraction);
}

/** Sixteen bytes as one of the types vectors are made of. */
export function fillVector(random: Random, view: DataView, at: number): void {
  const kind = random.below(5);
  if (kind === 0) {
    for (let lane = 0; lane < 16; lane += 4) view.setUint32(at + lane, Number(randomFloatBits(random, 23, 8)), true);
  } else if (kind === 1) {
    for (let lane = 0; lane < 16; lane += 8) view.setBigUint64(at + lane, randomFloatBits(random, 52, 11), true);
  } else if (kind === 2) {
    // Few different small bytes, zeros among them: strings, shift counts and tests that hit.
    const limit = random.pick([2, 4, 20, 70, 256]);
    const isCount = random.oneIn(3);
    for (let byte = 0; byte < 16; byte++) view.setUint8(at + byte, isCount && byte > 0 ? 0 : random.below(limit));
  } else {
    view.setBigUint64(at, randomBits(random, 64), true);
    view.setBigUint64(at + 8, randomBits(random, 64), true);
  }
}

/** Registers and MXCSR into an fxsave image; its last bytes, which no one reads, note exactness. */
export function fillVectors(random: Random, fxsave: Uint8Array): void {
  const view = new DataView(fxsave.buffer, fxsave.byteOffset, fxsave.byteLength);
  const isExact = random.oneIn(2);
  const masks = !isExact || random.oneIn(2) ? 0x1f80 : random.next() & 0x1f80;
  const modes = isExact ? random.next() & 0xe040 & (random.oneIn(2) ? 0x6000 : 0xffff) : 0;
  const sticky = random.oneIn(2) ? 0 : random.next() & (masks >> 7);
  view.setUint32(MXCSR_AT, masks | modes | sticky, true);
  for (let number = 0; number < 16; number++) fillVector(random, view, XMM_AT + number * 16);
  if (random.oneIn(8)) fxsave.copyWithin(XMM_AT + 16, XMM_AT, XMM_AT + 128);
  view.setUint8(XMM_AT + 256, Number(isExact));
}

/** Upper halves of ymm0 to ymm15, as the runner has them: all of one case. */
export function drawUpper(random: Random): Uint8Array {
  const upper = new Uint8Array(UPPER_BYTES);
  const view = new DataView(upper.buffer);
  for (let at = 0; at < UPPER_BYTES; at += 16) fillVector(random, view, at);
  return upper;
}

/** Small numbers of both signs in every lane, of 32 or of 64 bits: indices and masks of a gather. */
export function fillIndices(random: Random, image: Uint8Array, start: number): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  for (let at = start; at < start + 256; at += 16) {
    const step = random.pick([4, 8]);
    for (let lane = 0; lane < 16; lane += step) {
      const value = random.below(200) - 100;
      view.setInt32(at + lane, value, true);
      if (step === 8) view.setInt32(at + lane + 4, value >> 31, true);
    }
  }
}

/** Into our register file, behind a restore of the image. */
export function setExactness(view: DataView, fxsave: Uint8Array): void {
  const value = view.getUint32(LAYOUT.MXCSR, true) & 0xffff;
  view.setUint32(LAYOUT.MXCSR, isExactCase(fxsave) ? (value | EXACT) >>> 0 : value, true);
}

/** The instruction loaded a bit that only some makers have (17: no faults of misaligned operands). */
export function hasForeignMxcsr(fxsave: Uint8Array): boolean {
  return (fxsave[MXCSR_AT + 2] ?? 0) !== 0;
}

function lanesAreClose(ours: DataView, at: number, host: DataView, hostAt: number): boolean {
  return [0, 4, 8, 12].every((lane) => {
    const value = ours.getFloat32(at + lane, true);
    const other = host.getFloat32(hostAt + lane, true);
    if (ours.getUint32(at + lane, true) === host.getUint32(hostAt + lane, true)) return true;
    return Math.abs(value - other) <= Math.max(SMALLEST, Math.abs(other) * ESTIMATE_ERROR);
  });
}

const hex = (view: DataView, at: number): string =>
  [8, 0].map((half) => view.getBigUint64(at + half, true).toString(16).padStart(16, "0")).join("_");

/** What differs between our registers and the host's fxsave image and upper halves. */
export function compareVectors(
  view: DataView,
  before: Uint8Array,
  after: { readonly fxsave: Uint8Array; readonly upper: Uint8Array },
  row: Row | undefined,
): string[] {
  const { fxsave } = after;
  const host = new DataView(fxsave.buffer, fxsave.byteOffset, fxsave.byteLength);
  const differences: string[] = [];
  const isEstimate = row !== undefined && ESTIMATE.test(row.operation);
  const upper = new DataView(after.upper.buffer, after.upper.byteOffset, UPPER_BYTES);
  for (let at = 0; at < UPPER_BYTES; at += 16) {
    const ours = LAYOUT.YMMH + at;
    const isSame =
      view.getBigUint64(ours, true) === upper.getBigUint64(at, true) &&
      view.getBigUint64(ours + 8, true) === upper.getBigUint64(at + 8, true);
    if (isSame || (isEstimate && lanesAreClose(view, ours, upper, at))) continue;
    differences.push(`ymm${at / 16}, upper half: ours ${hex(view, ours)}, host ${hex(upper, at)}`);
  }
  for (let number = 0; number < 16; number++) {
    const at = LAYOUT.XMM + number * 16;
    const hostAt = XMM_AT + number * 16;
    const isSame =
      view.getBigUint64(at, true) === host.getBigUint64(hostAt, true) &&
      view.getBigUint64(at + 8, true) === host.getBigUint64(hostAt + 8, true);
    if (isSame || (isEstimate && lanesAreClose(view, at, host, hostAt))) continue;
    differences.push(`xmm${number}: ours ${hex(view, at)}, host ${hex(host, hostAt)}`);
  }
  const compared = isExactCase(before) ? 0xffff : KEPT;
  const ours = view.getUint32(LAYOUT.MXCSR, true) & compared;
  const theirs = host.getUint32(MXCSR_AT, true) & compared;
  if (ours !== theirs) differences.push(`mxcsr: ours ${ours.toString(16)}, host ${theirs.toString(16)}`);
  return differences;
}

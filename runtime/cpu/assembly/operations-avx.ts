/**
 * AVX and AVX2 operations that cross the two halves of a vector, or look at memory lane by lane; the others
 * are written from those of SSE (spec/vex.ts). One hard idea: whatever goes to the destination is computed
 * from copies, because it may be any of the sources.
 */
import { DATA, MXCSR, UOP_IMM, UOP_V, XMM, YMMH } from "./layout";
import { setRaw } from "./flags";
import { check } from "./memory";
import { isTrapped, opPcmpestrm, opPcmpistrm } from "./operations-vector";
import { addps, blendps, cvtpd2dq, cvtpd2ps, cvttpd2dq, mulps, ptest } from "./vector";
import { clearUpper, endHalves, nextHalf, other, startHalves, storeVector, third } from "./vex-halves";
import { effectiveAddress, widthOf, write } from "./uop";

const VECTORS: usize = memory.data(64, 16);

@inline function isWide(u: usize): bool {
  return widthOf(u) != 0;
}

export function opVzeroupper(u: usize, d: usize, s: usize): void {
  memory.fill(YMMH, 0, 256);
}

export function opVzeroall(u: usize, d: usize, s: usize): void {
  memory.fill(XMM, 0, 256);
  memory.fill(YMMH, 0, 256);
}

// ---------------------------------------------------------------- masks and flags

export function opVmovmskps(u: usize, d: usize, s: usize): void {
  write(d, 2, <u64><u32>(i32x4.bitmask(v128.load(s)) | i32x4.bitmask(v128.load(other(s))) << 4));
}

export function opVmovmskpd(u: usize, d: usize, s: usize): void {
  write(d, 2, <u64><u32>(i64x2.bitmask(v128.load(s)) | i64x2.bitmask(v128.load(other(s))) << 2));
}

export function opVpmovmskb(u: usize, d: usize, s: usize): void {
  write(d, 2, <u64><u32>(i8x16.bitmask(v128.load(s)) | i8x16.bitmask(v128.load(other(s))) << 16));
}

/** Both halves must agree for ZF and for CF. */
export function opVptest(u: usize, d: usize, s: usize): void {
  setRaw(ptest(v128.load(d), v128.load(s)) & ptest(v128.load(other(d)), v128.load(other(s))));
}

function testSigns(u: usize, d: usize, s: usize, signs: v128): void {
  let result = ptest(v128.and(v128.load(d), signs), v128.and(v128.load(s), signs));
  if (isWide(u)) result &= ptest(v128.and(v128.load(other(d)), signs), v128.and(v128.load(other(s)), signs));
  setRaw(result);
}

export function opVtestps(u: usize, d: usize, s: usize): void {
  testSigns(u, d, s, i32x4.splat(0x8000_0000));
}

export function opVtestpd(u: usize, d: usize, s: usize): void {
  testSigns(u, d, s, i64x2.splat(0x8000_0000_0000_0000));
}

export function opVpcmpistrm(u: usize, d: usize, s: usize): void {
  opPcmpistrm(u, d, s);
  clearUpper(XMM);
}

export function opVpcmpestrm(u: usize, d: usize, s: usize): void {
  opPcmpestrm(u, d, s);
  clearUpper(XMM);
}

// ---------------------------------------------------------------- from 32 bytes to 16

@inline function storeHalves(d: usize, low: v128, high: v128): void {
  if (isTrapped()) return;
  v128.store(d, i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  clearUpper(d);
}

export function opVcvtpd2psWide(u: usize, d: usize, s: usize): void {
  startHalves();
  let low = cvtpd2ps(v128.load(s), MXCSR);
  nextHalf();
  let high = cvtpd2ps(v128.load(other(s)), MXCSR);
  endHalves();
  storeHalves(d, low, high);
}

export function opVcvtpd2dqWide(u: usize, d: usize, s: usize): void {
  startHalves();
  let low = cvtpd2dq(v128.load(s), MXCSR);
  nextHalf();
  let high = cvtpd2dq(v128.load(other(s)), MXCSR);
  endHalves();
  storeHalves(d, low, high);
}

export function opVcvttpd2dqWide(u: usize, d: usize, s: usize): void {
  startHalves();
  let low = cvttpd2dq(v128.load(s), MXCSR);
  nextHalf();
  let high = cvttpd2dq(v128.load(other(s)), MXCSR);
  endHalves();
  storeHalves(d, low, high);
}

// ---------------------------------------------------------------- dot products

/** One step of vdpps on both halves, whose exceptions count together; false when one is not masked. */
function step(isSum: bool): bool {
  startHalves();
  let low = isSum ? addps(v128.load(VECTORS), v128.load(VECTORS, 32), MXCSR) : mulps(v128.load(VECTORS), v128.load(VECTORS, 32), MXCSR);
  nextHalf();
  let high = isSum
    ? addps(v128.load(VECTORS, 16), v128.load(VECTORS, 48), MXCSR)
    : mulps(v128.load(VECTORS, 16), v128.load(VECTORS, 48), MXCSR);
  endHalves();
  v128.store(VECTORS, low);
  v128.store(VECTORS, high, 16);
  return !isTrapped();
}

/** The sums of neighbours: `count` of them in each half, the rest zero. */
function pairUp(at: usize): void {
  let a = v128.load(VECTORS + at);
  let zero = i64x2.splat(0);
  v128.store(VECTORS + at, i8x16.shuffle(a, zero, 0, 1, 2, 3, 8, 9, 10, 11, 16, 16, 16, 16, 16, 16, 16, 16));
  v128.store(VECTORS + at + 32, i8x16.shuffle(a, zero, 4, 5, 6, 7, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16));
}

export function opVdppsWide(u: usize, d: usize, s: usize): void {
  let h = third(u, UOP_V);
  let control = <u32>load<u8>(u, UOP_IMM);
  let zero = i64x2.splat(0);
  v128.store(VECTORS, blendps(zero, v128.load(h), control >> 4));
  v128.store(VECTORS, blendps(zero, v128.load(other(h)), control >> 4), 16);
  v128.store(VECTORS, blendps(zero, v128.load(s), control >> 4), 32);
  v128.store(VECTORS, blendps(zero, v128.load(other(s)), control >> 4), 48);
  if (!step(false)) return;
  pairUp(0);
  pairUp(16);
  if (!step(true)) return;
  pairUp(0);
  pairUp(16);
  if (!step(true)) return;
  let low = blendps(zero, i32x4.splat(load<i32>(VECTORS)), control & 15);
  storeVector(d, low, blendps(zero, i32x4.splat(load<i32>(VECTORS, 16)), control & 15), true);
}

// ---------------------------------------------------------------- halves as a whole

export function opVinsert128(u: usize, d: usize, s: usize): void {
  let h = third(u, UOP_V);
  let inserted = v128.load(s);
  let isUpper = (load<u8>(u, UOP_IMM) & 1) != 0;
  let low = isUpper ? v128.load(h) : inserted;
  let high = isUpper ? inserted : v128.load(other(h));
  storeVector(d, low, high, true);
}

export function opVextract128(u: usize, d: usize, s: usize): void {
  v128.store(d, v128.load(load<u8>(u, UOP_IMM) & 1 ? other(s) : s));
  clearUpper(d);
}

/** Half `control` of the first source (0, 1) or the second (2, 3); bit 3 makes it zero. */
function pick(h: usize, s: usize, control: u32): v128 {
  if (control & 8) return i64x2.splat(0);
  let from = control & 2 ? s : h;
  return v128.load(control & 1 ? other(from) : from);
}

export function opVperm128(u: usize, d: usize, s: usize): void {
  let h = third(u, UOP_V);
  let control = <u32>load<u8>(u, UOP_IMM);
  let low = pick(h, s, control);
  storeVector(d, low, pick(h, s, control >> 4), true);
}

export function opVpermq(u: usize, d: usize, s: usize): void {
  v128.store(VECTORS, v128.load(s));
  v128.store(VECTORS, v128.load(other(s)), 16);
  let control = <usize>load<u8>(u, UOP_IMM);
  for (let lane: usize = 0; lane < 4; lane++) {
    store<u64>(VECTORS + 32 + lane * 8, load<u64>(VECTORS + ((control >> (lane * 2)) & 3) * 8));
  }
  storeVector(d, v128.load(VECTORS, 32), v128.load(VECTORS, 48), true);
}

export function opVpermd(u: usize, d: usize, s: usize): void {
  let h = third(u, UOP_V);
  v128.store(VECTORS, v128.load(s));
  v128.store(VECTORS, v128.load(other(s)), 16);
  v128.store(VECTORS, v128.load(h), 32);
  v128.store(VECTORS, v128.load(other(h)), 48);
  for (let at: usize = 32; at < 64; at += 4) {
    store<u32>(VECTORS + at, load<u32>(VECTORS + (<usize>(load<u32>(VECTORS + at) & 7) << 2)));
  }
  storeVector(d, v128.load(VECTORS, 32), v128.load(VECTORS, 48), true);
}

// ---------------------------------------------------------------- masked moves

/** Loads the lanes whose mask has its top bit; the others are zero and may lie where nothing is. */
function maskedLoad(u: usize, d: usize, bytes: usize): void {
  let h = third(u, UOP_V);
  let address = effectiveAddress(u);
  v128.store(VECTORS, v128.load(h));
  v128.store(VECTORS, v128.load(other(h)), 16);
  let size: usize = isWide(u) ? 32 : 16;
  v128.store(VECTORS, i64x2.splat(0), 48);
  v128.store(VECTORS, i64x2.splat(0), 32);
  for (let at: usize = 0; at < size; at += bytes) {
    if (load<i8>(VECTORS + at + bytes - 1) >= 0) continue;
    let place = check(address + <u64>at, <u32>bytes, false);
    if (!place) return;
    memory.copy(VECTORS + 32 + at, place, bytes);
  }
  storeVector(d, v128.load(VECTORS, 32), v128.load(VECTORS, 48), true);
}

function maskedStoreLanes(u: usize, s: usize, bytes: usize): void {
  let h = third(u, UOP_V);
  let address = effectiveAddress(u);
  let size: usize = isWide(u) ? 32 : 16;
  v128.store(VECTORS, v128.load(h));
  v128.store(VECTORS, v128.load(other(h)), 16);
  // All are looked at before one is written.
  for (let at: usize = 0; at < size; at += bytes) {
    if (load<i8>(VECTORS + at + bytes - 1) < 0 && !check(address + <u64>at, <u32>bytes, true)) return;
  }
  for (let at: usize = 0; at < size; at += bytes) {
    if (load<i8>(VECTORS + at + bytes - 1) >= 0) continue;
    memory.copy(check(address + <u64>at, <u32>bytes, true), at < 16 ? s + at : other(s) + at - 16, bytes);
  }
}

export function opVmaskload32(u: usize, d: usize, s: usize): void {
  maskedLoad(u, d, 4);
}

export function opVmaskload64(u: usize, d: usize, s: usize): void {
  maskedLoad(u, d, 8);
}

export function opVmaskstore32(u: usize, d: usize, s: usize): void {
  maskedStoreLanes(u, s, 4);
}

export function opVmaskstore64(u: usize, d: usize, s: usize): void {
  maskedStoreLanes(u, s, 8);
}

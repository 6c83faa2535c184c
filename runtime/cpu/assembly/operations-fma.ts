/**
 * FMA and F16C: the operands by order and sign, lane by lane. One hard idea: the exceptions of all lanes come
 * together (begin, commit), as with every other vector operation, so both halves are one loop.
 */
import { DATA, MXCSR, UOP_IMM, UOP_V } from "./layout";
import { IE } from "./f80-format";
import { narrow, narrowStatus } from "./f80-convert";
import { isTrapped } from "./operations-vector";
import { fusedDouble, fusedLane, fusedSingle, isFastDouble } from "./vector-fused";
import { begin, commit, exponentIn, isDenormal, isNan, isPlain, isSignaling, mantissaIn, operand, raise, roundingOf }
  from "./vector-soft";
import { clearUpper, other, storeVector, third } from "./vex-halves";
import { DE } from "./f80-format";
import { widthOf } from "./uop";

const X: usize = memory.data(32, 16);
const Y: usize = memory.data(32, 16);
const Z: usize = memory.data(32, 16);

const NEGATED_ADDEND: u32 = 1;
const NEGATED_PRODUCT: u32 = 2;
const MADDSUB: u32 = 4;

/** Multiplicand, multiplier and addend by the order in the name. */
@inline function multiplicand(order: u32, d: usize, h: usize): usize {
  return order == 132 ? d : h;
}
@inline function multiplier(order: u32, d: usize, s: usize): usize {
  return order == 213 ? d : s;
}
@inline function addend(order: u32, d: usize, h: usize, s: usize): usize {
  return order == 132 ? h : order == 213 ? s : d;
}

/** Bits of `way` for lane `index`: maddsub subtracts in even lanes, msubadd in odd ones. */
@inline function signsOf(way: u32, index: u32): u32 {
  return way < MADDSUB ? way : (index & 1) == way - MADDSUB ? NEGATED_ADDEND : 0;
}

function fusedBits64(x: u64, y: u64, z: u64, signs: u32): u64 {
  let a = reinterpret<f64>(x);
  let b = reinterpret<f64>(y);
  let c = reinterpret<f64>(z);
  if (isPlain(MXCSR) && isFastDouble(a, b, c)) {
    let r = fusedDouble(signs & NEGATED_PRODUCT ? -a : a, b, signs & NEGATED_ADDEND ? -c : c);
    if (abs<f64>(r) > 1e-290) return reinterpret<u64>(r);
  }
  return fusedLane(x, y, z, (signs & NEGATED_PRODUCT) != 0, (signs & NEGATED_ADDEND) != 0, 53, 11, load<u32>(MXCSR));
}

function fusedBits32(x: u32, y: u32, z: u32, signs: u32): u32 {
  let a = reinterpret<f32>(x);
  let b = reinterpret<f32>(y);
  let c = reinterpret<f32>(z);
  if (isPlain(MXCSR)) {
    let r = fusedSingle(signs & NEGATED_PRODUCT ? -a : a, b, signs & NEGATED_ADDEND ? -c : c);
    if (abs<f32>(r) < <f32>Infinity && abs<f32>(r) > <f32>1e-30) return reinterpret<u32>(r);
  }
  return <u32>fusedLane(
    x, y, z, (signs & NEGATED_PRODUCT) != 0, (signs & NEGATED_ADDEND) != 0, 24, 8, load<u32>(MXCSR));
}

@inline function copyVector(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(other(from)), 16);
}

export function fusedPacked(u: usize, d: usize, s: usize, order: u32, way: u32, isDouble: bool): void {
  let h = third(u, UOP_V);
  let isWide = widthOf(u) != 0;
  if (s >= DATA && !isWide) {
    // There may be nothing behind a narrow operand in memory.
    v128.store(Y, v128.load(s));
    s = Y;
  }
  copyVector(X, multiplicand(order, d, h));
  let from = multiplier(order, d, s);
  let to = addend(order, d, h, s);
  copyVector(Z, to);
  if (from != Y) copyVector(Y, from);
  let bytes: usize = isWide ? 32 : 16;
  begin();
  if (isDouble) {
    for (let at: usize = 0; at < bytes; at += 8) {
      store<u64>(X + at, fusedBits64(load<u64>(X + at), load<u64>(Y + at), load<u64>(Z + at), signsOf(way, <u32>at >> 3)));
    }
  } else {
    for (let at: usize = 0; at < bytes; at += 4) {
      store<u32>(X + at, fusedBits32(load<u32>(X + at), load<u32>(Y + at), load<u32>(Z + at), signsOf(way, <u32>at >> 2)));
    }
  }
  commit(MXCSR);
  if (isTrapped()) return;
  storeVector(d, v128.load(X), isWide ? v128.load(X, 16) : i64x2.splat(0), isWide);
}

/** The rest of the register stays, its upper half becomes zero. */
export function fusedScalar(u: usize, d: usize, s: usize, order: u32, way: u32, isDouble: bool): void {
  let h = third(u, UOP_V);
  let x = multiplicand(order, d, h);
  let y = multiplier(order, d, s);
  let z = addend(order, d, h, s);
  begin();
  if (isDouble) {
    let r = fusedBits64(load<u64>(x), load<u64>(y), load<u64>(z), way);
    commit(MXCSR);
    if (isTrapped()) return;
    store<u64>(d, r);
  } else {
    let r = fusedBits32(load<u32>(x), load<u32>(y), load<u32>(z), way);
    commit(MXCSR);
    if (isTrapped()) return;
    store<u32>(d, r);
  }
  clearUpper(d);
}

// ---------------------------------------------------------------- F16C

/** Exact; denormals count as numbers whatever DAZ says, and raise nothing. */
function widened(half: u32): u32 {
  let sign = (half & 0x8000) << 16;
  let exponent = half >> 10 & 31;
  let fraction = half & 0x3ff;
  if (exponent == 31) {
    if (fraction != 0 && !(fraction & 0x200)) raise(IE);
    return sign | 0x7f80_0000 | fraction << 13 | (fraction ? 0x40_0000 : 0);
  }
  if (exponent != 0) return sign | (exponent + 112) << 23 | fraction << 13;
  if (fraction == 0) return sign;
  let shift = clz<u32>(fraction) - 21;
  return sign | (113 - shift) << 23 | (fraction << shift & 0x3ff) << 13;
}

export function opVcvtph2ps(u: usize, d: usize, s: usize): void {
  let isWide = widthOf(u) != 0;
  let count: usize = isWide ? 8 : 4;
  v128.store(Z, i64x2.splat(0), 16);
  begin();
  for (let lane: usize = 0; lane < count; lane++) store<u32>(Z + lane * 4, widened(<u32>load<u16>(s + lane * 2)));
  commit(MXCSR);
  if (isTrapped()) return;
  storeVector(d, v128.load(Z), v128.load(Z, 16), isWide);
}

const OE_UE_PE: u32 = 0x38;

/** FTZ does not count here. */
function narrowed(bits: u32, rounding: u32, mxcsr: u32): u32 {
  let a = operand(<u64>bits, 24, 8, mxcsr);
  let sign = <u32>(a >> 31);
  let size = <u32>a & 0x7fff_ffff;
  if (isNan(a, 24, 8)) {
    if (isSignaling(a, 24, 8)) raise(IE);
    return sign << 15 | 0x7e00 | (size >> 13 & 0x1ff);
  }
  if (size == 0x7f80_0000) return sign << 15 | 0x7c00;
  if (size == 0) return sign << 15;
  if (isDenormal(a, 24, 8)) raise(DE);
  let r = narrow(sign, exponentIn(a, 24, 8), mantissaIn(a, 24, 8), 0, 11, 5, rounding, mxcsr >> 7);
  raise(narrowStatus & OE_UE_PE);
  return <u32>r;
}

export function opVcvtps2ph(u: usize, d: usize, s: usize): void {
  let isWide = widthOf(u) != 0;
  let control = <u32>load<u8>(u, UOP_IMM);
  let mxcsr = load<u32>(MXCSR);
  let rounding = control & 4 ? roundingOf(mxcsr) : control & 3;
  copyVector(X, s);
  v128.store(Z, i64x2.splat(0));
  let count: usize = isWide ? 8 : 4;
  begin();
  for (let lane: usize = 0; lane < count; lane++) store<u16>(Z + lane * 2, narrowed(load<u32>(X + lane * 4), rounding, mxcsr));
  commit(MXCSR);
  if (isTrapped()) return;
  if (d >= DATA) {
    if (isWide) v128.store(d, v128.load(Z));
    else store<u64>(d, load<u64>(Z));
    return;
  }
  v128.store(d, v128.load(Z));
  clearUpper(d);
}

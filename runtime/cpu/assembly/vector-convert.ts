/**
 * Conversions and rounding of SSE floats. The hard idea: out of range means 0x80000000 (the integer
 * indefinite) where wasm saturates or traps, so wasm's conversion is taken only for values known to be
 * in range, and the exact path does the rest.
 */
import { DE, EXPONENT_BIAS, IE, INTEGER_BIT, PE, mustIncrease } from "./f80-format";
import {
  begin, commit, exponentIn, infinityOf, isDenormal, isNan, isPlain, isSignaling, mantissaIn, operand,
  quietBit, raise, roundLane, roundingOf, signBit,
} from "./vector-soft";

const A: usize = memory.data(16, 16);
const TRUNCATE: u32 = 3;

/** To an integer of `bits` bits, by rounding `mode`; the indefinite when it does not fit. */
function integerLane(x: u64, bits: u32, mode: u32, width: u32, range: u32, mxcsr: u32): u64 {
  const indefinite = <u64>1 << (bits - 1);
  const a = operand(x, width, range, mxcsr);
  const magnitude = a & ~signBit(width, range);
  if (magnitude == 0) return 0;
  const sign = <u32>(a & signBit(width, range) ? 1 : 0);
  const exponent = magnitude < infinityOf(width, range) ? exponentIn(a, width, range) - EXPONENT_BIAS : 64;
  if (exponent > 63) {
    raise(IE);
    return indefinite;
  }
  const significand = mantissaIn(a, width, range);
  const distance = 63 - exponent;
  let whole: u64 = distance >= 64 ? 0 : significand >> distance;
  const fraction: u64 = distance == 0 ? 0 : distance > 64 ? 1 : distance == 64 ? significand : significand << (64 - distance);
  if (mustIncrease(mode, sign, (whole & 1) != 0, fraction)) whole++;
  if (whole > indefinite - 1 + <u64>sign) {
    raise(IE);
    return indefinite;
  }
  if (fraction != 0) raise(PE);
  return sign ? 0 - whole : whole;
}

/** Of f32 and f64 below this, the conversion to 32 bits is in range whichever way it rounds. */
const SAFE_32: f64 = 2147483520.0;
const SAFE_64: f64 = 9223370000000000000.0;

function integer32(bits: u64, isTruncating: bool, width: u32, range: u32, mxcsr: usize): u32 {
  begin();
  const control = load<u32>(mxcsr);
  const result = integerLane(bits, 32, isTruncating ? TRUNCATE : roundingOf(control), width, range, control);
  commit(mxcsr);
  return <u32>result;
}

function integer64(bits: u64, isTruncating: bool, width: u32, range: u32, mxcsr: usize): u64 {
  begin();
  const control = load<u32>(mxcsr);
  const result = integerLane(bits, 64, isTruncating ? TRUNCATE : roundingOf(control), width, range, control);
  commit(mxcsr);
  return result;
}

export function cvtsd2si32(a: f64, mxcsr: usize): u32 {
  if (abs(a) < SAFE_32 && isPlain(mxcsr)) return <u32><i32>nearest(a);
  return integer32(reinterpret<u64>(a), false, 53, 11, mxcsr);
}

export function cvttsd2si32(a: f64, mxcsr: usize): u32 {
  if (abs(a) < SAFE_32 && isPlain(mxcsr)) return <u32><i32>a;
  return integer32(reinterpret<u64>(a), true, 53, 11, mxcsr);
}

export function cvtsd2si64(a: f64, mxcsr: usize): u64 {
  if (abs(a) < SAFE_64 && isPlain(mxcsr)) return <u64><i64>nearest(a);
  return integer64(reinterpret<u64>(a), false, 53, 11, mxcsr);
}

export function cvttsd2si64(a: f64, mxcsr: usize): u64 {
  if (abs(a) < SAFE_64 && isPlain(mxcsr)) return <u64><i64>a;
  return integer64(reinterpret<u64>(a), true, 53, 11, mxcsr);
}

export function cvtss2si32(a: f32, mxcsr: usize): u32 {
  if (abs(a) < <f32>SAFE_32 && isPlain(mxcsr)) return <u32><i32>nearest(a);
  return integer32(<u64>reinterpret<u32>(a), false, 24, 8, mxcsr);
}

export function cvttss2si32(a: f32, mxcsr: usize): u32 {
  if (abs(a) < <f32>SAFE_32 && isPlain(mxcsr)) return <u32><i32>a;
  return integer32(<u64>reinterpret<u32>(a), true, 24, 8, mxcsr);
}

export function cvtss2si64(a: f32, mxcsr: usize): u64 {
  if (abs(a) < <f32>SAFE_64 && isPlain(mxcsr)) return <u64><i64>nearest(a);
  return integer64(<u64>reinterpret<u32>(a), false, 24, 8, mxcsr);
}

export function cvttss2si64(a: f32, mxcsr: usize): u64 {
  if (abs(a) < <f32>SAFE_64 && isPlain(mxcsr)) return <u64><i64>a;
  return integer64(<u64>reinterpret<u32>(a), true, 24, 8, mxcsr);
}

function packed32(a: v128, isTruncating: bool, mxcsr: usize): v128 {
  v128.store(A, a);
  begin();
  const control = load<u32>(mxcsr);
  const mode = isTruncating ? TRUNCATE : roundingOf(control);
  for (let at: usize = 0; at < 16; at += 4) {
    store<u32>(A + at, <u32>integerLane(<u64>load<u32>(A + at), 32, mode, 24, 8, control));
  }
  commit(mxcsr);
  return v128.load(A);
}

function packed64(a: v128, isTruncating: bool, mxcsr: usize): v128 {
  begin();
  const control = load<u32>(mxcsr);
  const mode = isTruncating ? TRUNCATE : roundingOf(control);
  const low = integerLane(i64x2.extract_lane(a, 0), 32, mode, 53, 11, control);
  const high = integerLane(i64x2.extract_lane(a, 1), 32, mode, 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(0), 0, low & 0xffff_ffff | high << 32);
}

@inline
function isSafe32(a: v128): bool { return i32x4.all_true(f32x4.lt(f32x4.abs(a), f32x4.splat(<f32>SAFE_32))); }

@inline
function isSafe64(a: v128): bool { return i64x2.all_true(f64x2.lt(f64x2.abs(a), f64x2.splat(SAFE_32))); }

export function cvtps2dq(a: v128, mxcsr: usize): v128 {
  if (isSafe32(a) && isPlain(mxcsr)) return i32x4.trunc_sat_f32x4_s(f32x4.nearest(a));
  return packed32(a, false, mxcsr);
}

export function cvttps2dq(a: v128, mxcsr: usize): v128 {
  if (isSafe32(a) && isPlain(mxcsr)) return i32x4.trunc_sat_f32x4_s(a);
  return packed32(a, true, mxcsr);
}

export function cvtpd2dq(a: v128, mxcsr: usize): v128 {
  if (isSafe64(a) && isPlain(mxcsr)) return i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(a));
  return packed64(a, false, mxcsr);
}

export function cvttpd2dq(a: v128, mxcsr: usize): v128 {
  if (isSafe64(a) && isPlain(mxcsr)) return i32x4.trunc_sat_f64x2_s_zero(a);
  return packed64(a, true, mxcsr);
}

function fromInteger(value: i64, width: u32, range: u32, mxcsr: u32): u64 {
  if (value == 0) return 0;
  const sign = <u32>(value < 0);
  const magnitude: u64 = sign ? 0 - <u64>value : <u64>value;
  const shift = <i32>clz(magnitude);
  return roundLane(sign, EXPONENT_BIAS + 63 - shift, magnitude << shift, 0, width, range, mxcsr);
}

export function cvtsi2sd(value: i64, mxcsr: usize): f64 {
  if (isPlain(mxcsr) || <i64><i32>value == value) return <f64>value;
  begin();
  const bits = fromInteger(value, 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f64>(bits);
}

export function cvtsi2ss(value: i64, mxcsr: usize): f32 {
  if (isPlain(mxcsr)) return <f32>value;
  begin();
  const bits = fromInteger(value, 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f32>(<u32>bits);
}

export function cvtdq2ps(a: v128, mxcsr: usize): v128 {
  if (isPlain(mxcsr)) return f32x4.convert_i32x4_s(a);
  v128.store(A, a);
  begin();
  const control = load<u32>(mxcsr);
  for (let at: usize = 0; at < 16; at += 4) {
    store<u32>(A + at, <u32>fromInteger(<i64>load<i32>(A + at), 24, 8, control));
  }
  commit(mxcsr);
  return v128.load(A);
}

export function cvtdq2pd(a: v128): v128 { return f64x2.convert_low_i32x4_s(a); }

/** From one format to the other; the target's second. */
function convertLane(x: u64, width: u32, range: u32, toWidth: u32, toRange: u32, mxcsr: u32): u64 {
  const a = operand(x, width, range, mxcsr);
  const sign = <u32>(a & signBit(width, range) ? 1 : 0);
  const signTo: u64 = sign ? signBit(toWidth, toRange) : 0;
  if (isNan(a, width, range)) {
    if (isSignaling(a, width, range)) raise(IE);
    const fraction = a & ((<u64>1 << (width - 1)) - 1);
    const moved = width > toWidth ? fraction >> (width - toWidth) : fraction << (toWidth - width);
    return signTo | infinityOf(toWidth, toRange) | quietBit(toWidth) | moved;
  }
  const magnitude = a & ~signBit(width, range);
  if (magnitude == 0) return signTo;
  if (magnitude == infinityOf(width, range)) return signTo | infinityOf(toWidth, toRange);
  if (isDenormal(a, width, range)) raise(DE);
  return roundLane(sign, exponentIn(a, width, range), mantissaIn(a, width, range), 0, toWidth, toRange, mxcsr);
}

export function cvtss2sd(a: f32, mxcsr: usize): f64 {
  if (abs(a) < <f32>Infinity && isPlain(mxcsr)) return <f64>a;
  begin();
  const bits = convertLane(<u64>reinterpret<u32>(a), 24, 8, 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f64>(bits);
}

export function cvtsd2ss(a: f64, mxcsr: usize): f32 {
  const result = <f32>a;
  if (abs(result) < <f32>Infinity && isPlain(mxcsr)) return result;
  begin();
  const bits = convertLane(reinterpret<u64>(a), 53, 11, 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f32>(<u32>bits);
}

export function cvtps2pd(a: v128, mxcsr: usize): v128 {
  const low = i64x2.extract_lane(a, 0);
  begin();
  const control = load<u32>(mxcsr);
  const exponents = v128.and(a, i32x4.splat(0x7f80_0000));
  const special = i32x4.bitmask(i32x4.eq(exponents, i32x4.splat(0x7f80_0000))) & 3;
  if (special == 0 && isPlain(mxcsr)) return f64x2.promote_low_f32x4(a);
  const first = convertLane(low & 0xffff_ffff, 24, 8, 53, 11, control);
  const second = convertLane(<u64>low >> 32, 24, 8, 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(first), 1, second);
}

export function cvtpd2ps(a: v128, mxcsr: usize): v128 {
  const result = f32x4.demote_f64x2_zero(a);
  const exponent = i32x4.splat(0x7f80_0000);
  if (i32x4.all_true(v128.xor(v128.and(result, exponent), exponent)) && isPlain(mxcsr)) return result;
  begin();
  const control = load<u32>(mxcsr);
  const first = convertLane(i64x2.extract_lane(a, 0), 53, 11, 24, 8, control);
  const second = convertLane(i64x2.extract_lane(a, 1), 53, 11, 24, 8, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(0), 0, first | second << 32);
}

/** roundps and its kin: imm bit 2 = by MXCSR, else bits 0..1; bit 3 = no PE. */
function integralLane(x: u64, imm: u32, width: u32, range: u32, mxcsr: u32): u64 {
  const a = operand(x, width, range, mxcsr);
  if (isNan(a, width, range)) {
    if (isSignaling(a, width, range)) raise(IE);
    return a | quietBit(width);
  }
  const mode = imm & 4 ? roundingOf(mxcsr) : imm & 3;
  const magnitude = a & ~signBit(width, range);
  if (magnitude == 0 || magnitude == infinityOf(width, range)) return a;
  const exponent = exponentIn(a, width, range) - EXPONENT_BIAS;
  if (exponent >= <i32>width - 1) return a;
  const sign = <u32>(a & signBit(width, range) ? 1 : 0);
  const signPart: u64 = a & signBit(width, range);
  const one = infinityOf(width, range) >> 1 & infinityOf(width, range);
  if (exponent < 0) {
    const fraction: u64 = exponent < -1 ? 1 : mantissaIn(a, width, range);
    if (!(imm & 8)) raise(PE);
    return mustIncrease(mode, sign, false, fraction) ? signPart | one : signPart;
  }
  const unit = <u64>1 << (<i32>width - 1 - exponent);
  const rest = a & (unit - 1);
  if (rest == 0) return a;
  if (!(imm & 8)) raise(PE);
  const whole = a & ~(unit - 1);
  // The lowest kept bit: of the implicit integer bit when the exponent is zero.
  const isOdd = exponent == 0 || (whole & unit) != 0;
  const fraction = rest << (65 - <i32>width + exponent);
  return mustIncrease(mode, sign, isOdd, fraction) ? whole + unit : whole;
}

export function roundps(a: v128, imm: u32, mxcsr: usize): v128 {
  v128.store(A, a);
  begin();
  const control = load<u32>(mxcsr);
  for (let at: usize = 0; at < 16; at += 4) {
    store<u32>(A + at, <u32>integralLane(<u64>load<u32>(A + at), imm, 24, 8, control));
  }
  commit(mxcsr);
  return v128.load(A);
}

export function roundpd(a: v128, imm: u32, mxcsr: usize): v128 {
  begin();
  const control = load<u32>(mxcsr);
  const low = integralLane(i64x2.extract_lane(a, 0), imm, 53, 11, control);
  const high = integralLane(i64x2.extract_lane(a, 1), imm, 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

export function roundss(a: f32, imm: u32, mxcsr: usize): f32 {
  begin();
  const bits = integralLane(<u64>reinterpret<u32>(a), imm, 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f32>(<u32>bits);
}

export function roundsd(a: f64, imm: u32, mxcsr: usize): f64 {
  if (a == a && isPlain(mxcsr)) {
    switch (imm & 7) {
      case 1: return floor(a);
      case 2: return ceil(a);
      case 3: return trunc(a);
      default: return nearest(a);
    }
  }
  begin();
  const bits = integralLane(reinterpret<u64>(a), imm, 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f64>(bits);
}

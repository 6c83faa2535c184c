/**
 * Comparison, examination, and the exact stepwise operations of x87: fprem, frndint, fscale, fxtract.
 * The hard idea is the partial remainder: it subtracts a multiple of the divisor exactly, at most 2^63
 * of it at a time, and leaves a larger exponent difference to the next turn of the program's loop (C2).
 */
import {
  C0, C1, C2, C3, Class, DE, EXPONENT_BIAS, EXPONENT_MAX, IE, INTEGER_BIT, PE, QUIET_BIT, ZE, classOf,
  copy80, divide128, exponentOf, invalid80, mustIncrease, normalized, propagate80, propagateOne80,
  remainder128, round80, signExponentOf, signOf, significandOf, store80,
} from "./f80-format";
import { f80FromI64 } from "./f80-convert";

/** C0, C2, C3 and exceptions; `quiet` as fucom: a quiet NaN is only unordered. */
export function f80Compare(a: usize, b: usize, quiet: bool): u32 {
  return compare80(a, b, quiet, 0);
}

export function compare80(a: usize, b: usize, quiet: bool, seen: u32): u32 {
  const classA = classOf(a);
  const classB = classOf(b);
  if (classA > Class.infinite || classB > Class.infinite) {
    const isInvalid = !quiet || classA > Class.quiet || classB > Class.quiet;
    return C0 | C2 | C3 | (isInvalid ? IE : 0);
  }
  const status = classA == Class.denormal || classB == Class.denormal ? DE : seen;
  if (classA == Class.zero && classB == Class.zero) return status | C3;
  const signA = signOf(a);
  if (classA == Class.zero) return status | (signOf(b) ? 0 : C0);
  if (classB == Class.zero || signA != signOf(b)) return status | (signA ? C0 : 0);
  const exponentA = classA == Class.infinite ? EXPONENT_MAX : exponentOf(a);
  const exponentB = classB == Class.infinite ? EXPONENT_MAX : exponentOf(b);
  const x = normalized(a);
  const y = normalized(b);
  if (exponentA == exponentB && x == y) return status | C3;
  const isLess = exponentA < exponentB || (exponentA == exponentB && x < y);
  return status | (isLess != (signA != 0) ? C0 : 0);
}

/** fxam: C1 is the sign, of an empty register too. */
export function f80Examine(a: usize, empty: bool): u32 {
  const sign: u32 = signOf(a) ? C1 : 0;
  if (empty) return sign | C3 | C0;
  const kind = classOf(a);
  if (kind == Class.zero) return sign | C3;
  if (kind == Class.normal) return sign | C2;
  if (kind == Class.denormal) return sign | C3 | C2;
  if (kind == Class.infinite) return sign | C2 | C0;
  return kind == Class.unsupported ? sign : sign | C0;
}

/** fprem1 (quotient to nearest) or fprem (truncated); quotient bits 2, 1, 0 in C0, C3, C1. */
export function f80Remainder(target: usize, a: usize, b: usize, nearest: bool, control: u32): u32 {
  const classA = classOf(a);
  const classB = classOf(b);
  if (classA > Class.infinite || classB > Class.infinite) return propagate80(target, a, classA, b, classB, control);
  if (classA == Class.infinite || classB == Class.zero) return invalid80(target, 0, control);
  const status: u32 = classA == Class.denormal || classB == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  const sign = signOf(a);
  if (classA == Class.zero) {
    store80(target, sign, 0, 0);
    return status;
  }
  const exponentA = exponentOf(a);
  const x = normalized(a);
  if (classB == Class.infinite) return status | round80(target, sign, exponentA, x, 0, 64, control);
  const exponentB = exponentOf(b);
  const y = normalized(b);
  const distance = exponentA - exponentB;
  if (distance < 0 && !(nearest && distance == -1)) return status | round80(target, sign, exponentA, x, 0, 64, control);
  if (distance >= 64) return status | C2 | partial(target, sign, exponentA, x, exponentB, y, distance, control);
  // One bit more than the quotient, for the decision to the nearest.
  let quotient: u64 = 0;
  let rest = x;
  let exponent = exponentB;
  if (distance < 0) {
    exponent = exponentA;
  } else {
    if (rest >= y) {
      rest -= y;
      quotient = 1;
    }
    if (distance > 0) {
      const low = divide128(rest >> (64 - distance), rest << distance, y);
      quotient = quotient << distance | low;
      rest = remainder128;
    }
  }
  let flip: u32 = 0;
  if (nearest) {
    // Twice the rest against the divisor; below distance 0 the divisor is y * 2 at the rest's exponent.
    const other = distance < 0 ? y + y - rest : y - rest;
    const isMore = distance < 0 ? rest > y : rest > other;
    const isHalf = distance < 0 ? rest == y : rest == other;
    if (isMore || (isHalf && (quotient & 1) != 0)) {
      quotient++;
      rest = other;
      flip = 1;
    }
  }
  const bits = <u32>quotient;
  const conditions = (bits & 4 ? C0 : 0) | (bits & 2 ? C3 : 0) | (bits & 1 ? C1 : 0);
  if (rest == 0) {
    store80(target, sign, 0, 0);
    return status | conditions;
  }
  const shift = <i32>clz(rest);
  return status | conditions | round80(target, sign ^ flip, exponent - shift, rest << shift, 0, 64, control);
}

/** One step of a long remainder: reduces the exponent difference by 32 to 63, as the manual allows. */
function partial(
  target: usize, sign: u32, exponentA: i32, x: u64, exponentB: i32, y: u64, distance: i32, control: u32,
): u32 {
  const step = distance & 31 | 32;
  const rest = x >= y ? x - y : x;
  divide128(rest >> (64 - step), rest << step, y);
  if (remainder128 == 0) {
    store80(target, sign, 0, 0);
    return 0;
  }
  const shift = <i32>clz(remainder128);
  return round80(target, sign, exponentA - step - shift, remainder128 << shift, 0, 64, control);
}

export function f80RoundToInteger(target: usize, a: usize, control: u32): u32 {
  const kind = classOf(a);
  if (kind > Class.infinite) return propagateOne80(target, a, kind, control);
  const status: u32 = kind == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  const exponent = exponentOf(a) - EXPONENT_BIAS;
  if (kind == Class.zero || kind == Class.infinite || exponent >= 63) {
    copy80(target, a);
    return status;
  }
  const sign = signOf(a);
  const significand = normalized(a);
  const mode = control >> 10 & 3;
  if (exponent < 0) {
    const fraction = exponent < -1 ? 1 : significand;
    if (mustIncrease(mode, sign, false, fraction)) {
      store80(target, sign, EXPONENT_BIAS, INTEGER_BIT);
      return status | PE | C1;
    }
    store80(target, sign, 0, 0);
    return status | PE;
  }
  const unit: u64 = 1 << (63 - exponent);
  const fraction = significand << (exponent + 1);
  if (fraction == 0) {
    copy80(target, a);
    return status;
  }
  const whole = significand & ~(unit - 1);
  if (!mustIncrease(mode, sign, (whole & unit) != 0, fraction)) {
    store80(target, sign, exponent + EXPONENT_BIAS, whole);
    return status | PE;
  }
  const grown = whole + unit;
  store80(target, sign, exponent + EXPONENT_BIAS + <i32>(grown == 0), grown == 0 ? INTEGER_BIT : grown);
  return status | PE | C1;
}

/** More than any exponent can be moved by. */
const SCALE_MAX: i32 = 0x10000;

/** fscale: a * 2^trunc(b). */
export function f80Scale(target: usize, a: usize, b: usize, control: u32): u32 {
  const classA = classOf(a);
  const classB = classOf(b);
  if (classA > Class.infinite || classB > Class.infinite) return propagate80(target, a, classA, b, classB, control);
  const signA = signOf(a);
  if (classB == Class.infinite) {
    const isInvalid = signOf(b) ? classA == Class.infinite : classA == Class.zero;
    if (isInvalid) return invalid80(target, 0, control);
  }
  const status: u32 = classA == Class.denormal || classB == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  if (classA == Class.zero || classA == Class.infinite) {
    copy80(target, a);
    return status;
  }
  if (classB == Class.infinite) {
    const isZero = signOf(b) != 0;
    store80(target, signA, isZero ? 0 : EXPONENT_MAX, isZero ? 0 : INTEGER_BIT);
    return status;
  }
  let scale: i32 = 0;
  if (classB == Class.normal) {
    const exponent = exponentOf(b) - EXPONENT_BIAS;
    if (exponent >= 16) scale = SCALE_MAX;
    else if (exponent >= 0) scale = <i32>(significandOf(b) >> (63 - exponent));
    if (signOf(b)) scale = -scale;
  }
  return status | round80(target, signA, exponentOf(a) + scale, normalized(a), 0, 64, control);
}

/** fxtract: `exponent` gets the unbiased exponent, `significand` a number in [1, 2). */
export function f80Extract(significand: usize, exponent: usize, a: usize, control: u32): u32 {
  const kind = classOf(a);
  if (kind > Class.infinite) {
    const status = propagateOne80(significand, a, kind, control);
    if (!(status & ~control)) copy80(exponent, significand);
    return status;
  }
  const sign = signOf(a);
  if (kind == Class.zero) {
    if (!(control & ZE)) return ZE;
    store80(significand, sign, 0, 0);
    store80(exponent, 1, EXPONENT_MAX, INTEGER_BIT);
    return ZE;
  }
  if (kind == Class.infinite) {
    store80(significand, sign, EXPONENT_MAX, INTEGER_BIT);
    store80(exponent, 0, EXPONENT_MAX, INTEGER_BIT);
    return 0;
  }
  const status: u32 = kind == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  const value = exponentOf(a) - EXPONENT_BIAS;
  store80(significand, sign, EXPONENT_BIAS, normalized(a));
  f80FromI64(exponent, value);
  return status;
}

/** The constants with their bits behind the significand, so that the rounding mode decides. */
const CONSTANTS: usize = memory.data<u64>([
  0x3fff, 0x8000000000000000, 0,
  0x4000, 0xd49a784bcd1b8afe, 0x492bf6ff4dafdb4c,
  0x3fff, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88,
  0x4000, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1,
  0x3ffd, 0x9a209a84fbcff798, 0x8f8959ac0b7c9178,
  0x3ffe, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af,
]);

/** 0..6: 1, log2(10), log2(e), pi, log10(2), ln(2), 0. Raises nothing, and ignores precision control. */
export function f80Constant(target: usize, index: u32, control: u32): void {
  if (index == 6) return store80(target, 0, 0, 0);
  const row = CONSTANTS + <usize>index * 24;
  const grows = mustIncrease(control >> 10 & 3, 0, (load<u64>(row, 8) & 1) != 0, load<u64>(row, 16));
  store80(target, 0, <i32>load<u64>(row), load<u64>(row, 8) + <u64>grows);
}

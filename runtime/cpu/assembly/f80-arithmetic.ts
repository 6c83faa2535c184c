/**
 * Add, subtract, multiply, divide and square root of x87 numbers. The hard idea: only special operands
 * are treated one by one; numbers go through exact 128-bit arithmetic into round80.
 *
 * `seen` is DE when an operand came from a denormal f32 or f64 in memory, which is no denormal any more
 * once it is an x87 number, but must raise DE all the same.
 */
import {
  Class, C1, DE, EXPONENT_BIAS, EXPONENT_MAX, IE, INTEGER_BIT, ZE, classOf, divide128, exponentOf,
  invalid80, multiplyHigh, normalized, precisionOf, propagate80, propagateOne80, remainder128, round80,
  signOf, store80,
} from "./f80-format";

@inline
function denormalStatus(classA: u32, classB: u32, seen: u32): u32 {
  return classA == Class.denormal || classB == Class.denormal ? DE : seen;
}

export function f80Add(target: usize, a: usize, b: usize, control: u32): u32 {
  return sum80(target, a, b, 0, 0, 0, control);
}

export function f80Sub(target: usize, a: usize, b: usize, control: u32): u32 {
  return sum80(target, a, b, 0, 1, 0, control);
}

/** ±a ± b; a flip of 1 turns the sign of its operand. */
export function sum80(target: usize, a: usize, b: usize, flipA: u32, flipB: u32, seen: u32, control: u32): u32 {
  const classA = classOf(a);
  const classB = classOf(b);
  if (classA > Class.infinite || classB > Class.infinite) return propagate80(target, a, classA, b, classB, control);
  const signA = signOf(a) ^ flipA;
  const signB = signOf(b) ^ flipB;
  const isInvalid = classA == Class.infinite && classB == Class.infinite && signA != signB;
  if (isInvalid) return invalid80(target, 0, control);
  const status = denormalStatus(classA, classB, seen);
  if (status & ~control) return status;
  if (classA == Class.infinite || classB == Class.infinite) {
    store80(target, classA == Class.infinite ? signA : signB, EXPONENT_MAX, INTEGER_BIT);
    return status;
  }
  const precision = precisionOf(control);
  if (classB == Class.zero) {
    if (classA == Class.zero) {
      store80(target, signA == signB ? signA : <u32>((control >> 10 & 3) == 1), 0, 0);
      return status;
    }
    return status | round80(target, signA, exponentOf(a), normalized(a), 0, precision, control);
  }
  if (classA == Class.zero) return status | round80(target, signB, exponentOf(b), normalized(b), 0, precision, control);
  const exponentA = exponentOf(a);
  const exponentB = exponentOf(b);
  return status | (exponentA >= exponentB
    ? sumOrdered(target, signA, exponentA, normalized(a), signB, exponentB, normalized(b), control)
    : sumOrdered(target, signB, exponentB, normalized(b), signA, exponentA, normalized(a), control));
}

/** Preconditions: exponentA >= exponentB, both significands normalized. */
function sumOrdered(
  target: usize, signA: u32, exponentA: i32, a: u64, signB: u32, exponentB: i32, b: u64, control: u32,
): u32 {
  const precision = precisionOf(control);
  const distance = exponentA - exponentB;
  let low: u64 = 0;
  if (distance >= 64) {
    low = distance == 64 ? b : distance >= 128 ? 1 : b >> (distance - 64) | <u64>(b << (128 - distance) != 0);
    b = 0;
  } else if (distance != 0) {
    low = b << (64 - distance);
    b >>= distance;
  }
  if (signA == signB) {
    const sum = a + b;
    if (sum >= a) return round80(target, signA, exponentA, sum, low, precision, control);
    low = sum << 63 | low >> 1 | low & 1;
    return round80(target, signA, exponentA + 1, sum >> 1 | INTEGER_BIT, low, precision, control);
  }
  let high = a - b - <u64>(low != 0);
  let sign = signA;
  if (distance == 0) {
    if (a == b) {
      store80(target, <u32>((control >> 10 & 3) == 1), 0, 0);
      return 0;
    }
    if (a < b) {
      high = b - a;
      sign = signB;
    }
  }
  low = 0 - low;
  if (high == 0) {
    const shift = <i32>clz(low);
    return round80(target, sign, exponentA - 64 - shift, low << shift, 0, precision, control);
  }
  const shift = <i32>clz(high);
  if (shift != 0) {
    high = high << shift | low >> (64 - shift);
    low <<= shift;
  }
  return round80(target, sign, exponentA - shift, high, low, precision, control);
}

export function f80Mul(target: usize, a: usize, b: usize, control: u32): u32 {
  return product80(target, a, b, 0, control);
}

export function product80(target: usize, a: usize, b: usize, seen: u32, control: u32): u32 {
  const classA = classOf(a);
  const classB = classOf(b);
  if (classA > Class.infinite || classB > Class.infinite) return propagate80(target, a, classA, b, classB, control);
  const isInfinite = classA == Class.infinite || classB == Class.infinite;
  const isZero = classA == Class.zero || classB == Class.zero;
  if (isInfinite && isZero) return invalid80(target, 0, control);
  const status = denormalStatus(classA, classB, seen);
  if (status & ~control) return status;
  const sign = signOf(a) ^ signOf(b);
  if (isInfinite || isZero) {
    store80(target, sign, isZero ? 0 : EXPONENT_MAX, isZero ? 0 : INTEGER_BIT);
    return status;
  }
  let exponent = exponentOf(a) + exponentOf(b) - EXPONENT_BIAS + 1;
  const x = normalized(a);
  const y = normalized(b);
  let high = multiplyHigh(x, y);
  let low = x * y;
  if (high < INTEGER_BIT) {
    high = high << 1 | low >> 63;
    low <<= 1;
    exponent--;
  }
  return status | round80(target, sign, exponent, high, low, precisionOf(control), control);
}

export function f80Div(target: usize, a: usize, b: usize, control: u32): u32 {
  return quotient80(target, a, b, 0, control);
}

export function quotient80(target: usize, a: usize, b: usize, seen: u32, control: u32): u32 {
  const classA = classOf(a);
  const classB = classOf(b);
  if (classA > Class.infinite || classB > Class.infinite) return propagate80(target, a, classA, b, classB, control);
  if (classA == classB && (classA == Class.zero || classA == Class.infinite)) return invalid80(target, 0, control);
  const sign = signOf(a) ^ signOf(b);
  let status = denormalStatus(classA, classB, seen);
  if (classB == Class.zero && classA != Class.infinite) status = ZE;
  if (status & ~control) return status;
  if (classB == Class.zero || classA == Class.infinite) {
    store80(target, sign, EXPONENT_MAX, INTEGER_BIT);
    return status;
  }
  if (classA == Class.zero || classB == Class.infinite) {
    store80(target, sign, 0, 0);
    return status;
  }
  let exponent = exponentOf(a) - exponentOf(b) + EXPONENT_BIAS;
  const x = normalized(a);
  const y = normalized(b);
  const isBelow = x < y;
  if (isBelow) exponent--;
  const high = divide128(isBelow ? x : x >> 1, isBelow ? 0 : x << 63, y);
  return status | round80(target, sign, exponent, high, fractionOf(remainder128, y), precisionOf(control), control);
}

/** remainder / divisor, as far as rounding cares. */
@inline
function fractionOf(remainder: u64, divisor: u64): u64 {
  if (remainder == 0) return 0;
  const rest = divisor - remainder;
  return remainder > rest ? INTEGER_BIT | 1 : remainder == rest ? INTEGER_BIT : 1;
}

export function f80Sqrt(target: usize, a: usize, control: u32): u32 {
  const classA = classOf(a);
  if (classA > Class.infinite) return propagateOne80(target, a, classA, control);
  const sign = signOf(a);
  if (classA == Class.zero) {
    store80(target, sign, 0, 0);
    return 0;
  }
  if (sign) return invalid80(target, 0, control);
  const status: u32 = classA == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  if (classA == Class.infinite) {
    store80(target, 0, EXPONENT_MAX, INTEGER_BIT);
    return status;
  }
  const exponent = exponentOf(a) - EXPONENT_BIAS;
  // The radicand lies in [2^126, 2^128): its root has exactly 64 bits.
  const isOdd = (exponent & 1) != 0;
  const significand = normalized(a);
  const root = squareRoot(isOdd ? significand : significand >> 1, isOdd ? 0 : significand << 63);
  return status | round80(target, 0, (exponent >> 1) + EXPONENT_BIAS, root, rootFraction, precisionOf(control), control);
}

/** What lies behind the last squareRoot, as far as rounding cares. */
export let rootFraction: u64 = 0;

/** Integer root of (high:low). Preconditions: high >= 2^62. */
export function squareRoot(high: u64, low: u64): u64 {
  // 53 bits by the machine's root, the others by one Newton step, the last one by comparing.
  const estimate = Math.sqrt(<f64>high) * 4294967296.0;
  let root: u64 = estimate >= 18446744073709549568.0 ? u64.MAX_VALUE : <u64>estimate;
  let highRest = high - multiplyHigh(root, root) - <u64>(low < root * root);
  const rest = <f64>(<i64>highRest) * 18446744073709551616.0 + <f64>(low - root * root);
  const correction = <i64>(rest / (2.0 * <f64>root));
  const corrected = root + <u64>correction;
  if (correction >= 0 && corrected < root) root = u64.MAX_VALUE;
  else root = corrected;
  for (;;) {
    const square = root * root;
    highRest = high - multiplyHigh(root, root) - <u64>(low < square);
    const lowRest = low - square;
    if (<i64>highRest < 0) {
      root--;
      continue;
    }
    // (root + 1)^2 is not above the radicand: rest > 2 * root.
    const twiceHigh = root >> 63;
    if (highRest > twiceHigh || (highRest == twiceHigh && lowRest > root << 1)) {
      root++;
      continue;
    }
    rootFraction = highRest == 0 && lowRest == 0 ? 0 : highRest != 0 || lowRest > root ? INTEGER_BIT | 1 : 1;
    return root;
  }
}

/**
 * The arithmetic under x87 and under SSE's exact path: sums, products, quotients and roots of normalized
 * 64-bit significands. The hard idea: the result is exact as far as any rounding can tell (64 bits, 64
 * more below them, the lowest sticky) and left in four globals, because wasm from AssemblyScript returns
 * one value only. Exponents are biased by 16383 throughout.
 */
import { EXPONENT_BIAS, INTEGER_BIT, divide128, multiplyHigh, remainder128 } from "./f80-format";

/** The last result: sign, exponent, significand and the bits behind it. */
export let exactSign: u32 = 0;
export let exactExponent: i32 = 0;
export let exactHigh: u64 = 0;
export let exactLow: u64 = 0;

@inline
function setExact(sign: u32, exponent: i32, high: u64, low: u64): void {
  exactSign = sign;
  exactExponent = exponent;
  exactHigh = high;
  exactLow = low;
}

/** A sum of zero has a high half of zero: its sign is the caller's to choose. */
export function exactSum(signA: u32, exponentA: i32, a: u64, signB: u32, exponentB: i32, b: u64): void {
  if (exponentA >= exponentB) sumOrdered(signA, exponentA, a, signB, exponentB, b);
  else sumOrdered(signB, exponentB, b, signA, exponentA, a);
}

/** Preconditions: exponentA >= exponentB. */
function sumOrdered(signA: u32, exponentA: i32, a: u64, signB: u32, exponentB: i32, b: u64): void {
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
    if (sum >= a) return setExact(signA, exponentA, sum, low);
    low = sum << 63 | low >> 1 | low & 1;
    return setExact(signA, exponentA + 1, sum >> 1 | INTEGER_BIT, low);
  }
  let high = a - b - <u64>(low != 0);
  let sign = signA;
  if (distance == 0) {
    if (a == b) return setExact(0, 0, 0, 0);
    if (a < b) {
      high = b - a;
      sign = signB;
    }
  }
  low = 0 - low;
  if (high == 0) {
    const shift = <i32>clz(low);
    return setExact(sign, exponentA - 64 - shift, low << shift, 0);
  }
  const shift = <i32>clz(high);
  if (shift != 0) {
    high = high << shift | low >> (64 - shift);
    low <<= shift;
  }
  setExact(sign, exponentA - shift, high, low);
}

export function exactProduct(sign: u32, exponentA: i32, a: u64, exponentB: i32, b: u64): void {
  const exponent = exponentA + exponentB - EXPONENT_BIAS + 1;
  const high = multiplyHigh(a, b);
  const low = a * b;
  if (high < INTEGER_BIT) setExact(sign, exponent - 1, high << 1 | low >> 63, low << 1);
  else setExact(sign, exponent, high, low);
}

export function exactQuotient(sign: u32, exponentA: i32, a: u64, exponentB: i32, b: u64): void {
  const isBelow = a < b;
  const high = divide128(isBelow ? a : a >> 1, isBelow ? 0 : a << 63, b);
  const exponent = exponentA - exponentB + EXPONENT_BIAS - <i32>isBelow;
  setExact(sign, exponent, high, fractionOf(remainder128, b));
}

/** remainder / divisor, as far as rounding cares. */
@inline
function fractionOf(remainder: u64, divisor: u64): u64 {
  if (remainder == 0) return 0;
  const rest = divisor - remainder;
  return remainder > rest ? INTEGER_BIT | 1 : remainder == rest ? INTEGER_BIT : 1;
}

export function exactRoot(exponent: i32, significand: u64): void {
  // The radicand lies in [2^126, 2^128): its root has exactly 64 bits.
  const unbiased = exponent - EXPONENT_BIAS;
  const isOdd = (unbiased & 1) != 0;
  const root = squareRoot(isOdd ? significand : significand >> 1, isOdd ? 0 : significand << 63);
  setExact(0, (unbiased >> 1) + EXPONENT_BIAS, root, rootFraction);
}

/** What lies behind the last squareRoot, as far as rounding cares. */
let rootFraction: u64 = 0;

/** Integer root of (high:low). Preconditions: high >= 2^62. */
function squareRoot(high: u64, low: u64): u64 {
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

/**
 * a * b + c rounded once. One hard idea: where all is finite and plain, the product's error and the sum's are
 * themselves exact floats; what is left after the leading part is rounded to odd, and then the last addition
 * rounds as if it had seen everything (Boldo and Melquiond, 2008). Everything else is done exactly with
 * integers of 128 bits.
 */
import { DE, EXPONENT_BIAS, IE, INTEGER_BIT } from "./f80-format";
import { exactExponent, exactHigh, exactLow, exactProduct, exactSign } from "./f80-exact";
import {
  exponentIn, infinityOf, invalidLane, isDenormal, isNan, isSignaling, mantissaIn, operand, quietBit, raise, roundLane,
  roundingOf, signBit,
} from "./vector-soft";

let sumSign: u32 = 0;
let sumExponent: i32 = 0;
let sumHigh: u64 = 0;
let sumLow: u64 = 0;

/** (high:low) >> count, the lowest bit sticky. */
@inline function shifted(count: i32): void {
  if (count == 0) return;
  if (count >= 128) {
    sumLow = <u64>((sumHigh | sumLow) != 0);
    sumHigh = 0;
    return;
  }
  if (count >= 64) {
    let lost = sumLow | (count > 64 ? sumHigh << <u64>(128 - count) : 0);
    sumLow = (count == 64 ? sumHigh : sumHigh >> <u64>(count - 64)) | <u64>(lost != 0);
    sumHigh = 0;
    return;
  }
  let lost = sumLow << <u64>(64 - count);
  sumLow = (sumLow >> <u64>count) | (sumHigh << <u64>(64 - count)) | <u64>(lost != 0);
  sumHigh >>= <u64>count;
}

/** The exact product at hand and a number, to the sum; a high half of zero is zero. */
function addToProduct(sign: u32, exponent: i32, significand: u64): void {
  let signA = exactSign;
  let exponentA = exactExponent;
  let highA = exactHigh;
  let lowA = exactLow;
  let signB = sign;
  let exponentB = exponent;
  sumHigh = significand;
  sumLow = 0;
  if (exponentB > exponentA) {
    signB = signA;
    exponentB = exponentA;
    sumHigh = highA;
    sumLow = lowA;
    signA = sign;
    exponentA = exponent;
    highA = significand;
    lowA = 0;
  }
  shifted(exponentA - exponentB);
  sumSign = signA;
  sumExponent = exponentA;
  if (signA == signB) {
    let low = lowA + sumLow;
    let carry: u64 = low < lowA ? 1 : 0;
    let high = highA + sumHigh + carry;
    let overflows = carry ? high <= highA : high < highA;
    sumHigh = high;
    sumLow = low;
    if (overflows) {
      sumLow = (low >> 1) | (high << 63) | (low & 1);
      sumHigh = (high >> 1) | INTEGER_BIT;
      sumExponent++;
    }
    return;
  }
  let isLess = highA < sumHigh || (highA == sumHigh && lowA < sumLow);
  if (isLess) {
    let high = sumHigh - highA - <u64>(sumLow < lowA);
    sumLow -= lowA;
    sumHigh = high;
    sumSign = signB;
  } else {
    let high = highA - sumHigh - <u64>(lowA < sumLow);
    sumLow = lowA - sumLow;
    sumHigh = high;
  }
  if ((sumHigh | sumLow) == 0) return;
  if (sumHigh == 0) {
    sumHigh = sumLow;
    sumLow = 0;
    sumExponent -= 64;
  }
  let shift = <i32>clz(sumHigh);
  if (shift == 0) return;
  sumHigh = (sumHigh << <u64>shift) | (sumLow >> <u64>(64 - shift));
  sumLow <<= <u64>shift;
  sumExponent -= shift;
}

/** What a NaN among the operands gives: the first of multiplicand, multiplier and addend, quiet. */
function nanOfThree(a: u64, b: u64, c: u64, width: u32, range: u32): u64 {
  if (isSignaling(a, width, range) || isSignaling(b, width, range) || isSignaling(c, width, range)) raise(IE);
  let nan = isNan(a, width, range) ? a : isNan(b, width, range) ? b : c;
  return nan | quietBit(width);
}

/** One lane, exact: (-1)^negatesProduct * x * y + (-1)^negatesAddend * z. */
export function fusedLane(
  x: u64, y: u64, z: u64, negatesProduct: bool, negatesAddend: bool, width: u32, range: u32, mxcsr: u32,
): u64 {
  const a = operand(x, width, range, mxcsr);
  const b = operand(y, width, range, mxcsr);
  let c = operand(z, width, range, mxcsr);
  const top = signBit(width, range);
  const infinity = infinityOf(width, range);
  const isNanC = isNan(c, width, range);
  if (isNan(a, width, range) || isNan(b, width, range) || isNanC) return nanOfThree(a, b, c, width, range);
  if (negatesAddend) c ^= top;
  const sign = ((a ^ b) & top) ^ (negatesProduct ? top : 0);
  const sizeA = a & ~top;
  const sizeB = b & ~top;
  const sizeC = c & ~top;
  if ((sizeA == infinity && sizeB == 0) || (sizeB == infinity && sizeA == 0)) return invalidLane(width, range);
  if (sizeA == infinity || sizeB == infinity) {
    if (sizeC == infinity && c != (sign | infinity)) return invalidLane(width, range);
  }
  if (isDenormal(a, width, range) || isDenormal(b, width, range) || isDenormal(c, width, range)) raise(DE);
  if (sizeA == infinity || sizeB == infinity) return sign | infinity;
  if (sizeC == infinity) return c;
  const signC = <u32>(c & top ? 1 : 0);
  if (sizeA == 0 || sizeB == 0) {
    if (sizeC == 0) return sign == c ? c : roundingOf(mxcsr) == 1 ? top : 0;
    return roundLane(signC, exponentIn(c, width, range), mantissaIn(c, width, range), 0, width, range, mxcsr);
  }
  exactProduct(<u32>(sign != 0), exponentIn(a, width, range), mantissaIn(a, width, range), exponentIn(b, width, range), mantissaIn(b, width, range));
  if (sizeC == 0) return roundLane(exactSign, exactExponent, exactHigh, exactLow, width, range, mxcsr);
  addToProduct(signC, exponentIn(c, width, range), mantissaIn(c, width, range));
  if (sumHigh == 0) return roundingOf(mxcsr) == 1 ? top : 0;
  return roundLane(sumSign, sumExponent, sumHigh, sumLow, width, range, mxcsr);
}

// ---------------------------------------------------------------- the fast way

/** Magnitudes whose products and errors neither overflow nor underflow; zero is none. */
@inline function isModerate(a: f64): bool {
  let size = abs<f64>(a);
  return size < 1e150 && size > 1e-140;
}

/** `sum` with error `error`, rounded to odd. */
@inline function roundedToOdd(sum: f64, error: f64): f64 {
  let bits = reinterpret<u64>(sum);
  if (error == 0 || bits & 1) return sum;
  // One step towards the error.
  let isUp = (error > 0) == (sum > 0);
  return reinterpret<f64>(isUp ? bits + 1 : bits - 1);
}

let twoError: f64 = 0;
@inline function twoSum(a: f64, b: f64): f64 {
  let sum = a + b;
  let part = sum - a;
  twoError = (a - (sum - part)) + (b - part);
  return sum;
}

/** Whether `fusedDouble` is right for these. */
@inline export function isFastDouble(a: f64, b: f64, c: f64): bool {
  return isModerate(a) && isModerate(b) && (isModerate(c) || c == 0);
}

/** a * b + c to nearest. Preconditions: isFastDouble. The sum of zero is positive. */
export function fusedDouble(a: f64, b: f64, c: f64): f64 {
  let product = a * b;
  // Veltkamp's and Dekker's exact product.
  let splitA = a * 134217729.0;
  let highA = splitA - (splitA - a);
  let lowA = a - highA;
  let splitB = b * 134217729.0;
  let highB = splitB - (splitB - b);
  let lowB = b - highB;
  let error = ((highA * highB - product) + highA * lowB + lowA * highB) + lowA * lowB;
  let upper = twoSum(c, error);
  let lower = twoError;
  let main = twoSum(product, upper);
  let rest = twoError;
  if (main == 0) return rest + lower;
  let tail = twoSum(lower, rest);
  return main + roundedToOdd(tail, twoError);
}

/** The same for f32: the product is exact in f64. */
export function fusedSingle(a: f32, b: f32, c: f32): f32 {
  let sum = twoSum(<f64>a * <f64>b, <f64>c);
  return <f32>roundedToOdd(sum, twoError);
}

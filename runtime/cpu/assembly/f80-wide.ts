/**
 * 128-bit arithmetic for the transcendental x87 operations. The hard idea: two kinds of number do for
 * all of them. A *wide* is (high:low) / 2^127 * 2^exponent with its top bit set, and keeps relative
 * precision; a *fraction* is (high:low) / 2^127 or / 2^128, fixed point, which series are summed in.
 * Functions leave their result in wideHigh and wideLow (and wideExponent). Errors are a few units of
 * 2^-127: what comes out is right to some 2^-40 of a unit in the last place of an x87 number.
 */
import { INTEGER_BIT, multiplyHigh } from "./f80-format";

export let wideHigh: u64 = 0;
export let wideLow: u64 = 0;
export let wideExponent: i32 = 0;

/** 1 as a fraction of 2^127. */
export const ONE: u64 = INTEGER_BIT;

@inline
export function setWide(high: u64, low: u64): void {
  wideHigh = high;
  wideLow = low;
}

/** The upper 128 bits of a product. */
export function multiplyWide(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): void {
  const first = multiplyHigh(aHigh, bLow);
  const second = multiplyHigh(aLow, bHigh);
  const low = aHigh * bLow;
  const otherLow = aLow * bHigh;
  let middle = aHigh * bHigh;
  let high = multiplyHigh(aHigh, bHigh);
  const lowest = low + otherLow;
  const lowCarry = <u64>(lowest < low) + <u64>(lowest + multiplyHigh(aLow, bLow) < lowest);
  middle += first;
  high += <u64>(middle < first);
  middle += second;
  high += <u64>(middle < second);
  middle += lowCarry;
  high += <u64>(middle < lowCarry);
  setWide(high, middle);
}

/** (high:low) / divisor. Preconditions: divisor < 2^31. */
export function divideSmall(high: u64, low: u64, divisor: u64): void {
  const first = high / divisor;
  let rest = high - first * divisor;
  const middle = rest << 32 | low >> 32;
  const second = middle / divisor;
  rest = middle - second * divisor;
  setWide(first, second << 32 | (rest << 32 | low & 0xffff_ffff) / divisor);
}

/** (high:low) >> count, for any count. */
export function shiftRight(high: u64, low: u64, count: i32): void {
  if (count >= 128) setWide(0, 0);
  else if (count >= 64) setWide(0, high >> (count - 64));
  else if (count > 0) setWide(high >> count, low >> count | high << (64 - count));
  else setWide(high, low);
}

/** Shifts the top bit up; wideExponent becomes `exponent` less the distance. */
export function normalizeWide(exponent: i32, high: u64, low: u64): void {
  if (high == 0) {
    high = low;
    low = 0;
    exponent -= 64;
  }
  const shift = <i32>clz(high);
  if (shift != 0) {
    high = high << shift | low >> (64 - shift);
    low <<= shift;
  }
  setWide(high, low);
  wideExponent = exponent - shift;
}

/** The quotient of two wides whose exponents are 0, as a wide: 1 to 2, or 1/2 to 1 with exponent -1. */
export function divideWide(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): void {
  let quotientHigh: u64 = 0;
  let quotientLow: u64 = 0;
  const isBelow = aHigh < bHigh || (aHigh == bHigh && aLow < bLow);
  wideExponent = isBelow ? -1 : 0;
  let carry: u64 = 0;
  if (isBelow) {
    carry = aHigh >> 63;
    aHigh = aHigh << 1 | aLow >> 63;
    aLow <<= 1;
  }
  for (let bit = 0; bit < 128; bit++) {
    quotientHigh = quotientHigh << 1 | quotientLow >> 63;
    quotientLow <<= 1;
    if (carry != 0 || aHigh > bHigh || (aHigh == bHigh && aLow >= bLow)) {
      quotientLow |= 1;
      const borrow = <u64>(aLow < bLow);
      aLow -= bLow;
      aHigh -= bHigh + borrow;
    }
    carry = aHigh >> 63;
    aHigh = aHigh << 1 | aLow >> 63;
    aLow <<= 1;
  }
  setWide(quotientHigh, quotientLow);
}

/** The square of a wide below 1 as a fraction of 2^128. Preconditions: exponent < 0. */
export function squareFraction(exponent: i32, high: u64, low: u64): void {
  multiplyWide(high, low, high, low);
  shiftRight(wideHigh, wideLow, -2 * exponent - 2);
}

/** 1 - (high:low), or 1 + it. */
@inline
function oneAnd(isMinus: bool, high: u64, low: u64): void {
  if (isMinus) setWide(ONE - high - <u64>(low != 0), 0 - low);
  else setWide(ONE + high, low);
}

/** Sum of (±t)^k / (k + 1)!: (e^t - 1) / t or (1 - e^-t) / t. t is a fraction of 2^128. */
export function exponentialSeries(high: u64, low: u64, isMinus: bool): void {
  setWide(ONE, 0);
  for (let k: u64 = 28; k > 1; k--) {
    multiplyWide(wideHigh, wideLow, high, low);
    divideSmall(wideHigh, wideLow, k);
    oneAnd(isMinus, wideHigh, wideLow);
  }
}

/** Sum of (±z^2)^k / (2k + 1): atan(z) / z or atanh(z) / z. The square is a fraction of 2^128. */
export function arcSeries(high: u64, low: u64, isMinus: bool): void {
  setWide(0, 0);
  for (let k: i32 = 24; k >= 0; k--) {
    multiplyWide(wideHigh, wideLow, high, low);
    const sumHigh = wideHigh;
    const sumLow = wideLow;
    divideSmall(ONE, 0, <u64>(2 * k + 1));
    if (isMinus) {
      const borrow = <u64>(wideLow < sumLow);
      setWide(wideHigh - sumHigh - borrow, wideLow - sumLow);
    } else {
      const total = wideLow + sumLow;
      setWide(wideHigh + sumHigh + <u64>(total < sumLow), total);
    }
  }
}

/** sin(r) / r (first = 2) or cos(r) (first = 1) of the square of r, a fraction of 2^128. */
export function circularSeries(high: u64, low: u64, first: u64): void {
  setWide(ONE, 0);
  for (let k: u64 = 28 + first; ; k -= 2) {
    multiplyWide(wideHigh, wideLow, high, low);
    divideSmall(wideHigh, wideLow, k * (k + 1));
    oneAnd(true, wideHigh, wideLow);
    if (k == first) return;
  }
}

/**
 * f2xm1, fyl2x, fyl2xp1, fpatan, fsin, fcos, fptan on 128-bit intermediates (f80-wide.ts). The hard
 * idea: reduce the argument exactly, sum one Taylor series, round once. So results are the correctly
 * rounded ones but for ties that 2^-40 of a unit cannot tell; processors promise one unit, so a host may
 * differ in the last bit (AMD Zen: never by more, in under 3 % of operands to the nearest and 5 % in
 * directed modes; C1 then differs too). fsin and its kin reduce by the 66-bit pi of the processors.
 * Precision control does not apply.
 */
import {
  C2, Class, DE, EXPONENT_BIAS, EXPONENT_MAX, INTEGER_BIT, PE, UE, ZE, classOf, copy80, exponentOf,
  invalid80, multiplyHigh, normalized, propagate80, propagateOne80, round80, signOf, signExponentOf, significandOf, store80,
} from "./f80-format";
import { exactExponent, exactHigh, exactSum } from "./f80-exact";
import {
  ONE, arcSeries, circularSeries, divideWide, exponentialSeries, multiplyWide, normalizeWide, setWide, shiftRight,
  squareFraction, wideExponent, wideHigh, wideLow,
} from "./f80-wide";

/** ln(2), exponent -1. */
const LN2_HIGH: u64 = 0xb17217f7d1cf79ab;
const LN2_LOW: u64 = 0xc9e3b39803f2f6af;
/** 2 / ln(2), exponent 1. */
const LOG2E_HIGH: u64 = 0xb8aa3b295c17f0bb;
const LOG2E_LOW: u64 = 0xbe87fed0691d3e88;
/** pi, exponent 1. */
const PI_HIGH: u64 = 0xc90fdaa22168c234;
const PI_LOW: u64 = 0xc4c6628b80dc1cd1;

/** 3 / 4 pi, exponent 1. */
const THREE_QUARTERS_HIGH: u64 = 0x96cbe3f9990e91a7;
const THREE_QUARTERS_LOW: u64 = 0x9394c9e8a0a5159c;

/** Rounds the wide at hand, which is not exact. */
@inline
function finish(target: usize, sign: u32, control: u32): u32 {
  return round80(target, sign, wideExponent + EXPONENT_BIAS, wideHigh, wideLow | 1, 64, control);
}

/** Wide times wide of exponents a and b; the other one is at hand. */
@inline
function multiplyBy(exponent: i32, high: u64, low: u64, otherExponent: i32): void {
  multiplyWide(wideHigh, wideLow, high, low);
  normalizeWide(exponent + otherExponent + 1, wideHigh, wideLow);
}

export function f80Exp2Minus1(target: usize, a: usize, control: u32): u32 {
  const kind = classOf(a);
  if (kind > Class.infinite) return propagateOne80(target, a, kind, control);
  const status: u32 = kind == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  const sign = signOf(a);
  if (kind == Class.infinite && sign) {
    store80(target, 1, EXPONENT_BIAS, INTEGER_BIT);
    return 0;
  }
  const exponent = kind == Class.zero ? 0 : exponentOf(a) - EXPONENT_BIAS;
  const significand = normalized(a);
  const isOne = exponent == 0 && significand == INTEGER_BIT;
  if (kind == Class.zero || kind == Class.infinite || exponent > 0 || (exponent == 0 && !isOne)) {
    // Beyond -1..1 the result is undefined: the operand, as it is.
    copy80(target, a);
    return kind == Class.zero || kind == Class.infinite ? status : status | PE;
  }
  if (isOne) {
    // Exact, and PE all the same, as the processors have it.
    store80(target, sign, EXPONENT_BIAS - <i32>sign, INTEGER_BIT);
    return PE;
  }
  multiplyWide(significand, 0, LN2_HIGH, LN2_LOW);
  normalizeWide(exponent, wideHigh, wideLow);
  const scale = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  shiftRight(high, low, -1 - scale);
  exponentialSeries(wideHigh, wideLow, sign != 0);
  multiplyBy(scale, high, low, 0);
  return status | finish(target, sign, control);
}

/** Of logarithm: 1 when negative. */
let logarithmSign: u32 = 0;

/** Leaves |2 / ln(2) * atanh(n / d)| as the wide at hand; both are wides. */
function twiceArc(nExponent: i32, nHigh: u64, nLow: u64, dExponent: i32, dHigh: u64, dLow: u64): void {
  divideWide(nHigh, nLow, dHigh, dLow);
  const exponent = nExponent - dExponent + wideExponent;
  const high = wideHigh;
  const low = wideLow;
  squareFraction(exponent, high, low);
  arcSeries(wideHigh, wideLow, false);
  multiplyBy(exponent, high, low, 0);
  multiplyBy(1, LOG2E_HIGH, LOG2E_LOW, wideExponent);
}

/** |log2(significand * 2^(exponent - 63))|, not of 1. */
function logarithm(exponent: i32, significand: u64): void {
  // Above sqrt(2) take the number below 1 instead.
  const isUpper = significand > 0xb504_f333_f9de_6484;
  if (isUpper) exponent++;
  const difference = isUpper ? 0 - significand : significand - INTEGER_BIT;
  let high: u64 = 0;
  let low: u64 = 0;
  let scale: i32 = 0;
  if (difference != 0) {
    normalizeWide(isUpper ? -1 : 0, difference, 0);
    const dHigh = (significand >> 1) + (isUpper ? INTEGER_BIT : INTEGER_BIT >> 1);
    twiceArc(wideExponent, wideHigh, wideLow, isUpper ? 0 : 1, dHigh, significand << 63);
    high = wideHigh;
    low = wideLow;
    scale = wideExponent;
  }
  logarithmSign = <u32>isUpper;
  if (exponent == 0) return;
  // Fixed point with 112 bits of fraction.
  shiftRight(high, low, 15 - scale);
  const isMinus = isUpper != (exponent < 0);
  const whole = <u64>(exponent < 0 ? -exponent : exponent) << 48;
  logarithmSign = <u32>(exponent < 0);
  if (isMinus) normalizeWide(15, whole - wideHigh - <u64>(wideLow != 0), 0 - wideLow);
  else normalizeWide(15, whole + wideHigh, wideLow);
}

/** fyl2x: y * log2(x). */
export function f80YLog2X(target: usize, x: usize, y: usize, control: u32): u32 {
  const classX = classOf(x);
  const classY = classOf(y);
  if (classX > Class.infinite || classY > Class.infinite) return propagate80(target, x, classX, y, classY, control);
  const signY = signOf(y);
  const isOne = significandOf(x) == INTEGER_BIT && signExponentOf(x) == <u32>EXPONENT_BIAS;
  const isInvalid = (signOf(x) != 0 && classX != Class.zero) || (classX == Class.zero && classY == Class.zero)
    || (isOne && classY == Class.infinite) || (classX == Class.infinite && classY == Class.zero);
  if (isInvalid) return invalid80(target, 0, control);
  if (classX == Class.zero) {
    const status: u32 = classY == Class.infinite ? 0 : ZE;
    if (status & ~control) return status;
    store80(target, signY ^ 1, EXPONENT_MAX, INTEGER_BIT);
    return status;
  }
  const status: u32 = classX == Class.denormal || classY == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  const isBelow = classX != Class.infinite && exponentOf(x) < EXPONENT_BIAS;
  if (classX == Class.infinite || classY == Class.infinite) {
    store80(target, signY ^ <u32>isBelow, EXPONENT_MAX, INTEGER_BIT);
    return status;
  }
  if (classY == Class.zero || isOne) {
    store80(target, signY ^ <u32>isBelow, 0, 0);
    return status;
  }
  logarithm(exponentOf(x) - EXPONENT_BIAS, normalized(x));
  return status | timesY(target, y, logarithmSign, significandOf(x) << 1 == 0, control);
}

/** y times the wide at hand; `isPower` when x is a power of two, whose logarithm is exact. */
function timesY(target: usize, y: usize, sign: u32, isPower: bool, control: u32): u32 {
  multiplyBy(exponentOf(y) - EXPONENT_BIAS, normalized(y), 0, wideExponent);
  const low = isPower ? wideLow : wideLow | 1;
  const status = round80(target, sign ^ signOf(y), wideExponent + EXPONENT_BIAS, wideHigh, low, 64, control);
  // The processors call the exact product of a power of two inexact all the same.
  return status | PE | (classOf(target) == Class.denormal ? UE : 0);
}

/** fyl2xp1: y * log2(x + 1). */
export function f80YLog2XPlus1(target: usize, x: usize, y: usize, control: u32): u32 {
  const classX = classOf(x);
  const classY = classOf(y);
  if (classX > Class.infinite || classY > Class.infinite) return propagate80(target, x, classX, y, classY, control);
  const signX = signOf(x);
  const sign = signX ^ signOf(y);
  const exponent = classX == Class.zero ? -0x8000 : classX == Class.infinite ? 0x8000 : exponentOf(x) - EXPONENT_BIAS;
  const isBelow = signX != 0 && exponent >= 0;
  const isInvalid = (signX != 0 && classX == Class.infinite) || (classX == Class.zero && classY == Class.infinite)
    || (classX == Class.infinite && classY == Class.zero);
  if (isInvalid) return invalid80(target, 0, control);
  const status: u32 = classX == Class.denormal || classY == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  if (classX == Class.infinite || classY == Class.infinite) {
    store80(target, sign, EXPONENT_MAX, INTEGER_BIT);
    return status;
  }
  if (classX == Class.zero || classY == Class.zero) {
    store80(target, sign, 0, 0);
    return status;
  }
  if (isBelow) {
    // Undefined: the operand, as AMD's processors have it.
    copy80(target, x);
    return status | PE;
  }
  const significand = normalized(x);
  if (exponent >= 0 || (signX != 0 && exponent >= -1)) {
    // Beyond the manual's range: by way of x + 1, rounded.
    exactSum(signX, exponent + EXPONENT_BIAS, significand, 0, EXPONENT_BIAS, INTEGER_BIT);
    logarithm(exactExponent - EXPONENT_BIAS, exactHigh);
    return status | timesY(target, y, logarithmSign, false, control);
  }
  // 2 + x in units of 2^-126.
  shiftRight(significand, 0, 1 - exponent);
  if (signX) normalizeWide(1, ONE - wideHigh - <u64>(wideLow != 0), 0 - wideLow);
  else normalizeWide(1, ONE + wideHigh, wideLow);
  twiceArc(exponent, significand, 0, wideExponent, wideHigh, wideLow);
  return status | timesY(target, y, signX, false, control);
}

/** atan(k / 8) in units of 2^-127. */
const ARCS: usize = memory.data<u64>([
  0x0000000000000000, 0x0000000000000000, 0x0feadd4d5617b6e3, 0x2c897989f3e888ef,
  0x1f5b75f92c80dd62, 0xadb8f3debef442fc, 0x2dec3283c9bde11c, 0xe2a8c848b73f9120,
  0x3b58ce0ac3769ed1, 0x5bf9117b2f0ea340, 0x47802eaf7bfacfcd, 0xae41af0b32e21ba3,
  0x525e3e8c9a7b8492, 0x0cd43f9522bed64f, 0x5c029f15e118cf39, 0xe596d2a90852221e,
  0x6487ed5110b4611a, 0x62633145c06e0e68,
]);

/** Arc tangent of the wide q at hand, 0 < q <= 1: a wide again. */
function arcOf(): void {
  const exponent = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  if (exponent < -4) return arcSmall(exponent, high, low);
  shiftRight(high, low, -exponent);
  const qHigh = wideHigh;
  const qLow = wideLow;
  const nearest = qHigh + (<u64>1 << 59) >> 60;
  if (nearest == 0) return arcSmall(exponent, high, low);
  const base = nearest << 60;
  const isBelow = qHigh < base;
  const row = ARCS + <usize>nearest * 16;
  const arcHigh = load<u64>(row);
  const arcLow = load<u64>(row, 8);
  if (qHigh == base && qLow == 0) return normalizeWide(0, arcHigh, arcLow);
  if (isBelow) normalizeWide(0, base - qHigh - <u64>(qLow != 0), 0 - qLow);
  else normalizeWide(0, qHigh - base, qLow);
  const nExponent = wideExponent;
  const nHigh = wideHigh;
  const nLow = wideLow;
  // 1 + q * nearest / 8
  const eighthHigh = qHigh >> 3;
  const eighthLow = qLow >> 3 | qHigh << 61;
  const scaledHigh = eighthHigh * nearest + multiplyHigh(eighthLow, nearest);
  divideWide(nHigh, nLow, ONE + scaledHigh, eighthLow * nearest);
  arcSmall(nExponent + wideExponent, wideHigh, wideLow);
  shiftRight(wideHigh, wideLow, -wideExponent);
  const partHigh = wideHigh;
  const partLow = wideLow;
  if (isBelow) return normalizeWide(0, arcHigh - partHigh - <u64>(arcLow < partLow), arcLow - partLow);
  const sumLow = arcLow + partLow;
  normalizeWide(0, arcHigh + partHigh + <u64>(sumLow < arcLow), sumLow);
}

function arcSmall(exponent: i32, high: u64, low: u64): void {
  squareFraction(exponent, high, low);
  arcSeries(wideHigh, wideLow, true);
  timesSeries(exponent, high, low);
}

/**
 * The wide times the series at hand, which is below 1 even when no bit shows it: directed rounding must
 * see that the result is smaller than the wide.
 */
function timesSeries(exponent: i32, high: u64, low: u64): void {
  if (wideHigh != ONE || wideLow != 0) return multiplyBy(exponent, high, low, 0);
  normalizeWide(exponent, high - <u64>(low == 0), low - 1);
}

/** pi * count / 4 (1, 2, 3 or 4) as the wide at hand. */
function quarters(count: i32): void {
  if (count == 4) normalizeWide(1, PI_HIGH, PI_LOW);
  else if (count == 2) normalizeWide(0, PI_HIGH, PI_LOW);
  else if (count == 1) normalizeWide(-1, PI_HIGH, PI_LOW);
  else normalizeWide(1, THREE_QUARTERS_HIGH, THREE_QUARTERS_LOW);
}

/** fpatan: the angle of (x, y). */
export function f80Atan(target: usize, x: usize, y: usize, control: u32): u32 {
  const classX = classOf(x);
  const classY = classOf(y);
  if (classX > Class.infinite || classY > Class.infinite) return propagate80(target, x, classX, y, classY, control);
  const status: u32 = classX == Class.denormal || classY == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  const signX = signOf(x);
  const signY = signOf(y);
  if (classX == Class.infinite || classY == Class.infinite || classX == Class.zero || classY == Class.zero) {
    return status | specialArc(target, classX, signX, classY, signY, control);
  }
  const exponentX = exponentOf(x);
  const exponentY = exponentOf(y);
  const a = normalized(x);
  const b = normalized(y);
  const isSteep = exponentY > exponentX || (exponentY == exponentX && b > a);
  if (isSteep) divideWide(a, 0, b, 0);
  else divideWide(b, 0, a, 0);
  const difference = exponentY - exponentX;
  normalizeWide(wideExponent + (isSteep ? -difference : difference), wideHigh, wideLow);
  arcOf();
  if (isSteep || signX != 0) {
    // Units of 2^-126.
    shiftRight(wideHigh, wideLow, 1 - wideExponent);
    if (isSteep) subtractFrom(PI_HIGH >> 1, PI_HIGH << 63 | PI_LOW >> 1);
    if (signX != 0) subtractFrom(PI_HIGH, PI_LOW);
    normalizeWide(1, wideHigh, wideLow);
  }
  return status | finish(target, signY, control);
}

function subtractFrom(high: u64, low: u64): void {
  setWide(high - wideHigh - <u64>(low < wideLow), low - wideLow);
}

function specialArc(target: usize, classX: u32, signX: u32, classY: u32, signY: u32, control: u32): u32 {
  let count: i32 = 2;
  if (classY == Class.infinite) {
    if (classX == Class.infinite) count = signX ? 3 : 1;
  } else if (classY == Class.zero || classX == Class.infinite) {
    count = signX ? 4 : 0;
  }
  if (count == 0) {
    store80(target, signY, 0, 0);
    return 0;
  }
  quarters(count);
  return finish(target, signY, control);
}

/** pi / 2 in units of 2^-67, as the processors have it. */
const HALF_PI_HIGH: u64 = 0xc;
const HALF_PI_LOW: u64 = 0x90fdaa22168c234c;

/** Of reduce: the quadrant, and whether the rest at hand is negative. */
let quadrant: u32 = 0;
let restIsNegative: u32 = 0;

/** |x| less the nearest multiple of pi / 2, exactly, as the wide at hand. Preconditions: exponent < 63. */
function reduce(exponent: i32, significand: u64): void {
  quadrant = 0;
  restIsNegative = 0;
  if (exponent < -1) return normalizeWide(exponent, significand, 0);
  let high: u64 = 0;
  let low: u64 = 0;
  for (let bits = 64 + exponent + 4; bits > 0; bits--) {
    high = high << 1 | low >> 63;
    low = low << 1 | significand >> 63;
    significand <<= 1;
    quadrant <<= 1;
    if (high > HALF_PI_HIGH || (high == HALF_PI_HIGH && low >= HALF_PI_LOW)) {
      high -= HALF_PI_HIGH + <u64>(low < HALF_PI_LOW);
      low -= HALF_PI_LOW;
      quadrant |= 1;
    }
  }
  const otherHigh = HALF_PI_HIGH - high - <u64>(HALF_PI_LOW < low);
  const otherLow = HALF_PI_LOW - low;
  if (high > otherHigh || (high == otherHigh && low > otherLow)) {
    high = otherHigh;
    low = otherLow;
    quadrant++;
    restIsNegative = 1;
  }
  normalizeWide(60, high, low);
}

/** sin (turn 0) or cos (turn 1) of |x| as the wide at hand; its sign is the result. */
function circular(exponent: i32, significand: u64, turn: u32): u32 {
  reduce(exponent, significand);
  const which = quadrant + turn;
  const scale = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  squareFraction(scale, high, low);
  if (which & 1) {
    circularSeries(wideHigh, wideLow, 1);
    timesSeries(0, ONE, 0);
    return which >> 1 & 1;
  }
  circularSeries(wideHigh, wideLow, 2);
  timesSeries(scale, high, low);
  return (which >> 1 & 1) ^ restIsNegative;
}

/** Below this exponent a number is its own tangent, but for the sticky bit. */
const TANGENT_EQUAL: i32 = -60;

/** What fsin, fcos and fptan have in common; `turn` 2 is the tangent. */
function trigonometric(target: usize, a: usize, turn: u32, control: u32): u32 {
  const kind = classOf(a);
  if (kind > Class.infinite) return propagateOne80(target, a, kind, control);
  if (kind == Class.infinite) return invalid80(target, 0, control);
  const sign = signOf(a);
  if (kind == Class.zero) {
    if (turn == 1) store80(target, 0, EXPONENT_BIAS, INTEGER_BIT);
    else store80(target, sign, 0, 0);
    return 0;
  }
  const exponent = exponentOf(a) - EXPONENT_BIAS;
  if (exponent >= 63) return C2;
  const status: u32 = kind == Class.denormal ? DE : 0;
  if (status & ~control) return status;
  const significand = normalized(a);
  if (turn != 2) {
    const resultSign = circular(exponent, significand, turn);
    // A number this small is its own sine, but for the rounding.
    return status | finish(target, turn == 0 ? resultSign ^ sign : resultSign, control);
  }
  if (exponent < TANGENT_EQUAL) {
    normalizeWide(exponent, significand, 0);
    return status | finish(target, sign, control);
  }
  const sineSign = circular(exponent, significand, 0);
  const sineExponent = wideExponent;
  const high = wideHigh;
  const low = wideLow;
  const cosineSign = circular(exponent, significand, 1);
  const cosineExponent = wideExponent;
  divideWide(high, low, wideHigh, wideLow);
  normalizeWide(wideExponent + sineExponent - cosineExponent, wideHigh, wideLow);
  return status | finish(target, sign ^ sineSign ^ cosineSign, control);
}

export function f80Sin(target: usize, a: usize, control: u32): u32 { return trigonometric(target, a, 0, control); }
export function f80Cos(target: usize, a: usize, control: u32): u32 { return trigonometric(target, a, 1, control); }
export function f80Tan(target: usize, a: usize, control: u32): u32 { return trigonometric(target, a, 2, control); }

/**
 * SSE arithmetic of one lane in software, exact in every respect: rounding mode, DAZ, FTZ, NaN choice,
 * exceptions. The hard idea: raised exceptions are gathered over all lanes of an instruction (`raised`)
 * and come into MXCSR at its end (`commit`), because an unmasked IE, DE or ZE in one lane takes back the
 * OE, UE and PE of all others. Lanes are bits in a u64: f32 (width 24, range 8) or f64 (53, 11).
 * Intel SDM volume 1, chapters 4.8.3.5, 11.5 and appendix E.
 */
import { DE, EXPONENT_BIAS, IE, INTEGER_BIT, OE, PE, UE, ZE } from "./f80-format";
import {
  exactExponent, exactHigh, exactLow, exactProduct, exactQuotient, exactRoot, exactSign, exactSum,
} from "./f80-exact";
import { narrow, narrowStatus } from "./f80-convert";

/** Set in the caller's MXCSR cell: see vector.ts. */
export const MXCSR_TRAP: u32 = 1 << 30;
export const MXCSR_EXACT: u32 = 1 << 31;
const DAZ: u32 = 0x40;
const FTZ: u32 = 0x8000;

/** May the fast path be taken? Default control bits, and no caller who wants every flag. */
@inline
export function isPlain(mxcsr: usize): bool {
  return (load<u32>(mxcsr) & (MXCSR_EXACT | 0xffc0)) == 0x1f80;
}

/** What the lanes of the instruction at hand have raised so far; begin() clears it. */
export let raised: u32 = 0;

@inline
export function begin(): void { raised = 0; }

@inline
export function raise(flags: u32): void { raised |= flags; }

/** Lets the raised exceptions stick. */
export function commit(mxcsr: usize): void {
  const value = load<u32>(mxcsr);
  const unmasked = raised & ~(value >> 7) & 0x3f;
  const before = unmasked & (IE | DE | ZE);
  const flags = before ? raised & (IE | DE | ZE) : raised;
  store<u32>(mxcsr, value | flags | (unmasked ? MXCSR_TRAP : 0));
}

/** Rounding control field, 0..3. */
@inline
export function roundingOf(mxcsr: u32): u32 { return mxcsr >> 13 & 3; }

@inline function fractionMask(width: u32): u64 { return (<u64>1 << (width - 1)) - 1; }
@inline export function infinityOf(width: u32, range: u32): u64 { return ((<u64>1 << range) - 1) << (width - 1); }
@inline export function signBit(width: u32, range: u32): u64 { return <u64>1 << (width - 1 + range); }
@inline export function quietBit(width: u32): u64 { return <u64>1 << (width - 2); }
@inline export function isNan(bits: u64, width: u32, range: u32): bool {
  return (bits & ~signBit(width, range)) > infinityOf(width, range);
}
@inline export function isSignaling(bits: u64, width: u32, range: u32): bool {
  return isNan(bits, width, range) && !(bits & quietBit(width));
}
/** The default NaN: negative and quiet. */
@inline export function defaultNan(width: u32, range: u32): u64 {
  return signBit(width, range) | infinityOf(width, range) | quietBit(width);
}
@inline export function isDenormal(bits: u64, width: u32, range: u32): bool {
  return (bits & infinityOf(width, range)) == 0 && (bits & fractionMask(width)) != 0;
}

/** The operand as DAZ lets the operation see it. */
@inline
export function operand(bits: u64, width: u32, range: u32, mxcsr: u32): u64 {
  return mxcsr & DAZ && isDenormal(bits, width, range) ? bits & signBit(width, range) : bits;
}

/** Significand with the integer bit at the top. Preconditions: neither zero nor special. */
@inline
export function significandIn(bits: u64, width: u32): u64 {
  const fraction = bits & fractionMask(width);
  return fraction << clz(fraction);
}

/** x87's biased exponent of a finite number other than zero. */
export function exponentIn(bits: u64, width: u32, range: u32): i32 {
  const bias: i32 = (1 << (range - 1)) - 1;
  const field = <i32>((bits & infinityOf(width, range)) >> (width - 1));
  if (field != 0) return field - bias + EXPONENT_BIAS;
  return 1 - bias + EXPONENT_BIAS + <i32>(63 - clz(bits & fractionMask(width))) - <i32>(width - 1);
}

export function mantissaIn(bits: u64, width: u32, range: u32): u64 {
  if ((bits & infinityOf(width, range)) == 0) return significandIn(bits, width);
  return INTEGER_BIT | (bits & fractionMask(width)) << (64 - width);
}

/** Rounds to the lane's format, with FTZ. */
export function roundLane(sign: u32, exponent: i32, high: u64, low: u64, width: u32, range: u32, mxcsr: u32): u64 {
  const masks = mxcsr >> 7;
  // An exact tiny result is told only when UE is not masked; FTZ flushes it all the same.
  const flushes = (mxcsr & FTZ) != 0 && (masks & UE) != 0;
  const bits = narrow(sign, exponent, high, low, width, range, roundingOf(mxcsr), flushes ? masks & ~UE : masks);
  const status = narrowStatus & (OE | UE | PE);
  if (flushes && status & UE) {
    raise(UE | PE);
    return sign ? signBit(width, range) : 0;
  }
  raise(status);
  return bits;
}

/** What an operation on a NaN gives: the first operand if it is one, quiet. */
export function nanOf(a: u64, b: u64, width: u32, range: u32): u64 {
  if (isSignaling(a, width, range) || isSignaling(b, width, range)) raise(IE);
  return (isNan(a, width, range) ? a : b) | quietBit(width);
}

@inline
export function invalidLane(width: u32, range: u32): u64 {
  raise(IE);
  return defaultNan(width, range);
}

export namespace Operation {
  export const add: u32 = 0;
  export const subtract: u32 = 1;
  export const multiply: u32 = 2;
  export const divide: u32 = 3;
}

export function binaryLane(operation: u32, x: u64, y: u64, width: u32, range: u32, mxcsr: u32): u64 {
  const a = operand(x, width, range, mxcsr);
  const b = operand(y, width, range, mxcsr);
  if (isNan(a, width, range) || isNan(b, width, range)) return nanOf(a, b, width, range);
  const top = signBit(width, range);
  const infinity = infinityOf(width, range);
  const denormal: u32 = isDenormal(a, width, range) || isDenormal(b, width, range) ? DE : 0;
  const magnitudeA = a & ~top;
  const magnitudeB = b & ~top;
  if (operation <= Operation.subtract) {
    const other = operation == Operation.subtract ? b ^ top : b;
    if (magnitudeA == infinity && magnitudeB == infinity && a != other) return invalidLane(width, range);
    raise(denormal);
    if (magnitudeA == infinity) return a;
    if (magnitudeB == infinity) return other;
    return sumLane(a, other, width, range, mxcsr);
  }
  const sign = (a ^ b) & top;
  if (operation == Operation.multiply) {
    if ((magnitudeA == infinity && magnitudeB == 0) || (magnitudeB == infinity && magnitudeA == 0)) return invalidLane(width, range);
    raise(denormal);
    if (magnitudeA == infinity || magnitudeB == infinity) return sign | infinity;
    if (magnitudeA == 0 || magnitudeB == 0) return sign;
    exactProduct(<u32>(sign != 0), exponentIn(a, width, range), mantissaIn(a, width, range), exponentIn(b, width, range), mantissaIn(b, width, range));
    return roundResult(width, range, mxcsr);
  }
  if (magnitudeA == magnitudeB && (magnitudeA == 0 || magnitudeA == infinity)) return invalidLane(width, range);
  if (magnitudeA == infinity) {
    raise(denormal);
    return sign | infinity;
  }
  if (magnitudeB == 0) {
    raise(ZE);
    return sign | infinity;
  }
  raise(denormal);
  if (magnitudeA == 0 || magnitudeB == infinity) return sign;
  exactQuotient(<u32>(sign != 0), exponentIn(a, width, range), mantissaIn(a, width, range), exponentIn(b, width, range), mantissaIn(b, width, range));
  return roundResult(width, range, mxcsr);
}

@inline
function roundResult(width: u32, range: u32, mxcsr: u32): u64 {
  return roundLane(exactSign, exactExponent, exactHigh, exactLow, width, range, mxcsr);
}

function sumLane(a: u64, b: u64, width: u32, range: u32, mxcsr: u32): u64 {
  const top = signBit(width, range);
  const negativeZero = roundingOf(mxcsr) == 1 ? top : 0;
  const isZeroA = (a & ~top) == 0;
  const isZeroB = (b & ~top) == 0;
  if (isZeroA && isZeroB) return a == b ? a : negativeZero;
  if (isZeroA || isZeroB) {
    const other = isZeroA ? b : a;
    return roundLane(<u32>(other & top ? 1 : 0), exponentIn(other, width, range), mantissaIn(other, width, range), 0, width, range, mxcsr);
  }
  exactSum(<u32>(a & top ? 1 : 0), exponentIn(a, width, range), mantissaIn(a, width, range), <u32>(b & top ? 1 : 0), exponentIn(b, width, range), mantissaIn(b, width, range));
  return exactHigh == 0 ? negativeZero : roundResult(width, range, mxcsr);
}

export function rootLane(x: u64, width: u32, range: u32, mxcsr: u32): u64 {
  const a = operand(x, width, range, mxcsr);
  if (isNan(a, width, range)) return nanOf(a, a, width, range);
  const top = signBit(width, range);
  if ((a & ~top) == 0) return a;
  if (a & top) return invalidLane(width, range);
  if (isDenormal(a, width, range)) raise(DE);
  if (a == infinityOf(width, range)) return a;
  exactRoot(exponentIn(a, width, range), mantissaIn(a, width, range));
  return roundResult(width, range, mxcsr);
}

/** Less (bit 0), equal (1), greater (2) or unordered (3) as a bit: 1, 2, 4 or 8. */
export function orderLane(a: u64, b: u64, width: u32, range: u32): u32 {
  if (isNan(a, width, range) || isNan(b, width, range)) return 8;
  const top = signBit(width, range);
  if (((a | b) & ~top) == 0 || a == b) return 2;
  const isNegative = (a & top) != 0;
  if (isNegative != ((b & top) != 0)) return isNegative ? 1 : 4;
  return a < b != isNegative ? 1 : 4;
}

/** As orderLane, raising DE, and IE of signaling NaNs, or of any if `signals`. */
export function compareLane(x: u64, y: u64, signals: bool, width: u32, range: u32, mxcsr: u32): u32 {
  const a = operand(x, width, range, mxcsr);
  const b = operand(y, width, range, mxcsr);
  const order = orderLane(a, b, width, range);
  if (order == 8) {
    if (signals || isSignaling(a, width, range) || isSignaling(b, width, range)) raise(IE);
  } else if (isDenormal(a, width, range) || isDenormal(b, width, range)) {
    raise(DE);
  }
  return order;
}

/** minps and maxps: the second operand of NaNs and zeros. */
export function extremeLane(isMax: bool, x: u64, y: u64, width: u32, range: u32, mxcsr: u32): u64 {
  const order = compareLane(x, y, true, width, range, mxcsr);
  const takesFirst = order == (isMax ? 4 : 1);
  return operand(takesFirst ? x : y, width, range, mxcsr);
}

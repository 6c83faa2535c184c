/**
 * The x87 number format: classes, NaN rules, and the one place where results are rounded. The hard
 * idea: every operation computes a result as sign, exponent and a significand of 64 bits with 64 more
 * bits below (the lowest of them sticky); rounding, overflow, underflow and the unmasked responses
 * then happen here for all of them. Intel SDM volume 1, chapters 4.8 and 8.5.
 */

export const IE: u32 = 1;
export const DE: u32 = 2;
export const ZE: u32 = 4;
export const OE: u32 = 8;
export const UE: u32 = 16;
export const PE: u32 = 32;
export const SF: u32 = 0x40;
export const C0: u32 = 0x100;
export const C1: u32 = 0x200;
export const C2: u32 = 0x400;
export const C3: u32 = 0x4000;

export const INTEGER_BIT: u64 = 1 << 63;
export const QUIET_BIT: u64 = 1 << 62;
export const EXPONENT_MAX: i32 = 0x7fff;
export const EXPONENT_BIAS: i32 = 0x3fff;
/** What the exponent of a result is moved by when overflow or underflow is not masked. */
const EXPONENT_WRAP: i32 = 24576;

/** Classes of numbers, ordered so that everything from `infinite` on is special. */
export namespace Class {
  export const zero: u32 = 0;
  export const normal: u32 = 1;
  /** Pseudo-denormals (exponent 0, integer bit set) too: they raise DE and count as exponent 1. */
  export const denormal: u32 = 2;
  export const infinite: u32 = 3;
  export const quiet: u32 = 4;
  export const signaling: u32 = 5;
  /** Unnormal, pseudo-infinity, pseudo-NaN: invalid since the 80387. */
  export const unsupported: u32 = 6;
}

@inline export function significandOf(number: usize): u64 { return load<u64>(number); }
@inline export function signExponentOf(number: usize): u32 { return <u32>load<u16>(number, 8); }
@inline export function signOf(number: usize): u32 { return <u32>load<u16>(number, 8) >> 15; }

@inline
export function store80(target: usize, sign: u32, exponent: i32, significand: u64): void {
  store<u64>(target, significand);
  store<u16>(target, <u16>(sign << 15 | <u32>exponent), 8);
}

@inline
export function copy80(target: usize, source: usize): void {
  const high = load<u16>(source, 8);
  store<u64>(target, load<u64>(source));
  store<u16>(target, high, 8);
}

export function classOf(number: usize): u32 {
  const exponent = signExponentOf(number) & 0x7fff;
  const significand = significandOf(number);
  if (exponent == 0) return significand == 0 ? Class.zero : Class.denormal;
  if (significand < INTEGER_BIT) return Class.unsupported;
  if (exponent != 0x7fff) return Class.normal;
  if (significand == INTEGER_BIT) return Class.infinite;
  return significand & QUIET_BIT ? Class.quiet : Class.signaling;
}

/** Significand with the integer bit set; see exponentOf. Preconditions: zero, normal or denormal. */
@inline
export function normalized(number: usize): u64 {
  const significand = significandOf(number);
  return significand << clz(significand);
}

/** Exponent that belongs to `normalized`; below 1 for most denormals. */
@inline
export function exponentOf(number: usize): i32 {
  const exponent = <i32>(signExponentOf(number) & 0x7fff);
  return exponent != 0 ? exponent : 1 - <i32>clz(significandOf(number));
}

/** The default NaN ("real indefinite") as the result of an invalid operation. */
export function invalid80(target: usize, status: u32, control: u32): u32 {
  if (control & IE) store80(target, 1, EXPONENT_MAX, INTEGER_BIT | QUIET_BIT);
  return status | IE;
}

/**
 * The result of an operation whose operands are not all numbers. Preconditions: at least one of the
 * classes is quiet, signaling or unsupported.
 */
export function propagate80(target: usize, a: usize, classA: u32, b: usize, classB: u32, control: u32): u32 {
  if (classA == Class.unsupported || classB == Class.unsupported) return invalid80(target, 0, control);
  const isSignaling = classA == Class.signaling || classB == Class.signaling;
  if (isSignaling && !(control & IE)) return IE;
  const chosen = chooseNan(a, classA, b, classB);
  const high = load<u16>(chosen, 8);
  store<u64>(target, load<u64>(chosen) | QUIET_BIT);
  store<u16>(target, high, 8);
  return isSignaling ? IE : 0;
}

/** Table 4-7 of the SDM: a quiet NaN before a signaling one, else the larger significand. */
function chooseNan(a: usize, classA: u32, b: usize, classB: u32): usize {
  if (classA < Class.quiet) return b;
  if (classB < Class.quiet) return a;
  if (classA != classB) return classA == Class.quiet ? a : b;
  const significandA = significandOf(a);
  const significandB = significandOf(b);
  if (significandA != significandB) return significandA > significandB ? a : b;
  return signExponentOf(a) <= signExponentOf(b) ? a : b;
}

/** As propagate80, for operations of one operand. */
@inline
export function propagateOne80(target: usize, a: usize, classA: u32, control: u32): u32 {
  return propagate80(target, a, classA, a, classA, control);
}

/** Precision of results in bits, by the precision control field. */
@inline
export function precisionOf(control: u32): u32 {
  const field = control >> 8 & 3;
  return field == 0 ? 24 : field == 2 ? 53 : 64;
}

/** Must a magnitude with this fraction behind its last bit grow? `mode` is the rounding control field. */
@inline
export function mustIncrease(mode: u32, sign: u32, isOdd: bool, fraction: u64): bool {
  if (mode == 0) return fraction > INTEGER_BIT || (fraction == INTEGER_BIT && isOdd);
  if (mode == 3 || fraction == 0) return false;
  return (mode == 1) == (sign != 0);
}

/**
 * Rounds sign * significand.low * 2^(exponent - bias - 63) to `precision` bits and stores it.
 * Preconditions: the integer bit of significand is set. DE, IE and ZE were dealt with by the caller.
 */
export function round80(
  target: usize, sign: u32, exponent: i32, significand: u64, low: u64, precision: u32, control: u32,
): u32 {
  const mode = control >> 10 & 3;
  if (exponent <= 0 && isTiny(mode, sign, exponent, significand, low, precision)) {
    if (!(control & UE)) {
      if (exponent + EXPONENT_WRAP <= 0) {
        store80(target, sign, 0, 0);
        return UE | PE;
      }
      return UE | round80(target, sign, exponent + EXPONENT_WRAP, significand, low, precision, control);
    }
    return roundTiny(target, sign, exponent, significand, low, precision, mode);
  }
  const unit: u64 = 1 << (64 - precision);
  let fraction = low;
  if (precision != 64) {
    fraction = significand << precision | <u64>(low != 0);
    significand &= ~(unit - 1);
  }
  let status: u32 = fraction != 0 ? PE : 0;
  if (mustIncrease(mode, sign, (significand & unit) != 0, fraction)) {
    status |= C1;
    significand += unit;
    if (significand == 0) {
      significand = INTEGER_BIT;
      exponent++;
    }
  }
  if (exponent >= EXPONENT_MAX) return overflow80(target, sign, exponent, significand, status, unit, control);
  store80(target, sign, exponent, significand);
  return status;
}

/** Would the result, rounded as if exponents had no limit, still be below the smallest normal number? */
function isTiny(mode: u32, sign: u32, exponent: i32, significand: u64, low: u64, precision: u32): bool {
  if (exponent < 0) return true;
  const unit: u64 = 1 << (64 - precision);
  if ((significand | (unit - 1)) != u64.MAX_VALUE) return true;
  const fraction = precision == 64 ? low : significand << precision | <u64>(low != 0);
  return !mustIncrease(mode, sign, true, fraction);
}

function roundTiny(
  target: usize, sign: u32, exponent: i32, significand: u64, low: u64, precision: u32, mode: u32,
): u32 {
  const distance = 1 - exponent;
  if (distance >= 128) {
    low = 1;
    significand = 0;
  } else if (distance >= 64) {
    const lost = low | (distance > 64 ? significand << (128 - distance) : 0);
    low = (distance == 64 ? significand : significand >> (distance - 64)) | <u64>(lost != 0);
    significand = 0;
  } else {
    low = significand << (64 - distance) | low >> distance | <u64>(low << (64 - distance) != 0);
    significand >>= distance;
  }
  const unit: u64 = 1 << (64 - precision);
  let fraction = low;
  if (precision != 64) {
    fraction = significand << precision | <u64>(low != 0);
    significand &= ~(unit - 1);
  }
  let status: u32 = fraction != 0 ? PE | UE : 0;
  if (mustIncrease(mode, sign, (significand & unit) != 0, fraction)) {
    status |= C1;
    significand += unit;
  }
  store80(target, sign, <i32>(significand >> 63), significand);
  return status;
}

function overflow80(
  target: usize, sign: u32, exponent: i32, significand: u64, status: u32, unit: u64, control: u32,
): u32 {
  // fscale may overflow by more than the wrap: infinity then, whatever the rounding mode.
  const wrapped = exponent - EXPONENT_WRAP;
  if (!(control & OE) && wrapped < EXPONENT_MAX) {
    store80(target, sign, wrapped, significand);
    return status | OE;
  }
  const mode = control >> 10 & 3;
  if (!(control & OE) || mode == 0 || (mode != 3 && (mode == 1) == (sign != 0))) {
    store80(target, sign, EXPONENT_MAX, INTEGER_BIT);
    return OE | PE | C1;
  }
  store80(target, sign, EXPONENT_MAX - 1, ~(unit - 1));
  return OE | PE;
}

/** High half of a 128-bit product; the low half is a * b. */
export function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffff_ffff;
  const bHigh = b >> 32;
  const cross = aHigh * bLow + (aLow * bLow >> 32);
  const middle = aLow * bHigh + (cross & 0xffff_ffff);
  return aHigh * bHigh + (cross >> 32) + (middle >> 32);
}

/** Of the last divide128. */
export let remainder128: u64 = 0;

/** (high:low) / divisor. Preconditions: bit 63 of divisor is set, high < divisor. */
export function divide128(high: u64, low: u64, divisor: u64): u64 {
  const divisorHigh = divisor >> 32;
  const divisorLow = divisor & 0xffff_ffff;
  const first = divideDigit(high, low >> 32, divisorHigh, divisorLow);
  const rest = (high << 32 | low >> 32) - first * divisor;
  const second = divideDigit(rest, low & 0xffff_ffff, divisorHigh, divisorLow);
  remainder128 = (rest << 32 | low & 0xffff_ffff) - second * divisor;
  return first << 32 | second;
}

/** One 32-bit digit of a quotient, by estimate and at most two corrections (Knuth's algorithm D). */
@inline
function divideDigit(high: u64, next: u64, divisorHigh: u64, divisorLow: u64): u64 {
  let digit = high / divisorHigh;
  let rest = high - digit * divisorHigh;
  while (digit >> 32 != 0 || digit * divisorLow > (rest << 32 | next)) {
    digit--;
    rest += divisorHigh;
    if (rest >> 32 != 0) break;
  }
  return digit;
}

/**
 * x87 numbers from and to f32, f64, integers and packed BCD. The hard idea: a store rounds once, to the
 * target's own significand and exponent range (`narrow`), and a result that must not be stored (an
 * unmasked exception) is told apart by the status alone: see isRefused.
 */
import {
  C1, Class, DE, EXPONENT_BIAS, EXPONENT_MAX, IE, INTEGER_BIT, OE, PE, QUIET_BIT, UE, classOf,
  exponentOf, mustIncrease, normalized, signOf, significandOf, store80,
} from "./f80-format";

/** Was nothing stored to memory? After a store that returned `status`. */
@inline
export function isRefused(status: u32, control: u32): bool {
  return (status & ~control & (IE | OE | UE)) != 0;
}

/** As fld m32: DE of a denormal, IE of a signaling NaN, which becomes quiet. */
export function f80FromF32(target: usize, source: usize, control: u32): u32 {
  return loaded(target, widen32(target, load<u32>(source)), control);
}

export function f80FromF64(target: usize, source: usize, control: u32): u32 {
  return loaded(target, widen64(target, load<u64>(source)), control);
}

@inline
function loaded(target: usize, status: u32, control: u32): u32 {
  if (classOf(target) != Class.signaling) return status;
  store<u64>(target, load<u64>(target) | QUIET_BIT);
  return status | IE;
}

/** Exact, a signaling NaN as it is; DE when the f32 is denormal. */
export function widen32(target: usize, bits: u32): u32 {
  const sign = bits >> 31;
  const exponent = <i32>(bits >> 23 & 0xff);
  const fraction = <u64>(bits & 0x7f_ffff) << 40;
  if (exponent == 0) return widenSmall(target, sign, fraction, EXPONENT_BIAS - 126);
  store80(target, sign, exponent == 0xff ? EXPONENT_MAX : exponent - 127 + EXPONENT_BIAS, INTEGER_BIT | fraction);
  return 0;
}

export function widen64(target: usize, bits: u64): u32 {
  const sign = <u32>(bits >> 63);
  const exponent = <i32>(bits >> 52 & 0x7ff);
  const fraction = (bits & 0xf_ffff_ffff_ffff) << 11;
  if (exponent == 0) return widenSmall(target, sign, fraction, EXPONENT_BIAS - 1022);
  store80(target, sign, exponent == 0x7ff ? EXPONENT_MAX : exponent - 1023 + EXPONENT_BIAS, INTEGER_BIT | fraction);
  return 0;
}

function widenSmall(target: usize, sign: u32, fraction: u64, exponent: i32): u32 {
  if (fraction == 0) {
    store80(target, sign, 0, 0);
    return 0;
  }
  const shift = <i32>clz(fraction);
  store80(target, sign, exponent - shift, fraction << shift);
  return DE;
}

export function f80FromI64(target: usize, value: i64): void {
  if (value == 0) return store80(target, 0, 0, 0);
  const sign = <u32>(value < 0);
  const magnitude = sign ? 0 - <u64>value : <u64>value;
  const shift = <i32>clz(magnitude);
  store80(target, sign, EXPONENT_BIAS + 63 - shift, magnitude << shift);
}

/** Raised by the last `narrow`: OE, UE, PE and C1. */
export let narrowStatus: u32 = 0;

/**
 * The bits of an f32 (width 24, range 8) or f64 (53, 11) nearest to sign * significand.low * 2^(exponent
 * - bias - 63), as the masked responses give it; UE of an exact tiny result is told only when UE is not
 * masked. Preconditions: the integer bit of significand is set.
 */
export function narrow(
  sign: u32, exponent: i32, significand: u64, low: u64, width: u32, range: u32, mode: u32, masks: u32,
): u64 {
  const bias: i32 = (1 << (range - 1)) - 1;
  const top: i32 = (1 << range) - 1;
  let field = exponent - EXPONENT_BIAS + bias;
  const drop = 64 - width;
  const signBits = <u64>sign << (width - 1 + range);
  let tiny = false;
  // Inexact as if exponents had no limit: what PE says beside an unmasked OE or UE.
  const unbounded = significand << width | <u64>(low != 0);
  if (field <= 0) {
    const carries = field == 0 && significand >> drop == u64.MAX_VALUE >> drop && mustIncrease(mode, sign, true, unbounded);
    tiny = !carries;
    const distance = <u32>(1 - field);
    if (distance >= 64) {
      low = 1;
      significand = 0;
    } else {
      low = <u64>(low != 0) | <u64>(significand << (64 - distance) != 0);
      significand >>= distance;
    }
    field = 1;
  }
  const fraction = significand << width | <u64>(low != 0);
  significand >>= drop;
  let status: u32 = fraction != 0 ? PE : 0;
  if (mustIncrease(mode, sign, (significand & 1) != 0, fraction)) {
    significand++;
    status |= C1;
  }
  if (tiny && !(masks & UE)) status = UE | (unbounded != 0 ? PE : 0);
  else if (tiny && fraction != 0) status |= UE;
  // The integer bit adds one to the field: absent in a denormal, carried into when rounding overflowed.
  const packed = (<u64>(field - 1) << (width - 1)) + significand;
  if (field >= top || packed >= <u64>top << (width - 1)) {
    const toInfinity = mode == 0 || (mode != 3 && (mode == 1) == (sign != 0));
    narrowStatus = OE | (masks & OE || unbounded != 0 ? PE : 0) | (toInfinity ? C1 : 0);
    return signBits | ((<u64>top << (width - 1)) - <u64>!toInfinity);
  }
  narrowStatus = status;
  return signBits | packed;
}

/** The bits of `a` as f32 or f64; the status is in narrowStatus. */
function narrowed(a: usize, width: u32, range: u32, control: u32): u64 {
  const kind = classOf(a);
  const sign = <u64>signOf(a) << (width - 1 + range);
  const infinity = ((<u64>1 << range) - 1) << (width - 1);
  narrowStatus = 0;
  if (kind == Class.zero) return sign;
  if (kind == Class.infinite) return sign | infinity;
  const quiet = <u64>1 << (width - 2);
  if (kind == Class.unsupported) {
    narrowStatus = IE;
    return <u64>1 << (width - 1 + range) | infinity | quiet;
  }
  if (kind >= Class.quiet) {
    if (kind == Class.signaling) narrowStatus = IE;
    return sign | infinity | quiet | (significandOf(a) & ~INTEGER_BIT) >> (64 - width);
  }
  return narrow(signOf(a), exponentOf(a), normalized(a), 0, width, range, control >> 10 & 3, control);
}

export function f80ToF32(target: usize, a: usize, control: u32): u32 {
  const bits = narrowed(a, 24, 8, control);
  if (!isRefused(narrowStatus, control)) store<u32>(target, <u32>bits);
  return refusedStatus(control);
}

export function f80ToF64(target: usize, a: usize, control: u32): u32 {
  const bits = narrowed(a, 53, 11, control);
  if (!isRefused(narrowStatus, control)) store<u64>(target, bits);
  return refusedStatus(control);
}

/** What was not stored was not rounded either. */
@inline
function refusedStatus(control: u32): u32 {
  return isRefused(narrowStatus, control) ? narrowStatus & (IE | OE | UE) : narrowStatus;
}

/** Of the last `rounded`: PE and C1, or IE. */
let integerStatus: u32 = 0;

/** `a` rounded to an integer magnitude of at most `limit` (one more when negative, if `wider`). */
function rounded(a: usize, limit: u64, wider: u64, mode: u32): u64 {
  const kind = classOf(a);
  integerStatus = 0;
  if (kind == Class.zero) return 0;
  const sign = signOf(a);
  const exponent = exponentOf(a) - EXPONENT_BIAS;
  if (kind >= Class.infinite || exponent > 63) {
    integerStatus = IE;
    return 0;
  }
  const significand = normalized(a);
  const distance = 63 - exponent;
  let magnitude = distance >= 64 ? 0 : significand >> distance;
  const fraction = distance == 0 ? 0 : distance > 64 ? 1 : distance == 64 ? significand : significand << (64 - distance);
  if (fraction != 0) integerStatus = PE;
  if (mustIncrease(mode, sign, (magnitude & 1) != 0, fraction)) {
    integerStatus |= C1;
    magnitude++;
    if (magnitude == 0) {
      integerStatus = IE;
      return 0;
    }
  }
  if (magnitude > limit + (sign ? wider : 0)) integerStatus = IE;
  return magnitude;
}

@inline
function integerOf(a: usize, limit: u64, indefinite: u64, mode: u32): u64 {
  const magnitude = rounded(a, limit, 1, mode);
  return integerStatus & IE ? indefinite : signOf(a) ? 0 - magnitude : magnitude;
}

/** fist and fistp; fisttp with a rounding control of 3. */
export function f80ToI16(target: usize, a: usize, control: u32): u32 {
  const value = integerOf(a, 0x7fff, 0x8000, control >> 10 & 3);
  if (!isRefused(integerStatus, control)) store<u16>(target, <u16>value);
  return integerStatus;
}

export function f80ToI32(target: usize, a: usize, control: u32): u32 {
  const value = integerOf(a, 0x7fff_ffff, 0x8000_0000, control >> 10 & 3);
  if (!isRefused(integerStatus, control)) store<u32>(target, <u32>value);
  return integerStatus;
}

export function f80ToI64(target: usize, a: usize, control: u32): u32 {
  const value = integerOf(a, <u64>i64.MAX_VALUE, 1 << 63, control >> 10 & 3);
  if (!isRefused(integerStatus, control)) store<u64>(target, value);
  return integerStatus;
}

const DECIMAL_MAX: u64 = 999_999_999_999_999_999;

/** fbstp: eighteen digits and a sign byte. */
export function f80ToBcd(target: usize, a: usize, control: u32): u32 {
  let magnitude = rounded(a, DECIMAL_MAX, 0, control >> 10 & 3);
  if (integerStatus & IE) {
    if (!(control & IE)) return IE;
    store<u64>(target, 0xc000_0000_0000_0000);
    store<u16>(target, 0xffff, 8);
    return IE;
  }
  for (let index: usize = 0; index < 9; index++) {
    const pair = magnitude % 100;
    magnitude /= 100;
    store<u8>(target + index, <u8>(pair / 10 << 4 | pair % 10));
  }
  store<u8>(target, <u8>(signOf(a) << 7), 9);
  return integerStatus;
}

/** fbld; digits above nine count as the processor counts them: ten times and added. */
export function f80FromBcd(target: usize, source: usize): void {
  let magnitude: u64 = 0;
  for (let index: usize = 9; index-- > 0;) {
    const pair = <u64>load<u8>(source + index);
    magnitude = magnitude * 100 + (pair >> 4) * 10 + (pair & 15);
  }
  const sign = <u32>load<u8>(source, 9) >> 7;
  const shift = <i32>clz(magnitude);
  if (magnitude == 0) store80(target, sign, 0, 0);
  else store80(target, sign, EXPONENT_BIAS + 63 - shift, magnitude << shift);
}

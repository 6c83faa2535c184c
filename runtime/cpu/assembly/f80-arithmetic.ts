/**
 * Add, subtract, multiply, divide and square root of x87 numbers. The hard idea: only special operands
 * are treated one by one; numbers go through f80-exact.ts into round80.
 *
 * `seen` is DE when an operand came from a denormal f32 or f64 in memory, which is no denormal any more
 * once it is an x87 number, but must raise DE all the same.
 */
import {
  Class, DE, EXPONENT_MAX, INTEGER_BIT, ZE, classOf, exponentOf, invalid80, normalized, precisionOf,
  propagate80, propagateOne80, round80, signOf, store80,
} from "./f80-format";
import {
  exactExponent, exactHigh, exactLow, exactProduct, exactQuotient, exactRoot, exactSign, exactSum,
} from "./f80-exact";

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
  exactSum(signA, exponentA, normalized(a), signB, exponentB, normalized(b));
  if (exactHigh == 0) {
    store80(target, <u32>((control >> 10 & 3) == 1), 0, 0);
    return status;
  }
  return status | roundExact(target, control);
}

@inline
function roundExact(target: usize, control: u32): u32 {
  return round80(target, exactSign, exactExponent, exactHigh, exactLow, precisionOf(control), control);
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
  exactProduct(sign, exponentOf(a), normalized(a), exponentOf(b), normalized(b));
  return status | roundExact(target, control);
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
  exactQuotient(sign, exponentOf(a), normalized(a), exponentOf(b), normalized(b));
  return status | roundExact(target, control);
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
  exactRoot(exponentOf(a), normalized(a));
  return status | roundExact(target, control);
}

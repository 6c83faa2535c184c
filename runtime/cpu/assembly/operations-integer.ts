/**
 * General-purpose operations in their general form: operands by pointer, width from the uop. One hard
 * idea: memory operands are checked before an operation runs (see cold.ts), so that nothing here fails
 * halfway; what raises does so before it writes.
 */
import { BIAS, REG, SYSTEM_FLAGS, UOP_IMM, UOP_S } from "./layout";
import * as flags from "./flags";
import { AF, CF, OF, PF, SF, setRaw, setRecord, status, ZF } from "./flags";
import { check, DIVIDE_ERROR, raise } from "./memory";
import { effectiveAddress, immediateOf, isGeneric, read, readSigned, widthOf, write } from "./uop";

const RAX: usize = REG;
const RCX: usize = REG + 8;
const RDX: usize = REG + 16;
const RBX: usize = REG + 24;

@inline function maskOf(width: u32): u64 {
  return (<u64>-1) >> <u64>(64 - (8 << width));
}

@inline function bitsOf(width: u32): u32 {
  return 8 << width;
}

// ---------------------------------------------------------------- arithmetic

export function opAdd(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(d, width);
  let r = (a + read(s, width)) & maskOf(width);
  write(d, width, r);
  setRecord(flags.ADD, width, a, r);
}

export function opAdc(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let carry = flags.cf();
  let a = read(d, width);
  let r = (a + read(s, width) + <u64>carry) & maskOf(width);
  write(d, width, r);
  setRecord(carry ? flags.ADC : flags.ADD, width, a, r);
}

export function opSub(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(d, width);
  let r = (a - read(s, width)) & maskOf(width);
  write(d, width, r);
  setRecord(flags.SUB, width, a, r);
}

export function opSbb(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let carry = flags.cf();
  let a = read(d, width);
  let r = (a - read(s, width) - <u64>carry) & maskOf(width);
  write(d, width, r);
  setRecord(carry ? flags.SBB : flags.SUB, width, a, r);
}

export function opCmp(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(d, width);
  setRecord(flags.SUB, width, a, (a - read(s, width)) & maskOf(width));
}

export function opAnd(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let r = read(d, width) & read(s, width);
  write(d, width, r);
  setRecord(flags.LOGIC, width, 0, r);
}

export function opOr(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let r = read(d, width) | read(s, width);
  write(d, width, r);
  setRecord(flags.LOGIC, width, 0, r);
}

export function opXor(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let r = read(d, width) ^ read(s, width);
  write(d, width, r);
  setRecord(flags.LOGIC, width, 0, r);
}

export function opTest(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  setRecord(flags.LOGIC, width, 0, read(d, width) & read(s, width));
}

export function opInc(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let carry = flags.cf();
  let r = (read(d, width) + 1) & maskOf(width);
  write(d, width, r);
  setRecord(flags.INC, width, carry, r);
}

export function opDec(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let carry = flags.cf();
  let r = (read(d, width) - 1) & maskOf(width);
  write(d, width, r);
  setRecord(flags.DEC, width, carry, r);
}

export function opNeg(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let r = (0 - read(d, width)) & maskOf(width);
  write(d, width, r);
  setRecord(flags.SUB, width, 0, r);
}

export function opNot(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(d, width, ~read(d, width) & maskOf(width));
}

// ---------------------------------------------------------------- multiply, divide

/** High half of the unsigned product. */
export function multiplyHigh(a: u64, b: u64): u64 {
  let a0 = a & 0xffff_ffff;
  let a1 = a >> 32;
  let b0 = b & 0xffff_ffff;
  let b1 = b >> 32;
  let low = a0 * b0;
  let middle = a1 * b0 + (low >> 32);
  let other = a0 * b1 + (middle & 0xffff_ffff);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

@inline function multiplyHighSigned(a: i64, b: i64): i64 {
  return <i64>multiplyHigh(<u64>a, <u64>b) - (a < 0 ? b : 0) - (b < 0 ? a : 0);
}

/** CF and OF of a product; the others follow the low half, as no manual promises. */
function setProduct(width: u32, low: u64, isWide: bool): void {
  setRecord(flags.BITS, width, isWide ? CF | OF : 0, low);
}

export function opMul(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(RAX, width);
  let b = read(d, width);
  if (width == 3) {
    let high = multiplyHigh(a, b);
    store<u64>(RAX, a * b);
    store<u64>(RDX, high);
    setProduct(3, a * b, high != 0);
    return;
  }
  let product = a * b;
  let high = product >> <u64>bitsOf(width);
  if (width == 0) store<u16>(RAX, product);
  else {
    write(RAX, width, product & maskOf(width));
    write(RDX, width, high);
  }
  setProduct(width, product & maskOf(width), high != 0);
}

export function opImul1(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = readSigned(RAX, width);
  let b = readSigned(d, width);
  let product = a * b;
  if (width == 3) {
    let high = multiplyHighSigned(a, b);
    store<u64>(RAX, product);
    store<u64>(RDX, high);
    setProduct(3, product, high != product >> 63);
    return;
  }
  let bits = <i64>bitsOf(width);
  if (width == 0) store<u16>(RAX, <u16>product);
  else {
    write(RAX, width, <u64>product & maskOf(width));
    write(RDX, width, <u64>(product >> bits) & maskOf(width));
  }
  setProduct(width, <u64>product & maskOf(width), product << (64 - bits) >> (64 - bits) != product);
}

function multiplyInto(width: u32, d: usize, a: i64, b: i64): void {
  let product = a * b;
  let isWide = false;
  if (width == 3) isWide = multiplyHighSigned(a, b) != product >> 63;
  else {
    let rest = 64 - <i64>bitsOf(width);
    isWide = product << rest >> rest != product;
  }
  let low = <u64>product & maskOf(width);
  write(d, width, low);
  setProduct(width, low, isWide);
}

export function opImul2(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  multiplyInto(width, d, readSigned(d, width), readSigned(s, width));
}

export function opImul3(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  multiplyInto(width, d, readSigned(s, width), immediateOf(u));
}

/** Quotient of high:low by divisor (high < divisor), Knuth's algorithm D with two digits. */
export function divideWide(high: u64, low: u64, divisor: u64): u64 {
  if (high == 0) return low / divisor;
  let shift = clz<u64>(divisor);
  divisor <<= shift;
  let d1 = divisor >> 32;
  let d0 = divisor & 0xffff_ffff;
  let n32 = shift ? (high << shift) | (low >> (64 - shift)) : high;
  let n10 = low << shift;
  let n1 = n10 >> 32;
  let n0 = n10 & 0xffff_ffff;
  let q1 = n32 / d1;
  let rest = n32 - q1 * d1;
  while (q1 >= 0x1_0000_0000 || q1 * d0 > ((rest << 32) | n1)) {
    q1--;
    rest += d1;
    if (rest >= 0x1_0000_0000) break;
  }
  let n21 = (n32 << 32) + n1 - q1 * divisor;
  let q0 = n21 / d1;
  rest = n21 - q0 * d1;
  while (q0 >= 0x1_0000_0000 || q0 * d0 > ((rest << 32) | n0)) {
    q0--;
    rest += d1;
    if (rest >= 0x1_0000_0000) break;
  }
  return (q1 << 32) + q0;
}

export function opDiv(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let divisor = read(d, width);
  if (width == 3) {
    let high = load<u64>(RDX);
    let low = load<u64>(RAX);
    if (high >= divisor) {
      raise(DIVIDE_ERROR);
      return;
    }
    let quotient = divideWide(high, low, divisor);
    store<u64>(RAX, quotient);
    store<u64>(RDX, low - quotient * divisor);
    return;
  }
  let dividend = width == 0 ? <u64>load<u16>(RAX) : (read(RDX, width) << <u64>bitsOf(width)) | read(RAX, width);
  if (divisor == 0 || dividend / divisor > maskOf(width)) {
    raise(DIVIDE_ERROR);
    return;
  }
  storeQuotient(width, dividend / divisor, dividend % divisor);
}

function storeQuotient(width: u32, quotient: u64, rest: u64): void {
  if (width == 0) {
    store<u8>(RAX, quotient);
    store<u8>(RAX, rest, 1);
    return;
  }
  write(RAX, width, quotient & maskOf(width));
  write(RDX, width, rest & maskOf(width));
}

export function opIdiv(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let divisor = readSigned(d, width);
  if (divisor == 0) {
    raise(DIVIDE_ERROR);
    return;
  }
  if (width == 3) {
    divideSignedWide(divisor);
    return;
  }
  let bits = <i64>bitsOf(width);
  let dividend = width == 0 ? <i64>load<i16>(RAX)
    : width == 1 ? <i64><i32>((<u32>load<u16>(RDX) << 16) | <u32>load<u16>(RAX))
    : (<i64>load<u32>(RDX) << 32) | <i64>load<u32>(RAX);
  if (divisor == -1 && dividend == i64.MIN_VALUE) {
    raise(DIVIDE_ERROR);
    return;
  }
  let quotient = dividend / divisor;
  if (quotient << (64 - bits) >> (64 - bits) != quotient) {
    raise(DIVIDE_ERROR);
    return;
  }
  storeQuotient(width, <u64>quotient, <u64>(dividend % divisor));
}

function divideSignedWide(divisor: i64): void {
  let high = load<u64>(RDX);
  let low = load<u64>(RAX);
  let isNegative = <i64>high < 0;
  if (isNegative) {
    high = ~high + u64(low == 0);
    low = 0 - low;
  }
  let magnitude = <u64>(divisor < 0 ? 0 - divisor : divisor);
  if (high >= magnitude) {
    raise(DIVIDE_ERROR);
    return;
  }
  let quotient = divideWide(high, low, magnitude);
  let rest = low - quotient * magnitude;
  let isQuotientNegative = isNegative != divisor < 0;
  let limit: u64 = 0x8000_0000_0000_0000;
  if (quotient > limit || (quotient == limit && !isQuotientNegative)) {
    raise(DIVIDE_ERROR);
    return;
  }
  store<u64>(RAX, isQuotientNegative ? 0 - quotient : quotient);
  store<u64>(RDX, isNegative ? 0 - rest : rest);
}

// ---------------------------------------------------------------- moves

export function opMov(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(d, width, read(s, width));
}

export function opLea(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let address = effectiveAddress(u);
  if (isGeneric(u)) address += BIAS;
  write(d, width, address & maskOf(width));
}

export function opMovsxd(u: usize, d: usize, s: usize): void {
  write(d, widthOf(u), <u64><i64>load<i32>(s) & maskOf(widthOf(u)));
}

export function opMovzxb(u: usize, d: usize, s: usize): void {
  write(d, widthOf(u), <u64>load<u8>(s));
}

export function opMovzxw(u: usize, d: usize, s: usize): void {
  write(d, widthOf(u), <u64>load<u16>(s));
}

export function opMovsxb(u: usize, d: usize, s: usize): void {
  write(d, widthOf(u), <u64><i64>load<i8>(s) & maskOf(widthOf(u)));
}

export function opMovsxw(u: usize, d: usize, s: usize): void {
  write(d, widthOf(u), <u64><i64>load<i16>(s) & maskOf(widthOf(u)));
}

export function opXchg(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(d, width);
  write(d, width, read(s, width));
  write(s, width, a);
}

export function opXchgAcc(u: usize, d: usize, s: usize): void {
  // 90 without REX.B is nop: not even the upper half of eax is cleared.
  if (d != s) opXchg(u, d, s);
}

export function opCmov(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let value = flags.condition(<u32>load<u8>(u, UOP_IMM)) ? read(s, width) : read(d, width);
  write(d, width, value);
}

export function opSetcc(u: usize, d: usize, s: usize): void {
  store<u8>(d, flags.condition(<u32>load<u8>(u, UOP_IMM)));
}

export function opBswap(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  // Of a 16-bit register the result is undefined; processors clear it.
  if (width == 1) store<u16>(d, 0);
  else if (width == 2) store<u64>(d, <u64>bswap<u32>(load<u32>(d)));
  else store<u64>(d, bswap<u64>(load<u64>(d)));
}

export function opMovbe(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(d, width, bswap<u64>(read(s, width)) >> <u64>(64 - bitsOf(width)));
}

export function opCbw(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(RAX, width, <u64>readSigned(RAX, width - 1) & maskOf(width));
}

export function opCwd(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(RDX, width, readSigned(RAX, width) < 0 ? maskOf(width) : 0);
}

export function opXadd(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(d, width);
  let r = (a + read(s, width)) & maskOf(width);
  write(s, width, a);
  write(d, width, r);
  setRecord(flags.ADD, width, a, r);
}

export function opCmpxchg(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(RAX, width);
  let b = read(d, width);
  let r = (a - b) & maskOf(width);
  if (r == 0) write(d, width, read(s, width));
  else write(RAX, width, b);
  setRecord(flags.SUB, width, a, r);
}

function setZeroOnly(isZero: bool): void {
  setRaw((status() & ~ZF) | (isZero ? ZF : 0));
}

export function opCmpxchg8b(u: usize, d: usize, s: usize): void {
  let value = load<u64>(d);
  let isEqual = value == (<u64>load<u32>(RAX) | (<u64>load<u32>(RDX) << 32));
  if (isEqual) store<u64>(d, <u64>load<u32>(RBX) | (<u64>load<u32>(RCX) << 32));
  else {
    store<u64>(RAX, value & 0xffff_ffff);
    store<u64>(RDX, value >> 32);
  }
  setZeroOnly(isEqual);
}

export function opCmpxchg16b(u: usize, d: usize, s: usize): void {
  let address = effectiveAddress(u);
  if (address & 15) {
    raise(13);
    return;
  }
  let at = check(address, 16, true);
  if (!at) return;
  let low = load<u64>(at);
  let high = load<u64>(at, 8);
  let isEqual = low == load<u64>(RAX) && high == load<u64>(RDX);
  if (isEqual) {
    store<u64>(at, load<u64>(RBX));
    store<u64>(at, load<u64>(RCX), 8);
  } else {
    store<u64>(RAX, low);
    store<u64>(RDX, high);
  }
  setZeroOnly(isEqual);
}

// ---------------------------------------------------------------- flags

export function opSahf(u: usize, d: usize, s: usize): void {
  setRaw((status() & OF) | (<u32>load<u8>(RAX, 1) & (SF | ZF | AF | PF | CF)));
}

export function opLahf(u: usize, d: usize, s: usize): void {
  store<u8>(RAX, (status() & (SF | ZF | AF | PF | CF)) | 2, 1);
}

export function opCmc(u: usize, d: usize, s: usize): void {
  setRaw(status() ^ CF);
}

export function opClc(u: usize, d: usize, s: usize): void {
  setRaw(status() & ~CF);
}

export function opStc(u: usize, d: usize, s: usize): void {
  setRaw(status() | CF);
}

export function opCld(u: usize, d: usize, s: usize): void {
  store<u32>(SYSTEM_FLAGS, load<u32>(SYSTEM_FLAGS) & ~flags.DF);
}

export function opStd(u: usize, d: usize, s: usize): void {
  store<u32>(SYSTEM_FLAGS, load<u32>(SYSTEM_FLAGS) | flags.DF);
}

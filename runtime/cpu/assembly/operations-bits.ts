/**
 * Shifts, rotates and bit operations in their general form. One hard idea: a count of zero changes
 * neither flags nor (but for the upper half of a 32-bit register) anything else, so the count comes first.
 */
import { REG, UOP_IMM, UOP_ROW } from "./layout";
import * as flags from "./flags";
import { CF, OF, setRaw, setRecord, STATUS, status, ZF } from "./flags";
import { check } from "./memory";
import { KIND_I, ROWS } from "./tables";
import { addressWithOffset, read, readSigned, widthOf, write } from "./uop";

const RCX: usize = REG + 8;

@inline function maskOf(width: u32): u64 {
  return (<u64>-1) >> <u64>(64 - (8 << width));
}

@inline function countOf(s: usize, width: u32): u32 {
  return <u32>load<u8>(s) & (width == 3 ? 63 : 31);
}

/** A count of zero still writes the register. */
function rewrite(d: usize, width: u32): void {
  write(d, width, read(d, width));
}

export function opShl(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = countOf(s, width);
  if (count == 0) return rewrite(d, width);
  let bits: u32 = 8 << width;
  let a = read(d, width);
  let r = (a << <u64>count) & maskOf(width);
  let carry = count <= bits ? <u32>(a >> <u64>(bits - count)) & 1 : 0;
  let top = <u32>(r >> <u64>(bits - 1)) & 1;
  write(d, width, r);
  setRecord(flags.BITS, width, carry | ((top ^ carry) << 11), r);
}

export function opShr(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = countOf(s, width);
  if (count == 0) return rewrite(d, width);
  let a = read(d, width);
  let r = a >> <u64>count;
  let carry = <u32>(a >> <u64>(count - 1)) & 1;
  let top = <u32>(a >> <u64>((8 << width) - 1)) & 1;
  write(d, width, r);
  setRecord(flags.BITS, width, carry | (count == 1 ? top << 11 : 0), r);
}

export function opSar(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = countOf(s, width);
  if (count == 0) return rewrite(d, width);
  let a = readSigned(d, width);
  let r = <u64>(a >> <i64>count) & maskOf(width);
  write(d, width, r);
  setRecord(flags.BITS, width, <u32>(a >> <i64>(count - 1)) & 1, r);
}

function setCarryOverflow(carry: u32, overflow: u32): void {
  setRaw((status() & ~(CF | OF)) | carry | (overflow << 11));
}

export function opRol(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = countOf(s, width);
  if (count == 0) return rewrite(d, width);
  let bits: u32 = 8 << width;
  let turn = count & (bits - 1);
  let a = read(d, width);
  let r = turn ? ((a << <u64>turn) | (a >> <u64>(bits - turn))) & maskOf(width) : a;
  write(d, width, r);
  let carry = <u32>r & 1;
  setCarryOverflow(carry, (<u32>(r >> <u64>(bits - 1)) & 1) ^ carry);
}

export function opRor(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = countOf(s, width);
  if (count == 0) return rewrite(d, width);
  let bits: u32 = 8 << width;
  let turn = count & (bits - 1);
  let a = read(d, width);
  let r = turn ? ((a >> <u64>turn) | (a << <u64>(bits - turn))) & maskOf(width) : a;
  write(d, width, r);
  let top = <u32>(r >> <u64>(bits - 1)) & 1;
  setCarryOverflow(top, top ^ (<u32>(r >> <u64>(bits - 2)) & 1));
}

export function opRcl(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = countOf(s, width);
  let bits: u32 = 8 << width;
  let turn = count % (bits + 1);
  let a = read(d, width);
  if (count == 0) return rewrite(d, width);
  let carry = flags.cf();
  let r = a;
  for (let i: u32 = 0; i < turn; i++) {
    let top = <u32>(r >> <u64>(bits - 1)) & 1;
    r = ((r << 1) | <u64>carry) & maskOf(width);
    carry = top;
  }
  write(d, width, r);
  setCarryOverflow(carry, (<u32>(r >> <u64>(bits - 1)) & 1) ^ carry);
}

export function opRcr(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = countOf(s, width);
  let bits: u32 = 8 << width;
  let turn = count % (bits + 1);
  let r = read(d, width);
  if (count == 0) return rewrite(d, width);
  let carry = flags.cf();
  for (let i: u32 = 0; i < turn; i++) {
    let low = <u32>r & 1;
    r = (r >> 1) | (<u64>carry << <u64>(bits - 1));
    carry = low;
  }
  write(d, width, r);
  setCarryOverflow(carry, (<u32>(r >> <u64>(bits - 1)) ^ <u32>(r >> <u64>(bits - 2))) & 1);
}

@inline function doubleCount(u: usize, width: u32): u32 {
  let row = ROWS + (<usize>load<u16>(u, UOP_ROW) << 4);
  let count = (<u32>load<u8>(row, 6) >> 3) == KIND_I ? <u32>load<u8>(u, UOP_IMM) : <u32>load<u8>(RCX);
  return count & (width == 3 ? 63 : 31);
}

export function opShld(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = doubleCount(u, width);
  if (count == 0) return rewrite(d, width);
  let a = read(d, width);
  let b = read(s, width);
  let r: u64 = 0;
  let carry: u32 = 0;
  if (width == 1) {
    // A count above 16 is undefined; processors shift the three words d:s:d.
    let all = (a << 32) | (b << 16) | a;
    r = (all >> <u64>(32 - count)) & 0xffff;
    carry = <u32>(all >> <u64>(48 - count)) & 1;
  } else {
    let bits: u32 = 8 << width;
    r = ((a << <u64>count) | (b >> <u64>(bits - count))) & maskOf(width);
    carry = <u32>(a >> <u64>(bits - count)) & 1;
  }
  let top = <u32>((a ^ r) >> <u64>((8 << width) - 1)) & 1;
  write(d, width, r);
  setRecord(flags.BITS, width, carry | (top << 11), r);
}

export function opShrd(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = doubleCount(u, width);
  if (count == 0) return rewrite(d, width);
  let a = read(d, width);
  let b = read(s, width);
  let r: u64 = 0;
  let carry: u32 = 0;
  if (width == 1) {
    let all = (a << 32) | (b << 16) | a;
    r = (all >> <u64>count) & 0xffff;
    carry = <u32>(all >> <u64>(count - 1)) & 1;
  } else {
    let bits: u32 = 8 << width;
    r = ((a >> <u64>count) | (b << <u64>(bits - count))) & maskOf(width);
    carry = <u32>(a >> <u64>(count - 1)) & 1;
  }
  let top = <u32>((a ^ r) >> <u64>((8 << width) - 1)) & 1;
  write(d, width, r);
  setRecord(flags.BITS, width, carry | (top << 11), r);
}

// ---------------------------------------------------------------- bit tests

/** 0 tests, 1 sets, 2 clears, 3 complements. A register offset reaches beyond the memory operand. */
function bitTest(u: usize, d: usize, s: usize, action: u32): void {
  let width = widthOf(u);
  let bits: i64 = 8 << width;
  let row = ROWS + (<usize>load<u16>(u, UOP_ROW) << 4);
  let isImmediate = (<u32>load<u8>(row, 5) >> 3) == KIND_I;
  let offset = isImmediate ? <i64>load<u8>(s) : readSigned(s, width);
  if (d == 0) {
    let address = addressWithOffset(u, isImmediate ? 0 : (offset >> (3 + <i64>width)) << <i64>width);
    d = check(address, 1 << width, action != 0);
    if (!d) return;
  }
  let bit = <u64>1 << <u64>(offset & (bits - 1));
  let a = read(d, width);
  setRaw((status() & ~CF) | (a & bit ? CF : 0));
  if (action == 1) write(d, width, a | bit);
  else if (action == 2) write(d, width, a & ~bit);
  else if (action == 3) write(d, width, a ^ bit);
}

export function opBt(u: usize, d: usize, s: usize): void {
  bitTest(u, d, s, 0);
}

export function opBts(u: usize, d: usize, s: usize): void {
  bitTest(u, d, s, 1);
}

export function opBtr(u: usize, d: usize, s: usize): void {
  bitTest(u, d, s, 2);
}

export function opBtc(u: usize, d: usize, s: usize): void {
  bitTest(u, d, s, 3);
}

export function opBsf(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  // Without a bit the destination stays as it is, as all processors do and AMD documents.
  if (a != 0) write(d, width, ctz<u64>(a));
  setRaw((status() & ~ZF) | (a == 0 ? ZF : 0));
}

export function opBsr(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  if (a != 0) write(d, width, 63 - clz<u64>(a));
  setRaw((status() & ~ZF) | (a == 0 ? ZF : 0));
}

export function opPopcnt(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  write(d, width, popcnt<u64>(a));
  setRaw((status() & ~STATUS) | (a == 0 ? ZF : 0));
}

// ---------------------------------------------------------------- crc32

/** One byte into a CRC-32C, bit by bit: polynomial 0x11edc6f41 reflected. */
function crcByte(crc: u32, byte: u32): u32 {
  crc ^= byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f6_3b78 & (0 - (crc & 1)));
  return crc;
}

export function opCrc32b(u: usize, d: usize, s: usize): void {
  store<u64>(d, <u64>crcByte(load<u32>(d), <u32>load<u8>(s)));
}

export function opCrc32v(u: usize, d: usize, s: usize): void {
  // The width is that of the source: the operand size, not the size of the register written.
  let bytes: usize = 1 << sourceWidth(u);
  let crc = load<u32>(d);
  for (let index: usize = 0; index < bytes; index++) crc = crcByte(crc, <u32>load<u8>(s + index));
  store<u64>(d, <u64>crc);
}

@inline function sourceWidth(u: usize): usize {
  return <usize>widthOf(u);
}

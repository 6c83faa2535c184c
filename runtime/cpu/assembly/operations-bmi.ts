/**
 * BMI1, BMI2, LZCNT and ADX. One hard idea: with VEX the second source is a register of its own (UOP_V), so
 * the destination is written last and may be any of the sources.
 */
import { REG, UOP_IMM, UOP_V } from "./layout";
import { CF, OF, PF, AF, SF, setRaw, status, ZF } from "./flags";
import { read, readSigned, widthOf, write } from "./uop";

const RDX: usize = REG + 16;

@inline function maskOf(width: u32): u64 {
  return (<u64>-1) >> <u64>(64 - (8 << width));
}

/** The register that VEX.vvvv names. */
@inline function third(u: usize): usize {
  return <usize>load<u16>(u, UOP_V);
}

/** ZF and SF of `r`, CF as told, OF clear; PF and AF (open by the manual) clear. */
function setLogic(r: u64, width: u32, carry: bool): void {
  let sign = <u32>(r >> <u64>((8 << width) - 1)) & 1;
  setRaw((carry ? CF : 0) | (r == 0 ? ZF : 0) | (sign ? SF : 0));
}

export function opAndn(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let r = ~read(third(u), width) & read(s, width) & maskOf(width);
  write(d, width, r);
  setLogic(r, width, false);
}

export function opBlsr(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  let r = a & (a - 1);
  write(d, width, r);
  setLogic(r, width, a == 0);
}

export function opBlsmsk(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  let r = (a ^ (a - 1)) & maskOf(width);
  write(d, width, r);
  setLogic(r, width, a == 0);
}

export function opBlsi(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  let r = a & (0 - a);
  write(d, width, r);
  setLogic(r, width, a != 0);
}

/** The lowest `count` bits. */
@inline function lowest(a: u64, count: u32): u64 {
  return count >= 64 ? a : a & ((<u64>1 << <u64>count) - 1);
}

export function opBextr(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let control = <u32>load<u16>(third(u));
  let start = control & 0xff;
  let a = start >= <u32>(8 << width) ? 0 : read(s, width) >> <u64>start;
  let r = lowest(a, control >> 8);
  write(d, width, r);
  setRaw(r == 0 ? ZF : 0);
}

export function opBzhi(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let count = <u32>load<u8>(third(u));
  let r = lowest(read(s, width), count);
  write(d, width, r);
  setLogic(r, width, count > <u32>(8 << width) - 1);
}

export function opPdep(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(third(u), width);
  let r: u64 = 0;
  for (let mask = read(s, width); mask != 0; mask &= mask - 1) {
    if (a & 1) r |= mask & (0 - mask);
    a >>= 1;
  }
  write(d, width, r);
}

export function opPext(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(third(u), width);
  let r: u64 = 0;
  let bit: u64 = 1;
  for (let mask = read(s, width); mask != 0; mask &= mask - 1) {
    if (a & mask & (0 - mask)) r |= bit;
    bit <<= 1;
  }
  write(d, width, r);
}

/** The upper half of a product of 64 by 64 bits. */
function highProduct(a: u64, b: u64): u64 {
  let al = a & 0xffff_ffff;
  let ah = a >> 32;
  let bl = b & 0xffff_ffff;
  let bh = b >> 32;
  let low = al * bl;
  let middle = ah * bl + (low >> 32);
  let other = al * bh + (middle & 0xffff_ffff);
  return ah * bh + (middle >> 32) + (other >> 32);
}

/** The low half is written first: when both go to one register, that is the upper half. */
export function opMulx(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(RDX, width);
  let b = read(s, width);
  write(third(u), width, width == 3 ? a * b : (a * b) & 0xffff_ffff);
  write(d, width, width == 3 ? highProduct(a, b) : (a * b) >> 32);
}

export function opRorx(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  let count = <u32>load<u8>(u, UOP_IMM);
  write(d, width, width == 3 ? rotr<u64>(a, <u64>(count & 63)) : <u64>rotr<u32>(<u32>a, count & 31));
}

@inline function countOf(u: usize, width: u32): u64 {
  return <u64>load<u8>(third(u)) & (width == 3 ? 63 : 31);
}

export function opShlx(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(d, width, (read(s, width) << countOf(u, width)) & maskOf(width));
}

export function opShrx(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(d, width, read(s, width) >> countOf(u, width));
}

export function opSarx(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  write(d, width, <u64>(readSigned(s, width) >> <i64>countOf(u, width)) & maskOf(width));
}

// ---------------------------------------------------------------- counts, carries

/** ZF of the result, CF of a source without a bit; the others are open and stay. */
function setCounted(r: u64, isEmpty: bool): void {
  setRaw((status() & (PF | AF | SF | OF)) | (r == 0 ? ZF : 0) | (isEmpty ? CF : 0));
}

export function opTzcnt(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  let r: u64 = a == 0 ? 8 << width : ctz<u64>(a);
  write(d, width, r);
  setCounted(r, a == 0);
}

export function opLzcnt(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let a = read(s, width);
  let r: u64 = clz<u64>(a) - (64 - (8 << width));
  write(d, width, r);
  setCounted(r, a == 0);
}

/** Adds with the flag `bit` as carry in and out, and no other flag touched. */
function addWith(u: usize, d: usize, s: usize, bit: u32): void {
  let width = widthOf(u);
  let before = status();
  let a = read(d, width);
  let b = read(s, width);
  let carry: u64 = before & bit ? 1 : 0;
  let r = a + b + carry;
  let out = width == 3 ? (carry ? r <= a : r < a) : r >> 32 != 0;
  write(d, width, r & maskOf(width));
  setRaw((before & ~bit) | (out ? bit : 0));
}

export function opAdcx(u: usize, d: usize, s: usize): void {
  addWith(u, d, s, CF);
}

export function opAdox(u: usize, d: usize, s: usize): void {
  addWith(u, d, s, OF);
}

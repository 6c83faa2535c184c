/**
 * The few SSE operations that are more than an expression of two operands (those are in spec/vector.ts),
 * and the end of every one that can raise: a trap noted in MXCSR by the vector functions becomes #XM, and
 * the destination stays as it was.
 */
import { BIAS, MXCSR, REG, UOP_IMM, UOP_MODE, X87, XMM } from "./layout";
import { f80EnterMmx } from "./f80-state";
import { setRaw } from "./flags";
import { check, GENERAL_PROTECTION, raise, SIMD_ERROR } from "./memory";
import { raisePending } from "./operations-x87";
import { MXCSR_TRAP, pcmpestr, pcmpistr, pcmpstrIndex, pcmpstrMask } from "./vector";
import { effectiveAddress, segmentBase, widthOf } from "./uop";

const RAX: usize = REG;
const RCX: usize = REG + 8;
const RDX: usize = REG + 16;
const RDI: usize = REG + 56;

/** Whether the operation at hand raised an unmasked exception, which is answered with #XM. */
export function isTrapped(): bool {
  let value = load<u32>(MXCSR);
  if (!(value & MXCSR_TRAP)) return false;
  store<u32>(MXCSR, value & ~MXCSR_TRAP);
  raise(SIMD_ERROR);
  return true;
}

// ---------------------------------------------------------------- strings

function implicit(u: usize, d: usize, s: usize): u32 {
  return pcmpistr(v128.load(d), v128.load(s), <u32>load<u8>(u, UOP_IMM));
}

/** Lengths in eax and edx, or with REX.W in rax and rdx. */
function explicit(u: usize, d: usize, s: usize): u32 {
  let isLong = widthOf(u) == 3;
  let first = isLong ? load<i64>(RAX) : <i64>load<i32>(RAX);
  let second = isLong ? load<i64>(RDX) : <i64>load<i32>(RDX);
  return pcmpestr(v128.load(d), first, v128.load(s), second, <u32>load<u8>(u, UOP_IMM));
}

function answerIndex(result: u32, u: usize): void {
  store<u64>(RCX, <u64>pcmpstrIndex(result, <u32>load<u8>(u, UOP_IMM)));
  setRaw(result >> 16);
}

function answerMask(result: u32, u: usize): void {
  v128.store(XMM, pcmpstrMask(result, <u32>load<u8>(u, UOP_IMM)));
  setRaw(result >> 16);
}

export function opPcmpistri(u: usize, d: usize, s: usize): void {
  answerIndex(implicit(u, d, s), u);
}

export function opPcmpistrm(u: usize, d: usize, s: usize): void {
  answerMask(implicit(u, d, s), u);
}

export function opPcmpestri(u: usize, d: usize, s: usize): void {
  answerIndex(explicit(u, d, s), u);
}

export function opPcmpestrm(u: usize, d: usize, s: usize): void {
  answerMask(explicit(u, d, s), u);
}

// ---------------------------------------------------------------- masked store

/** The bytes of `d` whose mask byte in `s` has its top bit set, to [rdi]; of 16 or (MMX) 8 bytes. */
export function opMaskmovdqu(u: usize, d: usize, s: usize): void {
  maskedStore(u, d, s, 16);
}

export function opMaskmovq(u: usize, d: usize, s: usize): void {
  if (raisePending()) return;
  f80EnterMmx(X87);
  maskedStore(u, d, s, 8);
}

function maskedStore(u: usize, d: usize, s: usize, bytes: u32): void {
  let address = load<u64>(RDI);
  if (isShort(u)) address &= 0xffff_ffff;
  address += segmentBase(u) - BIAS;
  // Whether bytes that the mask leaves out may fault is the processor's choice: all of them are checked.
  let at = check(address, bytes, true);
  if (!at) return;
  let mask = i8x16.bitmask(v128.load(s));
  for (let index: u32 = 0; index < bytes; index++) {
    if ((mask >> index) & 1) store<u8>(at + <usize>index, load<u8>(d + <usize>index));
  }
}

/** Address size 32. */
@inline function isShort(u: usize): bool {
  return (load<u8>(u, UOP_MODE) & 4) != 0;
}

// ---------------------------------------------------------------- MMX

/** The memory operand of an MMX instruction; 0 when it raised. */
export function mmxOperand(u: usize, bytes: u32, isWrite: bool): usize {
  let address = effectiveAddress(u);
  if (bytes == 16 && (address & 15) != 0) {
    raise(GENERAL_PROTECTION);
    return 0;
  }
  return check(address, bytes, isWrite);
}

/** Eight bytes to a register; the exponent above them becomes all ones. */
export function writeMmx(d: usize, value: u64): void {
  store<u64>(d, value);
  store<u16>(d, 0xffff, 8);
}

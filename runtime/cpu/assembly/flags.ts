/**
 * Status flags by demand. One hard idea: an arithmetic instruction only notes its first operand, its
 * result and a kind (the "record"); a flag is computed from the record when somebody asks. Results are
 * kept zero-extended at their width.
 */
import { FLAG_A, FLAG_K, FLAG_R, SYSTEM_FLAGS } from "./layout";

/** FLAG_A holds the six flags in their rflags positions. */
export const RAW: u32 = 0;
export const ADD: u32 = 1;
/** Addition with a carry of one, subtraction with a borrow of one. */
export const ADC: u32 = 2;
export const SUB: u32 = 3;
export const SBB: u32 = 4;
export const LOGIC: u32 = 5;
/** FLAG_A holds the carry, which the instruction leaves alone. */
export const INC: u32 = 6;
export const DEC: u32 = 7;
/** FLAG_A holds CF, AF and OF in their rflags positions; the rest comes from the result. */
export const BITS: u32 = 8;

export const CF: u32 = 1;
export const PF: u32 = 4;
export const AF: u32 = 0x10;
export const ZF: u32 = 0x40;
export const SF: u32 = 0x80;
export const OF: u32 = 0x800;
export const DF: u32 = 0x400;
export const STATUS: u32 = 0x8d5;
/** What popf can change in user mode besides: TF, DF, NT, AC, ID. */
export const POPF_SYSTEM: u32 = 0x244500;

@inline export function setRecord(kind: u32, size: u32, a: u64, r: u64): void {
  store<u64>(FLAG_A, a);
  store<u64>(FLAG_R, r);
  store<u32>(FLAG_K, (kind << 2) | size);
}

@inline export function setRaw(bits: u32): void {
  store<u64>(FLAG_A, <u64>bits);
  store<u32>(FLAG_K, 0);
}

@inline function mask(size: u32): u64 {
  return (<u64>-1) >> (64 - (8 << size));
}

export function cf(): u32 {
  let k = load<u32>(FLAG_K);
  let a = load<u64>(FLAG_A);
  let r = load<u64>(FLAG_R);
  switch (k >> 2) {
    case ADD: return u32(r < a);
    case ADC: return u32(r <= a);
    case SUB: return u32(r > a);
    case SBB: return u32(r >= a);
    case LOGIC: return 0;
    default: return <u32>a & 1;
  }
}

function zf(): bool {
  if (load<u32>(FLAG_K) < 4) return (load<u32>(FLAG_A) & ZF) != 0;
  return load<u64>(FLAG_R) == 0;
}

function sf(): bool {
  let k = load<u32>(FLAG_K);
  if (k < 4) return (load<u32>(FLAG_A) & SF) != 0;
  return ((load<u64>(FLAG_R) >> <u64>((8 << (k & 3)) - 1)) & 1) != 0;
}

function pf(): bool {
  if (load<u32>(FLAG_K) < 4) return (load<u32>(FLAG_A) & PF) != 0;
  return (popcnt<u32>(<u32>load<u8>(FLAG_R)) & 1) == 0;
}

/** OF and AF in their places. */
function overflow(): u32 {
  let k = load<u32>(FLAG_K);
  let kind = k >> 2;
  let a = load<u64>(FLAG_A);
  let r = load<u64>(FLAG_R);
  let b: u64 = 0;
  let o: u64 = 0;
  switch (kind) {
    case ADD:
    case ADC:
      b = r - a - <u64>(kind == ADC);
      o = (a ^ r) & (b ^ r);
      break;
    case SUB:
    case SBB:
      b = a - r - <u64>(kind == SBB);
      o = (a ^ b) & (a ^ r);
      break;
    case INC:
      a = r - 1;
      b = 1;
      o = ~a & r;
      break;
    case DEC:
      a = r + 1;
      b = 1;
      o = a & ~r;
      break;
    case LOGIC: return 0;
    default: return <u32>a & (OF | AF);
  }
  let top = <u32>(o >> <u64>((8 << (k & 3)) - 1)) & 1;
  return (top << 11) | (<u32>(a ^ b ^ r) & AF);
}

/** The six status flags in their rflags positions. */
export function status(): u32 {
  if (load<u32>(FLAG_K) < 4) return load<u32>(FLAG_A);
  return cf() | overflow() | (<u32>pf() << 2) | (<u32>zf() << 6) | (<u32>sf() << 7);
}

export function rflags(): u32 {
  return status() | load<u32>(SYSTEM_FLAGS) | 0x202;
}

export function setRflags(value: u32): void {
  setRaw(value & STATUS);
  store<u32>(SYSTEM_FLAGS, value & POPF_SYSTEM);
}

/** Condition code `cc` of the manual: o, b, e, be, s, p, l, le, odd ones negated. */
export function condition(cc: u32): bool {
  let result = false;
  switch (cc >> 1) {
    case 0: result = (overflow() & OF) != 0; break;
    case 1: result = cf() != 0; break;
    case 2: result = zf(); break;
    case 3: result = zf() || cf() != 0; break;
    case 4: result = sf(); break;
    case 5: result = pf(); break;
    case 6: result = sf() != ((overflow() & OF) != 0); break;
    default: result = zf() || sf() != ((overflow() & OF) != 0); break;
  }
  return result != ((cc & 1) != 0);
}

/**
 * Reading uops: the effective address in full generality, operands by pointer, and the width in a
 * uop's mode byte. Hot handlers have these spelled out; cold operations go through here.
 */
import { BIAS, DATA, FS_BASE, GS_BASE, UOP_BASE, UOP_DISP, UOP_IMM, UOP_INDEX, UOP_LENGTH, UOP_MODE, UOP_POSITION,
  UOP_SCALE, BLOCK_PC } from "./layout";

/** UOP_SCALE of a constant address beyond 4 GiB, which is in UOP_IMM. */
export const MOFFS: u32 = 0xff;

@inline export function widthOf(u: usize): u32 {
  return <u32>load<u8>(u, UOP_MODE) & 3;
}

@inline export function repOf(u: usize): u32 {
  return (<u32>load<u8>(u, UOP_MODE) >> 5) & 3;
}

/** Address size 32 or a segment base: the displacement is then without the bias. */
@inline export function isGeneric(u: usize): bool {
  return (load<u8>(u, UOP_MODE) & 0x1c) != 0;
}

/** Linear address of the memory operand (for lea: the offset, if not generic). */
@inline export function effectiveAddress(u: usize): u64 {
  return addressWithOffset(u, 0);
}

/** The same with `offset` added before the address is cut to 32 bits. */
export function addressWithOffset(u: usize, offset: i64): u64 {
  let mode = <u32>load<u8>(u, UOP_MODE);
  let address = load<u64>(<usize>load<u16>(u, UOP_BASE)) +
    (load<u64>(<usize>load<u16>(u, UOP_INDEX)) << <u64>load<u8>(u, UOP_SCALE)) + <u64><i64>load<i32>(u, UOP_DISP) + <u64>offset;
  if (!(mode & 0x1c)) return address;
  if (load<u8>(u, UOP_SCALE) == MOFFS) address = load<u64>(u, UOP_IMM);
  if (mode & 4) address &= 0xffff_ffff;
  return address + segmentBase(u) - BIAS;
}

export function segmentBase(u: usize): u64 {
  switch ((<u32>load<u8>(u, UOP_MODE) >> 3) & 3) {
    case 1: return load<u64>(FS_BASE);
    case 2: return load<u64>(GS_BASE);
    default: return 0;
  }
}

/** Value of the operand at `at`, zero-extended. */
export function read(at: usize, width: u32): u64 {
  switch (width) {
    case 0: return <u64>load<u8>(at);
    case 1: return <u64>load<u16>(at);
    case 2: return <u64>load<u32>(at);
    default: return load<u64>(at);
  }
}

export function readSigned(at: usize, width: u32): i64 {
  switch (width) {
    case 0: return <i64>load<i8>(at);
    case 1: return <i64>load<i16>(at);
    case 2: return <i64>load<i32>(at);
    default: return load<i64>(at);
  }
}

/** Writes an operand; a 32-bit register is zero-extended (registers lie below DATA). */
export function write(at: usize, width: u32, value: u64): void {
  switch (width) {
    case 0: store<u8>(at, value); break;
    case 1: store<u16>(at, value); break;
    case 2:
      if (at < DATA) store<u64>(at, value & 0xffff_ffff);
      else store<u32>(at, value);
      break;
    default: store<u64>(at, value);
  }
}

@inline export function immediateOf(u: usize): i64 {
  return load<i64>(u, UOP_IMM);
}

@inline export function blockOf(u: usize): usize {
  return u - ((<usize>load<u8>(u, UOP_POSITION) + 1) << 5);
}

/** Guest pc of a uop: its block's pc and the lengths before it. */
export function pcOf(u: usize): u32 {
  let block = blockOf(u);
  let pc = load<u32>(block, BLOCK_PC);
  for (let other = block + 32; other < u; other += 32) pc += <u32>load<u8>(other, UOP_LENGTH);
  return pc;
}

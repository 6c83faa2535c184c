/**
 * The x87 register file of a context: stack, tags, exceptions, and the images that fxsave, fnsave and
 * fnstenv write. The hard idea: registers stay where they are and TOP moves; an image numbers them from
 * TOP. Tags keep one bit (in use), and the two-bit tag of the old images is worked out from the number.
 */
import {
  C1, Class, EXPONENT_MAX, IE, INTEGER_BIT, QUIET_BIT, SF, classOf, copy80, store80,
} from "./f80-format";

export const F80_STATE_BYTES: usize = 160;
/** The block of a context; see f80.ts. */
const CONTROL: usize = 0;
const STATUS: usize = 2;
const TAGS: usize = 4;
const OPCODE: usize = 6;
const INSTRUCTION: usize = 8;
const DATA: usize = 16;
const REGISTERS: usize = 32;

const CONTROL_DEFAULT: u16 = 0x37f;
/** Control word bits that exist, and the one that always reads as one. */
const CONTROL_KEPT: u32 = 0x1f7f;
const CONTROL_ONE: u32 = 0x40;
const EXCEPTIONS: u32 = 0x3f;
/** ES and B, which mirrors it. */
const SUMMARY: u32 = 0x8080;

@inline export function controlOf(state: usize): u32 { return <u32>load<u16>(state, CONTROL); }
@inline export function statusOf(state: usize): u32 { return <u32>load<u16>(state, STATUS); }
@inline export function topOf(state: usize): u32 { return statusOf(state) >> 11 & 7; }

/** The address of ST(index). */
@inline
export function stackAt(state: usize, index: u32): usize {
  return state + REGISTERS + <usize>((topOf(state) + index & 7) << 4);
}

@inline
export function isEmpty(state: usize, index: u32): bool {
  return (load<u8>(state, TAGS) >> <u8>(topOf(state) + index & 7) & 1) == 0;
}

export function setTop(state: usize, top: u32): void {
  store<u16>(state, <u16>(statusOf(state) & ~0x3800 | (top & 7) << 11), STATUS);
}

export function setInUse(state: usize, index: u32): void {
  store<u8>(state, load<u8>(state, TAGS) | <u8>(<u32>1 << (topOf(state) + index & 7)), TAGS);
}

export function setEmpty(state: usize, index: u32): void {
  store<u8>(state, load<u8>(state, TAGS) & ~<u8>(<u32>1 << (topOf(state) + index & 7)), TAGS);
}

export function pop(state: usize): void {
  setEmpty(state, 0);
  setTop(state, topOf(state) + 1);
}

/** Makes room for a new ST(0), which the caller fills: its address. */
export function push(state: usize): usize {
  setTop(state, topOf(state) - 1);
  setInUse(state, 0);
  return stackAt(state, 0);
}

/** ES and B follow from the exceptions raised and the masks. */
export function summarize(state: usize): void {
  const status = statusOf(state);
  const pending = status & ~controlOf(state) & EXCEPTIONS;
  store<u16>(state, <u16>(pending ? status | SUMMARY : status & ~SUMMARY), STATUS);
}

/** Takes over what an operation returned: its exceptions stick, C1 is replaced. */
export function raise(state: usize, raised: u32): void {
  const status = statusOf(state) & ~C1 | raised & (EXCEPTIONS | SF | C1);
  const pending = status & ~controlOf(state) & EXCEPTIONS;
  store<u16>(state, <u16>(pending ? status | SUMMARY : status), STATUS);
}

export function setConditions(state: usize, conditions: u32): void {
  store<u16>(state, <u16>(statusOf(state) & ~0x4700 | conditions & 0x4700), STATUS);
}

@inline
export function isPending(state: usize): bool { return (statusOf(state) & 0x80) != 0; }

/** A register was needed and is empty; `target` gets the default NaN if IE is masked. */
export function underflowStack(state: usize, target: usize): bool {
  raise(state, IE | SF);
  if (!(controlOf(state) & IE)) return false;
  if (target != 0) store80(target, 1, EXPONENT_MAX, INTEGER_BIT | QUIET_BIT);
  return true;
}

/** A push found its register in use: with IE masked the default NaN is pushed all the same. */
export function overflowStack(state: usize): void {
  raise(state, IE | SF | C1);
  if (controlOf(state) & IE) store80(push(state), 1, EXPONENT_MAX, INTEGER_BIT | QUIET_BIT);
}

@inline
export function isFull(state: usize): bool { return !isEmpty(state, 7); }

export function f80Initialize(state: usize): void {
  memory.fill(state, 0, F80_STATE_BYTES);
  store<u16>(state, CONTROL_DEFAULT, CONTROL);
}

/** fninit, which leaves the registers' bytes. */
export function initialize(state: usize): void {
  memory.fill(state, 0, REGISTERS);
  store<u16>(state, CONTROL_DEFAULT, CONTROL);
}

export function setControl(state: usize, control: u32): void {
  store<u16>(state, <u16>(control & CONTROL_KEPT | CONTROL_ONE), CONTROL);
  summarize(state);
}

export function setStatus(state: usize, status: u32): void {
  store<u16>(state, <u16>status, STATUS);
  summarize(state);
}

export function clearExceptions(state: usize): void {
  store<u16>(state, <u16>(statusOf(state) & 0x7f00), STATUS);
}

/** The first 160 bytes of an fxsave64 image, MXCSR and its mask apart. */
export function f80SaveImage(state: usize, image: usize): void {
  store<u64>(image, load<u64>(state));
  store<u8>(image, 0, 5);
  store<u64>(image, load<u64>(state, INSTRUCTION), 8);
  store<u64>(image, load<u64>(state, DATA), 16);
  for (let index: u32 = 0; index < 8; index++) {
    const target = image + 32 + (<usize>index << 4);
    copy80(target, stackAt(state, index));
    store<u16>(target, 0, 10);
    store<u32>(target, 0, 12);
  }
}

export function f80RestoreImage(state: usize, image: usize): void {
  store<u64>(state, load<u64>(image));
  store<u8>(state, 0, 5);
  store<u64>(state, load<u64>(image, 8), INSTRUCTION);
  store<u64>(state, load<u64>(image, 16), DATA);
  for (let index: u32 = 0; index < 8; index++) copy80(stackAt(state, index), image + 32 + (<usize>index << 4));
  setControl(state, controlOf(state));
}

/** The two-bit tags by physical register: 0 valid, 1 zero, 2 special, 3 empty. */
function tagWord(state: usize): u32 {
  let word: u32 = 0;
  const used = load<u8>(state, TAGS);
  for (let register: u32 = 0; register < 8; register++) {
    let tag: u32 = 3;
    if (used >> <u8>register & 1) {
      const kind = classOf(state + REGISTERS + (<usize>register << 4));
      tag = kind == Class.normal ? 0 : kind == Class.zero ? 1 : 2;
    }
    word |= tag << (register * 2);
  }
  return word;
}

@inline
export function environmentBytes(isShort: bool): usize { return isShort ? 14 : 28; }

/** fnstenv: the protected mode image, 14 or 28 bytes; all exceptions are masked afterwards. */
export function saveEnvironment(state: usize, target: usize, isShort: bool): void {
  const tags = tagWord(state);
  const instruction = load<u64>(state, INSTRUCTION);
  const data = load<u64>(state, DATA);
  if (isShort) {
    store<u32>(target, controlOf(state) | statusOf(state) << 16);
    store<u32>(target, tags | <u32>instruction << 16, 4);
    store<u32>(target, <u32>data << 16, 8);
    store<u16>(target, 0, 12);
    return;
  }
  store<u32>(target, controlOf(state) | 0xffff0000);
  store<u32>(target, statusOf(state) | 0xffff0000, 4);
  store<u32>(target, tags | 0xffff0000, 8);
  store<u32>(target, <u32>instruction, 12);
  store<u32>(target, <u32>load<u16>(state, OPCODE) << 16, 16);
  store<u32>(target, <u32>data, 20);
  store<u32>(target, 0xffff0000, 24);
}

export function maskAll(state: usize): void {
  store<u16>(state, load<u16>(state, CONTROL) | <u16>EXCEPTIONS, CONTROL);
  summarize(state);
}

export function loadEnvironment(state: usize, source: usize, isShort: bool): void {
  const step: usize = isShort ? 2 : 4;
  const control = <u32>load<u16>(source);
  const status = <u32>load<u16>(source + step);
  const tags = <u32>load<u16>(source + 2 * step);
  const instruction = isShort ? <u64>load<u16>(source, 6) : <u64>load<u32>(source, 12);
  const data = isShort ? <u64>load<u16>(source, 10) : <u64>load<u32>(source, 20);
  let used: u32 = 0;
  for (let register: u32 = 0; register < 8; register++) {
    if ((tags >> (register * 2) & 3) != 3) used |= 1 << register;
  }
  store<u16>(state, <u16>(isShort ? 0 : load<u16>(source, 18) & 0x7ff), OPCODE);
  store<u64>(state, instruction, INSTRUCTION);
  store<u64>(state, data, DATA);
  store<u8>(state, <u8>used, TAGS);
  store<u16>(state, <u16>status, STATUS);
  setControl(state, control);
}

/** fnsave: environment and ST(0)..ST(7), ten bytes each; then fninit. */
export function saveAll(state: usize, target: usize, isShort: bool): void {
  const registers = target + environmentBytes(isShort);
  // The last bytes first: a fault leaves the state as it was.
  for (let index: u32 = 8; index-- > 0;) copy80(registers + <usize>(index * 10), stackAt(state, index));
  saveEnvironment(state, target, isShort);
  initialize(state);
}

export function loadAll(state: usize, source: usize, isShort: bool): void {
  const registers = source + environmentBytes(isShort);
  load<u16>(registers, 78);
  loadEnvironment(state, source, isShort);
  for (let index: u32 = 0; index < 8; index++) copy80(stackAt(state, index), registers + <usize>(index * 10));
}

/** Every MMX instruction but emms: TOP = 0, all registers in use. */
export function f80EnterMmx(state: usize): void {
  setTop(state, 0);
  store<u8>(state, 0xff, TAGS);
}

export function f80WriteMmx(state: usize, register: u32, value: u64): void {
  const target = state + REGISTERS + (<usize>register << 4);
  store<u64>(target, value);
  store<u16>(target, 0xffff, 8);
}

export function f80EmptyMmx(state: usize): void {
  setTop(state, 0);
  store<u8>(state, 0, TAGS);
}

/**
 * First step of translation: bytes of the guest to the record at INSN (prefixes, row, ModRM, SIB,
 * displacement, immediate, length). One hard idea: the rows are data; this file knows only how an x86-64
 * instruction is laid out, never what one means.
 */
import { BIAS, INSN, INSN_DISP, INSN_HAS_MODRM, INSN_IMM, INSN_IMM2, INSN_LENGTH, INSN_MODRM, INSN_OPCODE,
  INSN_OPERAND_SIZE, INSN_PC, INSN_PREFIXES, INSN_REP, INSN_REX, INSN_ROW, INSN_SEGMENT, INSN_SIB, INSN_VEX, INSN_VEX_L, INSN_VVVV, MAP } from "./layout";
import { HAS_AVX } from "./blocks";
import { CANDIDATES, FIRST, KIND_I, KIND_J, KIND_L, KIND_O, ROWS } from "./tables";

export const PREFIX_66: u32 = 1;
export const PREFIX_67: u32 = 2;
export const PREFIX_LOCK: u32 = 4;
export const NO_ROW: u32 = 0xffff;

/** What decode answers. */
export const DECODED: i32 = 0;
export const UNDEFINED: i32 = 1;
export const TOO_LONG: i32 = 2;
export const NOT_FETCHED: i32 = 3;

const LENGTH_MAX: u32 = 15;

let at: usize = 0;
let end: usize = 0;
let overrun: bool = false;

/** Bytes that can be fetched at linear `address`, at most 15. */
export function fetchable(address: u32): u32 {
  if (!(load<u8>(MAP + <usize>(address >> 12)) & 4)) return 0;
  let rest: u32 = 4096 - (address & 4095);
  if (rest >= LENGTH_MAX) return LENGTH_MAX;
  let next = (address >> 12) + 1;
  return next < 0x100000 && (load<u8>(MAP + <usize>next) & 4) ? LENGTH_MAX : rest;
}

@inline function next8(): u32 {
  if (at >= end) {
    overrun = true;
    return 0;
  }
  let value: u32 = load<u8>(at);
  at++;
  return value;
}

function next16(): u32 {
  let low = next8();
  return low | (next8() << 8);
}

function next32(): u32 {
  if (at + 4 <= end) {
    let value = load<u32>(at);
    at += 4;
    return value;
  }
  let low = next16();
  return low | (next16() << 16);
}

function next64(): u64 {
  let low: u64 = next32();
  return low | (<u64>next32() << 32);
}

function immediate(size: u32, operandSize: u32): i64 {
  switch (size) {
    case 0: return <i64><i8>next8();
    case 1: return <i64><i16>next16();
    case 5: if (operandSize == 3) return <i64>next64(); // v: falls to z for the smaller sizes
    case 6: return operandSize == 1 ? <i64><i16>next16() : <i64><i32>next32();
    default: return <i64><i32>next32();
  }
}

function modrmTail(modrm: u32): void {
  let mod = modrm >> 6;
  if (mod == 3) return;
  let rm = modrm & 7;
  let sib: u32 = 0;
  if (rm == 4) {
    sib = next8();
    store<u8>(INSN, sib, INSN_SIB);
  }
  let displacement: i32 = 0;
  if (mod == 1) displacement = <i32><i8>next8();
  else if (mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5)) {
    // mod = 0 with rm = 5 is relative to rip; with a SIB base of 5 there is no base.
    displacement = <i32>next32();
  }
  store<i32>(INSN, displacement, INSN_DISP);
}

/** Of a row's first byte: VEX.L must be 0, or 1; VEX.vvvv must name nothing. */
const L0: u32 = 8;
const L1: u32 = 16;
const NO_VVVV: u32 = 32;
/** Of its eleventh. */
const NEEDS_AVX: u32 = 128;

/** The row of map and opcode that matches, or NO_ROW. */
function match(index: u32, mandatory: u32, rexW: u32, modrm: u32): u32 {
  let first = <usize>load<u16>(FIRST + (<usize>index << 1));
  let last = <usize>load<u16>(FIRST + (<usize>index << 1) + 2);
  let vexL = <u32>load<u8>(INSN, INSN_VEX_L);
  let vvvv = <u32>load<u8>(INSN, INSN_VVVV);
  for (let i = first; i < last; i++) {
    let number = <u32>load<u16>(CANDIDATES + (i << 1));
    let row = ROWS + (<usize>number << 4);
    let facts = <u32>load<u8>(row);
    let prefix = facts & 7;
    if (prefix != 0 && prefix != mandatory) continue;
    if ((load<u8>(row, 10) & NEEDS_AVX) != 0 && !load<u8>(HAS_AVX)) continue;
    if (((facts & L0) != 0 && vexL != 0) || ((facts & L1) != 0 && vexL == 0) || ((facts & NO_VVVV) != 0 && vvvv != 0)) continue;
    let bits = <u32>load<u8>(row, 3);
    if ((bits & 2) != 0 && rexW != 0) continue;
    if ((bits & 4) != 0 && rexW == 0) continue;
    if ((bits & 8) != 0 && modrm >= 0xc0) continue;
    if ((modrm & <u32>load<u8>(row, 1)) != <u32>load<u8>(row, 2)) continue;
    return number;
  }
  return NO_ROW;
}

/**
 * What a VEX prefix of two or three bytes (`byte`, already read) says goes to the record; answers the opcode's
 * place in the tables and leaves the mandatory prefix in `vexPrefix`. NO_ROW: a map nobody has.
 */
let vexPrefix: u32 = 0;
function vexOpcode(byte: u32): u32 {
  // R, X and B are stored inverted, as is vvvv.
  let head = next8();
  let map: u32 = 1;
  let rex: u32 = 0x40 | ((~head & 0x80) >> 5);
  let tail = head;
  if (byte == 0xc4) {
    map = head & 31;
    rex = 0x40 | ((~head >> 5) & 7);
    tail = next8();
    rex |= (tail & 0x80) >> 4;
  }
  store<u8>(INSN, rex, INSN_REX);
  store<u8>(INSN, 1, INSN_VEX);
  store<u8>(INSN, (~tail >> 3) & 15, INSN_VVVV);
  store<u8>(INSN, (tail >> 2) & 1, INSN_VEX_L);
  vexPrefix = 1 + (tail & 3);
  let opcode = next8();
  store<u8>(INSN, opcode, INSN_OPCODE);
  return map >= 1 && map <= 3 ? ((map + 4) << 8) | opcode : NO_ROW;
}

@inline function operandSizeOf(bits: u32, prefixes: u32, rexW: u32): u32 {
  if (bits & 0x20) return 3;
  if (rexW) return 3;
  if (bits & 0x10) return prefixes & PREFIX_66 ? 1 : 3;
  return prefixes & PREFIX_66 ? 1 : 2;
}

function immediates(row: usize, operandSize: u32, addressSize: u32): void {
  let slot: usize = INSN_IMM;
  for (let i: usize = 0; i < 4; i++) {
    let code = <u32>load<u8>(row + i, 4);
    if (code == 0) break;
    let kind = code >> 3;
    if (kind == KIND_L) {
      store<u64>(INSN + slot, <u64>next8());
      slot = INSN_IMM2;
    } else if (kind == KIND_I) {
      store<i64>(INSN + slot, immediate(code & 7, operandSize));
      slot = INSN_IMM2;
    } else if (kind == KIND_J) {
      store<i64>(INSN + slot, (code & 7) == 0 ? <i64><i8>next8() : <i64><i32>next32());
    } else if (kind == KIND_O) {
      store<u64>(INSN + slot, addressSize == 2 ? <u64>next32() : next64());
    }
  }
}

/** Decodes the instruction at linear address `start`. */
export function decode(start: u32): i32 {
  at = <usize>start;
  let room = fetchable(start);
  end = at + <usize>room;
  overrun = false;
  memory.fill(INSN, 0, 40);
  store<u32>(INSN, start + <u32>BIAS, INSN_PC);
  store<u16>(INSN, NO_ROW, INSN_ROW);
  let prefixes: u32 = 0, rep: u32 = 0, segment: u32 = 0, rex: u32 = 0;
  let byte = next8();
  for (;;) {
    if (byte == 0x66) prefixes |= PREFIX_66;
    else if (byte == 0x67) prefixes |= PREFIX_67;
    else if (byte == 0xf0) prefixes |= PREFIX_LOCK;
    else if (byte == 0xf3) rep = 1;
    else if (byte == 0xf2) rep = 2;
    else if (byte == 0x64) segment = 1;
    else if (byte == 0x65) segment = 2;
    // es, cs, ss and ds change nothing, and do not undo fs or gs.
    else if ((byte & 0xf0) == 0x40) {
      rex = byte;
      byte = next8();
      continue;
    } else if (byte != 0x26 && byte != 0x2e && byte != 0x36 && byte != 0x3e) break;
    rex = 0; // A REX that is not the last prefix means nothing.
    if (overrun) break;
    byte = next8();
  }
  let map: u32 = 0;
  store<u8>(INSN, segment, INSN_SEGMENT);
  if (byte == 0xc4 || byte == 0xc5) return decodeVex(start, room, byte, prefixes, rep, rex);
  if (byte == 0x0f) {
    map = 1;
    byte = next8();
    if (byte == 0x38 || byte == 0x3a) {
      map = byte == 0x38 ? 2 : 3;
      byte = next8();
    }
  }
  store<u8>(INSN, rex, INSN_REX);
  store<u8>(INSN, rep, INSN_REP);
  store<u8>(INSN, prefixes, INSN_PREFIXES);
  store<u8>(INSN, byte, INSN_OPCODE);
  // F3 and F2 win over 66 as mandatory prefixes.
  let mandatory: u32 = rep != 0 ? rep + 2 : prefixes & PREFIX_66 ? 2 : 1;
  return finish(start, room, (map << 8) | byte, mandatory, prefixes);
}

function decodeVex(start: u32, room: u32, byte: u32, prefixes: u32, rep: u32, rex: u32): i32 {
  let opcode = vexOpcode(byte);
  store<u8>(INSN, prefixes, INSN_PREFIXES);
  // Of other prefixes it takes segments and 67 only.
  let isAlone = (prefixes & ~PREFIX_67) == 0 && rep == 0 && rex == 0;
  return finish(start, room, isAlone ? opcode : NO_ROW, vexPrefix, prefixes);
}

/** From the opcode on, whose place in the tables is `index`. */
function finish(start: u32, room: u32, index: u32, mandatory: u32, prefixes: u32): i32 {
  let rexW = <u32>load<u8>(INSN, INSN_REX) & 8;
  // Peek at the ModRM byte for the match; whether it belongs to the instruction the row says.
  let modrm: u32 = at < end ? <u32>load<u8>(at) : 0;
  let number = index == NO_ROW ? NO_ROW : match(index, mandatory, rexW, modrm);
  if (number == NO_ROW) {
    if (overrun || (at >= end && room < LENGTH_MAX)) return NOT_FETCHED;
    store<u8>(INSN, at - <usize>start, INSN_LENGTH);
    return UNDEFINED;
  }
  let row = ROWS + (<usize>number << 4);
  let bits = <u32>load<u8>(row, 3);
  let operandSize = operandSizeOf(bits, prefixes, rexW);
  let addressSize: u32 = prefixes & PREFIX_67 ? 2 : 3;
  store<u8>(INSN, operandSize, INSN_OPERAND_SIZE);
  if (bits & 1) {
    next8();
    store<u8>(INSN, modrm, INSN_MODRM);
    store<u8>(INSN, 1, INSN_HAS_MODRM);
    if (!(load<u8>(row, 10) & 0x20)) modrmTail(modrm);
  }
  immediates(row, operandSize, addressSize);
  if (overrun) return room == LENGTH_MAX ? TOO_LONG : NOT_FETCHED;
  store<u16>(INSN, number, INSN_ROW);
  store<u8>(INSN, at - <usize>start, INSN_LENGTH);
  // LOCK belongs only to lockable rows with a memory operand.
  if ((prefixes & PREFIX_LOCK) && (!(bits & 0x40) || modrm >= 0xc0)) return UNDEFINED;
  return DECODED;
}

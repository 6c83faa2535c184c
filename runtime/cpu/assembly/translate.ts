/**
 * Second step of translation: decoded instructions to the uops of a block. One hard idea: a uop is made
 * without a look at its neighbours; which handler it gets is decided when the block is complete (liveness.ts).
 *
 * While a block is being made, UOP_HANDLER holds the form (which operands are what).
 */
import { BIAS, BLOCK_COUNT, BLOCK_LENGTH, BLOCK_PC, FS_BASE, GS_BASE, HIGH, INSN, INSN_DISP, INSN_IMM, INSN_IMM2,
  INSN_LENGTH, INSN_MODRM, INSN_OPCODE, INSN_OPERAND_SIZE, INSN_PREFIXES, INSN_REP, INSN_REX, INSN_ROW, INSN_SEGMENT,
  INSN_SIB, INSN_VVVV, REG, RIP, ST, UOP_BASE, UOP_D, UOP_DISP, UOP_HANDLER, UOP_IMM, UOP_INDEX, UOP_L, UOP_LENGTH, UOP_MODE, UOP_NEXT,
  UOP_POSITION, UOP_ROW, UOP_S, UOP_SCALE, UOP_TARGET, UOP_V, XMM, ZERO } from "./layout";
import * as tables from "./tables";
import { FUSED, HANDLER_GOTO, HANDLER_JCC_0, HANDLER_CALL, HANDLER_LINK,
  HANDLER_PROTECTION, HANDLER_UNDEFINED, FORM_G, FORM_I, FORM_M, FORM_MI, FORM_MR, FORM_NONE, FORM_R, FORM_RI,
  FORM_RM, FORM_RR, FORM_RX, FORM_X, FORM_XI, FORM_XR } from "./handlers";
import { decode, DECODED, fetchable, NOT_FETCHED, NO_ROW, PREFIX_67, TOO_LONG } from "./decode";
import { enter, find, flushes, FORCE_COLD, jumpEntry, ONE_BY_ONE, room } from "./blocks";
import { ALL_FLAGS, liveAt, selectHandlers } from "./liveness";
import { LIMIT, pageFault } from "./memory";
import { MOFFS } from "./uop";

const UOPS_MAX: u32 = 64;
/** Header, uops, and two link stubs. */
const BLOCK_BYTES_MAX: u32 = (UOPS_MAX + 3) * 32;

// ---------------------------------------------------------------- operands

function registerAddress(number: u32, isByte: bool): u32 {
  if (isByte && load<u8>(INSN, INSN_REX) == 0 && number >= 4 && number < 8) return <u32>REG + (number - 4) * 8 + 1;
  return <u32>REG + number * 8;
}

/** A constant address: below 2 GiB from ZERO, else from HIGH (2^32), from which the rest leads back or on. */
function absolute(u: usize, value: i64): void {
  store<u16>(u, value >= 0x8000_0000 ? <u16>HIGH : <u16>ZERO, UOP_BASE);
  store<u32>(u, <u32>value, UOP_DISP);
}

/** Fills the address fields; answers whether an index is used (2: only the general way will do). */
function memoryOperand(u: usize, next: u32, bias: i64): u32 {
  let modrm = <u32>load<u8>(INSN, INSN_MODRM);
  let rex = <u32>load<u8>(INSN, INSN_REX);
  let mod = modrm >> 6;
  let rm = modrm & 7;
  let base: u32 = 0;
  let index: u32 = 0;
  let displacement = <i64>load<i32>(INSN, INSN_DISP);
  if (rm == 4) {
    let sib = <u32>load<u8>(INSN, INSN_SIB);
    let number = ((sib >> 3) & 7) | ((rex & 2) << 2);
    if (number != 4) {
      index = <u32>REG + number * 8;
      store<u8>(u, sib >> 6, UOP_SCALE);
    }
    if ((sib & 7) != 5 || mod != 0) base = <u32>REG + ((sib & 7) | ((rex & 1) << 3)) * 8;
  } else if (rm == 5 && mod == 0) displacement += <i64>next;
  else base = <u32>REG + (rm | ((rex & 1) << 3)) * 8;
  let segment = <u32>load<u8>(INSN, INSN_SEGMENT);
  if (bias == 0) segment = 0;
  let is32 = (load<u8>(INSN, INSN_PREFIXES) & PREFIX_67) != 0;
  if (segment != 0 && !is32 && (base == 0 || index == 0)) {
    // A segment base is one more register to add.
    let register = segment == 1 ? <u32>FS_BASE : <u32>GS_BASE;
    if (base == 0) base = register;
    else index = register;
    segment = 0;
  }
  let biased = displacement - bias;
  if (base != 0 && index == 0 && biased >= 0x8000_0000) {
    // Relative to rip, beyond 2 GiB, with a segment base.
    index = <u32>HIGH;
    biased -= 0x1_0000_0000;
  }
  if (segment != 0 || is32 || biased < -0x8000_0000 ||
    ((base != 0 || index != 0) && biased != <i64><i32>biased)) {
    store<u8>(u, load<u8>(u, UOP_MODE) | (is32 ? 4 : 0) | ((segment != 0 || is32 ? segment : 3) << 3), UOP_MODE);
    store<u16>(u, base != 0 ? base : <u32>ZERO, UOP_BASE);
    store<u16>(u, index != 0 ? index : <u32>ZERO, UOP_INDEX);
    store<i32>(u, <i32>displacement, UOP_DISP);
    return 2;
  }
  if (base == 0 && index == 0) {
    absolute(u, biased);
    return 0;
  }
  store<u16>(u, base != 0 ? base : <u32>ZERO, UOP_BASE);
  store<u16>(u, index != 0 ? index : <u32>ZERO, UOP_INDEX);
  store<i32>(u, <i32>biased, UOP_DISP);
  return index != 0 ? 1 : 0;
}

/** Classes of one operand. */
const NOTHING: u32 = 0;
const REGISTER: u32 = 1;
const IMMEDIATE: u32 = 2;
const MEMORY: u32 = 3;

let memoryShape: u32 = 0;

function operand(u: usize, code: u32, field: usize, next: u32, bias: i64): u32 {
  if (code == 0) return NOTHING;
  let kind = code >> 3;
  let isByte = (code & 7) == 0;
  let rex = <u32>load<u8>(INSN, INSN_REX);
  let modrm = <u32>load<u8>(INSN, INSN_MODRM);
  let register: u32 = 0;
  switch (kind) {
    case tables.KIND_M:
    case tables.KIND_E:
    case tables.KIND_W:
    case tables.KIND_Q:
      if (modrm < 0xc0) {
        memoryShape = memoryOperand(u, next, bias);
        return MEMORY;
      }
      if (kind == tables.KIND_E) register = registerAddress((modrm & 7) | ((rex & 1) << 3), isByte);
      else if (kind == tables.KIND_W) register = <u32>XMM + ((modrm & 7) | ((rex & 1) << 3)) * 16;
      else register = <u32>ST + (modrm & 7) * 16;
      break;
    case tables.KIND_U: register = <u32>XMM + ((modrm & 7) | ((rex & 1) << 3)) * 16; break;
    case tables.KIND_N: register = <u32>ST + (modrm & 7) * 16; break;
    case tables.KIND_R: register = <u32>REG + ((modrm & 7) | ((rex & 1) << 3)) * 8; break;
    case tables.KIND_C:
    case tables.KIND_D: register = <u32>REG + (((modrm >> 3) & 7) | ((rex & 4) << 1)) * 8; break;
    case tables.KIND_G: register = registerAddress(((modrm >> 3) & 7) | ((rex & 4) << 1), isByte); break;
    case tables.KIND_V: register = <u32>XMM + (((modrm >> 3) & 7) | ((rex & 4) << 1)) * 16; break;
    case tables.KIND_P: register = <u32>ST + ((modrm >> 3) & 7) * 16; break;
    case tables.KIND_Z: register = registerAddress((<u32>load<u8>(INSN, INSN_OPCODE) & 7) | ((rex & 1) << 3), isByte); break;
    case tables.KIND_A: register = <u32>REG; break;
    case tables.KIND_CL: register = <u32>REG + 8; break;
    case tables.KIND_DX: register = <u32>REG + 16; break;
    case tables.KIND_1: store<u64>(u, 1, UOP_IMM); return IMMEDIATE;
    case tables.KIND_FS: store<u16>(u + field, <u16>FS_BASE); return NOTHING;
    case tables.KIND_GS: store<u16>(u + field, <u16>GS_BASE); return NOTHING;
    case tables.KIND_S: store<u16>(u + field, <u16>((modrm >> 3) & 7)); return NOTHING;
    case tables.KIND_B: register = <u32>REG + <u32>load<u8>(INSN, INSN_VVVV) * 8; break;
    case tables.KIND_H: register = <u32>XMM + <u32>load<u8>(INSN, INSN_VVVV) * 16; break;
    case tables.KIND_I: return IMMEDIATE;
    case tables.KIND_O:
      memoryShape = moffs(u, bias);
      return MEMORY;
    default: return NOTHING;
  }
  store<u16>(u + field, <u16>register);
  return REGISTER;
}

/** A constant 64-bit address; one beyond 4 GiB stays in UOP_IMM, which SCALE = MOFFS says. */
function moffs(u: usize, bias: i64): u32 {
  let segment = <u32>load<u8>(INSN, INSN_SEGMENT);
  let address = load<i64>(INSN, INSN_IMM) - bias;
  if (address < -0x8000_0000 || address >= 0x1_0000_0000) {
    store<u8>(u, MOFFS, UOP_SCALE);
    store<u8>(u, load<u8>(u, UOP_MODE) | ((segment != 0 ? segment : 3) << 3), UOP_MODE);
    return 2;
  }
  absolute(u, address);
  if (segment == 0) return 0;
  store<u16>(u, segment == 1 ? <u16>FS_BASE : <u16>GS_BASE, UOP_INDEX);
  return 1;
}

function formOf(first: u32, second: u32): u32 {
  if (first == MEMORY) {
    if (memoryShape == 2) return FORM_G;
    let shift = memoryShape;
    if (second == REGISTER) return shift ? FORM_XR : FORM_MR;
    if (second == IMMEDIATE) return shift ? FORM_XI : FORM_MI;
    return shift ? FORM_X : FORM_M;
  }
  if (first == REGISTER) {
    if (second == REGISTER) return FORM_RR;
    if (second == IMMEDIATE) return FORM_RI;
    if (second == MEMORY) return memoryShape == 2 ? FORM_G : memoryShape ? FORM_RX : FORM_RM;
    return FORM_R;
  }
  return first == IMMEDIATE ? FORM_I : FORM_NONE;
}

function widthOfRow(row: usize): u32 {
  let size = <u32>load<u8>(row, 4) & 7;
  let operandSize = <u32>load<u8>(INSN, INSN_OPERAND_SIZE);
  let isStack = (load<u8>(row, 3) & 0x10) != 0;
  // Of a vector with VEX it is L, where L matters.
  if (load<u8>(row) & 0x80) return <u32>load<u8>(row) >> 6 & 1;
  if (load<u8>(row, 4) == 0 || size >= 4 || isStack) {
    // Of crc32 the source has the operand size, the register is never shorter than 32 bits.
    if (size == 7 && (load<u8>(row, 5) & 7) != 5) return operandSize == 3 ? 3 : 2;
    return operandSize;
  }
  return size;
}

@inline function isEscape(operation: u32): bool {
  return operation == tables.OP_x87 || operation == tables.OP_x87Memory || operation == tables.OP_fcmov ||
    operation == tables.OP_fcomi;
}

/** Opcode and ModRM byte of an escape as f80.ts numbers them. */
function escapeNumber(): u32 {
  let opcode = <u32>load<u8>(INSN, INSN_OPCODE) & 7;
  let modrm = <u32>load<u8>(INSN, INSN_MODRM);
  if (modrm >= 0xc0) return opcode << 6 | modrm & 63;
  let isShort = load<u8>(INSN, INSN_OPERAND_SIZE) == 1;
  return opcode << 3 | modrm >> 3 & 7 | (isShort ? 64 : 0);
}

@inline function isGather(operation: u32): bool {
  return operation == tables.OP_vgather32by32 || operation == tables.OP_vgather64by32 ||
    operation == tables.OP_vgather32by64 || operation == tables.OP_vgather64by64;
}

/** The index is a vector: its address goes to UOP_L and the scale to UOP_IMM; the rest is a plain address. */
function vectorIndex(u: usize): void {
  let sib = <u32>load<u8>(INSN, INSN_SIB);
  let number = ((sib >> 3) & 7) | ((<u32>load<u8>(INSN, INSN_REX) & 2) << 2);
  // Four would be no index at all, so a segment may be there instead.
  if (number != 4) store<u16>(u, <u16>ZERO, UOP_INDEX);
  store<u8>(u, 0, UOP_SCALE);
  store<u8>(u, sib >> 6, UOP_IMM);
  store<u16>(u, <u16>(<u32>XMM + number * 16), UOP_L);
}

/** Writes the uop of the decoded instruction; its form goes to UOP_HANDLER. */
export function emit(u: usize, next: u32, position: u32): void {
  memory.fill(u, 0, 32);
  let number = <u32>load<u16>(INSN, INSN_ROW);
  let row = tables.ROWS + (<usize>number << 4);
  store<u16>(u, number, UOP_ROW);
  store<u8>(u, load<u8>(INSN, INSN_LENGTH), UOP_LENGTH);
  store<u8>(u, position, UOP_POSITION);
  store<u16>(u, <u16>ZERO, UOP_BASE);
  store<u16>(u, <u16>ZERO, UOP_INDEX);
  store<u8>(u, widthOfRow(row) | (<u32>load<u8>(INSN, INSN_REP) << 5), UOP_MODE);
  store<i64>(u, load<i64>(INSN, INSN_IMM), UOP_IMM);
  let operation = <u32>load<u16>(row, 8);
  if (operation == tables.OP_jcc || operation == tables.OP_setcc || operation == tables.OP_cmov) {
    store<u64>(u, <u64>(<u32>load<u8>(INSN, INSN_OPCODE) & 15), UOP_IMM);
  }
  if (isEscape(operation)) store<u32>(u, escapeNumber(), UOP_IMM);
  if (operation == tables.OP_enter) store<u32>(u, load<u32>(INSN, INSN_IMM2), UOP_DISP);
  let bias: i64 = (load<u8>(row, 10) & 7) == 0 ? 0 : <i64>BIAS;
  memoryShape = 0;
  let first = operand(u, <u32>load<u8>(row, 4), UOP_D, next, bias);
  let second = operand(u, <u32>load<u8>(row, 5), UOP_S, next, bias);
  for (let slot: usize = 6; slot < 8; slot++) {
    let kind = <u32>load<u8>(row + slot) >> 3;
    if (kind == tables.KIND_B || kind == tables.KIND_H) operand(u, <u32>load<u8>(row + slot), UOP_V, next, bias);
    if (kind == tables.KIND_L) store<u16>(u, <u16>(<u32>XMM + (<u32>load<u8>(INSN, INSN_IMM) >> 4) * 16), UOP_L);
  }
  if (isGather(operation)) vectorIndex(u);
  let source = <u32>load<u8>(row, 5) >> 3;
  if (first == NOTHING || source == tables.KIND_X || source == tables.KIND_Y || operation == tables.OP_maskmovdqu ||
    operation == tables.OP_maskmovq) stringOperands(u);
  if (first == MEMORY || second == MEMORY) store<u8>(u, load<u8>(u, UOP_MODE) | 0x80, UOP_MODE);
  store<u16>(u, formOf(first, second), UOP_HANDLER);
}

/** String instructions keep the segment and the address size of their source. */
function stringOperands(u: usize): void {
  let mode = load<u8>(u, UOP_MODE) | (load<u8>(INSN, INSN_SEGMENT) << 3);
  if (load<u8>(INSN, INSN_PREFIXES) & PREFIX_67) mode |= 4;
  store<u8>(u, mode, UOP_MODE);
}

// ---------------------------------------------------------------- blocks

/** A stub that finds the block at `pc` and patches the link at `cell`. */
function stub(at: usize, pc: u32, cell: usize): void {
  memory.fill(at, 0, 32);
  store<u16>(at, HANDLER_LINK, UOP_HANDLER);
  store<u32>(at, <u32>cell, UOP_TARGET);
  store<u32>(at, pc, UOP_IMM);
  store<u32>(cell, <u32>at);
}

/** Makes the compare before a conditional jump do both, when there is a handler for the pair. */
function fuse(u: usize, cc: u32, length: u32): bool {
  if (load<u32>(FORCE_COLD)) return false;
  let row = tables.ROWS + (<usize>load<u16>(u, UOP_ROW) << 4);
  let operation = <u32>load<u16>(row, 8);
  let which: u32 = operation == tables.OP_cmp ? 0 : 1;
  if (which == 1 && operation != tables.OP_test) return false;
  let width = <u32>load<u8>(u, UOP_MODE) & 3;
  let form = <u32>load<u16>(u, UOP_HANDLER);
  let handler = <u32>load<u16>(FUSED + (<usize>((((which << 2) | width) << 8) | (form << 4) | cc) << 1));
  if (handler == 0) return false;
  store<u16>(u, handler, UOP_HANDLER);
  store<u8>(u, <u32>load<u8>(u, UOP_LENGTH) + length, UOP_LENGTH);
  return true;
}

/** The handler of a direct jump, call or condition, whose uop `u` is the last. */
function finishBranch(block: usize, u: usize, operation: u32, pc: u32, next: u32): usize {
  let target = next + <u32>load<i32>(INSN, INSN_IMM);
  let after = u + 32;
  if (operation == tables.OP_jcc) {
    let cc = <u32>load<u8>(u, UOP_IMM);
    let length = <u32>load<u8>(u, UOP_LENGTH);
    let live = liveAt(target) | liveAt(next);
    let position = <u32>load<u8>(u, UOP_POSITION);
    if (live == 0 && position > 0 && fuse(u - 32, cc, length)) {
      u -= 32;
      after -= 32;
    } else {
      store<u16>(u, HANDLER_JCC_0 + <u16>cc, UOP_HANDLER);
      live = ALL_FLAGS;
    }
    store<u8>(block, <u32>load<u8>(u, UOP_POSITION) + 1, BLOCK_COUNT);
    stub(after, target, u + UOP_TARGET);
    stub(after + 32, next, u + UOP_NEXT);
    selectHandlers(block, <u32>load<u8>(block, BLOCK_COUNT), live);
    return after + 64;
  }
  if (operation == tables.OP_call) store<u64>(u, <u64>next, UOP_IMM);
  store<u16>(u, operation == tables.OP_call ? HANDLER_CALL : HANDLER_GOTO, UOP_HANDLER);
  stub(after, target, u + UOP_TARGET);
  selectHandlers(block, <u32>load<u8>(block, BLOCK_COUNT), liveAt(target));
  return after + 32;
}

/** Ends a block that simply goes on at `pc`. */
function finishGoto(block: usize, u: usize, position: u32, pc: u32): usize {
  memory.fill(u, 0, 32);
  store<u16>(u, HANDLER_GOTO, UOP_HANDLER);
  store<u16>(u, NO_ROW, UOP_ROW);
  store<u8>(u, position, UOP_POSITION);
  stub(u + 32, pc, u + UOP_TARGET);
  selectHandlers(block, position, liveAt(pc));
  store<u8>(block, position + 1, BLOCK_COUNT);
  return u + 64;
}

/** An instruction that only raises. */
function finishFault(block: usize, u: usize, position: u32, handler: u32): usize {
  memory.fill(u, 0, 32);
  store<u16>(u, handler, UOP_HANDLER);
  store<u16>(u, NO_ROW, UOP_ROW);
  store<u8>(u, position, UOP_POSITION);
  store<u8>(block, position + 1, BLOCK_COUNT);
  selectHandlers(block, position, ALL_FLAGS);
  return u + 32;
}

/** Translates the block at guest `pc`; 0 when nothing can be fetched there (fault recorded). */
function translate(pc: u32): usize {
  let start = pc - <u32>BIAS;
  if (fetchable(start) == 0) {
    pageFault(start, false, true);
    return 0;
  }
  let block = room(BLOCK_BYTES_MAX);
  memory.fill(block, 0, 32);
  store<u32>(block, pc, BLOCK_PC);
  let at = start;
  let position: u32 = 0;
  let end: usize = 0;
  let most = load<u32>(ONE_BY_ONE) != 0 ? 1 : UOPS_MAX - 1;
  for (;;) {
    let u = block + 32 + (<usize>position << 5);
    if (position == most || at >> 12 != start >> 12) {
      end = finishGoto(block, u, position, at + <u32>BIAS);
      break;
    }
    let answer = decode(at);
    if (answer == NOT_FETCHED) {
      if (position == 0) {
        pageFault((<u64>at | 4095) + 1, false, true);
        return 0;
      }
      end = finishGoto(block, u, position, at + <u32>BIAS);
      break;
    }
    if (answer != DECODED) {
      at += 1; // The block covers at least the first byte.
      end = finishFault(block, u, position, answer == TOO_LONG ? HANDLER_PROTECTION : HANDLER_UNDEFINED);
      break;
    }
    let row = tables.ROWS + (<usize>load<u16>(INSN, INSN_ROW) << 4);
    at += <u32>load<u8>(INSN, INSN_LENGTH);
    emit(u, at + <u32>BIAS, position);
    position++;
    if (load<u8>(row, 10) & 16) {
      store<u8>(block, position, BLOCK_COUNT);
      let operation = <u32>load<u16>(row, 8);
      if (operation == tables.OP_jmp || operation == tables.OP_jcc || operation == tables.OP_call) {
        end = finishBranch(block, u, operation, pc, at + <u32>BIAS);
      } else {
        let reads = <u32>load<u8>(row, 11);
        // The return address.
        if (operation == tables.OP_callIndirect) store<u64>(u, <u64>(at + <u32>BIAS), UOP_IMM);
        selectHandlers(block, position, operation == tables.OP_popf ? 0 : ALL_FLAGS | reads);
        end = u + 32;
      }
      break;
    }
  }
  store<u16>(block, at - start, BLOCK_LENGTH);
  enter(block, end);
  return block;
}

/** First uop of the block at guest `pc`, translated if need be; 0 after a fetch fault. */
export function lookUp(pc: u64): usize {
  store<u64>(RIP, pc);
  if (pc < BIAS || pc >= LIMIT + BIAS) {
    pageFault(pc - BIAS, false, true);
    return 0;
  }
  let block = find(<u32>pc);
  if (block == 0) block = translate(<u32>pc);
  if (block == 0) return 0;
  let entry = jumpEntry(<u32>pc);
  store<u32>(entry, <u32>pc);
  store<u32>(entry, <u32>block + 32, 4);
  return block + 32;
}

/** The block a link stub asks for; the branch goes there directly from now on. */
export function link(u: usize): usize {
  let before = flushes();
  let cell = <usize>load<u32>(u, UOP_TARGET);
  let target = lookUp(<u64>load<u32>(u, UOP_IMM));
  if (target != 0 && flushes() == before) store<u32>(cell, <u32>target);
  return target;
}

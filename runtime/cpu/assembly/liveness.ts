/**
 * Which instruction notes its flags, and so which handler a uop gets. One hard idea: a block is gone through
 * backwards, so an instruction whose flags nobody reads gets a handler that does not note them; behind the
 * block the first few instructions of its successors are asked. With EXACT_FLAGS an instruction that may
 * raise counts as a reader of all flags; without, they may be stale where the loop is left by a fault.
 */
import { INSN, INSN_HAS_MODRM, INSN_IMM, INSN_LENGTH, INSN_MODRM, INSN_ROW, BIAS, COPY, RIP, UOP_HANDLER, UOP_IMM,
  UOP_MODE, UOP_ROW } from "./layout";
import * as tables from "./tables";
import { FORMS, HANDLER_COLD, HANDLER_COLD_END, HOT, FORM_RI } from "./handlers";
import { EXACT_FLAGS, FORCE_COLD, ONE_BY_ONE } from "./blocks";
import { cold } from "./cold";
import { decode, DECODED, NO_ROW } from "./decode";
import { emit } from "./translate";

/** How many instructions behind a block are asked about flags. */
const LOOKAHEAD: i32 = 6;
export const ALL_FLAGS: u32 = 0x3f;
/** Bits of a row's byte 10. */
const ACCESS: u32 = 7;
const ACCESS_NONE: u32 = 0;
const MAYBE: u32 = 8;
const ENDS: u32 = 16;
const RAISES: u32 = 64;

@inline function rowOfInstruction(): usize {
  return tables.ROWS + (<usize>load<u16>(INSN, INSN_ROW) << 4);
}

/** Whether an instruction of `row` can raise anything. */
@inline function mayRaise(row: usize, hasMemory: bool): bool {
  let facts = <u32>load<u8>(row, 10);
  return (facts & RAISES) != 0 || (hasMemory && (facts & ACCESS) != ACCESS_NONE);
}

@inline function instructionMayRaise(row: usize): bool {
  return mayRaise(row, load<u8>(INSN, INSN_HAS_MODRM) != 0 && load<u8>(INSN, INSN_MODRM) < 0xc0);
}

@inline function written(row: usize): u32 {
  return <u32>load<u8>(row, 12) | <u32>load<u8>(row, 13);
}

/** Flags that the code at guest `pc` may read before it writes them. */
export function liveAt(pc: u32): u32 {
  if (load<u32>(ONE_BY_ONE)) return ALL_FLAGS;
  let live: u32 = 0;
  let pending = ALL_FLAGS;
  for (let steps = LOOKAHEAD; steps > 0; steps--) {
    if (pc < BIAS || decode(pc - <u32>BIAS) != DECODED) return live | pending;
    let row = rowOfInstruction();
    if (load<u8>(EXACT_FLAGS) != 0 && instructionMayRaise(row)) return live | pending;
    live |= <u32>load<u8>(row, 11) & pending;
    if (!(load<u8>(row, 10) & MAYBE)) pending &= ~written(row);
    if (pending == 0) return live;
    pc += <u32>load<u8>(INSN, INSN_LENGTH);
    let operation = <u32>load<u16>(row, 8);
    if (operation == tables.OP_jmp || operation == tables.OP_call) pc += load<u32>(INSN, INSN_IMM);
    else if (load<u8>(row, 10) & ENDS) return live | pending;
  }
  return live | pending;
}

/**
 * The fuel is used up at RIP, between two blocks: goes on by general forms until the flags that `liveAt` took
 * for dead are written, so that whoever looks sees the right ones. Answers how many instructions that were.
 */
export function settleFlags(): i32 {
  if (load<u32>(ONE_BY_ONE)) return 0;
  let pending = ALL_FLAGS;
  for (let steps = 0; steps < LOOKAHEAD; steps++) {
    let pc = load<u64>(RIP);
    if (pc < BIAS || pc > 0xffff_ffff || decode(<u32>pc - <u32>BIAS) != DECODED) return steps;
    let row = rowOfInstruction();
    // What is read was live, so it is there.
    pending &= ~<u32>load<u8>(row, 11);
    if (pending == 0 || (load<u8>(EXACT_FLAGS) != 0 && instructionMayRaise(row))) return steps;
    let operation = <u32>load<u16>(row, 8);
    let next = <u64>(<u32>pc + <u32>load<u8>(INSN, INSN_LENGTH));
    if (operation == tables.OP_jmp) next = <u64>(<u32>next + load<u32>(INSN, INSN_IMM));
    else if (load<u8>(row, 10) & (ENDS | RAISES)) return steps;
    else {
      emit(COPY, <u32>next, 0);
      if (cold(COPY)) return steps;
    }
    if (!(load<u8>(row, 10) & MAYBE)) pending &= ~written(row);
    store<u64>(RIP, next);
    if (pending == 0) return steps + 1;
  }
  return LOOKAHEAD;
}

/** Whether a shift's count is a constant other than zero: then it does write the flags. */
@inline function isCertain(u: usize, row: usize): bool {
  if (!(load<u8>(row, 10) & MAYBE)) return true;
  let operation = <u32>load<u16>(row, 8);
  if (operation != tables.OP_shl && operation != tables.OP_shr && operation != tables.OP_sar) return false;
  if (load<u16>(u, UOP_HANDLER) != FORM_RI) return false;
  return (load<u8>(u, UOP_IMM) & ((load<u8>(u, UOP_MODE) & 3) == 3 ? 63 : 31)) != 0;
}

/** Chooses handlers from the last uop to the first. */
export function selectHandlers(block: usize, count: u32, liveOut: u32): void {
  let live = liveOut;
  let isExact = load<u8>(EXACT_FLAGS) != 0;
  for (let index = count; index > 0; index--) {
    let u = block + (<usize>index << 5);
    let number = <usize>load<u16>(u, UOP_ROW);
    let row = tables.ROWS + (number << 4);
    let form = <u32>load<u16>(u, UOP_HANDLER);
    if (form < FORMS) {
      let writes = written(row);
      let isDead = (writes & live) == 0;
      let hot = <u32>load<u16>(row, 14);
      let handler: u32 = 0;
      if (hot != 0xffff && !load<u32>(FORCE_COLD)) {
        let width = <u32>load<u8>(u, UOP_MODE) & 3;
        handler = <u32>load<u16>(HOT + (<usize>((((hot << 1) | u32(isDead)) << 2) | width) << 5) + (<usize>form << 1));
      }
      if (handler == 0) handler = load<u8>(row, 10) & ENDS ? HANDLER_COLD_END : HANDLER_COLD;
      if (isCertain(u, row)) live &= ~writes;
      live |= <u32>load<u8>(row, 11);
      store<u16>(u, handler, UOP_HANDLER);
    }
    // Those that have their handler already (a call, a fused compare) may raise too.
    if (isExact && number != NO_ROW && mayRaise(row, (load<u8>(u, UOP_MODE) & 0x80) != 0)) live = ALL_FLAGS;
  }
}

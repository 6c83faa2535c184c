/**
 * How the run loop is left. One hard idea: rip is kept nowhere while running; it is found here, from the
 * uop at which the loop stopped.
 */
import { BIAS, FAULT, FS_BASE, GS_BASE, PENDING, REG, RIP, UOP_BASE, UOP_HANDLER, UOP_IMM, UOP_INDEX, UOP_MODE,
  UOP_ROW } from "./layout";
import { EXECUTED } from "./blocks";
import { HANDLER_LINK } from "./handlers";
import { settleFlags } from "./liveness";
import { BREAKPOINT, DEBUG, GENERAL_PROTECTION, INTERRUPT_80, STACK_FAULT, SYSTEM_CALL, UNFINISHED } from "./memory";
import { ROWS } from "./tables";
import { effectiveAddress, pcOf } from "./uop";
import { NO_ROW } from "./decode";

const STOP_SYSCALL: i32 = 0;
const STOP_FUEL: i32 = 1;
const STOP_FAULT: i32 = 2;

@inline function account(fuel: i32, budget: i32): void {
  store<u64>(EXECUTED, load<u64>(EXECUTED) + <u64>(budget - fuel));
  store<u32>(PENDING, 0);
}

/** The fuel is used up before uop `q`. */
export function leaveFuel(q: usize, fuel: i32, budget: i32): i32 {
  store<u64>(RIP, <u64>(load<u16>(q, UOP_HANDLER) == HANDLER_LINK ? load<u32>(q, UOP_IMM) : pcOf(q)));
  account(fuel - settleFlags(), budget);
  return STOP_FUEL;
}

/** Whether the memory operand of `u` goes through the stack segment: base rsp or rbp, no fs or gs. */
function isStackOperand(u: usize): bool {
  let base = <usize>load<u16>(u, UOP_BASE);
  if (base != REG + 32 && base != REG + 40) return false;
  let index = <usize>load<u16>(u, UOP_INDEX);
  let segment = (load<u8>(u, UOP_MODE) >> 3) & 3;
  return index != FS_BASE && index != GS_BASE && segment != 1 && segment != 2;
}

/** An address that is not canonical is #GP, but #SS when it was the stack's: asked only once it happened. */
function refineFault(u: usize): void {
  if (load<u32>(FAULT) != GENERAL_PROTECTION || !load<u8>(FAULT, 7)) return;
  let number = <u32>load<u16>(u, UOP_ROW);
  if (number == NO_ROW) return;
  let isStackRow = (load<u8>(ROWS + (<usize>number << 4), 3) & 0x30) != 0;
  let isExplicit = (load<u8>(u, UOP_MODE) & 0x80) != 0;
  if (isStackRow && isExplicit) isExplicit = effectiveAddress(u) + BIAS == load<u64>(FAULT, 8);
  if (isExplicit ? isStackOperand(u) : isStackRow) store<u32>(FAULT, STACK_FAULT);
}

/** The instruction of uop `p` raised, or is to go on later. */
export function leaveFault(p: usize, fuel: i32, budget: i32): i32 {
  if (load<u32>(PENDING) == UNFINISHED) {
    store<u64>(RIP, <u64>pcOf(p));
    account(fuel, budget);
    return STOP_FUEL;
  }
  refineFault(p);
  store<u64>(RIP, <u64>pcOf(p));
  account(fuel, budget);
  return STOP_FAULT;
}

/** The next instruction cannot be fetched; RIP is there already. */
export function leaveFetch(fuel: i32, budget: i32): i32 {
  account(fuel, budget);
  return STOP_FAULT;
}

/** A block's last operation stopped: a system call, or an exception (traps are behind it). */
export function leaveEnd(p: usize, pending: u32, fuel: i32, budget: i32): i32 {
  if (pending == SYSTEM_CALL) {
    account(fuel, budget);
    return STOP_SYSCALL;
  }
  refineFault(p);
  let vector = load<u32>(FAULT);
  if (vector != BREAKPOINT && vector != DEBUG && vector != 4 && vector != INTERRUPT_80) store<u64>(RIP, <u64>pcOf(p));
  account(fuel, budget);
  return STOP_FAULT;
}

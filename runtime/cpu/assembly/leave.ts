/**
 * How the run loop is left. One hard idea: rip is kept nowhere while running; it is found here, from the
 * uop at which the loop stopped.
 */
import { FAULT, PENDING, RIP, UOP_HANDLER, UOP_IMM } from "./layout";
import { EXECUTED } from "./blocks";
import { HANDLER_LINK } from "./handlers";
import { BREAKPOINT, DEBUG, INTERRUPT_80 } from "./memory";
import { pcOf } from "./uop";

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
  account(fuel, budget);
  return STOP_FUEL;
}

/** The instruction of uop `p` raised. */
export function leaveFault(p: usize, fuel: i32, budget: i32): i32 {
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
  if (pending == 2) {
    account(fuel, budget);
    return STOP_SYSCALL;
  }
  let vector = load<u32>(FAULT);
  if (vector != BREAKPOINT && vector != DEBUG && vector != 4 && vector != INTERRUPT_80) store<u64>(RIP, <u64>pcOf(p));
  account(fuel, budget);
  return STOP_FAULT;
}

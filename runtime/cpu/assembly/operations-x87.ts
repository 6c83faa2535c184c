/**
 * x87 instructions and the state instructions of x87 and SSE. One hard idea: an escape's number (opcode
 * and ModRM byte, put into the uop by the translator) is all that f80.ts needs; here are only the order
 * of exceptions (a pending #MF, then the operand's page fault, then the operation) and the flags.
 */
import { BIAS, MXCSR, PENDING, REG, UOP_IMM, UOP_MODE, X87 } from "./layout";
import { rflags, setRaw, STATUS } from "./flags";
import {
  F80_FAULT, F80_UNDEFINED, f80Memory, f80OperandBytes, f80OperandIsWritten, f80Register, f80Wait,
} from "./f80-instructions";
import { f80EmptyMmx } from "./f80-state";
import { FXSAVE_BYTES, MXCSR_MASK, restoreImage, saveImage, setMxcsr } from "./fxsave";
import { check, GENERAL_PROTECTION, INVALID_OPCODE, isOutside, pageFault, raise, X87_ERROR } from "./memory";
import { effectiveAddress } from "./uop";

/** fnstenv, fnstcw, fnsave and fnstsw do not look at pending exceptions: bit of the low six of the number. */
const NOT_WAITING: u64 = 0x0000_c000_0000_c000;

/** Turns a pending x87 exception into #MF; whether there was one. */
export function raisePending(): bool {
  if (!f80Wait(X87)) return false;
  raise(X87_ERROR);
  return true;
}

function answer(result: u32): void {
  if (result & F80_FAULT) raise(X87_ERROR);
  else if (result & F80_UNDEFINED) raise(INVALID_OPCODE);
}

/** Where the memory operand is, which allows `bytes`; 0 when it raised. */
function operandAddress(u: usize, bytes: u32, isWrite: bool): usize {
  return check(effectiveAddress(u), bytes, isWrite);
}

export function opX87Memory(u: usize, d: usize, s: usize): void {
  let number = load<u32>(u, UOP_IMM);
  let doesWait = (NOT_WAITING >> <u64>(number & 63) & 1) == 0;
  if (doesWait && raisePending()) return;
  let address = operandAddress(u, f80OperandBytes(number), f80OperandIsWritten(number));
  if (address != 0) answer(f80Memory(X87, number, address));
}

export function opX87(u: usize, d: usize, s: usize): void {
  answer(f80Register(X87, load<u32>(u, UOP_IMM), 0));
}

export function opFcmov(u: usize, d: usize, s: usize): void {
  answer(f80Register(X87, load<u32>(u, UOP_IMM), rflags()) & (F80_FAULT | F80_UNDEFINED));
}

export function opFcomi(u: usize, d: usize, s: usize): void {
  let result = f80Register(X87, load<u32>(u, UOP_IMM), 0);
  answer(result);
  if (!load<u32>(PENDING)) setRaw(result & STATUS);
}

export function opFwait(u: usize, d: usize, s: usize): void {
  raisePending();
}

export function opFnstsw(u: usize, d: usize, s: usize): void {
  store<u16>(REG, load<u16>(X87, 2));
}

export function opEmms(u: usize, d: usize, s: usize): void {
  if (!raisePending()) f80EmptyMmx(X87);
}

/** The aligned address of an fxsave image; 0 when it raised. That it is not canonical comes first here. */
function imageAddress(u: usize, isWrite: bool): usize {
  let address = effectiveAddress(u);
  if (address & 15) {
    if (isOutside(address + BIAS)) pageFault(address, isWrite, false);
    else raise(GENERAL_PROTECTION);
    return 0;
  }
  return operandAddress(u, FXSAVE_BYTES, isWrite);
}

/** Without REX.W the pointers are 32 bits and a selector, which is null here. */
@inline function isWide(u: usize): bool {
  return (load<u8>(u, UOP_MODE) & 3) == 3;
}

export function opFxsave(u: usize, d: usize, s: usize): void {
  let image = imageAddress(u, true);
  if (image == 0) return;
  saveImage(image);
  if (!isWide(u)) {
    store<u32>(image, 0, 12);
    store<u32>(image, 0, 20);
  }
}

export function opFxrstor(u: usize, d: usize, s: usize): void {
  let image = imageAddress(u, false);
  if (image == 0) return;
  if (!restoreImage(image)) raise(GENERAL_PROTECTION);
  else if (!isWide(u)) {
    store<u32>(X87, 0, 12);
    store<u32>(X87, 0, 20);
  }
}

export function opLdmxcsr(u: usize, d: usize, s: usize): void {
  let value = load<u32>(d);
  if (value & ~MXCSR_MASK) raise(GENERAL_PROTECTION);
  else setMxcsr(value);
}

export function opStmxcsr(u: usize, d: usize, s: usize): void {
  store<u32>(d, load<u32>(MXCSR) & MXCSR_MASK);
}

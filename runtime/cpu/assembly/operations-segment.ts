/**
 * Segment registers. One hard idea: with flat segments a selector is a number that is kept and shown; what a
 * load may put there is what Linux's descriptor table has for ring 3, and nothing else is looked at.
 */
import { BIAS, FS_BASE, GS_BASE, REG, SELECTORS, UOP_D, UOP_S } from "./layout";
import { check, GENERAL_PROTECTION, INVALID_OPCODE, raise } from "./memory";
import { pushValue, stackWidth } from "./operations-control";
import { widthOf, write } from "./uop";

const RSP: usize = REG + 32;
const CS: u32 = 1;
const SS: u32 = 2;
const FS: u32 = 4;
const GS: u32 = 5;
/** __USER32_CS, __USER_DS and __USER_CS, without their two bits of privilege. */
const USER_CODE_32: u32 = 0x20;
const USER_DATA: u32 = 0x28;
const USER_CODE: u32 = 0x30;

function selectorOf(number: u32): u32 {
  if (number == CS) return USER_CODE | 3;
  if (number == SS) return USER_DATA | 3;
  return <u32>load<u16>(SELECTORS + (<usize>number << 1));
}

function isNull(selector: u32): bool {
  return selector <= 3;
}

/** Loads ds, es, ss, fs or gs; false when it raised. */
function loadSelector(number: u32, selector: u32): bool {
  let descriptor = selector & 0xfffc;
  let isUser = descriptor == USER_DATA || descriptor == USER_CODE || descriptor == USER_CODE_32;
  // The stack is writable data of this very privilege.
  let isAllowed = number == SS ? selector == (USER_DATA | 3) : isUser || isNull(selector);
  if (!isAllowed) {
    raise(GENERAL_PROTECTION);
    return false;
  }
  store<u16>(SELECTORS + (<usize>number << 1), selector);
  // A descriptor's base is zero; a null selector leaves the base as it is, as AMD's processors do.
  if (!isNull(selector) && number == FS) store<u64>(FS_BASE, 0);
  if (!isNull(selector) && number == GS) store<u64>(GS_BASE, 0);
  return true;
}

export function opPushSegment(u: usize, d: usize, s: usize): void {
  pushValue(<u64>selectorOf(d == FS_BASE ? FS : GS), stackWidth(u));
}

export function opPopSegment(u: usize, d: usize, s: usize): void {
  let width = stackWidth(u);
  let top = load<u64>(RSP);
  let place = check(top - BIAS, 1 << width, false);
  if (!place) return;
  if (loadSelector(d == FS_BASE ? FS : GS, <u32>load<u16>(place))) store<u64>(RSP, top + (1 << width));
}

export function opMovToSegment(u: usize, d: usize, s: usize): void {
  let number = <u32>load<u16>(u, UOP_D);
  if (number == CS || number > GS) raise(INVALID_OPCODE);
  else loadSelector(number, <u32>load<u16>(s));
}

export function opMovFromSegment(u: usize, d: usize, s: usize): void {
  write(d, d < 0x1000 ? widthOf(u) : 1, <u64>selectorOf(<u32>load<u16>(u, UOP_S)));
}

/**
 * The escape instructions D8..DF on the register file. The hard idea: an operation works into a scratch
 * number first; only when its exceptions are masked (or do not stop it) does the stack change. Every
 * access to guest memory comes before the first change of state, so that a fault there leaves none.
 * Intel SDM volume 2, appendix A.5 (tables ).
 */
import { product80, quotient80, sum80, f80Sqrt } from "./f80-arithmetic";
import {
  f80FromBcd, f80FromF32, f80FromF64, f80FromI64, f80ToBcd, f80ToF32, f80ToF64, f80ToI16, f80ToI32, f80ToI64,
  isRefused, widen32, widen64,
} from "./f80-convert";
import { C0, C1, C2, C3, DE, IE, OE, UE, ZE, copy80 } from "./f80-format";
import {
  clearExceptions, controlOf, environmentBytes, initialize, isEmpty, isFull, isPending, loadAll,
  loadEnvironment, maskAll, overflowStack, pop, push, raise, saveAll, saveEnvironment, setConditions,
  setControl, setEmpty, setInUse, setTop, stackAt, statusOf, topOf, underflowStack,
} from "./f80-state";
import {
  compare80, f80Constant, f80Examine, f80Extract, f80Remainder, f80RoundToInteger, f80Scale,
} from "./f80-steps";
import {
  f80Atan, f80Cos, f80Exp2Minus1, f80Sin, f80Tan, f80YLog2X, f80YLog2XPlus1,
} from "./f80-transcendental";

/** #MF: an unmasked exception was pending. */
export const F80_FAULT: u32 = 1 << 31;
/** #UD. */
export const F80_UNDEFINED: u32 = 1 << 30;

const SCRATCH: usize = memory.data(16, 16);
const SECOND: usize = memory.data(16, 16);
/** Result exceptions do not stop an operation on registers; these do when unmasked. */
const STOPPING: u32 = IE | DE | ZE;
const TRUNCATE: u32 = 0xc00;

/** Operand sizes by op & 63; 255 = environment, 254 = whole state. */
const OPERAND_BYTES: usize = memory.data<u8>([
  4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 4, 4, 255, 2, 255, 2,
  4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 10, 0, 10,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 254, 0, 254, 2,
  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 10, 8, 10, 8,
]);
/** Bit op & 63: the operand is written. */
const WRITTEN: u64 = 0xce00_ce00_8e00_cc00;

export function f80OperandBytes(op: u32): u32 {
  const bytes = <u32>load<u8>(OPERAND_BYTES + <usize>(op & 63));
  const isShort = (op & 64) != 0;
  if (bytes == 255) return isShort ? 14 : 28;
  return bytes == 254 ? (isShort ? 94 : 108) : bytes;
}

export function f80OperandIsWritten(op: u32): bool {
  return (WRITTEN >> <u64>(op & 63) & 1) != 0;
}

export function f80Wait(state: usize): u32 {
  return isPending(state) ? F80_FAULT : 0;
}

export function f80Memory(state: usize, op: u32, pointer: usize): u32 {
  const group = op >> 3 & 7;
  const row = op & 7;
  const isShort = (op & 64) != 0;
  // The instructions that do not wait.
  if (group == 1 && row == 6) {
    saveEnvironment(state, pointer, isShort);
    maskAll(state);
    return 0;
  }
  if (group == 1 && row == 7) return storeWord(pointer, controlOf(state));
  if (group == 5 && row == 6) {
    saveAll(state, pointer, isShort);
    return 0;
  }
  if (group == 5 && row == 7) return storeWord(pointer, statusOf(state));
  if (load<u8>(OPERAND_BYTES + <usize>(op & 63)) == 0) return F80_UNDEFINED;
  if (isPending(state)) return F80_FAULT;
  if ((group & 1) == 0) {
    arithmeticMemory(state, group, row, pointer);
    return 0;
  }
  if (row == 0) loadNumber(state, group, pointer);
  else if (row < 4) storeNumber(state, group, row, pointer);
  else otherMemory(state, group, row, pointer, isShort);
  return 0;
}

function storeWord(pointer: usize, value: u32): u32 {
  store<u16>(pointer, <u16>value);
  return 0;
}

/** D8 (f32), DA (i32), DC (f64), DE (i16): ST(0) op memory. */
function arithmeticMemory(state: usize, group: u32, row: u32, pointer: usize): void {
  let seen: u32 = 0;
  if (group == 0) seen = widen32(SECOND, load<u32>(pointer));
  else if (group == 4) seen = widen64(SECOND, load<u64>(pointer));
  else f80FromI64(SECOND, group == 2 ? <i64>load<i32>(pointer) : <i64>load<i16>(pointer));
  const top = stackAt(state, 0);
  const isCompare = (row & 6) == 2;
  if (isEmpty(state, 0)) {
    const isMasked = underflowStack(state, isCompare ? 0 : top);
    if (isCompare) setConditions(state, C0 | C2 | C3);
    if (!isMasked) return;
    if (!isCompare) setInUse(state, 0);
    if (row == 3) pop(state);
    return;
  }
  if (isCompare) {
    if (compareInto(state, compare80(top, SECOND, false, seen)) && row == 3) pop(state);
    return;
  }
  finish(state, top, binary(state, row, top, SECOND, seen));
}

/** Rows 0, 1, 4..7 of the arithmetic groups: into SCRATCH, the status. */
function binary(state: usize, row: u32, a: usize, b: usize, seen: u32): u32 {
  const control = controlOf(state);
  switch (row) {
    case 0: return sum80(SCRATCH, a, b, 0, 0, seen, control);
    case 1: return product80(SCRATCH, a, b, seen, control);
    case 4: return sum80(SCRATCH, a, b, 0, 1, seen, control);
    case 5: return sum80(SCRATCH, b, a, 0, 1, seen, control);
    case 6: return quotient80(SCRATCH, a, b, seen, control);
    default: return quotient80(SCRATCH, b, a, seen, control);
  }
}

/** Takes SCRATCH over into `target` unless an unmasked exception forbids; true when it did. */
function finish(state: usize, target: usize, status: u32): bool {
  raise(state, status);
  if (status & ~controlOf(state) & STOPPING) return false;
  copy80(target, SCRATCH);
  return true;
}

/** Conditions of a comparison; false when an unmasked exception forbids to go on (and pop). */
function compareInto(state: usize, status: u32): bool {
  raise(state, status & 0x3f);
  const isStopped = (status & ~controlOf(state) & STOPPING) != 0;
  setConditions(state, status & (C0 | C2 | C3));
  return !isStopped;
}

function loadNumber(state: usize, group: u32, pointer: usize): void {
  const control = controlOf(state);
  let status: u32 = 0;
  if (group == 1) status = f80FromF32(SCRATCH, pointer, control);
  else if (group == 5) status = f80FromF64(SCRATCH, pointer, control);
  else f80FromI64(SCRATCH, group == 3 ? <i64>load<i32>(pointer) : <i64>load<i16>(pointer));
  pushScratch(state, status);
}

function pushScratch(state: usize, status: u32): void {
  if (isFull(state)) return overflowStack(state);
  raise(state, status);
  // An unmasked DE is raised, but does not stop a load.
  if (!(status & ~controlOf(state) & IE)) copy80(push(state), SCRATCH);
}

/** Rows 1..3 of D9, DB, DD, DF: fisttp, fst or fist, and the popping kind. */
function storeNumber(state: usize, group: u32, row: u32, pointer: usize): void {
  const control = controlOf(state);
  if (isEmpty(state, 0)) {
    // With IE masked the target's indefinite value is stored: that of the default NaN.
    if (control & IE) {
      underflowStack(state, SCRATCH);
      storeFrom(SCRATCH, group, row, pointer, control);
      raise(state, 0);
    } else if (!underflowStack(state, 0)) return;
  } else {
    const status = storeFrom(stackAt(state, 0), group, row, pointer, control);
    raise(state, status);
    if (isRefused(status, control)) return;
  }
  if (row != 2) pop(state);
}

function storeFrom(number: usize, group: u32, row: u32, pointer: usize, control: u32): u32 {
  if (row == 1) {
    const truncating = control | TRUNCATE;
    if (group == 3) return f80ToI32(pointer, number, truncating);
    return group == 5 ? f80ToI64(pointer, number, truncating) : f80ToI16(pointer, number, truncating);
  }
  if (group == 1) return f80ToF32(pointer, number, control);
  if (group == 3) return f80ToI32(pointer, number, control);
  return group == 5 ? f80ToF64(pointer, number, control) : f80ToI16(pointer, number, control);
}

/** Rows 4..7 of D9, DB, DD, DF. */
function otherMemory(state: usize, group: u32, row: u32, pointer: usize, isShort: bool): void {
  if (group == 1) {
    if (row == 4) loadEnvironment(state, pointer, isShort);
    else setControl(state, <u32>load<u16>(pointer));
  } else if (group == 3) {
    if (row == 5) {
      copy80(SCRATCH, pointer);
      pushScratch(state, 0);
    } else {
      storeWide(state, 0, pointer);
    }
  } else if (group == 5) {
    loadAll(state, pointer, isShort);
  } else if (row == 4) {
    f80FromBcd(SCRATCH, pointer);
    pushScratch(state, 0);
  } else if (row == 5) {
    f80FromI64(SCRATCH, load<i64>(pointer));
    pushScratch(state, 0);
  } else {
    storeWide(state, row, pointer);
  }
}

/** fstp m80 (row 0), fbstp (6), fistp m64 (7). */
function storeWide(state: usize, row: u32, pointer: usize): void {
  const control = controlOf(state);
  const wasEmpty = isEmpty(state, 0);
  if (wasEmpty && !underflowStack(state, SCRATCH)) return;
  const number = wasEmpty ? SCRATCH : stackAt(state, 0);
  let status: u32 = 0;
  if (row == 0) copy80(pointer, number);
  else if (row == 6) status = f80ToBcd(pointer, number, control);
  else status = f80ToI64(pointer, number, control);
  if (!wasEmpty) raise(state, status);
  if (!isRefused(status, control)) pop(state);
}

export function f80Register(state: usize, op: u32, rflags: u32): u32 {
  const group = op >> 6 & 7;
  const row = op >> 3 & 7;
  const index = op & 7;
  if (group == 3 && row == 4 && index < 5) {
    // feni, fdisi and fsetpm do nothing any more.
    if (index == 2) clearExceptions(state);
    else if (index == 3) initialize(state);
    return rflags;
  }
  if (!isDefined(group, row, index)) return F80_UNDEFINED;
  if (isPending(state)) return F80_FAULT;
  if (group == 1 && row >= 4) {
    oneRegister(state, row, index);
    return rflags;
  }
  if (group == 0 || group == 4 || (group == 6 && row != 3)) {
    arithmeticRegister(state, group, row, index);
    return rflags;
  }
  if (group == 2 || group == 3 || group == 7) return conditional(state, group, row, index, rflags);
  if (group == 6) return comparePop(state, 1, 2, false, rflags);
  stackRegister(state, group, row, index);
  return rflags;
}

/** Which register forms exist: everything the processor executes, aliases included. */
function isDefined(group: u32, row: u32, index: u32): bool {
  switch (group) {
    case 1:
      if (row == 2) return index == 0;
      if (row == 4) return index < 2 || index == 4 || index == 5;
      return row != 5 || index < 7;
    case 2: return row < 4 || (row == 5 && index == 1);
    case 3: return row < 4 || row == 5 || row == 6;
    case 5: return row < 6;
    case 6: return row != 3 || index == 1;
    case 7: return row < 4 || row == 5 || row == 6;
    default: return true;
  }
}

/** D8, DC, DE: ST(0) op ST(i), ST(i) op ST(0), and with a pop. */
function arithmeticRegister(state: usize, group: u32, row: u32, index: u32): void {
  if ((row & 6) == 2) {
    const pops: u32 = row == 3 || group == 6 ? 1 : 0;
    comparePop(state, index, pops, false, 0);
    return;
  }
  const target = group == 0 ? stackAt(state, 0) : stackAt(state, index);
  const targetIndex: u32 = group == 0 ? 0 : index;
  if (isEmpty(state, 0) || isEmpty(state, index)) {
    if (!underflowStack(state, target)) return;
    setInUse(state, targetIndex);
  } else {
    // fsubr and fdivr trade places in DC and DE: always ST(0) op ST(i) by row.
    const status = binary(state, row, stackAt(state, 0), stackAt(state, index), 0);
    if (!finish(state, target, status)) return;
  }
  if (group == 6) pop(state);
}

/** fcom, fucom and their popping kinds, into the condition codes; returns rflags as they were. */
function comparePop(state: usize, index: u32, pops: u32, quiet: bool, rflags: u32): u32 {
  if (isEmpty(state, 0) || isEmpty(state, index)) {
    const isMasked = underflowStack(state, 0);
    setConditions(state, C0 | C2 | C3);
    if (!isMasked) return rflags;
  } else if (!compareInto(state, compare80(stackAt(state, 0), stackAt(state, index), quiet, 0))) {
    return rflags;
  }
  if (pops > 0) pop(state);
  if (pops > 1) pop(state);
  return rflags;
}

/** DA, DB, DF: fcmov, fcomi, fucompp. */
function conditional(state: usize, group: u32, row: u32, index: u32, rflags: u32): u32 {
  if (row >= 5) {
    if (group == 2) return comparePop(state, 1, 2, true, rflags);
    return compareFlags(state, index, row == 5, group == 7, rflags);
  }
  if (group == 7) {
    stackRegister(state, group, row, index);
    return rflags;
  }
  const mask: u32 = row == 0 ? 1 : row == 1 ? 0x40 : row == 2 ? 0x41 : 4;
  if (isEmpty(state, 0) || isEmpty(state, index)) {
    if (underflowStack(state, stackAt(state, 0))) setInUse(state, 0);
    return rflags;
  }
  if (((rflags & mask) != 0) == (group == 2)) copy80(stackAt(state, 0), stackAt(state, index));
  return rflags;
}

/** fcomi: ZF, PF, CF as the condition codes; OF, SF and AF are cleared. */
function compareFlags(state: usize, index: u32, quiet: bool, pops: bool, rflags: u32): u32 {
  let status: u32 = C0 | C2 | C3;
  let stops = false;
  if (isEmpty(state, 0) || isEmpty(state, index)) {
    stops = !underflowStack(state, 0);
  } else {
    status = compare80(stackAt(state, 0), stackAt(state, index), quiet, 0);
    raise(state, status & 0x3f | statusOf(state) & C1);
    stops = (status & ~controlOf(state) & STOPPING) != 0;
  }
  const flags = (status & C3 ? 0x40 : 0) | (status & C2 ? 4 : 0) | (status & C0 ? 1 : 0);
  if (pops && !stops) pop(state);
  return rflags & ~0x8d5 | flags;
}

/** D9 C0..DF, DD, DF C0..DF: fld, fxch, fnop, fstp, ffree, fst, fucom. */
function stackRegister(state: usize, group: u32, row: u32, index: u32): void {
  if (group == 1 && row == 0) {
    if (isEmpty(state, index)) {
      if (isFull(state)) copy80(SCRATCH, stackAt(state, index));
      if (underflowStack(state, SCRATCH)) copy80(push(state), SCRATCH);
      return;
    }
    copy80(SCRATCH, stackAt(state, index));
    pushScratch(state, 0);
  } else if (row == 1) {
    exchange(state, index);
  } else if (group == 1 && row == 2) {
    return;
  } else if ((group == 5 || group == 7) && row == 0) {
    raise(state, 0);
    setEmpty(state, index);
    if (group == 7) pop(state);
  } else if (group == 5 && row >= 4) {
    comparePop(state, index, row & 1, true, 0);
  } else {
    if (isEmpty(state, 0)) {
      // The alias D9 D8..DF just pops then.
      if (group == 1) {
        raise(state, 0);
        return pop(state);
      }
      if (!underflowStack(state, stackAt(state, index))) return;
    } else {
      raise(state, 0);
      copy80(stackAt(state, index), stackAt(state, 0));
    }
    setInUse(state, index);
    if (!(group == 5 && row == 2)) pop(state);
  }
}

function exchange(state: usize, index: u32): void {
  const top = stackAt(state, 0);
  const other = stackAt(state, index);
  if (isEmpty(state, 0) || isEmpty(state, index)) {
    const wasEmpty = isEmpty(state, 0);
    const otherEmpty = isEmpty(state, index);
    if (!underflowStack(state, wasEmpty ? top : other)) return;
    if (wasEmpty && otherEmpty) underflowStack(state, other);
    setInUse(state, 0);
    setInUse(state, index);
  } else {
    raise(state, 0);
  }
  copy80(SCRATCH, top);
  copy80(top, other);
  copy80(other, SCRATCH);
}

/** D9 E0..FF. */
function oneRegister(state: usize, row: u32, index: u32): void {
  const top = stackAt(state, 0);
  if (row == 4 && index == 5) {
    setConditions(state, f80Examine(top, isEmpty(state, 0)));
  } else if (row == 4 && index == 4) {
    store<u64>(SECOND, 0);
    store<u16>(SECOND, 0, 8);
    if (!isEmpty(state, 0)) compareInto(state, compare80(top, SECOND, false, 0));
    else {
      underflowStack(state, 0);
      setConditions(state, C0 | C2 | C3);
    }
  } else if (row == 4) {
    if (!hasTop(state)) return;
    raise(state, 0);
    const high = load<u16>(top, 8);
    store<u16>(top, index == 0 ? high ^ 0x8000 : high & 0x7fff, 8);
  } else if (row == 5) {
    f80Constant(SCRATCH, index, controlOf(state));
    pushScratch(state, 0);
  } else if (row == 6 && index >= 6) {
    setTop(state, topOf(state) + (index == 6 ? 7 : 1));
    raise(state, 0);
  } else {
    function68(state, (row & 1) << 3 | index);
  }
}

/** ST(0) is there, or the masked response has filled it with the default NaN and nothing is left to do. */
function hasTop(state: usize): bool {
  if (!isEmpty(state, 0)) return true;
  if (underflowStack(state, stackAt(state, 0))) setInUse(state, 0);
  return false;
}

/** D9 F0..FF but fdecstp and fincstp, by their low four bits. */
function function68(state: usize, low: u32): void {
  const control = controlOf(state);
  const top = stackAt(state, 0);
  switch (low) {
    case 0: return oneOperand(state, 0);
    case 10: return oneOperand(state, 1);
    case 12: return oneOperand(state, 2);
    case 14: return trigonometric(state, f80Sin(SCRATCH, top, control));
    case 15: return trigonometric(state, f80Cos(SCRATCH, top, control));
    case 2: return pushTangent(state);
    case 11: return pushSineCosine(state);
    case 4: return extract(state);
    case 5: return remainder(state, true);
    case 8: return remainder(state, false);
    case 13: return twoOperands(state, 3, false);
    case 1: return twoOperands(state, 0, true);
    case 3: return twoOperands(state, 1, true);
    default: return twoOperands(state, 2, true);
  }
}

function oneOperand(state: usize, kind: u32): void {
  if (!hasTop(state)) return;
  const control = controlOf(state);
  const top = stackAt(state, 0);
  finish(state, top, kind == 0 ? f80Exp2Minus1(SCRATCH, top, control)
    : kind == 1 ? f80Sqrt(SCRATCH, top, control) : f80RoundToInteger(SCRATCH, top, control));
}

/** fyl2x, fpatan, fyl2xp1 (into ST(1), then a pop) and fscale (into ST(0)). */
function twoOperands(state: usize, kind: u32, pops: bool): void {
  const control = controlOf(state);
  const x = stackAt(state, 0);
  const y = stackAt(state, 1);
  const target = pops ? y : x;
  if (isEmpty(state, 0) || isEmpty(state, 1)) {
    if (!underflowStack(state, target)) return;
    setInUse(state, pops ? 1 : 0);
  } else {
    const status = kind == 0 ? f80YLog2X(SCRATCH, x, y, control) : kind == 1 ? f80Atan(SCRATCH, x, y, control)
      : kind == 2 ? f80YLog2XPlus1(SCRATCH, x, y, control) : f80Scale(SCRATCH, x, y, control);
    if (!finish(state, target, status)) return;
  }
  if (pops) pop(state);
}

function remainder(state: usize, nearest: bool): void {
  const top = stackAt(state, 0);
  if (isEmpty(state, 0) || isEmpty(state, 1)) {
    if (underflowStack(state, top)) setInUse(state, 0);
    clearC2(state);
    return;
  }
  const status = f80Remainder(SCRATCH, top, stackAt(state, 1), nearest, controlOf(state));
  const kept = statusOf(state);
  // Of a NaN C0 and C3 stay as they were.
  const isNan = (load<u16>(SCRATCH, 8) & 0x7fff) == 0x7fff;
  if (finish(state, top, status) && !isNan) setConditions(state, status);
  else setConditions(state, kept & ~(C1 | C2));
}

@inline
function clearC2(state: usize): void { setConditions(state, statusOf(state) & ~C2); }

/** C2 = 1 and ST(0) unchanged when the argument is out of range. */
function trigonometric(state: usize, status: u32): void {
  if (!hasTop(state)) return clearC2(state);
  const isOutOfRange = (status & C2) != 0;
  if (isOutOfRange) raise(state, status);
  else finish(state, stackAt(state, 0), status);
  store<u16>(state, <u16>(statusOf(state) & ~C2 | status & C2), 2);
}

/** Two results: `first` replaces ST(0), SCRATCH is pushed. True when there is room and an operand. */
function canSpread(state: usize): bool {
  if (isEmpty(state, 0)) {
    if (!underflowStack(state, stackAt(state, 0))) return false;
    setInUse(state, 0);
    copy80(SCRATCH, stackAt(state, 0));
    copy80(push(state), SCRATCH);
    return false;
  }
  if (!isFull(state)) return true;
  if (underflowStack(state, stackAt(state, 0))) overflowStack(state);
  else raise(state, C1);
  return false;
}

function pushTangent(state: usize): void {
  if (!canSpread(state)) return clearC2(state);
  const status = f80Tan(SCRATCH, stackAt(state, 0), controlOf(state));
  trigonometric(state, status);
  if ((status & C2) != 0 || (status & ~controlOf(state) & STOPPING) != 0) return;
  // A NaN comes back twice.
  const isNan = (load<u16>(SCRATCH, 8) & 0x7fff) == 0x7fff;
  if (!isNan) f80Constant(SCRATCH, 0, 0);
  copy80(push(state), SCRATCH);
}

function pushSineCosine(state: usize): void {
  if (!canSpread(state)) return clearC2(state);
  const control = controlOf(state);
  const top = stackAt(state, 0);
  const status = f80Cos(SECOND, top, control);
  trigonometric(state, f80Sin(SCRATCH, top, control));
  if ((status & C2) != 0 || (status & ~control & STOPPING) != 0) return;
  copy80(push(state), SECOND);
}

function extract(state: usize): void {
  if (!canSpread(state)) return;
  const control = controlOf(state);
  const top = stackAt(state, 0);
  const status = f80Extract(SECOND, SCRATCH, top, control);
  if (!finish(state, top, status)) return;
  copy80(push(state), SECOND);
}

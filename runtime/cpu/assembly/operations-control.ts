/**
 * Stack, string, control and system operations. One hard idea: what has several effects checks all its
 * memory first; string instructions instead keep rcx, rsi and rdi true after each turn, as the manual
 * has it, and do whole runs at once where nobody can tell.
 */
import { BIAS, PENDING, REG, RIP, SYSTEM_FLAGS, UOP_DISP, UOP_MODE } from "./layout";
import * as flags from "./flags";
import { DF, rflags, setRecord, setRflags } from "./flags";
import {
  BREAKPOINT, check, DEBUG, GENERAL_PROTECTION, INVALID_OPCODE, isOutside, raise, SYSTEM_CALL, UNFINISHED,
} from "./memory";
import { cpuid, readCounter } from "./identity";
import { effectiveAddress, immediateOf, read, repOf, segmentBase, widthOf, write } from "./uop";

const RAX: usize = REG;
const RCX: usize = REG + 8;
const RDX: usize = REG + 16;
const RBX: usize = REG + 24;
const RSP: usize = REG + 32;
const RBP: usize = REG + 40;
const RSI: usize = REG + 48;
const RDI: usize = REG + 56;
const R11: usize = REG + 88;

// ---------------------------------------------------------------- stack

export function pushValue(value: u64, width: u32): bool {
  let bytes: u64 = 1 << width;
  let top = load<u64>(RSP) - bytes;
  let place = check(top - BIAS, <u32>bytes, true);
  if (!place) return false;
  write(place, width, value);
  store<u64>(RSP, top);
  return true;
}

export function opPush(u: usize, d: usize, s: usize): void {
  pushValue(read(d, widthOf(u) == 1 ? 1 : 3), widthOf(u) == 1 ? 1 : 3);
}

export function opPop(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let top = load<u64>(RSP);
  let bytes: u64 = 1 << width;
  let place = check(top - BIAS, <u32>bytes, false);
  if (!place) return;
  let value = read(place, width);
  store<u64>(RSP, top + bytes);
  if (d == 0) {
    // An address with rsp in it uses the incremented one.
    d = check(effectiveAddress(u), <u32>bytes, true);
    if (!d) {
      store<u64>(RSP, top);
      return;
    }
  }
  write(d, width, value);
}

export function stackWidth(u: usize): u32 {
  return widthOf(u) == 1 ? 1 : 3;
}

export function opPushf(u: usize, d: usize, s: usize): void {
  pushValue(<u64>rflags(), stackWidth(u));
}

export function opPopf(u: usize, d: usize, s: usize): void {
  let width = stackWidth(u);
  let top = load<u64>(RSP);
  let place = check(top - BIAS, 1 << width, false);
  if (!place) return;
  let value = <u32>read(place, width);
  if (width == 1) value |= load<u32>(SYSTEM_FLAGS) & 0xffff_0000;
  setRflags(value);
  store<u64>(RSP, top + (1 << width));
}

export function opEnter(u: usize, d: usize, s: usize): void {
  let width = stackWidth(u);
  let bytes: u64 = 1 << width;
  let size = <u64>(<u32>immediateOf(u) & 0xffff);
  let level = <u64>(load<u32>(u, UOP_DISP) & 31);
  let top = load<u64>(RSP) - bytes;
  let frame = top;
  let base = load<u64>(RBP);
  // All accesses in the processor's order, before any effect; last a write probe at the final rsp.
  if (!check(top - BIAS, <u32>bytes, true)) return;
  for (let index: u64 = 1; index <= level; index++) {
    if (index < level && !check(base - index * bytes - BIAS, <u32>bytes, false)) return;
    if (!check(top - index * bytes - BIAS, <u32>bytes, true)) return;
  }
  if (!check(top - level * bytes - size - BIAS, <u32>bytes, true)) return;
  write(<usize>(top - BIAS), width, base);
  for (let index: u64 = 1; index < level; index++) {
    top -= bytes;
    base -= bytes;
    write(<usize>(top - BIAS), width, read(<usize>(base - BIAS), width));
  }
  if (level > 0) {
    top -= bytes;
    write(<usize>(top - BIAS), width, frame);
  }
  if (width == 1) store<u16>(RBP, frame);
  else store<u64>(RBP, frame);
  store<u64>(RSP, top - size);
}

export function opLeave(u: usize, d: usize, s: usize): void {
  let width = stackWidth(u);
  let base = load<u64>(RBP);
  let place = check(base - BIAS, 1 << width, false);
  if (!place) return;
  write(RBP, width, read(place, width));
  store<u64>(RSP, base + (1 << width));
}

// ---------------------------------------------------------------- strings

@inline function is32(u: usize): bool {
  return (load<u8>(u, UOP_MODE) & 4) != 0;
}

@inline function pointer(register: usize, u: usize): u64 {
  return is32(u) ? <u64>load<u32>(register) : load<u64>(register);
}

function advance(register: usize, u: usize, delta: i64): void {
  if (is32(u)) store<u64>(register, <u64><u32>(load<u32>(register) + <u32>delta));
  else store<u64>(register, load<u64>(register) + <u64>delta);
}

@inline function step(u: usize): i64 {
  let bytes: i64 = 1 << widthOf(u);
  return load<u32>(SYSTEM_FLAGS) & DF ? -bytes : bytes;
}

@inline function source(u: usize): u64 {
  return pointer(RSI, u) + segmentBase(u) - BIAS;
}

@inline function target(u: usize): u64 {
  return pointer(RDI, u) - BIAS;
}

function turns(u: usize): u64 {
  return repOf(u) ? pointer(RCX, u) : 1;
}

function countDown(u: usize, by: i64): void {
  if (repOf(u)) advance(RCX, u, -by);
}

/** Turns (of a page or an element) before the scheduler gets a chance, as an interrupt would take it. */
const TURNS_MAX: u32 = 16384;

/** Whether to stop after `made` turns with `left` still to do; the registers say how to go on. */
@inline function isInterrupted(made: u32, left: u64): bool {
  if (made < TURNS_MAX || left == 0) return false;
  store<u32>(PENDING, UNFINISHED);
  return true;
}

/** Bytes from `address` to the end of its page, for forward runs. */
@inline function restOfPage(address: u64): u64 {
  return 4096 - (address & 4095);
}

/** Turns of a forward run within the pages of both pointers; 0 when one turn crosses a page. */
function run(left: u64, width: u32, from: u64, to: u64): u64 {
  let bytes = min(restOfPage(from), restOfPage(to));
  return min(left, bytes >> <u64>width);
}

export function opMovs(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let delta = step(u);
  let made: u32 = 0;
  for (let left = turns(u); left != 0; ) {
    let count = delta > 0 ? max<u64>(run(left, width, source(u), target(u)), 1) : 1;
    let bytes = <u32>(count << <u64>width);
    let from = check(source(u), bytes, false);
    if (!from) return;
    let to = check(target(u), bytes, true);
    if (!to) return;
    if (to > from && to < from + bytes) {
      // Overlapping forwards: each turn sees what the one before wrote.
      for (let offset: u32 = 0; offset < bytes; offset += 1 << width) {
        write(to + offset, width, read(from + offset, width));
      }
    } else memory.copy(to, from, bytes);
    advance(RSI, u, delta * <i64>count);
    advance(RDI, u, delta * <i64>count);
    countDown(u, <i64>count);
    left -= count;
    if (isInterrupted(++made, left)) return;
  }
}

export function opStos(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let delta = step(u);
  let value = read(RAX, width);
  let made: u32 = 0;
  for (let left = turns(u); left != 0; ) {
    let count = delta > 0 ? max<u64>(run(left, width, target(u), target(u)), 1) : 1;
    let bytes = <u32>(count << <u64>width);
    let to = check(target(u), bytes, true);
    if (!to) return;
    if (width == 0) memory.fill(to, <u8>value, bytes);
    else for (let offset: u32 = 0; offset < bytes; offset += 1 << width) write(to + offset, width, value);
    advance(RDI, u, delta * <i64>count);
    countDown(u, <i64>count);
    left -= count;
    if (isInterrupted(++made, left)) return;
  }
}

export function opLods(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let delta = step(u);
  let made: u32 = 0;
  for (let left = turns(u); left != 0; left--) {
    let from = check(source(u), 1 << width, false);
    if (!from) return;
    write(RAX, width, read(from, width));
    advance(RSI, u, delta);
    countDown(u, 1);
    if (isInterrupted(++made, left - 1)) return;
  }
}

@inline function isDone(u: usize, isEqual: bool): bool {
  let rep = repOf(u);
  return rep == 1 ? !isEqual : rep == 2 ? isEqual : true;
}

export function opCmps(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let delta = step(u);
  let made: u32 = 0;
  for (let left = turns(u); left != 0; left--) {
    let from = check(source(u), 1 << width, false);
    if (!from) return;
    let to = check(target(u), 1 << width, false);
    if (!to) return;
    let a = read(from, width);
    let b = read(to, width);
    setRecord(flags.SUB, width, a, (a - b) & ((<u64>-1) >> <u64>(64 - (8 << width))));
    advance(RSI, u, delta);
    advance(RDI, u, delta);
    countDown(u, 1);
    if (isDone(u, a == b)) return;
    if (isInterrupted(++made, left - 1)) return;
  }
}

export function opScas(u: usize, d: usize, s: usize): void {
  let width = widthOf(u);
  let delta = step(u);
  let a = read(RAX, width);
  let made: u32 = 0;
  for (let left = turns(u); left != 0; left--) {
    let to = check(target(u), 1 << width, false);
    if (!to) return;
    let b = read(to, width);
    setRecord(flags.SUB, width, a, (a - b) & ((<u64>-1) >> <u64>(64 - (8 << width))));
    advance(RDI, u, delta);
    countDown(u, 1);
    if (isDone(u, a == b)) return;
    if (isInterrupted(++made, left - 1)) return;
  }
}

export function opXlat(u: usize, d: usize, s: usize): void {
  let address = pointer(RBX, u) + <u64>load<u8>(RAX);
  if (is32(u)) address &= 0xffff_ffff;
  address += segmentBase(u) - BIAS;
  let place = check(address, 1, false);
  if (place) store<u8>(RAX, load<u8>(place));
}

// ---------------------------------------------------------------- control

function jumpIf(u: usize, isTaken: bool): void {
  if (isTaken) store<u64>(RIP, load<u64>(RIP) + <u64>immediateOf(u));
}

function loopCount(u: usize): u64 {
  advance(RCX, u, -1);
  return pointer(RCX, u);
}

export function opLoop(u: usize, d: usize, s: usize): void {
  jumpIf(u, loopCount(u) != 0);
}

export function opLoope(u: usize, d: usize, s: usize): void {
  jumpIf(u, loopCount(u) != 0 && flags.condition(4));
}

export function opLoopne(u: usize, d: usize, s: usize): void {
  jumpIf(u, loopCount(u) != 0 && !flags.condition(4));
}

export function opJrcxz(u: usize, d: usize, s: usize): void {
  jumpIf(u, pointer(RCX, u) == 0);
}

export function opJcc(u: usize, d: usize, s: usize): void {
  unreachable(); // Always has a handler of its own.
}

export function opJmp(u: usize, d: usize, s: usize): void {
  unreachable();
}

export function opCall(u: usize, d: usize, s: usize): void {
  unreachable();
}

export function opJmpIndirect(u: usize, d: usize, s: usize): void {
  let target = load<u64>(d);
  if (!isOutside(target)) store<u64>(RIP, target);
}

export function opCallIndirect(u: usize, d: usize, s: usize): void {
  let target = load<u64>(d);
  if (!check(load<u64>(RSP) - 8 - BIAS, 8, true) || isOutside(target)) return;
  if (pushValue(load<u64>(RIP), 3)) store<u64>(RIP, target);
}

export function opRet(u: usize, d: usize, s: usize): void {
  let top = load<u64>(RSP);
  let place = check(top - BIAS, 8, false);
  if (!place) return;
  let target = load<u64>(place);
  if (isOutside(target)) return;
  store<u64>(RIP, target);
  // c2 has bytes to release; of c3 the immediate is zero.
  store<u64>(RSP, top + 8 + (<u64>immediateOf(u) & 0xffff));
}

// ---------------------------------------------------------------- system

export function opNop(u: usize, d: usize, s: usize): void {}

export function opClflush(u: usize, d: usize, s: usize): void {
  check(effectiveAddress(u), 1, false);
}

export function opSyscall(u: usize, d: usize, s: usize): void {
  store<u64>(RCX, load<u64>(RIP));
  store<u64>(R11, <u64>rflags());
  store<u32>(PENDING, SYSTEM_CALL);
}

export function opInt3(u: usize, d: usize, s: usize): void {
  raise(BREAKPOINT);
}

export function opInt1(u: usize, d: usize, s: usize): void {
  raise(DEBUG);
}

export function opInt(u: usize, d: usize, s: usize): void {
  let vector = <u32>immediateOf(u) & 0xff;
  raise(vector == 3 || vector == 4 || vector == 0x80 ? vector : GENERAL_PROTECTION);
}

export function opUndefined(u: usize, d: usize, s: usize): void {
  raise(INVALID_OPCODE);
}

export function opPrivileged(u: usize, d: usize, s: usize): void {
  raise(GENERAL_PROTECTION);
}

/** cr8 exists, other control and debug registers above 7 do not. */
function refuseSystemRegister(register: usize, hasEighth: bool): void {
  let number = (register - REG) >> 3;
  raise(number > 8 || (number == 8 && !hasEighth) ? INVALID_OPCODE : GENERAL_PROTECTION);
}

export function opMovFromControl(u: usize, d: usize, s: usize): void {
  refuseSystemRegister(s, true);
}

export function opMovToControl(u: usize, d: usize, s: usize): void {
  refuseSystemRegister(d, true);
}

export function opMovFromDebug(u: usize, d: usize, s: usize): void {
  refuseSystemRegister(s, false);
}

export function opMovToDebug(u: usize, d: usize, s: usize): void {
  refuseSystemRegister(d, false);
}

export function opCpuid(u: usize, d: usize, s: usize): void {
  cpuid(load<u32>(RAX), load<u32>(RCX));
}

export function opRdtsc(u: usize, d: usize, s: usize): void {
  let counter = readCounter();
  store<u64>(RAX, counter & 0xffff_ffff);
  store<u64>(RDX, counter >> 32);
}

export function opRdtscp(u: usize, d: usize, s: usize): void {
  opRdtsc(u, d, s);
  store<u64>(RCX, 0);
}

/**
 * Access to the guest's memory and how it fails. One hard idea: a linear address is a 64-bit number
 * from which the bias is already taken; guest page zero and everything beyond 4 GiB are then "too big",
 * so one comparison and one byte of the page map decide, and the slow path sorts out what was wrong: nothing
 * at all when the kernel opened a window there, which shows pages that lie below.
 */
import { ARENA_END, BIAS, BOUNCE, BOUNCE_END, FAULT, HAS_CODE, MAP, PENDING, WINDOWS, WINDOWS_END } from "./layout";
import { dropPage } from "./blocks";

/** Linear addresses end where guest addresses reach 2^32. */
export const LIMIT: u64 = 0xffff_0000;

export const DIVIDE_ERROR: u32 = 0;
export const DEBUG: u32 = 1;
export const BREAKPOINT: u32 = 3;
export const INVALID_OPCODE: u32 = 6;
export const STACK_FAULT: u32 = 12;
export const GENERAL_PROTECTION: u32 = 13;
export const PAGE_FAULT: u32 = 14;
export const X87_ERROR: u32 = 16;
export const SIMD_ERROR: u32 = 19;
export const INTERRUPT_80: u32 = 128;

/** Values of PENDING: an exception, a system call, and an instruction that goes on when it is run again. */
export const RAISED: u32 = 1;
export const SYSTEM_CALL: u32 = 2;
export const UNFINISHED: u32 = 3;

/** Makes the running instruction end in exception `vector`. */
export function raise(vector: u32): void {
  store<u64>(FAULT, <u64>vector);
  store<u64>(FAULT, 0, 8);
  store<u32>(PENDING, RAISED);
}

/** Records a page fault at linear `address` (or what an address beyond 4 GiB deserves). */
export function pageFault(address: u64, isWrite: bool, isFetch: bool): void {
  let guest = address + BIAS;
  let isBeyond = guest >= 0x1_0000_0000;
  let isCanonical = <u64>(<i64>(guest << 16) >> 16) == guest;
  store<u32>(FAULT, isCanonical ? PAGE_FAULT : GENERAL_PROTECTION);
  store<u8>(FAULT, isWrite, 4);
  store<u8>(FAULT, isFetch, 5);
  store<u8>(FAULT, address < LIMIT && (load<u8>(MAP + <usize>(address >> 12)) & 7) != 0, 6);
  store<u8>(FAULT, isBeyond, 7);
  store<u64>(FAULT, guest, 8);
  store<u32>(PENDING, RAISED);
}

/** Whether a jump to `target` is not canonical, which the jump itself answers for. */
export function isOutside(target: u64): bool {
  if (<u64>(<i64>(target << 16) >> 16) == target) return false;
  raise(GENERAL_PROTECTION);
  return true;
}

/** Linear addresses below are the processor's own; what the guest knows there, a window shows. */
const LOW_END: u64 = <u64>ARENA_END;

/**
 * Where a window shows `bytes` at `address`; 0 when none does, and the fault is recorded. What begins in a window
 * and ends behind it can be read, from a copy: executables begin below SPACE_START and go on above.
 */
function throughWindow(address: u64, bytes: u32, isWrite: bool): u64 {
  for (let window = WINDOWS; window < WINDOWS_END; window += 24) {
    let offset = address - load<u64>(window);
    let size = load<u64>(window, 8);
    if (offset >= size) continue;
    if (size - offset >= <u64>bytes) return load<u64>(window, 16) + offset;
    let end = load<u64>(window) + size;
    if (isWrite || end >= LIMIT || bytes > <u32>(BOUNCE_END - BOUNCE)) {
      pageFault(end, isWrite, false);
      store<u8>(FAULT, 1, 7);
      return 0;
    }
    for (let index: u32 = 0; index < bytes; index++) {
      let place = check(address + <u64>index, 1, false);
      if (!place) return 0;
      store<u8>(BOUNCE + <usize>index, load<u8>(place));
    }
    return <u64>BOUNCE;
  }
  pageFault(address, isWrite, false);
  return 0;
}

/**
 * Where `bytes` at `address` are if they allow the access; else 0, and the fault is recorded. Drops
 * translations of pages that are about to be written.
 */
export function check(address: u64, bytes: u32, isWrite: bool): usize {
  if (address >= LIMIT || address < LOW_END) {
    address = throughWindow(address, bytes, isWrite);
    // Of a copy nothing is asked any more.
    if (address < LOW_END) return <usize>address;
  }
  let last = address + <u64>bytes - 1;
  let need: u32 = isWrite ? 2 : 1;
  let final = last >> 12;
  for (let page = address >> 12; page <= final; page++) {
    if (page << 12 >= LIMIT || !(<u32>load<u8>(MAP + <usize>page) & need)) {
      let start = page << 12;
      pageFault(start > address ? start : address, isWrite, false);
      return 0;
    }
  }
  if (isWrite) {
    for (let page = address >> 12; page <= final; page++) {
      if (load<u8>(MAP + <usize>page) & HAS_CODE) dropPage(<u32>page);
    }
  }
  return <usize>address;
}

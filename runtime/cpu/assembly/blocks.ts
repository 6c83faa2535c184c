/**
 * Where translations live: arenas, the hash by pc, the lists by page, and how a block is dropped. One
 * hard idea: nobody keeps back links. A dropped block's uops all become `resume`, which looks its own pc
 * up again, so whoever still points here (even the running instruction's successor) goes the right way.
 */
import { ARENA, ARENA_END, ARENA_LOW, ARENA_LOW_END, BIAS, BLOCK_COUNT, BLOCK_DROPPED, BLOCK_LENGTH, BLOCK_NEXT_IN_HASH,
  BLOCK_NEXT_IN_PAGE, BLOCK_NEXT_IN_PAGE_2, BLOCK_PC, HAS_CODE, HASH, HASH_BUCKETS, JUMP, JUMP_ENTRIES, MAP, PAGES,
  PAGE_BUCKETS, RESERVED_BYTES, STATE, STATE_ARENA_NUMBER, STATE_EXACT_FLAGS, STATE_EXECUTED, STATE_FLUSHES,
  STATE_FORCE_COLD, STATE_FREE, STATE_FREE_END, STATE_HAS_AVX, STATE_ONE_BY_ONE, STATE_RESERVED } from "./layout";
import { HANDLER_RESUME } from "./handlers";

@external("env", "reserve")
declare function reserve(bytes: u32): u32;

const FREE: usize = STATE + STATE_FREE;
const FREE_END: usize = STATE + STATE_FREE_END;
const ARENA_NUMBER: usize = STATE + STATE_ARENA_NUMBER;
const FLUSHES: usize = STATE + STATE_FLUSHES;
const RESERVED: usize = STATE + STATE_RESERVED;
const RESERVED_MAX: u32 = 15;

export const EXECUTED: usize = STATE + STATE_EXECUTED;
export const HAS_AVX: usize = STATE + STATE_HAS_AVX;
export const EXACT_FLAGS: usize = STATE + STATE_EXACT_FLAGS;
export const ONE_BY_ONE: usize = STATE + STATE_ONE_BY_ONE;
export const FORCE_COLD: usize = STATE + STATE_FORCE_COLD;

@inline function hashOf(pc: u32): usize {
  return HASH + (<usize>((pc ^ (pc >> 14)) & (HASH_BUCKETS - 1)) << 2);
}

@inline function pageBucket(page: u32): usize {
  return PAGES + (<usize>(page & (PAGE_BUCKETS - 1)) << 2);
}

@inline export function jumpEntry(pc: u32): usize {
  return JUMP + (<usize>(pc & (JUMP_ENTRIES - 1)) << 3);
}

export function flushes(): u32 {
  return load<u32>(FLUSHES);
}

/** Forgets all translations. */
export function flush(): void {
  memory.fill(HASH, 0, HASH_BUCKETS * 4);
  memory.fill(PAGES, 0, PAGE_BUCKETS * 4);
  memory.fill(JUMP, 0, JUMP_ENTRIES * 8);
  // pc 0 must never match: it is no address of the guest.
  store<u32>(JUMP, 1);
  // Sixteen pages of 4 KiB are one of the memory's.
  let pages = <usize>memory.size() << 4;
  for (let page: usize = 0; page < pages; page += 16) {
    v128.store(MAP + page, v128.and(v128.load(MAP + page), i8x16.splat(<i8>~HAS_CODE)));
  }
  store<u32>(FREE, ARENA);
  store<u32>(FREE_END, ARENA_END);
  store<u32>(ARENA_NUMBER, 0);
  store<u32>(FLUSHES, load<u32>(FLUSHES) + 1);
}

function useArena(start: u32, end: u32): void {
  store<u32>(FREE, start);
  store<u32>(FREE_END, end);
  store<u32>(ARENA_NUMBER, load<u32>(ARENA_NUMBER) + 1);
}

/** Room for a block of at most `bytes`; flushes everything when there is none left. */
export function room(bytes: u32): usize {
  if (load<u32>(FREE) + bytes <= load<u32>(FREE_END)) return <usize>load<u32>(FREE);
  let number = load<u32>(ARENA_NUMBER);
  if (number == 0) {
    useArena(ARENA_LOW, ARENA_LOW_END);
    return ARENA_LOW;
  }
  let count = load<u32>(RESERVED);
  let start: u32 = 0;
  if (number - 1 < count) start = load<u32>(RESERVED + 4 + (<usize>(number - 1) << 2));
  else if (count < RESERVED_MAX) {
    start = reserve(RESERVED_BYTES);
    if (start != 0) {
      store<u32>(RESERVED + 4 + (<usize>count << 2), start);
      store<u32>(RESERVED, count + 1);
    }
  }
  if (start != 0) useArena(start, start + RESERVED_BYTES);
  else flush();
  return <usize>load<u32>(FREE);
}

/** Takes the bytes up to `end` and enters the block. */
export function enter(block: usize, end: usize): void {
  store<u32>(FREE, <u32>end);
  let pc = load<u32>(block, BLOCK_PC);
  let bucket = hashOf(pc);
  store<u32>(block, load<u32>(bucket), BLOCK_NEXT_IN_HASH);
  store<u32>(bucket, <u32>block);
  let first = (pc - <u32>BIAS) >> 12;
  let last = (pc - <u32>BIAS + <u32>load<u16>(block, BLOCK_LENGTH) - 1) >> 12;
  bucket = pageBucket(first);
  store<u32>(block, load<u32>(bucket), BLOCK_NEXT_IN_PAGE);
  store<u32>(bucket, <u32>block);
  store<u8>(MAP + <usize>first, load<u8>(MAP + <usize>first) | HAS_CODE);
  if (last != first) {
    // The second list runs through NEXT_IN_PAGE_2; the low bit of a link says which to follow next.
    bucket = pageBucket(last);
    store<u32>(block, load<u32>(bucket), BLOCK_NEXT_IN_PAGE_2);
    store<u32>(bucket, <u32>block | 1);
    store<u8>(MAP + <usize>last, load<u8>(MAP + <usize>last) | HAS_CODE);
  }
}

/** The block at `pc`, or 0. */
export function find(pc: u32): usize {
  let block = <usize>load<u32>(hashOf(pc));
  while (block != 0) {
    if (load<u32>(block, BLOCK_PC) == pc && !load<u8>(block, BLOCK_DROPPED)) return block;
    block = <usize>load<u32>(block, BLOCK_NEXT_IN_HASH);
  }
  return 0;
}

function removeFromHash(block: usize): void {
  let link = hashOf(load<u32>(block, BLOCK_PC));
  while (load<u32>(link) != 0) {
    let other = <usize>load<u32>(link);
    if (other == block) {
      store<u32>(link, load<u32>(block, BLOCK_NEXT_IN_HASH));
      return;
    }
    link = other + BLOCK_NEXT_IN_HASH;
  }
}

function drop(block: usize): void {
  store<u8>(block, 1, BLOCK_DROPPED);
  removeFromHash(block);
  let count = <usize>load<u8>(block, BLOCK_COUNT);
  for (let index: usize = 1; index <= count; index++) store<u16>(block + (index << 5), HANDLER_RESUME);
  let entry = jumpEntry(load<u32>(block, BLOCK_PC));
  // Empty is a pc that belongs into another entry, or none would do for a jump to that very address.
  if (load<u32>(entry, 4) == <u32>block + 32) store<u64>(entry, entry == JUMP ? 1 : 0);
}

/** Drops the blocks made from linear page `page` (others of its bucket stay). */
export function dropPage(page: u32): void {
  store<u8>(MAP + <usize>page, load<u8>(MAP + <usize>page) & ~HAS_CODE);
  let link = pageBucket(page);
  while (load<u32>(link) != 0) {
    let value = load<u32>(link);
    let block = <usize>(value & ~1);
    let next = block + (value & 1 ? BLOCK_NEXT_IN_PAGE_2 : BLOCK_NEXT_IN_PAGE);
    let start = load<u32>(block, BLOCK_PC) - <u32>BIAS;
    let mine = value & 1 ? (start + <u32>load<u16>(block, BLOCK_LENGTH) - 1) >> 12 : start >> 12;
    if (mine == page) {
      if (!load<u8>(block, BLOCK_DROPPED)) drop(block);
      store<u32>(link, load<u32>(next));
    } else link = next;
  }
}

/** Bytes of linear [start, end) changed or may no longer be executed. */
export function invalidate(start: u32, end: u32): void {
  if (start >= end) return;
  let last = (end - 1) >> 12;
  for (let page = start >> 12; page <= last; page++) {
    if (load<u8>(MAP + <usize>page) & HAS_CODE) dropPage(page);
  }
}

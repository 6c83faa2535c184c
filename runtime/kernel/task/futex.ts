/**
 * Futexes (futex(2), kernel/futex/). One hard idea: a waiter is an entry under the key of its word, and a
 * wake marks the entry; so requeueing is moving an entry to another key, and a wake is never lost or
 * handed to one who did not wait. Keys: an address in an address space, or a place in a shared mapping. A
 * word has a record only while somebody waits for it.
 */
import { Errno, ERESTART_RESTARTBLOCK, ERESTARTSYS } from "../abi/errno.ts";
import { sharedOf } from "../mm/shared-mappings.ts";
import { SyscallError } from "./syscall-error.ts";
import type { Task } from "./task.ts";
import type { Result } from "./wait.ts";
import { Blocked, WaitQueue } from "./wait.ts";

/** One who waits for one word. */
export interface Entry {
  readonly queue: WaitQueue;
  readonly bitset: number;
  key: FutexKey;
  isWoken: boolean;
  /** It waits to be moved to a mutex (futex-pi-requeue.ts): nothing else may wake or move it. */
  readonly isForMutex?: boolean;
}

/** Where a word is: equal places of one owner are one word. */
export interface FutexKey {
  readonly words: Map<number, Set<Entry>>;
  readonly place: number;
}

/** A word as a call names it: with FUTEX_PRIVATE_FLAG it is this address space's alone. */
export interface FutexWord {
  readonly address: number;
  readonly isPrivate: boolean;
}

const wordsByOwner = new WeakMap<object, Map<number, Set<Entry>>>();

export const FUTEX_BITSET_MATCH_ANY = 0xffff_ffff;
/** TASK_SIZE: access_ok. */
const TASK_BYTES = 0x7fff_ffff_f000;

/** EINVAL for a crooked address, EFAULT for one where nothing is. */
export function futexKey(task: Task, { address, isPrivate }: FutexWord): FutexKey {
  if (address % 4 !== 0) throw new SyscallError(Errno.EINVAL);
  if (address < 0 || address > TASK_BYTES - 4) throw new SyscallError(Errno.EFAULT);
  const { addressSpace } = task;
  // A word for others must be there; private ones are only numbers until somebody reads them.
  if (!isPrivate) task.memory.readable(address, 4);
  const region = isPrivate ? undefined : addressSpace.regionAt(address);
  const object = region === undefined ? undefined : sharedOf(region);
  const owner = object ?? addressSpace;
  const offset = object === undefined || region === undefined ? address : region.position + address - region.start;
  let words = wordsByOwner.get(owner);
  if (words === undefined) wordsByOwner.set(owner, (words = new Map<number, Set<Entry>>()));
  // Words are 4 bytes apart: the low bit tells private ones from others of the same address.
  return { words, place: offset + (isPrivate ? 1 : 0) };
}

/** For tables of other things by word: priority inheritance. */
export function isSameKey(one: FutexKey, other: FutexKey): boolean {
  return one.words === other.words && one.place === other.place;
}

export interface FutexWait {
  readonly word: FutexWord;
  readonly expected: number;
  readonly bitset: number;
}

export interface FutexDeadline {
  readonly ns: number | undefined;
  /** A wait cut short by a signal goes on through restart_syscall; else it answers EINTR or is made again. */
  readonly isTimed: boolean;
}

/** Waits while `word` holds `expected`. */
export function waitFutex(task: Task, wait: FutexWait, deadline: FutexDeadline): Result {
  return waitAny(task, [wait], deadline, () => 0);
}

/** Waits for any of them (futex_waitv): `answer` gets the place of the one that was woken. */
export function waitAny(
  task: Task,
  waits: readonly FutexWait[],
  { ns, isTimed }: FutexDeadline,
  answer: (index: number) => number,
): Result {
  const queue = new WaitQueue();
  const entries: Entry[] = [];
  const leave = (result: number): number => {
    for (const entry of entries) remove(entry);
    return result;
  };
  const wokenAnswer = (): number | undefined => {
    const index = entries.findLastIndex(({ isWoken }) => isWoken);
    return index < 0 ? undefined : leave(answer(index));
  };
  const keys = waits.map(({ word }) => futexKey(task, word));
  for (const [index, { word, expected, bitset }] of waits.entries()) {
    const key = keys[index];
    if (key === undefined || task.memory.readU32(word.address) !== expected >>> 0) return leave(-Errno.EAGAIN);
    entries.push(enter({ queue, bitset, key, isWoken: false }));
  }
  const blocked: Blocked = new Blocked({
    queues: [queue],
    deadlineNs: ns,
    retry: () => wokenAnswer() ?? blocked,
    timeout: () => leave(-Errno.ETIMEDOUT),
    interrupt: () => {
      if (!isTimed) return leave(-ERESTARTSYS);
      task.restart = () => waitAny(task, waits, { ns, isTimed }, answer);
      return leave(-ERESTART_RESTARTBLOCK);
    },
    abandon: () => void leave(0),
    reason: "futex_wait_queue",
  });
  return blocked;
}

/** Wakes up to `count` waiters of a word (one at least); how many there were. */
export function wakeFutex(task: Task, word: FutexWord, count: number, bitset = FUTEX_BITSET_MATCH_ANY): number {
  return wakeKey(futexKey(task, word), count, bitset);
}

export interface FutexRequeue {
  readonly from: FutexWord;
  readonly to: FutexWord;
  readonly wakeCount: number;
  readonly moveCount: number;
  /** FUTEX_CMP_REQUEUE: what `from` must hold. */
  readonly expected: number | undefined;
}

/** FUTEX_REQUEUE: wakes `wakeCount`, moves `moveCount` of the rest to another word; how many of both. */
export function requeueFutex(task: Task, { from, to, wakeCount, moveCount, expected }: FutexRequeue): number {
  if (wakeCount < 0 || moveCount < 0) return -Errno.EINVAL;
  const [source, target] = [futexKey(task, from), futexKey(task, to)];
  if (expected !== undefined && task.memory.readU32(from.address) !== expected >>> 0) return -Errno.EAGAIN;
  if ([...(source.words.get(source.place) ?? [])].some(({ isForMutex }) => isForMutex)) return -Errno.EINVAL;
  let done = wakeCount === 0 ? 0 : wakeKey(source, wakeCount, FUTEX_BITSET_MATCH_ANY);
  const last = done + moveCount;
  for (const entry of [...(source.words.get(source.place) ?? [])]) {
    if (done >= last) break;
    done += 1;
    if (isSameKey(source, target)) continue;
    remove(entry);
    entry.key = target;
    enter(entry);
  }
  return done;
}

function wakeKey(key: FutexKey, count: number, bitset: number): number {
  const entries = key.words.get(key.place);
  if (entries === undefined) return 0;
  let woken = 0;
  for (const entry of [...entries]) {
    if (entry.isForMutex === true) return -Errno.EINVAL;
    if ((entry.bitset & bitset) === 0) continue;
    remove(entry);
    entry.isWoken = true;
    entry.queue.wake();
    woken += 1;
    if (woken >= count) break;
  }
  return woken;
}

export function enter(entry: Entry): Entry {
  const { words, place } = entry.key;
  const entries = words.get(place);
  if (entries === undefined) words.set(place, new Set([entry]));
  else entries.add(entry);
  return entry;
}

export function remove(entry: Entry): void {
  const { words, place } = entry.key;
  const entries = words.get(place);
  if (entries === undefined) return;
  entries.delete(entry);
  if (entries.size === 0) words.delete(place);
}

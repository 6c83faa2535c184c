/**
 * Futexes (futex(2), kernel/futex/). One hard idea: a waiter is an entry under the key of its word, and a
 * wake marks the entry; so requeueing is moving an entry to another key, and a wake is never lost or
 * handed to one who did not wait. Keys: an address in an address space, or a place in a shared mapping.
 */
import { Errno } from "../abi/errno.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { sharedOf } from "../mm/shared-mappings.ts";
import type { Task } from "./task.ts";
import type { Result } from "./wait.ts";
import { Blocked, WaitQueue } from "./wait.ts";

interface Entry {
  readonly queue: WaitQueue;
  readonly bitset: number;
  key: FutexKey;
  isWoken: boolean;
}

/** Waiters of one word, longest waiting first. */
type FutexKey = Set<Entry>;

const wordsByOwner = new WeakMap<object, Map<number, FutexKey>>();

export const FUTEX_BITSET_MATCH_ANY = 0xffff_ffff;

/** The waiters' place of a word: shared mappings are one word in every process. */
export function futexKey(addressSpace: AddressSpace, address: number): FutexKey {
  const region = addressSpace.regionAt(address);
  const owner = (region === undefined ? undefined : sharedOf(region)) ?? addressSpace;
  const place =
    owner === addressSpace || region === undefined ? address : region.position + (address - region.start);
  const words = wordsByOwner.get(owner) ?? new Map<number, FutexKey>();
  wordsByOwner.set(owner, words);
  const key = words.get(place) ?? new Set();
  words.set(place, key);
  return key;
}

/** Waits on `address` while it holds `expected`. */
export function waitFutex(
  task: Task,
  address: number,
  expected: number,
  bitset: number,
  deadlineNs: number | undefined,
): Result {
  if (task.memory.readU32(address) !== expected >>> 0) return -Errno.EAGAIN;
  const key = futexKey(task.addressSpace, address);
  const entry: Entry = { queue: new WaitQueue(), bitset, key, isWoken: false };
  key.add(entry);
  const leave = (answer: number): number => {
    entry.key.delete(entry);
    return answer;
  };
  const blocked: Blocked = new Blocked({
    queues: [entry.queue],
    deadlineNs,
    retry: () => (entry.isWoken ? 0 : blocked),
    timeout: () => leave(-Errno.ETIMEDOUT),
    interrupt: () => leave(deadlineNs === undefined ? -512 : -Errno.EINTR),
    reason: "futex_wait_queue",
  });
  return blocked;
}

/** Wakes up to `count` waiters of a word; how many there were. */
export function wakeFutex(
  task: Task,
  address: number,
  count: number,
  bitset = FUTEX_BITSET_MATCH_ANY,
): number {
  return wakeKey(futexKey(task.addressSpace, address), count, bitset);
}

/** FUTEX_REQUEUE: wakes `wakeCount`, moves `moveCount` of the rest to another word; how many of both. */
export function requeueFutex(
  task: Task,
  address: number,
  wakeCount: number,
  moveCount: number,
  target: number,
): { readonly woken: number; readonly moved: number } {
  const from = futexKey(task.addressSpace, address);
  const to = futexKey(task.addressSpace, target);
  const woken = wakeKey(from, wakeCount, FUTEX_BITSET_MATCH_ANY);
  let moved = 0;
  for (const entry of [...from]) {
    if (moved >= moveCount) break;
    from.delete(entry);
    entry.key = to;
    to.add(entry);
    moved += 1;
  }
  return { woken, moved };
}

function wakeKey(key: FutexKey, count: number, bitset: number): number {
  let woken = 0;
  for (const entry of [...key]) {
    if (woken >= count) break;
    if ((entry.bitset & bitset) === 0) continue;
    key.delete(entry);
    entry.isWoken = true;
    entry.queue.wake();
    woken += 1;
  }
  return woken;
}

/**
 * Mutexes with priority inheritance (kernel/futex/pi.c): the word holds the owner's number, and the kernel
 * hands the mutex from owner to waiter. One hard idea: priorities do not exist here (one round of tasks), so
 * what is left is ownership: the first who waited gets it, also from an owner who died.
 */
import { Errno, ERESTARTNOINTR } from "../abi/errno.ts";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "../abi/futex.ts";
import { PROT_WRITE } from "../abi/mman.ts";
import type { FutexKey, FutexWord } from "./futex.ts";
import { futexKey } from "./futex.ts";
import type { Task } from "./task.ts";
import type { Result } from "./wait.ts";
import { Blocked, WaitQueue } from "./wait.ts";

export interface Waiter {
  readonly task: Task;
  /** The word in its memory. */
  readonly address: number;
  readonly queue: WaitQueue;
  isOwner: boolean;
}

/** A mutex that has waiters. */
export interface PiState {
  readonly key: FutexKey;
  owner: Task;
  readonly waiters: Waiter[];
}

const statesByWords = new WeakMap<object, Map<number, PiState>>();
const heldBy = new WeakMap<Task, Set<PiState>>();

export interface PiLock {
  readonly word: FutexWord;
  readonly deadlineNs: number | undefined;
  readonly isTrying: boolean;
}

/** FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_TRYLOCK_PI. */
export function lockPi(task: Task, { word, deadlineNs, isTrying }: PiLock): Result {
  const key = futexKey(task, word);
  const value = task.memory.readU32(word.address);
  task.memory.writable(word.address, 4);
  const owner = value & FUTEX_TID_MASK;
  if (owner === task.ownTid) return -Errno.EDEADLK;
  let state = stateOf(key);
  if (state === undefined && owner === 0) {
    task.memory.writeU32(word.address, (value & FUTEX_OWNER_DIED) | task.ownTid);
    return 0;
  }
  const holder = state?.owner ?? task.pidNamespace.task(owner);
  if (holder === undefined || holder.state === "dead") return -Errno.ESRCH;
  task.memory.writeU32(word.address, value | FUTEX_WAITERS);
  if (isTrying) return -Errno.EAGAIN;
  state ??= addState({ key, owner: holder, waiters: [] });
  return waitForOwnership(task, word.address, state, deadlineNs);
}

function waitForOwnership(
  task: Task,
  address: number,
  state: PiState,
  deadlineNs: number | undefined,
): Result {
  const waiter: Waiter = { task, address, queue: new WaitQueue(), isOwner: false };
  state.waiters.push(waiter);
  const leave = (answer: number): number => {
    giveUp(state, waiter);
    return answer;
  };
  const blocked: Blocked = new Blocked({
    queues: [waiter.queue],
    deadlineNs,
    retry: () => (waiter.isOwner ? 0 : blocked),
    timeout: () => leave(-Errno.ETIMEDOUT),
    interrupt: () => leave(-ERESTARTNOINTR),
    abandon: () => {
      if (!waiter.isOwner) leave(0);
    },
    reason: "futex_lock_pi",
  });
  return blocked;
}

/** `waiter` no longer wants the mutex. */
export function giveUp(state: PiState, waiter: Waiter): void {
  state.waiters.splice(state.waiters.indexOf(waiter), 1);
  if (state.waiters.length === 0) removeState(state);
}

/** FUTEX_UNLOCK_PI. */
export function unlockPi(task: Task, word: FutexWord): number {
  const value = task.memory.readU32(word.address);
  if ((value & FUTEX_TID_MASK) !== task.ownTid) return -Errno.EPERM;
  const state = stateOf(futexKey(task, word));
  if (state === undefined) task.memory.writeU32(word.address, 0);
  else handOver(state, 0);
  return 0;
}

/** The end of a task: the mutexes it owns go to who waited longest, marked. */
export function releasePiLocks(task: Task): void {
  for (const state of [...(heldBy.get(task) ?? [])]) handOver(state, FUTEX_OWNER_DIED);
}

function handOver(state: PiState, mark: number): void {
  heldBy.get(state.owner)?.delete(state);
  const next = state.waiters.shift();
  if (next === undefined) return;
  next.isOwner = true;
  state.owner = next.task;
  const bytes = next.task.addressSpace.bytes(next.address, 4, PROT_WRITE);
  if (bytes !== undefined) {
    const word = (FUTEX_WAITERS | mark | next.task.ownTid) >>> 0;
    new DataView(bytes.buffer, bytes.byteOffset, 4).setUint32(0, word, true);
  }
  if (state.waiters.length === 0) removeState(state);
  else hold(state);
  next.queue.wake();
}

export function stateOf({ words, place }: FutexKey): PiState | undefined {
  return statesByWords.get(words)?.get(place);
}

export function addState(state: PiState): PiState {
  const { words, place } = state.key;
  const states = statesByWords.get(words) ?? new Map<number, PiState>();
  statesByWords.set(words, states);
  states.set(place, state);
  hold(state);
  return state;
}

function hold(state: PiState): void {
  const held = heldBy.get(state.owner) ?? new Set();
  heldBy.set(state.owner, held);
  held.add(state);
}

function removeState(state: PiState): void {
  heldBy.get(state.owner)?.delete(state);
  statesByWords.get(state.key.words)?.delete(state.key.place);
}

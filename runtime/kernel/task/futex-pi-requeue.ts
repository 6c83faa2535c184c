/**
 * FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI (kernel/futex/requeue.c): condition variables whose mutex inherits
 * priorities. One hard idea: who waits says beforehand for which mutex, and comes back owning it: a waker never
 * lets it run before that.
 */
import { Errno, ERESTARTNOINTR } from "../abi/errno.ts";
import { FUTEX_TID_MASK, FUTEX_WAITERS } from "../abi/futex.ts";
import type { Entry, FutexWord } from "./futex.ts";
import { enter, FUTEX_BITSET_MATCH_ANY, futexKey, isSameKey, remove } from "./futex.ts";
import type { PiState, Waiter } from "./futex-pi.ts";
import { addState, giveUp, stateOf } from "./futex-pi.ts";
import type { Task } from "./task.ts";
import type { Result } from "./wait.ts";
import { Blocked, WaitQueue } from "./wait.ts";

/** What the entry of one who waits has besides. */
interface Wish {
  readonly mutex: FutexWord;
  readonly waiter: Waiter;
  /** Once it has been moved and the mutex was taken. */
  state: PiState | undefined;
}

const wishes = new WeakMap<Entry, Wish>();

export interface RequeueWait {
  readonly word: FutexWord;
  readonly expected: number;
  readonly mutex: FutexWord;
  readonly deadlineNs: number | undefined;
}

export function waitForRequeue(task: Task, { word, expected, mutex, deadlineNs }: RequeueWait): Result {
  const [key, target] = [futexKey(task, word), futexKey(task, mutex)];
  if (isSameKey(key, target)) return -Errno.EINVAL;
  if (task.memory.readU32(word.address) !== expected >>> 0) return -Errno.EAGAIN;
  const queue = new WaitQueue();
  const waiter: Waiter = { task, address: mutex.address, queue, isOwner: false };
  const entry: Entry = { queue, bitset: FUTEX_BITSET_MATCH_ANY, key, isWoken: false, isForMutex: true };
  const wish: Wish = { mutex, waiter, state: undefined };
  wishes.set(entry, wish);
  enter(entry);
  const leave = (answer: number): number => {
    if (wish.state === undefined) remove(entry);
    else giveUp(wish.state, waiter);
    return answer;
  };
  const blocked: Blocked = new Blocked({
    queues: [queue],
    deadlineNs,
    retry: () => (waiter.isOwner ? 0 : blocked),
    timeout: () => leave(-Errno.ETIMEDOUT),
    // Once moved it cannot be made again: the word has changed.
    interrupt: () => leave(wish.state === undefined ? -ERESTARTNOINTR : -Errno.EAGAIN),
    abandon: () => {
      if (!waiter.isOwner) leave(0);
    },
    reason: "futex_wait_queue",
  });
  return blocked;
}

export interface MutexRequeue {
  readonly from: FutexWord;
  readonly mutex: FutexWord;
  readonly wakeCount: number;
  readonly moveCount: number;
  readonly expected: number;
}

/** One gets the mutex if it is free, the others wait for it; how many there were. */
export function requeueToMutex(task: Task, request: MutexRequeue): number {
  const { from, mutex, wakeCount, moveCount, expected } = request;
  if (wakeCount !== 1 || moveCount < 0) return -Errno.EINVAL;
  const [source, target] = [futexKey(task, from), futexKey(task, mutex)];
  if (isSameKey(source, target)) return -Errno.EINVAL;
  if (task.memory.readU32(from.address) !== expected >>> 0) return -Errno.EAGAIN;
  const entries = [...(source.words.get(source.place) ?? [])].slice(0, wakeCount + moveCount);
  let done = 0;
  for (const entry of entries) {
    const wish = wishes.get(entry);
    if (wish === undefined || !isSameKey(target, futexKey(wish.waiter.task, wish.mutex)))
      return -Errno.EINVAL;
    const result = giveOrQueue(task, entry, wish, { mutex, isContended: entries.length > 1 });
    if (result < 0) return done > 0 ? done : result;
    done += 1;
  }
  return done;
}

/** To the mutex at `mutex.address` of `task`, which is the waiter's. */
function giveOrQueue(
  task: Task,
  entry: Entry,
  wish: Wish,
  { mutex, isContended }: { readonly mutex: FutexWord; readonly isContended: boolean },
): number {
  const value = task.memory.readU32(mutex.address);
  const owner = value & FUTEX_TID_MASK;
  const key = futexKey(task, mutex);
  const state = stateOf(key);
  if (state === undefined && owner === 0) {
    const waiters = isContended ? FUTEX_WAITERS : 0;
    task.memory.writeU32(mutex.address, (value | waiters | wish.waiter.task.ownTid) >>> 0);
    remove(entry);
    wish.waiter.isOwner = true;
    wish.waiter.queue.wake();
    return 0;
  }
  const holder = state?.owner ?? task.pidNamespace.task(owner);
  if (holder === undefined || holder.state === "dead") return -Errno.ESRCH;
  if (holder === wish.waiter.task) return -Errno.EDEADLK;
  task.memory.writeU32(mutex.address, (value | FUTEX_WAITERS) >>> 0);
  remove(entry);
  wish.state = state ?? addState({ key, owner: holder, waiters: [] });
  wish.state.waiters.push(wish.waiter);
  return 0;
}

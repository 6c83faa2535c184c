/**
 * Robust mutexes of a task that ends (set_robust_list(2), kernel/futex/core.c: exit_robust_list): every
 * lock it still owns is marked FUTEX_OWNER_DIED and one waiter is woken.
 */
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "../abi/futex.ts";
import { SyscallError } from "./syscall-error.ts";
import { wakeFutex } from "./futex.ts";
import type { Task } from "./task.ts";

/** ROBUST_LIST_LIMIT: a list that a program made circular must end. */
const ENTRIES_MAX = 2048;

export function releaseRobustList(task: Task): void {
  const head = task.robustList;
  // Locks that nobody else can see need no word: memory that waits outside the processor stays there.
  if (head === 0 || !task.addressSpace.isSeenByOthers) return;
  try {
    const offset = task.memory.readInteger(head + 8);
    const pending = task.memory.readInteger(head + 16);
    let entry = task.memory.readInteger(head);
    for (let count = 0; addressOf(entry) !== head && count < ENTRIES_MAX; count++) {
      const next = task.memory.readInteger(addressOf(entry));
      if (addressOf(entry) !== addressOf(pending)) release(task, entry, offset);
      entry = next;
    }
    if (pending !== 0) release(task, pending, offset);
  } catch (thrown) {
    if (!(thrown instanceof SyscallError)) throw thrown; // A list in memory that is gone ends the walk, as in Linux.
  }
}

function addressOf(entry: number): number {
  return entry - (entry % 2);
}

function release(task: Task, entry: number, offset: number): void {
  const address = addressOf(entry) + offset;
  const word = task.memory.readU32(address);
  if ((word & FUTEX_TID_MASK) !== task.ownTid) return;
  task.memory.writeU32(address, ((word & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0);
  // Mutexes with priority inheritance are handed over by releasePiLocks.
  if (entry % 2 === 0 && (word & FUTEX_WAITERS) !== 0) wakeFutex(task, { address, isPrivate: false }, 1);
}

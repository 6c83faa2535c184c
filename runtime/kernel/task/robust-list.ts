/**
 * Robust mutexes of a task that ends (set_robust_list(2), kernel/futex/core.c: exit_robust_list): every
 * lock it still owns is marked FUTEX_OWNER_DIED and one waiter is woken.
 */
import { SyscallError } from "./syscall-error.ts";
import { wakeFutex } from "./futex.ts";
import type { Task } from "./task.ts";

const FUTEX_TID_MASK = 0x3fff_ffff;
const FUTEX_OWNER_DIED = 0x4000_0000;
const FUTEX_WAITERS = 0x8000_0000;
/** ROBUST_LIST_LIMIT: a list that a program made circular must end. */
const ENTRIES_MAX = 2048;

export function releaseRobustList(task: Task): void {
  const head = task.robustList;
  if (head === 0) return;
  try {
    const offset = task.memory.readInteger(head + 8);
    const pending = task.memory.readInteger(head + 16) & ~1;
    let entry = task.memory.readInteger(head);
    for (let count = 0; entry !== head && entry !== 0 && count < ENTRIES_MAX; count++) {
      const next = task.memory.readInteger(entry & ~1);
      if ((entry & ~1) !== pending) release(task, (entry & ~1) + offset);
      entry = next;
    }
    if (pending !== 0) release(task, pending + offset);
  } catch (thrown) {
    if (!(thrown instanceof SyscallError)) throw thrown; // A list in memory that is gone ends the walk, as in Linux.
  }
}

function release(task: Task, address: number): void {
  const word = task.memory.readU32(address);
  if ((word & FUTEX_TID_MASK) !== task.ownTid) return;
  task.memory.writeU32(address, ((word & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0);
  if ((word & FUTEX_WAITERS) !== 0) wakeFutex(task, address, 1);
}

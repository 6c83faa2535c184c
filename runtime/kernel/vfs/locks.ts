/**
 * Locks on files (fs/locks.c): POSIX record locks, which belong to a process (its descriptor table), the same
 * held by an open file description (OFD locks), and flock(2) on whole files, which is a world of its own.
 * One hard idea: a lock never waits here; `tryLock` names who is in the way, and the caller parks on `queue`,
 * which is woken whenever something was given up.
 */
import { WaitQueue } from "../task/wait.ts";

/** Whoever holds a lock: a descriptor table or an open file description. Compared by identity. */
export type LockOwner = object;

export interface RecordLock {
  readonly owner: LockOwner;
  readonly isExclusive: boolean;
  readonly start: number;
  /** One past the last byte; infinite for "to the end, wherever that will be". */
  readonly end: number;
  /** What F_GETLK says of a POSIX lock; -1 for one of a description. */
  readonly pid: number;
}

/** POSIX owners that wait, and for whom: to see a circle before it closes. */
const waitingFor = new Map<LockOwner, LockOwner>();

export class FileLocks {
  readonly queue = new WaitQueue();
  #records: RecordLock[] = [];
  readonly #whole = new Map<LockOwner, boolean>();

  get isEmpty(): boolean {
    return this.#records.length === 0 && this.#whole.size === 0;
  }

  get records(): readonly RecordLock[] {
    return this.#records;
  }

  /** flocks: owner and whether exclusive. */
  get wholes(): ReadonlyMap<LockOwner, boolean> {
    return this.#whole;
  }

  /** The first lock in the way of `wanted`. */
  conflict(wanted: RecordLock): RecordLock | undefined {
    return this.#records.find(
      (held) =>
        held.owner !== wanted.owner &&
        (held.isExclusive || wanted.isExclusive) &&
        held.start < wanted.end &&
        wanted.start < held.end,
    );
  }

  /** Takes `wanted`, or answers who is in the way. What the owner had in the range is replaced. */
  tryLock(wanted: RecordLock): RecordLock | undefined {
    const conflict = this.conflict(wanted);
    if (conflict !== undefined) return conflict;
    this.#cut(wanted.owner, wanted.start, wanted.end);
    this.#records.push(wanted);
    this.#merge(wanted.owner);
    this.queue.wake(); // An exclusive lock may have become a shared one.
    return undefined;
  }

  unlock(owner: LockOwner, start: number, end: number): void {
    if (!this.#records.some((held) => held.owner === owner)) return;
    this.#cut(owner, start, end);
    this.queue.wake();
  }

  /** flock(2): true when taken. What the owner had is given up first, as Linux does. */
  tryWhole(owner: LockOwner, isExclusive: boolean): boolean {
    const held = this.#whole.get(owner);
    if (held === isExclusive) return true;
    if (held !== undefined) this.unlockWhole(owner);
    for (const [other, isOtherExclusive] of this.#whole) {
      if (other !== owner && (isExclusive || isOtherExclusive)) return false;
    }
    this.#whole.set(owner, isExclusive);
    return true;
  }

  unlockWhole(owner: LockOwner): void {
    if (this.#whole.delete(owner)) this.queue.wake();
  }

  #cut(owner: LockOwner, start: number, end: number): void {
    this.#records = this.#records.flatMap((held) => {
      if (held.owner !== owner || held.end <= start || end <= held.start) return [held];
      const left = held.start < start ? [{ ...held, end: start }] : [];
      return held.end > end ? [...left, { ...held, start: end }] : left;
    });
  }

  /** Joins neighbours of one kind, as F_GETLK and /proc/locks show them. */
  #merge(owner: LockOwner): void {
    const own = this.#records.filter((held) => held.owner === owner).sort((a, b) => a.start - b.start);
    const joined: RecordLock[] = [];
    for (const lock of own) {
      const last = joined[joined.length - 1];
      if (last !== undefined && last.isExclusive === lock.isExclusive && last.end >= lock.start) {
        joined[joined.length - 1] = { ...last, end: Math.max(last.end, lock.end) };
      } else joined.push(lock);
    }
    const others = this.#records.filter((held) => held.owner !== owner);
    this.#records = [...others, ...joined].sort((a, b) => a.start - b.start);
  }
}

/** Notes that `owner` is about to wait for `holder`; false (EDEADLK) when that closes a circle. */
export function beginWait(owner: LockOwner, holder: LockOwner): boolean {
  for (let at: LockOwner | undefined = holder; at !== undefined; at = waitingFor.get(at)) {
    if (at === owner) return false;
  }
  waitingFor.set(owner, holder);
  return true;
}

export function endWait(owner: LockOwner): void {
  waitingFor.delete(owner);
}

/**
 * Waiting. One hard idea: nothing in the kernel awaits. An implementation that cannot answer says so
 * (-EAGAIN), and the system call layer returns a `Blocked`: which queues may change that, until when,
 * and how to try again. The scheduler parks the task; a wake only means "try again", so wakes may be
 * spurious and nothing is ever handed over.
 */

/** Any POLL bit. */
const ALL_EVENTS = 0xffff;

/** Somebody who waits in queues. */
export interface Waiter {
  /**
   * Must not run guest code; it may add itself to or remove itself from queues. `events` are the POLL bits
   * that may have come to hold: for edges (epoll).
   */
  wake(queue: WaitQueue, events: number): void;
}

/**
 * Waiters for one thing that may change: data in a pipe, a child's end, a futex word. Listeners (epoll) hear of
 * every change, the newest first, as Linux adds them at the queue's head; then tasks wake, the longest waiting first.
 */
export class WaitQueue {
  readonly #waiters = new Set<Waiter>();
  #listeners: readonly Waiter[] = [];

  get isEmpty(): boolean {
    return this.size === 0;
  }

  get size(): number {
    return this.#waiters.size + this.#listeners.length;
  }

  /** Hears of every change, until `remove`. */
  listen(listener: Waiter): void {
    this.#listeners = [listener, ...this.#listeners];
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  remove(waiter: Waiter): void {
    if (!this.#waiters.delete(waiter)) this.#listeners = this.#listeners.filter((listener) => listener !== waiter);
  }

  /** Wakes the `count` longest waiting, all unless given, and tells all listeners; how many of the former. */
  wake(count = Number.POSITIVE_INFINITY, events = ALL_EVENTS): number {
    if (this.#listeners.length > 0) for (const listener of this.#listeners) listener.wake(this, events);
    if (this.#waiters.size === 0) return 0;
    let woken = 0;
    for (const waiter of [...this.#waiters]) {
      if (woken >= count) break;
      waiter.wake(this, events);
      woken += 1;
    }
    return woken;
  }

  /** Wakes everybody, and says which POLL bits may have come to hold. */
  notify(events: number): void {
    this.wake(Number.POSITIVE_INFINITY, events);
  }
}

/** Why a parked task goes on. */
export type Wakeup = "woken" | "timeout" | "interrupted";

export interface BlockedOptions {
  readonly queues: readonly WaitQueue[];
  /** By the kernel's monotonic clock in nanoseconds; undefined waits for ever. */
  readonly deadlineNs?: number | undefined;
  /** Called after a wake: the answer, or a further `Blocked`. */
  readonly retry: () => Result;
  /** What the call answers when the deadline passes; 0 unless given. Called after one last `retry`. */
  readonly timeout?: () => Result;
  /**
   * What it answers when a signal comes first: -ERESTARTSYS unless given. A call that has done a part
   * answers the part; one that waits in its own time remembers what is left.
   */
  readonly interrupt?: () => number;
  /** The task dies waiting: gives back what the call had taken. */
  readonly abandon?: () => void;
  /** Only a deadly signal interrupts (vfork's parent, a disk). */
  readonly isKillable?: boolean;
  /** Shown as /proc/pid/wchan and in debug output. */
  readonly reason: string;
}

/** A system call that has to wait. */
export class Blocked {
  readonly options: BlockedOptions;

  constructor(options: BlockedOptions) {
    this.options = options;
  }
}

/** Result of a system call: a value, -errno, or "not yet". */
export type Result = number | Blocked;

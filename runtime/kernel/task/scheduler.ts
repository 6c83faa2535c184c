/**
 * Who runs next. One hard idea: the run queue is a plain round of tasks; what a task may use is decided by
 * fuel (instructions per turn) and by its cgroup's budget, so that no guest can hold the worker for long.
 * Timers are a heap of deadlines by the monotonic clock. Single-owner: only the run loop calls in here.
 */
import type { Task } from "./task.ts";

/** Something that happens at a time. */
export interface Timer {
  readonly atNs: number;
  isCancelled: boolean;
  fire(): void;
}

export class Scheduler {
  #ready: Task[] = [];
  #next: Task[] = [];
  readonly #timers: Timer[] = [];

  /** Puts `task` at the end of the round; nothing when it is in already. */
  enqueue(task: Task): void {
    if (task.isQueued) return;
    task.isQueued = true;
    this.#next.push(task);
  }

  /** The next task of the round, or undefined when nobody is ready. */
  dequeue(): Task | undefined {
    if (this.#ready.length === 0) {
      this.#ready = this.#next.reverse();
      this.#next = [];
    }
    const task = this.#ready.pop();
    if (task !== undefined) task.isQueued = false;
    return task;
  }

  get hasReady(): boolean {
    return this.#ready.length + this.#next.length > 0;
  }

  /** Ready tasks: the first figure of /proc/loadavg is made from it. */
  get readyCount(): number {
    return this.#ready.length + this.#next.length;
  }

  addTimer(atNs: number, fire: () => void): Timer {
    const timer: Timer = { atNs, fire, isCancelled: false };
    this.#timers.push(timer);
    this.#siftUp(this.#timers.length - 1);
    return timer;
  }

  /** Fires what is due. */
  fireTimers(nowNs: number): void {
    for (let first = this.#firstTimer(); first !== undefined && first.atNs <= nowNs; first = this.#firstTimer()) {
      this.#removeFirst();
      first.fire();
    }
  }

  /** When the next timer is due, or undefined. */
  nextTimerNs(): number | undefined {
    return this.#firstTimer()?.atNs;
  }

  #firstTimer(): Timer | undefined {
    while (this.#timers[0]?.isCancelled === true) this.#removeFirst();
    return this.#timers[0];
  }

  #removeFirst(): void {
    const last = this.#timers.pop();
    if (last === undefined || this.#timers.length === 0) return;
    this.#timers[0] = last;
    this.#siftDown();
  }

  #siftUp(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent) <= this.#at(index)) return;
      this.#swap(parent, index);
      index = parent;
    }
  }

  #siftDown(): void {
    for (let index = 0; ; ) {
      const left = index * 2 + 1;
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(index) <= this.#at(child)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #at(index: number): number {
    return this.#timers[index]?.atNs ?? Number.POSITIVE_INFINITY;
  }

  #swap(first: number, second: number): void {
    const [a, b] = [this.#timers[first], this.#timers[second]];
    if (a === undefined || b === undefined) return;
    this.#timers[first] = b;
    this.#timers[second] = a;
  }
}

/**
 * Who runs next. One hard idea: the run queue of a control group is a plain round of tasks; what a task may use is
 * decided by fuel (instructions per turn) and by its cgroup's budget, so that no guest can hold the worker for long.
 * Between groups it is their weights that decide, and with one group ready, as mostly, nobody counts.
 * Timers are a heap of deadlines by the monotonic clock. Single-owner: only the run loop calls in here.
 */
import type { Cgroup } from "../cgroup.ts";
import { enterRound, leaveRound, nextGroup } from "./fair-share.ts";
import type { Task } from "./task.ts";

/** Something that happens at a time. */
export interface Timer {
  readonly atNs: number;
  isCancelled: boolean;
  fire(): void;
}

/** The ready tasks of one group: those of this round, backwards, and those of the next. */
interface Round {
  ready: Task[];
  next: Task[];
}

export class Scheduler {
  readonly #root: Cgroup;
  readonly #rounds = new Map<Cgroup, Round>();
  /** Killed: they only have to end, which takes no time to speak of, and frees what others wait for. */
  readonly #ending: Task[] = [];
  #readyCount = 0;
  readonly #timers: Timer[] = [];

  constructor(root: Cgroup) {
    this.#root = root;
  }

  /** Puts `task` at the end of its group's round; nothing when it is in already. */
  enqueue(task: Task): void {
    if (task.isQueued) return;
    task.isQueued = true;
    this.#readyCount += 1;
    let round = this.#rounds.get(task.cgroup);
    if (round === undefined) {
      this.#rounds.set(task.cgroup, (round = { ready: [], next: [] }));
      enterRound(task.cgroup);
    }
    round.next.push(task);
  }

  /** Puts a killed task before all others: a fork bomb must not outlive its container's end by a round of its own. */
  enqueueFirst(task: Task): void {
    this.remove(task);
    task.isQueued = true;
    this.#readyCount += 1;
    this.#ending.push(task);
  }

  /** The next task, or undefined when nobody is ready. */
  dequeue(): Task | undefined {
    const ending = this.#ending.shift();
    if (ending !== undefined) {
      ending.isQueued = false;
      this.#readyCount -= 1;
      return ending;
    }
    const group = this.#nextGroup();
    const round = group === undefined ? undefined : this.#rounds.get(group);
    if (group === undefined || round === undefined) return undefined;
    if (round.ready.length === 0) {
      round.ready = round.next.reverse();
      round.next = [];
    }
    const task = round.ready.pop();
    this.#settle(group, round);
    if (task === undefined) return undefined;
    task.isQueued = false;
    this.#readyCount -= 1;
    return task;
  }

  /** Takes a task out of its group's round: it is about to change groups. */
  remove(task: Task): void {
    if (!task.isQueued) return;
    task.isQueued = false;
    this.#readyCount -= 1;
    const index = this.#ending.indexOf(task);
    if (index >= 0) this.#ending.splice(index, 1);
    const round = this.#rounds.get(task.cgroup);
    if (round === undefined || index >= 0) return;
    round.ready = round.ready.filter((other) => other !== task);
    round.next = round.next.filter((other) => other !== task);
    this.#settle(task.cgroup, round);
  }

  get hasReady(): boolean {
    return this.#readyCount > 0;
  }

  /** Ready tasks: the first figure of /proc/loadavg is made from it. */
  get readyCount(): number {
    return this.#readyCount;
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

  #settle(group: Cgroup, round: Round): void {
    if (round.ready.length + round.next.length > 0) return;
    this.#rounds.delete(group);
    leaveRound(group);
  }

  #nextGroup(): Cgroup | undefined {
    if (this.#rounds.size <= 1) return this.#rounds.keys().next().value;
    return nextGroup(this.#root, (group) => this.#rounds.has(group));
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

/**
 * pid_namespaces(7). A task has one number in its own namespace and one in every namespace above it; the
 * kernel itself counts in the root namespace ("global"). When the first process of a namespace ends,
 * everybody in it is killed and no more can be made.
 */
import type { Task } from "./task.ts";

/** /proc/sys/kernel/pid_max of a 64-bit Linux with few processors. */
export const PID_MAX = 32_768;
/** Numbers below are not used again after the first round (RESERVED_PIDS, kernel/pid.c). */
const RESERVED = 300;

let lastInode = 0xf000_0000;

/** Inode numbers of namespaces, as /proc/pid/ns shows them. */
export function nextNamespaceInode(): number {
  lastInode += 1;
  return lastInode;
}

export class PidNamespace {
  readonly parent: PidNamespace | undefined;
  readonly level: number;
  readonly inode = nextNamespaceInode();
  readonly #tasks = new Map<number, Task>();
  #last = 0;
  /** Set when its init has ended: fork answers ENOMEM. */
  isDead = false;

  constructor(parent: PidNamespace | undefined) {
    this.parent = parent;
    this.level = parent === undefined ? 0 : parent.level + 1;
  }

  /** A number for `task` here; undefined when all are taken. */
  allocate(task: Task): number | undefined {
    for (let tries = 0; tries < PID_MAX; tries++) {
      this.#last = this.#last + 1 >= PID_MAX ? RESERVED : this.#last + 1;
      if (this.#tasks.has(this.#last)) continue;
      this.#tasks.set(this.#last, task);
      return this.#last;
    }
    return undefined;
  }

  /** Gives a number that is taken to another task. */
  assign(pid: number, task: Task): void {
    this.#tasks.set(pid, task);
  }

  /** The number given last: /proc/loadavg, ns_last_pid. */
  get lastPid(): number {
    return this.#last;
  }

  free(pid: number): void {
    this.#tasks.delete(pid);
  }

  task(pid: number): Task | undefined {
    return this.#tasks.get(pid);
  }

  /** Everybody who can be seen from here, by number. */
  tasks(): readonly Task[] {
    return [...this.#tasks].sort(([first], [second]) => first - second).map(([, task]) => task);
  }

  /** The init of the namespace. */
  get init(): Task | undefined {
    return this.#tasks.get(1);
  }
}

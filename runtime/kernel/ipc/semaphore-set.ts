/**
 * A set of semaphores (ipc/sem.c). One hard idea: the operations of one call happen all or none; who cannot
 * have all of his waits by the first operation that stands in the way, and tries the whole again when anything
 * of the set has changed. What SEM_UNDO is to give back is kept by the set for each process.
 */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import type { Process } from "../task/process.ts";
import { WaitQueue } from "../task/wait.ts";
import type { IpcIds } from "./ipc-ids.ts";
import type { IpcBirth } from "./ipc-object.ts";
import { IpcObject, secondsNow } from "./ipc-object.ts";

/** The most that may be given back for one semaphore (SEMAEM). */
const ADJUSTMENT_MAX = abi.SEMVMX;

/** struct sembuf. */
export interface SemaphoreOperation {
  readonly number: number;
  readonly change: number;
  readonly flags: number;
}

/** Somebody who waits: by the operation that stands in the way. */
export interface SemaphoreWait {
  blocking: SemaphoreOperation;
}

/** Done, refused (-errno), or to be waited for. */
export type Attempt = number | SemaphoreOperation;

interface Plan {
  readonly values: Map<number, number>;
  readonly adjustments: Map<number, number>;
}

export class SemaphoreSet extends IpcObject {
  readonly values: Uint16Array;
  /** Who changed each the last. */
  readonly users: (Process | undefined)[];
  readonly queue = new WaitQueue();
  readonly waits = new Set<SemaphoreWait>();
  operatedSeconds = 0n;
  readonly #home: IpcIds<SemaphoreSet>;
  readonly #adjustments = new Map<Process, Int32Array>();

  constructor(birth: IpcBirth, count: number, home: IpcIds<SemaphoreSet>) {
    super(birth);
    this.values = new Uint16Array(count);
    this.users = Array.from({ length: count });
    this.#home = home;
  }

  /** perform_atomic_semop. */
  attempt(process: Process, operations: readonly SemaphoreOperation[]): Attempt {
    const plan = this.#plan(process, operations);
    if (!("values" in plan)) return plan.answer;
    for (const [number, value] of plan.values) this.values[number] = value;
    for (const { number } of operations) this.users[number] = process;
    if (plan.adjustments.size > 0) {
      const kept = this.#adjustmentsOf(process);
      for (const [number, adjustment] of plan.adjustments) kept[number] = adjustment;
    }
    this.operatedSeconds = secondsNow(process.leader.kernel);
    if (operations.some(({ change }) => change !== 0)) this.queue.wake();
    return 0;
  }

  /** SETVAL, SETALL: what others would give back of them is forgotten. */
  set(process: Process, first: number, values: readonly number[]): void {
    values.forEach((value, index) => {
      this.values[first + index] = value;
      this.users[first + index] = process;
      for (const kept of this.#adjustments.values()) kept[first + index] = 0;
    });
    this.changedSeconds = secondsNow(process.leader.kernel);
    this.queue.wake();
  }

  /** GETNCNT, GETZCNT. */
  waiting(number: number, isForZero: boolean): number {
    const isCounted = ({ blocking }: SemaphoreWait): boolean =>
      blocking.number === number && (isForZero ? blocking.change === 0 : blocking.change < 0);
    return [...this.waits].filter(isCounted).length;
  }

  /** `process` is over: what it was to give back is given, as far as that goes. */
  giveBack(process: Process): void {
    const kept = this.#adjustments.get(process);
    this.#adjustments.delete(process);
    if (kept === undefined || this.isRemoved) return;
    kept.forEach((adjustment, number) => {
      if (adjustment === 0) return;
      const value = (this.values[number] ?? 0) + adjustment;
      this.values[number] = Math.min(Math.max(value, 0), abi.SEMVMX);
      this.users[number] = process;
    });
    this.operatedSeconds = secondsNow(process.leader.kernel);
    this.queue.wake();
  }

  destroy(): void {
    this.#home.remove(this);
    this.#adjustments.clear();
    this.queue.wake();
  }

  #plan(process: Process, operations: readonly SemaphoreOperation[]): Plan | { readonly answer: Attempt } {
    const values = new Map<number, number>();
    const adjustments = new Map<number, number>();
    for (const operation of operations) {
      const { number, change, flags } = operation;
      const before = values.get(number) ?? this.values[number] ?? 0;
      const value = before + change;
      const isBlocked = change === 0 ? before !== 0 : value < 0;
      if (isBlocked) return { answer: (flags & abi.IPC_NOWAIT) !== 0 ? -Errno.EAGAIN : operation };
      if (value > abi.SEMVMX) return { answer: -Errno.ERANGE };
      values.set(number, value);
      if ((flags & abi.SEM_UNDO) === 0) continue;
      const kept = adjustments.get(number) ?? this.#adjustments.get(process)?.[number] ?? 0;
      const adjustment = kept - change;
      if (adjustment < -ADJUSTMENT_MAX - 1 || adjustment > ADJUSTMENT_MAX) return { answer: -Errno.ERANGE };
      adjustments.set(number, adjustment);
    }
    return { values, adjustments };
  }

  #adjustmentsOf(process: Process): Int32Array {
    const known = this.#adjustments.get(process);
    if (known !== undefined) return known;
    const fresh = new Int32Array(this.values.length);
    this.#adjustments.set(process, fresh);
    const sets = setsToUndo.get(process) ?? new Set<SemaphoreSet>();
    setsToUndo.set(process, sets.add(this));
    return fresh;
  }
}

const setsToUndo = new WeakMap<Process, Set<SemaphoreSet>>();

/** exit_sem: the process ends, or leaves its ipc namespace. */
export function undoSemaphores(process: Process): void {
  const sets = setsToUndo.get(process);
  if (sets === undefined) return;
  setsToUndo.delete(process);
  for (const set of sets) set.giveBack(process);
}

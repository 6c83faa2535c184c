/**
 * Timers of programs: setitimer, POSIX timers, timerfd. One hard idea: everything is kept on one of two
 * axes, nanoseconds since boot (the scheduler's heap) or nanoseconds of processor time (looked at after
 * each turn); wall-clock deadlines become the former when they are set.
 */
import * as clock from "../abi/time.ts";
import { SI_TIMER } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "./process.ts";
import { sendToProcess, sendToTask } from "./send-signal.ts";
import type { Task } from "./task.ts";

/** Beyond this a deadline is never: what a number counts exactly. */
export const NEVER_NS = Number.MAX_SAFE_INTEGER;
/** si_overrun is an int (DELAYTIMER_MAX). */
const OVERRUN_MAX = 0x7fff_ffff;

export interface Alarm {
  cancel(): void;
}

/** Where a timer counts. */
export interface TimeAxis {
  nowNs(): number;
  at(dueNs: number, fire: () => void): Alarm;
}

export function monotonicAxis(kernel: Kernel): TimeAxis {
  return {
    nowNs: () => kernel.monotonicNs(),
    at(dueNs, fire) {
      if (dueNs >= NEVER_NS) return { cancel: () => undefined };
      const timer = kernel.scheduler.addTimer(dueNs, fire);
      return {
        cancel() {
          timer.isCancelled = true;
        },
      };
    },
  };
}

/** Processor time of a process, or of one of its tasks. */
export function cpuAxis(process: Process, task: Task | undefined): TimeAxis {
  const { kernel } = process.leader;
  const nowNs = (): number => {
    kernel.chargeTurn();
    return task === undefined ? process.cpuNs : task.cpuNs;
  };
  return {
    nowNs,
    at(dueNs, fire) {
      const entry: CpuAlarm = { isDue: () => nowNs() >= dueNs, fire };
      process.cpuAlarms.add(entry);
      return { cancel: () => void process.cpuAlarms.delete(entry) };
    },
  };
}

/** An alarm on processor time: owned by the process, asked after each turn of its tasks. */
export interface CpuAlarm {
  isDue(): boolean;
  fire(): void;
}

/** Called by the run loop after a turn. */
export function fireCpuAlarms(process: Process): void {
  for (const alarm of [...process.cpuAlarms]) {
    if (!alarm.isDue()) continue;
    process.cpuAlarms.delete(alarm);
    alarm.fire();
  }
}

export interface TimerSetting {
  /** Until it expires; 0 when it is not armed. */
  readonly remainingNs: number;
  readonly intervalNs: number;
}

/** One timer, armed once or periodically. */
export class IntervalTimer {
  readonly #axis: TimeAxis;
  readonly #expired: () => void;
  #alarm: Alarm | undefined;
  #dueNs: number | undefined;
  #intervalNs = 0;

  /** `expired` runs between turns; it calls `advance` for the next period. */
  constructor(axis: TimeAxis, expired: () => void) {
    this.#axis = axis;
    this.#expired = expired;
  }

  /** `dueNs` on its axis; undefined disarms. */
  set(dueNs: number | undefined, intervalNs: number): void {
    this.cancel();
    this.#intervalNs = intervalNs;
    this.#dueNs = dueNs;
    this.#arm();
  }

  nowNs(): number {
    return this.#axis.nowNs();
  }

  get setting(): TimerSetting {
    const intervalNs = this.#intervalNs;
    if (this.#dueNs === undefined) return { remainingNs: 0, intervalNs };
    return { remainingNs: Math.max(this.#dueNs - this.#axis.nowNs(), 1), intervalNs };
  }

  /** After an expiry: goes to the next period that is not over; how many were skipped. */
  advance(): number {
    this.#alarm?.cancel();
    if (this.#dueNs === undefined || this.#intervalNs === 0) {
      this.#dueNs = undefined;
      return 0;
    }
    const lateNs = this.#axis.nowNs() - this.#dueNs;
    const skipped = Math.max(0, Math.floor(lateNs / this.#intervalNs));
    this.#dueNs += (skipped + 1) * this.#intervalNs;
    this.#arm();
    return skipped;
  }

  cancel(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#dueNs = undefined;
  }

  #arm(): void {
    if (this.#dueNs !== undefined) this.#alarm = this.#axis.at(this.#dueNs, this.#expired);
  }
}

export interface TimerNotification {
  /** 0 for SIGEV_NONE. */
  readonly signal: number;
  readonly value: bigint;
  /** SIGEV_THREAD_ID. */
  readonly task: Task | undefined;
}

/**
 * timer_create(2). Its signal is queued once; the periods that pass until it is taken are the overrun, and
 * only then the timer starts again.
 */
export class PosixTimer {
  readonly id: number;
  readonly clock: number;
  readonly timer: IntervalTimer;
  readonly #process: Process;
  readonly #notification: TimerNotification;
  lastOverrun = 0;

  constructor(process: Process, id: number, clockId: number, notification: TimerNotification) {
    this.id = id;
    this.clock = clockId;
    this.#process = process;
    this.#notification = notification;
    this.timer = new IntervalTimer(axisOf(process, clockId), () => this.#expire());
  }

  /** A pending signal of a timer that was set anew or deleted counts for nothing. */
  cancel(): void {
    this.timer.cancel();
  }

  taken(): number {
    this.lastOverrun = Math.min(this.timer.advance(), OVERRUN_MAX);
    return this.lastOverrun;
  }

  #expire(): void {
    const { signal, value, task } = this.#notification;
    if (signal === 0) {
      this.timer.advance();
      return;
    }
    const process = this.#process;
    if ((task ?? process).pending.holds(this)) return;
    const info = { signal, code: SI_TIMER, timerId: this.id, value, timer: this };
    const isQueued = task === undefined ? sendToProcess(process, info) : sendToTask(task, info);
    if (!isQueued) this.timer.advance();
  }
}

function axisOf(process: Process, clockId: number): TimeAxis {
  if (clockId === clock.CLOCK_PROCESS_CPUTIME_ID) return cpuAxis(process, undefined);
  const { kernel } = process.leader;
  if (clockId === clock.CLOCK_THREAD_CPUTIME_ID) return cpuAxis(process, kernel.current);
  return monotonicAxis(kernel);
}

/** The end of a process: nothing goes off any more. */
export function cancelTimers(process: Process): void {
  for (const timer of process.intervalTimers.values()) timer.cancel();
  deletePosixTimers(process);
  process.cpuAlarms.clear();
}

/** exec keeps interval timers and drops the others (execve(2)). */
export function deletePosixTimers(process: Process): void {
  for (const timer of process.posixTimers.values()) timer.cancel();
  process.posixTimers.clear();
}

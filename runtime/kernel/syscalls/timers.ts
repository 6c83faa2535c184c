/** setitimer(2), alarm(2), timer_create(2) and their relatives. */
import { Errno } from "../abi/errno.ts";
import { SIGNAL_MAX, Signal } from "../abi/signal.ts";
import * as clock from "../abi/time.ts";
import { kernelSignal, sendToProcess } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import type { TimerNotification, TimerSetting } from "../task/timers.ts";
import { cpuAxis, IntervalTimer, monotonicAxis, PosixTimer } from "../task/timers.ts";
import type { Process } from "../task/process.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { clockNs } from "./time.ts";
import {
  absoluteDeadline,
  isCpuClock,
  NS_PER_S,
  readTimespec,
  readTimeval,
  writeDuration,
  writeTimeval,
} from "./timespec.ts";

const TIMEVAL_BYTES = 16;
const TIMESPEC_BYTES = 16;
/** Signals of ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. */
const ITIMER_SIGNALS = [Signal.SIGALRM, Signal.SIGVTALRM, Signal.SIGPROF] as const;
/** Timers of one process: RLIMIT_SIGPENDING counts their signals in Linux. */
const TIMERS_MAX = 32_768;

function intervalTimer(process: Process, which: number): IntervalTimer {
  const known = process.intervalTimers.get(which);
  if (known !== undefined) return known;
  const { kernel } = process.leader;
  const axis = which === clock.ITIMER_REAL ? monotonicAxis(kernel) : cpuAxis(process, undefined);
  const timer = new IntervalTimer(axis, () => {
    timer.advance();
    sendToProcess(process, kernelSignal(ITIMER_SIGNALS[which] ?? Signal.SIGALRM));
  });
  process.intervalTimers.set(which, timer);
  return timer;
}

function writeItimerval(task: Task, address: number, { remainingNs, intervalNs }: TimerSetting): void {
  writeTimeval(task, address, intervalNs);
  writeTimeval(task, address + TIMEVAL_BYTES, remainingNs);
}

function sysGetitimer(task: Task, which: number, address: number): Result {
  if (which < 0 || which > clock.ITIMER_PROF) return -Errno.EINVAL;
  writeItimerval(task, address, intervalTimer(task.process, which).setting);
  return 0;
}

function sysSetitimer(task: Task, which: number, address: number, old: number): Result {
  if (which < 0 || which > clock.ITIMER_PROF) return -Errno.EINVAL;
  const intervalNs = address === 0 ? 0 : readTimeval(task, address);
  const valueNs = address === 0 ? 0 : readTimeval(task, address + TIMEVAL_BYTES);
  const timer = intervalTimer(task.process, which);
  const before = timer.setting;
  timer.set(valueNs === 0 ? undefined : timer.nowNs() + valueNs, intervalNs);
  if (old !== 0) writeItimerval(task, old, before);
  return 0;
}

/** Seconds left of the alarm before: rounded, but not to 0. */
function sysAlarm(task: Task, seconds: number): Result {
  const timer = intervalTimer(task.process, clock.ITIMER_REAL);
  const leftNs = timer.setting.remainingNs;
  const wanted = seconds >>> 0;
  timer.set(wanted === 0 ? undefined : timer.nowNs() + wanted * NS_PER_S, 0);
  return leftNs === 0 ? 0 : Math.max(1, Math.round(leftNs / NS_PER_S));
}

function sysTimerCreate(task: Task, clockId: number, event: number, id: number): Result {
  if (clockId === clock.CLOCK_REALTIME_ALARM || clockId === clock.CLOCK_BOOTTIME_ALARM) return -Errno.EOPNOTSUPP;
  if (clockNs(task, clockId) === undefined || !isTimerClock(clockId)) return -Errno.EINVAL;
  const { process } = task;
  const { posixTimers } = process;
  let free = 0;
  while (posixTimers.has(free)) free += 1;
  if (free >= TIMERS_MAX) return -Errno.EAGAIN;
  const notification =
    event === 0 ? { signal: Signal.SIGALRM, value: BigInt(free), task: undefined } : readEvent(task, event);
  if (notification === undefined) return -Errno.EINVAL;
  task.memory.writeU32(id, free);
  posixTimers.set(free, new PosixTimer(process, free, clockId, notification));
  return 0;
}

function isTimerClock(clockId: number): boolean {
  const NONE = [
    clock.CLOCK_MONOTONIC_RAW,
    clock.CLOCK_REALTIME_COARSE,
    clock.CLOCK_MONOTONIC_COARSE,
  ] as const;
  return clockId >= 0 && !NONE.some((none) => none === clockId);
}

/** struct sigevent. */
function readEvent(task: Task, address: number): TimerNotification | undefined {
  const value = task.memory.readU64(address);
  const signal = task.memory.readI32(address + 8);
  const notify = task.memory.readI32(address + 12);
  if (notify === clock.SIGEV_NONE) return { signal: 0, value, task: undefined };
  if (signal <= 0 || signal > SIGNAL_MAX) return undefined;
  if (notify === clock.SIGEV_SIGNAL || notify === clock.SIGEV_THREAD)
    return { signal, value, task: undefined };
  if (notify !== (clock.SIGEV_SIGNAL | clock.SIGEV_THREAD_ID)) return undefined;
  const target = task.pidNamespace.task(task.memory.readI32(address + 16));
  return target?.process === task.process ? { signal, value, task: target } : undefined;
}

function writeItimerspec(task: Task, address: number, { remainingNs, intervalNs }: TimerSetting): void {
  writeDuration(task, address, intervalNs);
  writeDuration(task, address + TIMESPEC_BYTES, remainingNs);
}

/** Arms `timer` as struct itimerspec at `address` says; what it was set to before. Also for timerfd. */
export function setFromItimerspec(
  task: Task,
  timer: IntervalTimer,
  clockId: number,
  isAbsolute: boolean,
  address: number,
): TimerSetting {
  const intervalNs = readTimespec(task, address);
  const valueNs = readTimespec(task, address + TIMESPEC_BYTES);
  const before = timer.setting;
  let dueNs: number | undefined;
  if (valueNs > 0 && !isAbsolute) dueNs = timer.nowNs() + valueNs;
  else if (valueNs > 0)
    dueNs = isCpuClock(clockId) ? valueNs : absoluteDeadline(task, clockId, address + TIMESPEC_BYTES);
  timer.set(dueNs, intervalNs);
  return before;
}

function sysTimerSettime(task: Task, id: number, flags: number, address: number, old: number): Result {
  const known = task.process.posixTimers.get(id);
  if (known === undefined || address === 0) return -Errno.EINVAL;
  const isAbsolute = (flags & clock.TIMER_ABSTIME) !== 0;
  const before = setFromItimerspec(task, known.timer, known.clock, isAbsolute, address);
  if (old !== 0) writeItimerspec(task, old, before);
  return 0;
}

function sysTimerGettime(task: Task, id: number, address: number): Result {
  const known = task.process.posixTimers.get(id);
  if (known === undefined) return -Errno.EINVAL;
  writeItimerspec(task, address, known.timer.setting);
  return 0;
}

function sysTimerGetoverrun(task: Task, id: number): Result {
  return task.process.posixTimers.get(id)?.lastOverrun ?? -Errno.EINVAL;
}

function sysTimerDelete(task: Task, id: number): Result {
  const known = task.process.posixTimers.get(id);
  if (known === undefined) return -Errno.EINVAL;
  known.cancel();
  task.process.posixTimers.delete(id);
  return 0;
}

export const TIMER_CALLS: readonly SyscallRow[] = [
  call(36, "getitimer", "int, address", sysGetitimer),
  call(37, "alarm", "int", sysAlarm),
  call(38, "setitimer", "int, itimerval, address", sysSetitimer),
  call(222, "timer_create", "clock, address, address", sysTimerCreate),
  call(223, "timer_settime", "int, flags:timer, itimerspec, address", sysTimerSettime),
  call(224, "timer_gettime", "int, address", sysTimerGettime),
  call(225, "timer_getoverrun", "int", sysTimerGetoverrun),
  call(226, "timer_delete", "int", sysTimerDelete),
];

/** clock_gettime(2), nanosleep(2) and their relatives. */
import { Errno, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from "../abi/errno.ts";
import * as clock from "../abi/time.ts";
import type { Task } from "../task/task.ts";
import { cpuAxis, NEVER_NS } from "../task/timers.ts";
import type { Result } from "../task/wait.ts";
import { Blocked, WaitQueue } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import {
  absoluteDeadline, deadlineIn, isCpuClock, NS_PER_S, readTimespec, writeDuration, writeTimespec,
} from "./timespec.ts";

const NS_PER_US = 1000n;
const US_PER_S = 1_000_000n;
/** Coarse clocks tick with the timer interrupt: CONFIG_HZ=250. */
const COARSE_NS = 4_000_000;

/** The clock's time in nanoseconds; undefined for a clock there is not. Without an RTC there are no alarm clocks. */
export function clockNs(task: Task, clockId: number): bigint | undefined {
  const { kernel } = task;
  switch (clockId) {
    case clock.CLOCK_REALTIME:
    case clock.CLOCK_REALTIME_COARSE:
    case clock.CLOCK_TAI:
      return kernel.realtimeNs();
    case clock.CLOCK_MONOTONIC:
    case clock.CLOCK_MONOTONIC_RAW:
    case clock.CLOCK_MONOTONIC_COARSE:
    case clock.CLOCK_BOOTTIME:
      return BigInt(kernel.monotonicNs());
    case clock.CLOCK_PROCESS_CPUTIME_ID:
      kernel.chargeTurn();
      return BigInt(Math.round(task.process.cpuNs));
    case clock.CLOCK_THREAD_CPUTIME_ID:
      kernel.chargeTurn();
      return BigInt(Math.round(task.cpuNs));
    default:
      return clockId < 0 ? othersCpuNs(task, clockId) : undefined;
  }
}

/** clock_getcpuclockid(3): ~pid << 3 | (4 for a thread) | 2. */
function othersCpuNs(task: Task, clockId: number): bigint | undefined {
  const FILE = 3;
  if ((clockId & 3) === FILE) return undefined;
  const tid = ~(clockId >> 3);
  const other = tid === 0 ? task : task.pidNamespace.task(tid);
  if (other === undefined) return undefined;
  task.kernel.chargeTurn();
  const isThread = (clockId & 4) !== 0;
  if (!isThread && tid !== 0 && !other.isLeader) return undefined;
  return BigInt(Math.round(isThread ? other.cpuNs : other.process.cpuNs));
}

function sysClockGettime(task: Task, clockId: number, address: number): Result {
  const ns = clockNs(task, clockId | 0);
  if (ns === undefined) return -Errno.EINVAL;
  writeTimespec(task, address, ns);
  return 0;
}

function sysClockGetres(task: Task, clockId: number, address: number): Result {
  if (clockNs(task, clockId | 0) === undefined) return -Errno.EINVAL;
  const isCoarse = clockId === clock.CLOCK_REALTIME_COARSE || clockId === clock.CLOCK_MONOTONIC_COARSE;
  if (address !== 0) writeDuration(task, address, isCoarse ? COARSE_NS : 1);
  return 0;
}

/** The clock is the host's: nobody may set it, whatever capabilities they have. */
function sysClockSettime(task: Task, clockId: number, address: number): Result {
  if (clockId !== clock.CLOCK_REALTIME) return -Errno.EINVAL;
  readTimespec(task, address);
  return -Errno.EPERM;
}

function sysGettimeofday(task: Task, address: number, zone: number): Result {
  const us = task.kernel.realtimeNs() / NS_PER_US;
  if (address !== 0) {
    task.memory.writeU64(address, us / US_PER_S);
    task.memory.writeU64(address + 8, us % US_PER_S);
  }
  if (zone !== 0) task.memory.writeU64(zone, 0n);
  return 0;
}

function sysTime(task: Task, address: number): Result {
  const seconds = task.kernel.realtimeNs() / BigInt(NS_PER_S);
  if (address !== 0) task.memory.writeU64(address, seconds);
  return Number(seconds);
}

function sysNanosleep(task: Task, request: number, remaining: number): Result {
  return sleepFor(task, readTimespec(task, request), remaining);
}

function sysClockNanosleep(task: Task, clockId: number, flags: number, request: number, remaining: number): Result {
  if (clockId === clock.CLOCK_REALTIME_ALARM || clockId === clock.CLOCK_BOOTTIME_ALARM) return -Errno.EOPNOTSUPP;
  if (clockNs(task, clockId) === undefined || clockId === clock.CLOCK_THREAD_CPUTIME_ID) return -Errno.EINVAL;
  if (clockId < 0 || clockId === clock.CLOCK_MONOTONIC_RAW) return -Errno.EOPNOTSUPP;
  if (clockId === clock.CLOCK_REALTIME_COARSE || clockId === clock.CLOCK_MONOTONIC_COARSE) return -Errno.EOPNOTSUPP;
  const isAbsolute = (flags & clock.TIMER_ABSTIME) !== 0;
  if (isCpuClock(clockId)) return sleepOnCpuClock(task, readTimespec(task, request), isAbsolute);
  if (!isAbsolute) return sleepFor(task, readTimespec(task, request), remaining);
  return sleepUntil(task, absoluteDeadline(task, clockId, request), () => -ERESTARTNOHAND);
}

/** A sleep that a signal cuts short goes on through restart_syscall, or tells what was left. */
function sleepFor(task: Task, durationNs: number, remaining: number): Result {
  const { kernel } = task;
  const deadlineNs = deadlineIn(task, durationNs) ?? NEVER_NS;
  const interrupt = (): number => {
    if (remaining !== 0) writeDuration(task, remaining, Math.max(0, deadlineNs - kernel.monotonicNs()));
    task.restart = () => sleepUntil(task, deadlineNs, interrupt);
    return -ERESTART_RESTARTBLOCK;
  };
  return sleepUntil(task, deadlineNs, interrupt);
}

function sleepUntil(task: Task, deadlineNs: number, interrupt: () => number): Result {
  const { kernel } = task;
  const isOver = (): boolean => kernel.monotonicNs() >= deadlineNs;
  if (isOver()) return 0;
  const blocked: Blocked = new Blocked({
    queues: [],
    deadlineNs: deadlineNs >= NEVER_NS ? undefined : deadlineNs,
    retry: () => (isOver() ? 0 : blocked),
    interrupt,
    reason: "hrtimer_nanosleep",
  });
  return blocked;
}

function sleepOnCpuClock(task: Task, ns: number, isAbsolute: boolean): Result {
  const axis = cpuAxis(task.process, undefined);
  const queue = new WaitQueue();
  const deadlineNs = isAbsolute ? ns : axis.nowNs() + ns;
  const alarm = axis.at(deadlineNs, () => void queue.wake());
  const blocked: Blocked = new Blocked({
    queues: [queue],
    retry: () => (axis.nowNs() >= deadlineNs ? 0 : blocked),
    interrupt: () => {
      alarm.cancel();
      return isAbsolute ? -ERESTARTNOHAND : -Errno.EINTR;
    },
    reason: "do_cpu_nanosleep",
  });
  return axis.nowNs() >= deadlineNs ? 0 : blocked;
}

/** What an interrupted call left to be done, when no handler ran. */
function sysRestartSyscall(task: Task): Result {
  const { restart } = task;
  task.restart = undefined;
  return restart?.() ?? -Errno.EINTR;
}

export const TIME_CALLS: readonly SyscallRow[] = [
  call(35, "nanosleep", "timespec, address", sysNanosleep),
  call(96, "gettimeofday", "address, address", sysGettimeofday),
  call(164, "settimeofday", "timeval, address", () => -Errno.EPERM),
  call(201, "time", "address", sysTime),
  call(219, "restart_syscall", "", sysRestartSyscall),
  call(227, "clock_settime", "clock, timespec", sysClockSettime),
  call(228, "clock_gettime", "clock, address", sysClockGettime),
  call(229, "clock_getres", "clock, address", sysClockGetres),
  call(230, "clock_nanosleep", "clock, flags:timer, timespec, address", sysClockNanosleep),
];

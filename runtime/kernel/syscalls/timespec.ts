/** struct timespec, timeval, itimerspec and deadlines made of them: what calls that know time share. */
import { Errno } from "../abi/errno.ts";
import * as clock from "../abi/time.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import { NEVER_NS } from "../task/timers.ts";

export const NS_PER_S = 1_000_000_000;
const NS_PER_US = 1000;
const US_PER_S = 1_000_000;

/** Nanoseconds, at most NEVER_NS; EINVAL for negative or malformed ones. */
export function readTimespec(task: Task, address: number): number {
  const seconds = task.memory.readInteger(address);
  const ns = task.memory.readInteger(address + 8);
  if (seconds < 0 || ns < 0 || ns >= NS_PER_S) throw new SyscallError(Errno.EINVAL);
  return Math.min(seconds * NS_PER_S + ns, NEVER_NS);
}

export function writeTimespec(task: Task, address: number, ns: bigint): void {
  task.memory.writeU64(address, ns / BigInt(NS_PER_S));
  task.memory.writeU64(address + 8, ns % BigInt(NS_PER_S));
}

export function writeDuration(task: Task, address: number, ns: number): void {
  task.memory.writeInteger(address, Math.floor(ns / NS_PER_S));
  task.memory.writeInteger(address + 8, ns % NS_PER_S);
}

export function readTimeval(task: Task, address: number): number {
  const seconds = task.memory.readInteger(address);
  const us = task.memory.readInteger(address + 8);
  if (seconds < 0 || us < 0 || us >= US_PER_S) throw new SyscallError(Errno.EINVAL);
  return Math.min(seconds * NS_PER_S + us * NS_PER_US, NEVER_NS);
}

/** Rounded up to whole microseconds: a timer that runs is never shown as 0. */
export function writeTimeval(task: Task, address: number, ns: number): void {
  const us = Math.ceil(ns / NS_PER_US);
  task.memory.writeInteger(address, Math.floor(us / US_PER_S));
  task.memory.writeInteger(address + 8, us % US_PER_S);
}

/** Now plus `durationNs` by the monotonic clock; undefined when that is never. */
export function deadlineIn(task: Task, durationNs: number): number | undefined {
  const deadline = task.kernel.monotonicNs() + durationNs;
  return deadline >= NEVER_NS ? undefined : deadline;
}

/** Monotonic nanoseconds of a moment on `clockId`: real time counts from boot. */
export function absoluteDeadline(task: Task, clockId: number, address: number): number {
  const at = readTimespec(task, address);
  if (!isRealtime(clockId)) return at;
  const { kernel } = task;
  // Nanoseconds since 1970 are more than a number counts exactly.
  const exact = task.memory.readU64(address) * BigInt(NS_PER_S) + task.memory.readU64(address + 8);
  const deadlineNs = kernel.monotonicNs() + Number(exact - kernel.realtimeNs());
  return Math.min(Math.max(0, deadlineNs), NEVER_NS);
}

export function isRealtime(clockId: number): boolean {
  return clockId === clock.CLOCK_REALTIME || clockId === clock.CLOCK_REALTIME_ALARM || clockId === clock.CLOCK_TAI;
}

/** Processor-time clocks: a deadline on them is in their own nanoseconds. */
export function isCpuClock(clockId: number): boolean {
  return clockId === clock.CLOCK_PROCESS_CPUTIME_ID || clockId === clock.CLOCK_THREAD_CPUTIME_ID;
}

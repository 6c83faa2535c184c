/** eventfd(2), signalfd(2), timerfd_create(2), pidfd_open(2): events as files. */
import { Errno } from "../abi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from "../abi/fcntl.ts";
import * as clock from "../abi/time.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { UNBLOCKABLE } from "../task/signal-state.ts";
import type { Task } from "../task/task.ts";
import type { TimerSetting } from "../task/timers.ts";
import type { Result } from "../task/wait.ts";
import { EventFile } from "../vfs/eventfd.ts";
import { PidFile } from "../vfs/pid-file.ts";
import { SignalFile } from "../vfs/signalfd.ts";
import { TimerFile } from "../vfs/timerfd.ts";
import { mayKill } from "./kill.ts";
import { newDescriptor } from "./new-descriptor.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { setFromItimerspec } from "./timers.ts";
import { writeDuration } from "./timespec.ts";

const EFD_SEMAPHORE = 1;
const FLAGS = O_CLOEXEC | O_NONBLOCK;
const SET_BYTES = 8;
const TIMESPEC_BYTES = 16;
const TIMERFD_CLOCKS: readonly number[] = [
  clock.CLOCK_REALTIME, clock.CLOCK_MONOTONIC, clock.CLOCK_BOOTTIME, clock.CLOCK_REALTIME_ALARM, clock.CLOCK_BOOTTIME_ALARM,
];

function sysEventfd2(task: Task, count: number, flags: number): Result {
  if ((flags & ~(FLAGS | EFD_SEMAPHORE)) !== 0) return -Errno.EINVAL;
  const file = new EventFile(O_RDWR | (flags & O_NONBLOCK), count >>> 0, (flags & EFD_SEMAPHORE) !== 0);
  return newDescriptor(task, file, flags);
}

function sysSignalfd4(task: Task, fd: number, address: number, setBytes: number, flags: number): Result {
  if (setBytes !== SET_BYTES || (flags & ~FLAGS) !== 0) return -Errno.EINVAL;
  const mask = task.memory.readU64(address) & ~UNBLOCKABLE;
  if ((fd | 0) === -1) return newDescriptor(task, new SignalFile(task, O_RDWR | (flags & O_NONBLOCK), mask), flags);
  const file = task.files.get(fd);
  if (file === undefined) return -Errno.EBADF;
  if (!(file instanceof SignalFile)) return -Errno.EINVAL;
  file.mask = mask;
  file.queue.wake();
  return fd;
}

function sysTimerfdCreate(task: Task, clockId: number, flags: number): Result {
  if ((flags & ~FLAGS) !== 0 || !TIMERFD_CLOCKS.includes(clockId)) return -Errno.EINVAL;
  const isAlarm = clockId === clock.CLOCK_REALTIME_ALARM || clockId === clock.CLOCK_BOOTTIME_ALARM;
  if (isAlarm && !hasCapability(task.credentials, Capability.CAP_WAKE_ALARM)) return -Errno.EPERM;
  return newDescriptor(task, new TimerFile(task.kernel, O_RDWR | (flags & O_NONBLOCK), clockId), flags);
}

function timerFile(task: Task, fd: number): TimerFile | number {
  const file = task.files.get(fd);
  if (file === undefined) return -Errno.EBADF;
  return file instanceof TimerFile ? file : -Errno.EINVAL;
}

function writeSetting(task: Task, address: number, { remainingNs, intervalNs }: TimerSetting): void {
  writeDuration(task, address, intervalNs);
  writeDuration(task, address + TIMESPEC_BYTES, remainingNs);
}

function sysTimerfdSettime(task: Task, fd: number, flags: number, address: number, old: number): Result {
  if ((flags & ~(clock.TFD_TIMER_ABSTIME | clock.TFD_TIMER_CANCEL_ON_SET)) !== 0) return -Errno.EINVAL;
  const file = timerFile(task, fd);
  if (typeof file === "number") return file;
  const before = setFromItimerspec(task, file.timer, file.clock, (flags & clock.TFD_TIMER_ABSTIME) !== 0, address);
  file.reset();
  if (old !== 0) writeSetting(task, old, before);
  return 0;
}

function sysTimerfdGettime(task: Task, fd: number, address: number): Result {
  const file = timerFile(task, fd);
  if (typeof file === "number") return file;
  writeSetting(task, address, file.setting);
  return 0;
}

function sysPidfdOpen(task: Task, pid: number, flags: number): Result {
  if ((flags & ~O_NONBLOCK) !== 0 || pid <= 0) return -Errno.EINVAL;
  const target = task.pidNamespace.task(pid);
  if (target === undefined) return -Errno.ESRCH;
  if (!target.isLeader) return -Errno.EINVAL;
  return newDescriptor(task, new PidFile(target.process, O_RDWR | flags), O_CLOEXEC);
}

function sysPidfdGetfd(task: Task, fd: number, wanted: number, flags: number): Result {
  if (flags !== 0) return -Errno.EINVAL;
  const file = task.files.get(fd);
  if (!(file instanceof PidFile)) return -Errno.EBADF;
  const { leader, isZombie } = file.process;
  if (isZombie) return -Errno.ESRCH;
  const mayTrace = hasCapability(task.credentials, Capability.CAP_SYS_PTRACE) || mayKill(task, file.process, 0) === 0;
  if (!mayTrace) return -Errno.EPERM;
  const found = leader.files.get(wanted);
  return found === undefined ? -Errno.EBADF : newDescriptor(task, found, O_CLOEXEC);
}

export const EVENT_FILE_CALLS: readonly SyscallRow[] = [
  call(282, "signalfd", "fd, sigset, size", (task, fd, set, size) => sysSignalfd4(task, fd, set, size, 0)),
  call(283, "timerfd_create", "clock, flags:timerfd", sysTimerfdCreate),
  call(284, "eventfd", "int", (task, count) => sysEventfd2(task, count, 0)),
  call(286, "timerfd_settime", "fd, flags:timer, itimerspec, address", sysTimerfdSettime),
  call(287, "timerfd_gettime", "fd, address", sysTimerfdGettime),
  call(289, "signalfd4", "fd, sigset, size, flags:signalfd", sysSignalfd4),
  call(290, "eventfd2", "int, flags:eventfd", sysEventfd2),
  call(434, "pidfd_open", "pid, flags:pidfd", sysPidfdOpen),
  call(438, "pidfd_getfd", "fd, fd, int", sysPidfdGetfd),
];

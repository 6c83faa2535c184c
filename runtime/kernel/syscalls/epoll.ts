/** epoll_create(2), epoll_ctl(2), epoll_wait(2). */
import { Errno } from "../abi/errno.ts";
import { O_CLOEXEC, O_RDWR } from "../abi/fcntl.ts";
import type { Task } from "../task/task.ts";
import { deadlineIn, readTimespec } from "./timespec.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { EpollEvent } from "../vfs/epoll.ts";
import { Epoll } from "../vfs/epoll.ts";
import { newDescriptor } from "./new-descriptor.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { setTemporaryMask } from "./signals.ts";

const [EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD] = [1, 2, 3] as const;
/** struct epoll_event is packed on x86-64: events and data. */
const EVENT_BYTES = 12;
/** EP_MAX_EVENTS: INT_MAX / sizeof. */
const EVENTS_MAX = Math.floor(0x7fff_ffff / 16);
const NS_PER_MS = 1_000_000;

function sysEpollCreate1(task: Task, flags: number): Result {
  if ((flags & ~O_CLOEXEC) !== 0) return -Errno.EINVAL;
  return newDescriptor(task, new Epoll(O_RDWR), flags);
}

function sysEpollCtl(task: Task, epollFd: number, operation: number, fd: number, address: number): Result {
  const event: EpollEvent =
    operation === EPOLL_CTL_DEL
      ? { events: 0, data: 0n }
      : { events: task.memory.readU32(address), data: task.memory.readU64(address + 4) };
  const epoll = task.files.get(epollFd);
  const file = task.files.get(fd);
  if (epoll === undefined || file === undefined) return -Errno.EBADF;
  if (!file.isPollable) return -Errno.EPERM;
  if (!(epoll instanceof Epoll) || epoll === file) return -Errno.EINVAL;
  switch (operation) {
    case EPOLL_CTL_ADD:
      return epoll.add(fd, file, event);
    case EPOLL_CTL_DEL:
      return epoll.remove(fd, file);
    case EPOLL_CTL_MOD:
      return epoll.modify(fd, file, event);
    default:
      return -Errno.EINVAL;
  }
}

interface EpollWait {
  readonly fd: number;
  readonly address: number;
  readonly count: number;
  /** Undefined waits for ever; 0 does not wait. */
  readonly durationNs: number | undefined;
  /** Address of a signal mask; 0 for none. */
  readonly mask: number;
}

function waitForEvents(task: Task, { fd, address, count, durationNs, mask }: EpollWait): Result {
  if (count <= 0 || count > EVENTS_MAX) return -Errno.EINVAL;
  const epoll = task.files.get(fd);
  if (epoll === undefined) return -Errno.EBADF;
  if (!(epoll instanceof Epoll)) return -Errno.EINVAL;
  if (mask !== 0) setTemporaryMask(task, task.memory.readU64(mask));
  const attempt = (): Result => {
    const events = epoll.take(count);
    if (events.length === 0) return blocked;
    writeEvents(task, address, events);
    return events.length;
  };
  const blocked: Blocked = new Blocked({
    queues: [epoll.queue],
    deadlineNs: durationNs === undefined ? undefined : deadlineIn(task, durationNs),
    retry: attempt,
    interrupt: () => -Errno.EINTR,
    reason: "ep_poll",
  });
  const first = attempt();
  return first === blocked && durationNs === 0 ? 0 : first;
}

function writeEvents(task: Task, address: number, events: readonly EpollEvent[]): void {
  events.forEach((event, index) => {
    task.memory.writeU32(address + index * EVENT_BYTES, event.events);
    task.memory.writeU64(address + index * EVENT_BYTES + 4, event.data);
  });
}

function sysEpollPwait(
  task: Task,
  fd: number,
  address: number,
  count: number,
  timeoutMs: number,
  mask: number,
): Result {
  const durationNs = (timeoutMs | 0) < 0 ? undefined : timeoutMs * NS_PER_MS;
  return waitForEvents(task, { fd, address, count, durationNs, mask });
}

function sysEpollPwait2(
  task: Task,
  fd: number,
  address: number,
  count: number,
  timeout: number,
  mask: number,
): Result {
  const durationNs = timeout === 0 ? undefined : readTimespec(task, timeout);
  return waitForEvents(task, { fd, address, count, durationNs, mask });
}

export const EPOLL_CALLS: readonly SyscallRow[] = [
  call(213, "epoll_create", "int", (task, size) => (size <= 0 ? -Errno.EINVAL : sysEpollCreate1(task, 0))),
  call(232, "epoll_wait", "fd, address, int, int", (task, fd, address, count, ms) =>
    sysEpollPwait(task, fd, address, count, ms, 0),
  ),
  call(233, "epoll_ctl", "fd, epollctl, fd, epollevent", sysEpollCtl),
  call(281, "epoll_pwait", "fd, address, int, int, sigset, size", sysEpollPwait),
  call(291, "epoll_create1", "flags:epoll", sysEpollCreate1),
  call(441, "epoll_pwait2", "fd, address, int, timespec, sigset, size", sysEpollPwait2),
];

/** Calls on descriptors: close(2), dup(2), fcntl(2), lseek(2), ioctl(2). */
import { Errno } from "../abi/errno.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

function sysClose(task: Task, fd: number): Result {
  return task.files.close(fd, task);
}

function sysDup(task: Task, fd: number): Result {
  const file = task.files.get(fd);
  if (file === undefined) return -Errno.EBADF;
  return task.files.open(file, task.process.limit(Rlimit.RLIMIT_NOFILE).soft);
}

function sysDup2(task: Task, from: number, to: number): Result {
  const file = task.files.get(from);
  if (file === undefined || to < 0 || to >= task.process.limit(Rlimit.RLIMIT_NOFILE).soft) return -Errno.EBADF;
  if (from !== to) task.files.replace(to, file, false, task);
  return to;
}

function sysLseek(task: Task, fd: number, offset: number, whence: number): Result {
  return task.files.get(fd)?.seek(offset, whence) ?? -Errno.EBADF;
}

function sysIoctl(task: Task, fd: number, request: number, argument: number): Result {
  return task.files.get(fd)?.ioctl(request >>> 0, argument, task) ?? -Errno.EBADF;
}

export const DESCRIPTOR_CALLS: readonly SyscallRow[] = [
  call(3, "close", "fd", sysClose),
  call(8, "lseek", "fd, offset, whence", sysLseek),
  call(16, "ioctl", "fd, request, address", sysIoctl),
  call(32, "dup", "fd", sysDup),
  call(33, "dup2", "fd, fd", sysDup2),
];

/** Calls on descriptors: close(2), dup(2), fcntl(2), lseek(2), ioctl(2). */
import {
  F_ADD_SEALS, F_CREATED_QUERY, F_DUPFD, F_DUPFD_CLOEXEC, F_DUPFD_QUERY, F_GET_SEALS, F_GETFD, F_GETFL,
  F_GETLEASE, F_GETOWN, F_GETOWN_EX,
  F_GETPIPE_SZ, F_GETSIG, F_SEAL_SEAL, F_SEAL_WRITE, F_SETFD, F_SETFL, F_SETLEASE, F_SETOWN, F_SETOWN_EX,
  F_SETPIPE_SZ, F_SETSIG, F_UNLCK,
  FD_CLOEXEC, O_APPEND, O_ASYNC, O_CLOEXEC, O_NOATIME, O_NONBLOCK, SETFL_MASK,
} from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import { isOwner } from "../vfs/permission.ts";
import { PIPE_MAX_BYTES, PipeEnd } from "../vfs/pipe.ts";
import { lockCommand } from "./locks.ts";
import { countMissing } from "./dispatch.ts";
import { fileOf } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** asm-generic/ioctls.h. */
const Ioctl = {
  FIONREAD: 0x541b, FIONBIO: 0x5421, FIONCLEX: 0x5450, FIOCLEX: 0x5451, FIOASYNC: 0x5452, FIOQSIZE: 0x5460,
} as const;
const CLOSE_RANGE_UNSHARE = 2;
const CLOSE_RANGE_CLOEXEC = 4;
const SIGNAL_MAX = 64;
const ALL_SEALS = 0x3f;
/** struct f_owner_ex: type and pid. */
const F_OWNER_PGRP = 2;

function openMax(task: Task): number {
  return task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
}

function sysClose(task: Task, fd: number): Result {
  return task.files.close(fd | 0, task);
}

function sysCloseRange(task: Task, first: number, last: number, flags: number): Result {
  if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0 || first >>> 0 > last >>> 0) return -Errno.EINVAL;
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0 && task.files.isShared) {
    const shared = task.files;
    task.files = shared.clone();
    shared.release(task);
  }
  for (const fd of task.files.numbers()) {
    if (fd < first >>> 0 || fd > last >>> 0) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) task.files.setClosedOnExec(fd, true);
    else task.files.close(fd, task);
  }
  return 0;
}

function sysDup(task: Task, fd: number): Result {
  return task.files.open(fileOf(task, fd), openMax(task));
}

function sysDup3(task: Task, from: number, to: number, flags: number): Result {
  if ((flags & ~O_CLOEXEC) !== 0 || (from | 0) === (to | 0)) return -Errno.EINVAL;
  if (to >>> 0 >= openMax(task)) return -Errno.EBADF;
  task.files.replace(to, fileOf(task, from), (flags & O_CLOEXEC) !== 0, task);
  return to;
}

function sysDup2(task: Task, from: number, to: number): Result {
  if ((from | 0) !== (to | 0)) return sysDup3(task, from, to, 0);
  fileOf(task, from);
  return from | 0;
}

function duplicate(task: Task, file: FileDescription, from: number, isClosedOnExec: boolean): Result {
  const limit = openMax(task);
  return from < 0 || from >= limit ? -Errno.EINVAL : task.files.open(file, limit, { from, isClosedOnExec });
}

function setStatusFlags(task: Task, file: FileDescription, flags: number): Result {
  const isAppendLost = (file.statusFlags & O_APPEND) !== 0 && (flags & O_APPEND) === 0;
  if (isAppendLost && file.status().attributes.type === "character") return -Errno.EPERM;
  const isTimeKept = (flags & O_NOATIME) !== 0 && (file.statusFlags & O_NOATIME) === 0;
  if (isTimeKept && !isOwner(file.status().attributes, task.credentials)) return -Errno.EPERM;
  // O_ASYNC is kept where a driver would: only the owner is remembered, SIGIO is not sent.
  file.statusFlags = (file.statusFlags & ~SETFL_MASK) | (flags & SETFL_MASK);
  return 0;
}

function resizePipe(task: Task, file: FileDescription, sizeBytes: number): Result {
  if (!(file instanceof PipeEnd)) return -Errno.EBADF;
  if (sizeBytes >>> 0 > 0x8000_0000) return -Errno.EINVAL;
  const isLarge = sizeBytes > PIPE_MAX_BYTES && sizeBytes > file.pipe.capacity;
  if (isLarge && !hasCapability(task.credentials, Capability.CAP_SYS_RESOURCE)) return -Errno.EPERM;
  return file.pipe.resize(sizeBytes);
}

function addSeals(file: FileDescription, seals: number): Result {
  const { inode } = file;
  if (inode?.isSealable !== true || (seals & ~ALL_SEALS) !== 0) return -Errno.EINVAL;
  if (!file.isWritable || (inode.seals & F_SEAL_SEAL) !== 0) return -Errno.EPERM;
  // A writable shared mapping would write on in spite of the seal.
  if ((seals & F_SEAL_WRITE) !== 0 && (inode.seals & F_SEAL_WRITE) === 0 && inode.writableMappings > 0) {
    return -Errno.EBUSY;
  }
  inode.seals |= seals;
  return 0;
}

function sysFcntl(task: Task, fd: number, command: number, argument: number): Result {
  const file = fileOf(task, fd);
  switch (command) {
    case F_DUPFD:
      return duplicate(task, file, argument | 0, false);
    case F_DUPFD_CLOEXEC:
      return duplicate(task, file, argument | 0, true);
    case F_DUPFD_QUERY:
      return fileOf(task, argument) === file ? 1 : 0;
    case F_GETFD:
      return task.files.isClosedOnExec(fd | 0) ? FD_CLOEXEC : 0;
    case F_SETFD:
      task.files.setClosedOnExec(fd | 0, (argument & FD_CLOEXEC) !== 0);
      return 0;
    case F_GETFL:
      return file.statusFlags;
    default:
      return file.isPath ? -Errno.EBADF : fileCommand(task, file, command, argument);
  }
}

function fileCommand(task: Task, file: FileDescription, command: number, argument: number): Result {
  switch (command) {
    case F_SETFL:
      return setStatusFlags(task, file, argument);
    case F_GETOWN:
      return file.owner;
    case F_SETOWN:
      return setOwner(task, file, argument | 0);
    case F_GETOWN_EX:
      task.memory.writeU32(argument, file.owner < 0 ? F_OWNER_PGRP : 1);
      task.memory.writeU32(argument + 4, Math.abs(file.owner));
      return 0;
    case F_SETOWN_EX: {
      const [type, pid] = [task.memory.readI32(argument), task.memory.readI32(argument + 4)];
      if (type < 0 || type > F_OWNER_PGRP) return -Errno.EINVAL;
      return setOwner(task, file, type === F_OWNER_PGRP ? -pid : pid);
    }
    case F_GETSIG:
      return file.ownerSignal;
    case F_SETSIG:
      if (argument < 0 || argument > SIGNAL_MAX) return -Errno.EINVAL;
      file.ownerSignal = argument;
      return 0;
    case F_GETPIPE_SZ:
      return file instanceof PipeEnd ? file.pipe.capacity : -Errno.EBADF;
    case F_SETPIPE_SZ:
      return resizePipe(task, file, argument);
    case F_GET_SEALS:
      return file.inode?.isSealable === true ? file.inode.seals : -Errno.EINVAL;
    case F_ADD_SEALS:
      return addSeals(file, argument);
    case F_GETLEASE:
      return file.status().attributes.type === "file" ? F_UNLCK : -Errno.EINVAL;
    case F_SETLEASE:
      return argument === F_UNLCK ? -Errno.EAGAIN : -Errno.EINVAL;
    case F_CREATED_QUERY:
      return 0;
    default:
      return lockCommand(task, file, command, argument) ?? unknownCommand(task, command);
  }
}

function unknownCommand(task: Task, command: number): number {
  countMissing(task, `fcntl ${command}`);
  return -Errno.EINVAL;
}

function setOwner(task: Task, file: FileDescription, owner: number): number {
  if (owner === -0x8000_0000) return -Errno.EINVAL;
  if (owner > 0 && task.pidNamespace.task(owner) === undefined) return -Errno.ESRCH;
  const groups = task.kernel.rootPids.tasks().map(({ process }) => process.group.founder.tidIn(task.pidNamespace));
  if (owner < 0 && !groups.includes(-owner)) return -Errno.ESRCH;
  file.owner = owner;
  return 0;
}

function sysLseek(task: Task, fd: number, offset: number, whence: number): Result {
  return fileOf(task, fd).seek(offset, whence >>> 0);
}

function sysIoctl(task: Task, fd: number, word: number, argument: number): Result {
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  const request = word >>> 0;
  switch (request) {
    case Ioctl.FIOCLEX:
    case Ioctl.FIONCLEX:
      task.files.setClosedOnExec(fd | 0, request === Ioctl.FIOCLEX);
      return 0;
    case Ioctl.FIONBIO:
      file.statusFlags = withFlag(file.statusFlags, O_NONBLOCK, task.memory.readU32(argument) !== 0);
      return 0;
    case Ioctl.FIOASYNC:
      file.statusFlags = withFlag(file.statusFlags, O_ASYNC, task.memory.readU32(argument) !== 0);
      return 0;
    default:
      return nodeIoctl(task, file, request, argument) ?? file.ioctl(request, argument, task);
  }
}

function withFlag(flags: number, flag: number, isSet: boolean): number {
  return isSet ? flags | flag : flags & ~flag;
}

/** What every regular file answers. */
function nodeIoctl(task: Task, file: FileDescription, request: number, argument: number): Result | undefined {
  if (request !== Ioctl.FIONREAD && request !== Ioctl.FIOQSIZE) return undefined;
  if (file.location === undefined) return undefined;
  const { type, sizeBytes } = file.status().attributes;
  if (request === Ioctl.FIONREAD && type === "file") {
    task.memory.writeU32(argument, sizeBytes - file.seek(0, 1));
    return 0;
  }
  if (request !== Ioctl.FIOQSIZE) return undefined;
  if (type !== "file" && type !== "directory" && type !== "symlink") return -Errno.ENOTTY;
  task.memory.writeInteger(argument, sizeBytes);
  return 0;
}

export const DESCRIPTOR_CALLS: readonly SyscallRow[] = [
  call(3, "close", "fd", sysClose),
  call(8, "lseek", "fd, offset, whence", sysLseek),
  call(16, "ioctl", "fd, request, address", sysIoctl),
  call(32, "dup", "fd", sysDup),
  call(33, "dup2", "fd, fd", sysDup2),
  call(72, "fcntl", "fd, command:fcntl, address", sysFcntl, "no leases, no SIGIO"),
  call(292, "dup3", "fd, fd, flags:open", sysDup3),
  call(436, "close_range", "unsigned, unsigned, flags:close_range", sysCloseRange),
];

/** read(2), write(2) and their relatives: bytes between descriptors and a program's memory. */
import { Errno } from "../abi/errno.ts";
import { O_APPEND } from "../abi/fcntl.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { readInto, writeFrom } from "../vfs/transfer.ts";
import type { TransferOptions } from "../vfs/transfer.ts";
import { fileOf } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** RWF_ flags: linux/fs.h. */
const Rwf = { hipri: 1, dsync: 2, sync: 4, nowait: 8, append: 16, noAppend: 32 } as const;
const RWF_READ = Rwf.hipri | Rwf.nowait;
const RWF_WRITE = RWF_READ | Rwf.dsync | Rwf.sync | Rwf.append | Rwf.noAppend;
const OWN_POSITION = -1;

function sysRead(task: Task, fd: number, address: number, sizeBytes: number): Result {
  const file = task.files.get(fd | 0);
  if (file === undefined) return -Errno.EBADF;
  return sizeBytes < 0 ? -Errno.EFAULT : readInto(task, file, [{ address, sizeBytes }]);
}

function sysWrite(task: Task, fd: number, address: number, sizeBytes: number): Result {
  const file = task.files.get(fd | 0);
  if (file === undefined) return -Errno.EBADF;
  return sizeBytes < 0 ? -Errno.EFAULT : writeFrom(task, file, [{ address, sizeBytes }]);
}

function sysReadv(task: Task, fd: number, address: number, count: number): Result {
  return readInto(task, fileOf(task, fd), task.memory.readVectors(address, count));
}

function sysWritev(task: Task, fd: number, address: number, count: number): Result {
  return writeFrom(task, fileOf(task, fd), task.memory.readVectors(address, count));
}

function sysPread64(task: Task, fd: number, address: number, sizeBytes: number, position: number): Result {
  if (position < 0) return -Errno.EINVAL;
  if (sizeBytes < 0) return -Errno.EFAULT;
  return readInto(task, fileOf(task, fd), [{ address, sizeBytes }], { position });
}

function sysPwrite64(task: Task, fd: number, address: number, sizeBytes: number, position: number): Result {
  if (position < 0) return -Errno.EINVAL;
  if (sizeBytes < 0) return -Errno.EFAULT;
  return writeFrom(task, fileOf(task, fd), [{ address, sizeBytes }], { position });
}

function sysPreadv(task: Task, fd: number, address: number, count: number, position: number): Result {
  if (position < 0) return -Errno.EINVAL;
  return readInto(task, fileOf(task, fd), task.memory.readVectors(address, count), { position });
}

function sysPwritev(task: Task, fd: number, address: number, count: number, position: number): Result {
  if (position < 0) return -Errno.EINVAL;
  return writeFrom(task, fileOf(task, fd), task.memory.readVectors(address, count), { position });
}

function optionsOf(position: number, flags: number): TransferOptions {
  return {
    ...(position === OWN_POSITION ? {} : { position }),
    ...((flags & Rwf.nowait) === 0 ? {} : { isNonBlocking: true }),
  };
}

function sysPreadv2(
  task: Task, fd: number, address: number, count: number, position: number, _high: number, flags: number,
): Result {
  if (position < OWN_POSITION) return -Errno.EINVAL;
  if ((flags & ~RWF_READ) !== 0) return -Errno.EOPNOTSUPP;
  return readInto(task, fileOf(task, fd), task.memory.readVectors(address, count), optionsOf(position, flags));
}

function sysPwritev2(
  task: Task, fd: number, address: number, count: number, position: number, _high: number, flags: number,
): Result {
  if (position < OWN_POSITION) return -Errno.EINVAL;
  if ((flags & ~RWF_WRITE) !== 0) return -Errno.EOPNOTSUPP;
  const file = fileOf(task, fd);
  const before = file.statusFlags;
  // The flag holds for this call alone: regular files, the only ones that look at it, never wait.
  if ((flags & Rwf.append) !== 0) file.statusFlags |= O_APPEND;
  if ((flags & Rwf.noAppend) !== 0) file.statusFlags &= ~O_APPEND;
  try {
    const result = writeFrom(task, file, task.memory.readVectors(address, count), optionsOf(position, flags));
    if ((flags & (Rwf.dsync | Rwf.sync)) !== 0) file.sync();
    return result;
  } finally {
    file.statusFlags = before;
  }
}

export const TRANSFER_CALLS: readonly SyscallRow[] = [
  call(0, "read", "fd, buffer, size", sysRead),
  call(1, "write", "fd, buffer, size", sysWrite),
  call(17, "pread64", "fd, buffer, size, offset", sysPread64),
  call(18, "pwrite64", "fd, buffer, size, offset", sysPwrite64),
  call(19, "readv", "fd, iovec, count", sysReadv),
  call(20, "writev", "fd, iovec, count", sysWritev),
  call(295, "preadv", "fd, iovec, count, offset", sysPreadv),
  call(296, "pwritev", "fd, iovec, count, offset", sysPwritev),
  call(327, "preadv2", "fd, iovec, count, offset, offset, flags:rwf", sysPreadv2),
  call(328, "pwritev2", "fd, iovec, count, offset, offset, flags:rwf", sysPwritev2),
];

/**
 * open(2), openat2(2) and their like. The one that may wait is a fifo's: it has its end already and is given
 * a descriptor when somebody opens the other.
 */
import {
  AT_FDCWD, O_ACCMODE, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY, O_TMPFILE, O_TRUNC,
  O_WRONLY, VALID_OPEN_FLAGS,
} from "../abi/fcntl.ts";
import { Errno, ERESTARTSYS } from "../abi/errno.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import { open } from "../vfs/open.ts";
import type { OpenRequest } from "../vfs/open.ts";
import { PipeEnd } from "../vfs/pipe.ts";
import { Resolve } from "../vfs/walk.ts";
import { newDescriptor } from "./new-descriptor.ts";
import { readPath, startOf } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const PERMISSIONS = 0o7777;
/** struct open_how: flags, mode, resolve. */
const OPEN_HOW_BYTES = 24;
const PAGE_BYTES = 4096;
const RESOLVE_FLAGS = Object.values(Resolve).reduce((all, flag) => all | flag, 0);
/** O_TMPFILE without the O_DIRECTORY that is part of it. */
const TMPFILE_BIT = O_TMPFILE & ~O_DIRECTORY;

/** Opens and gives it a number; a blocking fifo waits first. */
function openAndInstall(task: Task, request: OpenRequest): Result {
  const limit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
  if (task.files.lowestFree() >= limit) return -Errno.EMFILE;
  const file = open(task, request);
  if (!(file instanceof PipeEnd) || file.isConnected) return newDescriptor(task, file, request.flags);
  const giveUp = (): void => {
    file.acquire().release();
  };
  const blocked: Blocked = new Blocked({
    queues: [file.queue],
    retry: () => (file.isConnected ? newDescriptor(task, file, request.flags) : blocked),
    interrupt: () => {
      giveUp();
      return -ERESTARTSYS;
    },
    abandon: giveUp,
    reason: "wait_for_partner",
  });
  return blocked;
}

/** build_open_flags: what open(2) ignores and what it refuses; -errno or the flags. */
function checkedFlags(flags: number): number {
  if ((flags & O_PATH) !== 0) return flags & (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC);
  if ((flags & TMPFILE_BIT) !== 0) {
    if ((flags & O_TMPFILE) !== O_TMPFILE || (flags & O_CREAT) !== 0) return -Errno.EINVAL;
    if ((flags & O_ACCMODE) === O_RDONLY) return -Errno.EINVAL;
  } else if ((flags & (O_CREAT | O_DIRECTORY)) === (O_CREAT | O_DIRECTORY)) return -Errno.EINVAL;
  return flags;
}

function sysOpenat(task: Task, fd: number, address: number, word: number, mode: number): Result {
  const flags = checkedFlags(word & VALID_OPEN_FLAGS);
  if (flags < 0) return flags;
  const path = readPath(task, address);
  return openAndInstall(task, { path, start: startOf(task, fd, path), flags, mode: mode & PERMISSIONS });
}

function sysCreat(task: Task, path: number, mode: number): Result {
  return sysOpenat(task, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/** openat2(2): strict where openat is lenient. */
function sysOpenat2(task: Task, fd: number, address: number, how: number, sizeBytes: number): Result {
  if (sizeBytes < OPEN_HOW_BYTES) return -Errno.EINVAL;
  if (sizeBytes > PAGE_BYTES) return -Errno.E2BIG;
  const beyond = task.memory.readable(how + OPEN_HOW_BYTES, sizeBytes - OPEN_HOW_BYTES);
  if (beyond.some((byte) => byte !== 0)) return -Errno.E2BIG;
  const { memory } = task;
  const [word, mode, resolve] = [memory.readU64(how), memory.readU64(how + 8), memory.readU64(how + 16)];
  if ((word & ~BigInt(VALID_OPEN_FLAGS)) !== 0n || (resolve & ~BigInt(RESOLVE_FLAGS)) !== 0n) return -Errno.EINVAL;
  const flags = checkedFlags(Number(word));
  if (flags < 0) return flags;
  if ((flags & O_PATH) !== 0 && flags !== Number(word)) return -Errno.EINVAL;
  const isMaking = (flags & O_CREAT) !== 0 || (flags & TMPFILE_BIT) !== 0;
  if ((mode & ~BigInt(PERMISSIONS)) !== 0n || (!isMaking && mode !== 0n)) return -Errno.EINVAL;
  const confined = BigInt(Resolve.beneath | Resolve.inRoot);
  if ((resolve & confined) === confined) return -Errno.EINVAL;
  // Nothing is cached that a walk would have to wait for, so RESOLVE_CACHED only refuses what changes.
  if ((resolve & BigInt(Resolve.cached)) !== 0n && (flags & (O_TRUNC | O_CREAT | TMPFILE_BIT)) !== 0) {
    return -Errno.EAGAIN;
  }
  const path = readPath(task, address);
  const start = startOf(task, fd, path.startsWith("/") && (resolve & confined) !== 0n ? "" : path);
  return openAndInstall(task, { path, start, flags, mode: Number(mode), resolve: Number(resolve) });
}

export const OPEN_CALLS: readonly SyscallRow[] = [
  call(2, "open", "path, flags:open, mode", (task, path, flags, mode) => sysOpenat(task, AT_FDCWD, path, flags, mode)),
  call(85, "creat", "path, mode", sysCreat),
  call(257, "openat", "dirfd, path, flags:open, mode", sysOpenat),
  call(437, "openat2", "dirfd, path, open_how, size", sysOpenat2),
];


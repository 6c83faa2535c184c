/**
 * flock(2) and the locking commands of fcntl(2): struct flock, and waiting for whoever is in the way.
 * POSIX locks belong to the descriptor table (what Linux calls the process), OFD locks to the description.
 */
import { Errno, ERESTARTSYS } from "../abi/errno.ts";
import {
  F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_RDLCK, F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK, LOCK_EX,
  LOCK_NB, LOCK_SH, LOCK_UN, SEEK_CUR,
  SEEK_END, SEEK_SET,
} from "../abi/fcntl.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { LockOwner, RecordLock } from "../vfs/locks.ts";
import { beginWait, endWait, FileLocks } from "../vfs/locks.ts";
import { fileOf } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** struct flock of asm-generic/fcntl.h: type, whence, start, len, pid. */
const FLOCK_BYTES = 32;
const OFFSETS = { type: 0, whence: 2, start: 8, length: 16, pid: 24 } as const;

function locksOf(file: FileDescription): FileLocks | undefined {
  const { inode } = file;
  return inode === undefined ? undefined : (inode.locks ??= new FileLocks());
}

interface Range {
  readonly type: number;
  readonly start: number;
  readonly end: number;
  readonly pid: number;
}

/** The range of a struct flock, absolute; or -errno. */
function readRange(task: Task, file: FileDescription, address: number): Range | number {
  const { memory } = task;
  memory.readable(address, FLOCK_BYTES);
  const [type, whence] = [memory.readU16(address + OFFSETS.type), memory.readU16(address + OFFSETS.whence)];
  const [offset, length] = [memory.readInteger(address + OFFSETS.start), memory.readInteger(address + OFFSETS.length)];
  const base = baseOf(file, whence);
  if (base === undefined) return -Errno.EINVAL;
  const from = base + offset;
  if (from > Number.MAX_SAFE_INTEGER || from + length > Number.MAX_SAFE_INTEGER) return -Errno.EOVERFLOW;
  const behind = length === 0 ? Number.POSITIVE_INFINITY : from + length;
  const [start, end] = length < 0 ? [from + length, from] : [from, behind];
  if (start < 0) return -Errno.EINVAL;
  return { type, start, end, pid: memory.readI32(address + OFFSETS.pid) };
}

function baseOf(file: FileDescription, whence: number): number | undefined {
  if (whence === SEEK_SET) return 0;
  if (whence === SEEK_CUR) return Math.max(0, file.seek(0, SEEK_CUR));
  return whence === SEEK_END ? file.status().attributes.sizeBytes : undefined;
}

/** F_GETLK: who is in the way, or F_UNLCK. */
function getLock(task: Task, file: FileDescription, address: number, isOfd: boolean): Result {
  const range = readRange(task, file, address);
  if (typeof range === "number") return range;
  if (range.type !== F_RDLCK && range.type !== F_WRLCK && !(isOfd && range.type === F_UNLCK)) return -Errno.EINVAL;
  if (isOfd && range.pid !== 0) return -Errno.EINVAL;
  const owner: LockOwner = isOfd ? file : task.files;
  const conflict = locksOf(file)?.conflict({
    owner, isExclusive: range.type === F_WRLCK, start: range.start, end: range.end, pid: 0,
  });
  const { memory } = task;
  if (conflict === undefined) {
    memory.writeU16(address + OFFSETS.type, F_UNLCK);
    return 0;
  }
  memory.writeU16(address + OFFSETS.type, conflict.isExclusive ? F_WRLCK : F_RDLCK);
  memory.writeU16(address + OFFSETS.whence, SEEK_SET);
  memory.writeInteger(address + OFFSETS.start, conflict.start);
  memory.writeInteger(address + OFFSETS.length, Number.isFinite(conflict.end) ? conflict.end - conflict.start : 0);
  const holder = conflict.pid < 0 ? -1 : task.kernel.rootPids.task(conflict.pid)?.tidIn(task.pidNamespace);
  memory.writeU32(address + OFFSETS.pid, holder ?? 0);
  return 0;
}

function setLock(
  task: Task,
  file: FileDescription,
  address: number,
  { isOfd, isWaiting }: { isOfd: boolean; isWaiting: boolean },
): Result {
  const range = readRange(task, file, address);
  if (typeof range === "number") return range;
  const locks = locksOf(file);
  if (isOfd && range.pid !== 0) return -Errno.EINVAL;
  if (locks === undefined) return -Errno.EINVAL;
  const owner: LockOwner = isOfd ? file : task.files;
  if (range.type === F_UNLCK) {
    locks.unlock(owner, range.start, range.end);
    return 0;
  }
  if (range.type !== F_RDLCK && range.type !== F_WRLCK) return -Errno.EINVAL;
  const isExclusive = range.type === F_WRLCK;
  if (isExclusive ? !file.isWritable : !file.isReadable) return -Errno.EBADF;
  const wanted: RecordLock = {
    owner, isExclusive, start: range.start, end: range.end, pid: isOfd ? -1 : task.process.id,
  };
  return isWaiting ? waitForRecord(locks, wanted, !isOfd) : locks.tryLock(wanted) === undefined ? 0 : -Errno.EAGAIN;
}

/** Only POSIX locks are watched for circles. */
function waitForRecord(locks: FileLocks, wanted: RecordLock, isWatched: boolean): Result {
  const attempt = (): Result => {
    const conflict = locks.tryLock(wanted);
    endWait(wanted.owner);
    if (conflict === undefined) return 0;
    if (isWatched && !beginWait(wanted.owner, conflict.owner)) return -Errno.EDEADLK;
    return blocked;
  };
  const end = (): void => endWait(wanted.owner);
  const blocked: Blocked = new Blocked({
    queues: [locks.queue],
    retry: attempt,
    interrupt: () => {
      end();
      return -ERESTARTSYS;
    },
    abandon: end,
    reason: "locks_lock_inode_wait",
  });
  return attempt();
}

/** The commands of fcntl(2) about locks; undefined for others. */
export function lockCommand(task: Task, file: FileDescription, command: number, address: number): Result | undefined {
  switch (command) {
    case F_GETLK:
    case F_OFD_GETLK:
      return getLock(task, file, address, command === F_OFD_GETLK);
    case F_SETLK:
    case F_SETLKW:
      return setLock(task, file, address, { isOfd: false, isWaiting: command === F_SETLKW });
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
      return setLock(task, file, address, { isOfd: true, isWaiting: command === F_OFD_SETLKW });
    default:
      return undefined;
  }
}

function sysFlock(task: Task, fd: number, operation: number): Result {
  const kind = operation & ~LOCK_NB;
  if (kind !== LOCK_SH && kind !== LOCK_EX && kind !== LOCK_UN) return -Errno.EINVAL;
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  if (kind !== LOCK_UN && !file.isReadable && !file.isWritable) return -Errno.EBADF;
  const locks = locksOf(file);
  if (locks === undefined) return 0; // A pipe or socket: nobody else can have it.
  if (kind === LOCK_UN) {
    locks.unlockWhole(file);
    return 0;
  }
  const attempt = (): Result => {
    if (locks.tryWhole(file, kind === LOCK_EX)) return 0;
    return (operation & LOCK_NB) !== 0 ? -Errno.EAGAIN : blocked;
  };
  const blocked: Blocked = new Blocked({ queues: [locks.queue], retry: attempt, reason: "locks_lock_inode_wait" });
  return attempt();
}

export const LOCK_CALLS: readonly SyscallRow[] = [call(73, "flock", "fd, flags:flock", sysFlock)];

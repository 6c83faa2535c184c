/** Calls that take a path: open(2), stat(2) and the rest of the at-family. */
import { decodeName } from "../../../layers/fs/names.ts";
import { AT_FDCWD, O_CLOEXEC } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { encodeStat, STAT_BYTES } from "../abi/stat.ts";
import { Rlimit } from "../task/limits.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import { pathOf } from "../vfs/mount.ts";
import { open } from "../vfs/open.ts";
import { PATH_BYTES_MAX, walk } from "../vfs/walk.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;

export function readPath(task: Task, address: number): string {
  return decodeName(task.memory.readCString(address, PATH_BYTES_MAX));
}

/** The directory a relative path starts from. */
export function startOf(task: Task, fd: number, path: string): Location {
  if (fd === AT_FDCWD || path.startsWith("/")) return task.filesystem.workingDirectory;
  const location = task.files.get(fd)?.location;
  if (task.files.get(fd) === undefined) throw new SyscallError(Errno.EBADF);
  if (location === undefined) throw new SyscallError(Errno.ENOTDIR);
  return location;
}

function sysOpenat(task: Task, fd: number, address: number, flags: number, mode: number): Result {
  const path = readPath(task, address);
  const file = open(task, { path, start: startOf(task, fd, path), flags, mode });
  const limit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
  return task.files.open(file, limit, { isClosedOnExec: (flags & O_CLOEXEC) !== 0 });
}

export function statusOf({ dentry }: Location): Status {
  return { device: dentry.superblock.device, attributes: dentry.superblock.filesystem.attributes(dentry.node) };
}

function statusAt(task: Task, fd: number, path: string, flags: number): Status {
  if (path === "" && (flags & AT_EMPTY_PATH) !== 0) {
    if (fd === AT_FDCWD) return statusOf(task.filesystem.workingDirectory);
    const file = task.files.get(fd);
    if (file === undefined) throw new SyscallError(Errno.EBADF);
    return file.status();
  }
  const isLastFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const { root } = task.filesystem;
  const { location } = walk(path, { start: startOf(task, fd, path), root, who: task.credentials, task, isLastFollowed });
  if (location === undefined) throw new SyscallError(Errno.ENOENT);
  return statusOf(location);
}

function answerStat(task: Task, address: number, status: Status): number {
  encodeStat(task.memory.writable(address, STAT_BYTES), status.device, status.attributes);
  return 0;
}

function sysNewfstatat(task: Task, fd: number, path: number, buffer: number, flags: number): Result {
  return answerStat(task, buffer, statusAt(task, fd, readPath(task, path), flags));
}

function sysFstat(task: Task, fd: number, buffer: number): Result {
  const file = task.files.get(fd);
  return file === undefined ? -Errno.EBADF : answerStat(task, buffer, file.status());
}

function sysGetcwd(task: Task, address: number, sizeBytes: number): Result {
  const { root, workingDirectory } = task.filesystem;
  if (workingDirectory.dentry.isUnlinked) return -Errno.ENOENT;
  const path = new TextEncoder().encode(`${pathOf(workingDirectory, root) ?? "(unreachable)/"}\0`);
  if (path.length > sizeBytes) return -Errno.ERANGE;
  task.memory.copyOut(address, path);
  return path.length;
}

export const PATH_CALLS: readonly SyscallRow[] = [
  call(2, "open", "path, flags:open, mode", (task, path, flags, mode) => sysOpenat(task, AT_FDCWD, path, flags, mode)),
  call(4, "stat", "path, stat", (task, path, buffer) => sysNewfstatat(task, AT_FDCWD, path, buffer, 0)),
  call(5, "fstat", "fd, stat", sysFstat),
  call(6, "lstat", "path, stat", (task, path, buffer) => sysNewfstatat(task, AT_FDCWD, path, buffer, AT_SYMLINK_NOFOLLOW)),
  call(79, "getcwd", "buffer, size", sysGetcwd),
  call(257, "openat", "dirfd, path, flags:open, mode", sysOpenat),
  call(262, "newfstatat", "dirfd, path, stat, flags:at", sysNewfstatat),
];

/**
 * Path arguments: a string in a program's memory and the descriptor it may be relative to, as places in the
 * tree. Every call of the at-family begins with one of these.
 */
import { decodeName } from "../../../layers/fs/names.ts";
import { AT_EMPTY_PATH, AT_FDCWD } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import type { WalkResult } from "../vfs/walk.ts";
import { PATH_BYTES_MAX, walk } from "../vfs/walk.ts";

export function readPath(task: Task, address: number): string {
  return decodeName(task.memory.readCString(address, PATH_BYTES_MAX));
}

/** The open file, or EBADF. */
export function fileOf(task: Task, fd: number): FileDescription {
  const file = task.files.get(fd | 0);
  if (file === undefined) throw new SyscallError(Errno.EBADF);
  return file;
}

/** The directory a relative path starts from. */
export function startOf(task: Task, fd: number, path: string): Location {
  if ((fd | 0) === AT_FDCWD || path.startsWith("/")) return task.filesystem.workingDirectory;
  const { location } = fileOf(task, fd);
  if (location === undefined) throw new SyscallError(Errno.ENOTDIR);
  return location;
}

export interface LocateOptions {
  /** Follow a symbolic link at the end. */
  readonly isFollowed: boolean;
  /** AT_EMPTY_PATH and the like: "" is the descriptor itself. */
  readonly flags?: number;
  readonly who?: Task["credentials"];
}

/** Where `path` leads, or ENOENT. A descriptor without a place (a pipe, by AT_EMPTY_PATH) is ENOTDIR. */
export function locate(task: Task, fd: number, path: string, { isFollowed, flags = 0, who }: LocateOptions): Location {
  if (path === "" && (flags & AT_EMPTY_PATH) !== 0) return startOf(task, fd, path);
  const { location } = walk(path, {
    start: startOf(task, fd, path), root: task.filesystem.root, who: who ?? task.credentials, task,
    isLastFollowed: isFollowed,
  });
  if (location === undefined) throw new SyscallError(Errno.ENOENT);
  return location;
}

/** For calls that make, remove or rename the last name of `path`. */
export function locateEntry(task: Task, fd: number, path: string): WalkResult {
  return walk(path, {
    start: startOf(task, fd, path), root: task.filesystem.root, who: task.credentials, task, isLastFollowed: false,
    isParentWanted: true,
  });
}

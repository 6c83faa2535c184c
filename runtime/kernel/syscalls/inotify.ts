/** inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2). */
import { Errno } from "../abi/errno.ts";
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK, O_RDONLY, R_OK } from "../abi/fcntl.ts";
import * as abi from "../abi/inotify.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { InotifyFile } from "../vfs/inotify.ts";
import { checkAccess } from "../vfs/permission.ts";
import { newDescriptor } from "./new-descriptor.ts";
import { locate, readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** ALL_INOTIFY_BITS, linux/inotify.h. */
const KNOWN_BITS =
  (abi.IN_ALL_EVENTS | abi.IN_UNMOUNT | abi.IN_Q_OVERFLOW | abi.IN_IGNORED | abi.IN_ONLYDIR | abi.IN_DONT_FOLLOW |
    abi.IN_EXCL_UNLINK | abi.IN_MASK_ADD | abi.IN_MASK_CREATE | abi.IN_ISDIR | abi.IN_ONESHOT) >>> 0;

function sysInotifyInit1(task: Task, flags: number): Result {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -Errno.EINVAL;
  return newDescriptor(task, new InotifyFile(O_RDONLY | (flags & O_NONBLOCK)), flags);
}

function sysInotifyAddWatch(task: Task, fd: number, path: number, mask: number): Result {
  const bits = mask >>> 0;
  if ((bits & KNOWN_BITS) === 0) return -Errno.EINVAL;
  const file = task.files.get(fd);
  if (file === undefined) return -Errno.EBADF;
  if ((bits & abi.IN_MASK_ADD) !== 0 && (bits & abi.IN_MASK_CREATE) !== 0) return -Errno.EINVAL;
  if (!(file instanceof InotifyFile)) return -Errno.EINVAL;
  const isFollowed = (bits & abi.IN_DONT_FOLLOW) === 0;
  const { dentry } = locate(task, AT_FDCWD, readPath(task, path), { isFollowed });
  const { superblock, node } = dentry;
  const attributes = superblock.filesystem.attributes(node);
  if ((bits & abi.IN_ONLYDIR) !== 0 && attributes.type !== "directory") return -Errno.ENOTDIR;
  const refusal = checkAccess(attributes, R_OK, task.credentials);
  if (refusal !== 0) return refusal;
  const inode = superblock.inode(node);
  const answer = file.watch(superblock, inode, bits);
  superblock.settle(inode);
  return answer;
}

function sysInotifyRmWatch(task: Task, fd: number, watch: number): Result {
  const file = task.files.get(fd);
  if (file === undefined) return -Errno.EBADF;
  return file instanceof InotifyFile ? file.remove(watch) : -Errno.EINVAL;
}

export const INOTIFY_CALLS: readonly SyscallRow[] = [
  call(253, "inotify_init", "", (task) => sysInotifyInit1(task, 0)),
  call(254, "inotify_add_watch", "fd, path, hex", sysInotifyAddWatch),
  call(255, "inotify_rm_watch", "fd, int", sysInotifyRmWatch),
  call(294, "inotify_init1", "flags:inotify", sysInotifyInit1),
];

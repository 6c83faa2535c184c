/** truncate(2), fallocate(2), fsync(2) and advice: how much room files take, and when they are safe. */
import { AT_FDCWD, FALLOC_FL_KEEP_SIZE, O_APPEND, W_OK } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { IN_MODIFY } from "../abi/inotify.ts";
import { Signal } from "../abi/signal.ts";
import { Rlimit } from "../task/limits.ts";
import { kernelSignal, sendToProcess } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { requireWritable } from "../vfs/entries.ts";
import { removePrivileges } from "../vfs/file-times.ts";
import type { Location } from "../vfs/mount.ts";
import { cutOffMappings, gatherSharedPages } from "../vfs/file-backing.ts";
import { notify } from "../vfs/notify.ts";
import { requireNotRunning } from "../vfs/open.ts";
import { checkAccess } from "../vfs/permission.ts";
import { requireFile } from "./attributes.ts";
import { fileOf, locate, readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const SYNC_FILE_RANGE_FLAGS = 7;
const FADVISE_MAX = 5;
const FILE_SIZE_MAX = Number.MAX_SAFE_INTEGER;

function exceeds(task: Task, sizeBytes: number, oldBytes: number): boolean {
  const limit = task.process.limit(Rlimit.RLIMIT_FSIZE).soft;
  if (sizeBytes <= oldBytes || sizeBytes <= limit) return false;
  sendToProcess(task.process, kernelSignal(Signal.SIGXFSZ));
  return true;
}

function sysTruncate(task: Task, path: number, sizeBytes: number): Result {
  if (sizeBytes < 0) return -Errno.EINVAL;
  const location = locate(task, AT_FDCWD, readPath(task, path), { isFollowed: true });
  const attributes = requireFile(location);
  requireWritable(location.mount);
  if (checkAccess(attributes, W_OK, task.credentials) !== 0) return -Errno.EACCES;
  requireNotRunning(location.dentry);
  if (exceeds(task, sizeBytes, attributes.sizeBytes)) return -Errno.EFBIG;
  removePrivileges(location, task.credentials);
  const { superblock, node } = location.dentry;
  const inode = superblock.knownInode(node);
  gatherSharedPages(inode);
  superblock.filesystem.setAttributes(node, { sizeBytes, mtimeNs: task.kernel.realtimeNs() });
  cutOffMappings(inode, sizeBytes);
  notify(location.dentry, IN_MODIFY, false);
  return 0;
}

function sysFtruncate(task: Task, fd: number, sizeBytes: number): Result {
  if (sizeBytes < 0) return -Errno.EINVAL;
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  const { attributes } = file.status();
  if (!file.isWritable || attributes.type !== "file") return -Errno.EINVAL;
  if (exceeds(task, sizeBytes, attributes.sizeBytes)) return -Errno.EFBIG;
  const { location } = file;
  if (location !== undefined) removePrivileges(location, task.credentials);
  const result = file.truncate(sizeBytes);
  if (result !== 0 || location === undefined) return result;
  // Cutting a file to the size it has counts as a change, too.
  const { superblock, node } = location.dentry;
  if (attributes.sizeBytes === sizeBytes) {
    superblock.filesystem.setAttributes(node, { mtimeNs: task.kernel.realtimeNs() });
  }
  notify(location.dentry, IN_MODIFY, false);
  return 0;
}

function sysFallocate(task: Task, fd: number, mode: number, position: number, sizeBytes: number): Result {
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  if (position < 0 || sizeBytes <= 0) return -Errno.EINVAL;
  if (!file.isWritable) return -Errno.EBADF;
  if ((file.statusFlags & O_APPEND) !== 0 && (mode & ~FALLOC_FL_KEEP_SIZE) !== 0) return -Errno.EPERM;
  const { attributes } = file.status();
  if (attributes.type === "fifo") return -Errno.ESPIPE;
  if (attributes.type === "directory") return -Errno.EISDIR;
  if (attributes.type !== "file") return -Errno.ENODEV;
  if (position + sizeBytes > FILE_SIZE_MAX) return -Errno.EFBIG;
  if ((mode & FALLOC_FL_KEEP_SIZE) === 0 && exceeds(task, position + sizeBytes, attributes.sizeBytes)) {
    return -Errno.EFBIG;
  }
  const result = file.allocate(mode, position, sizeBytes);
  if (result === 0 && file.location !== undefined) notify(file.location.dentry, IN_MODIFY, false);
  return result;
}

function sysFsync(task: Task, fd: number): Result {
  return fileOf(task, fd).sync();
}

function syncEvery(task: Task): void {
  for (const mount of task.namespaces.mount.mounts()) syncOne(mount.superblock);
}

function syncOne({ filesystem }: Location["dentry"]["superblock"]): void {
  if (!filesystem.isReadOnly) filesystem.sync();
}

function sysSync(task: Task): Result {
  syncEvery(task);
  return 0;
}

function sysSyncfs(task: Task, fd: number): Result {
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  if (file.location !== undefined) syncOne(file.location.dentry.superblock);
  return 0;
}

function sysSyncFileRange(task: Task, fd: number, position: number, sizeBytes: number, flags: number): Result {
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  if ((flags & ~SYNC_FILE_RANGE_FLAGS) !== 0 || position < 0 || sizeBytes < 0) return -Errno.EINVAL;
  const { type } = file.status().attributes;
  return type === "file" || type === "directory" || type === "block" ? file.sync() : -Errno.ESPIPE;
}

/** Everything is in memory: advice is heard and changes nothing. */
function sysFadvise64(task: Task, fd: number, _position: number, sizeBytes: number, advice: number): Result {
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  if (file.status().attributes.type === "fifo") return -Errno.ESPIPE;
  return sizeBytes < 0 || advice < 0 || advice > FADVISE_MAX ? -Errno.EINVAL : 0;
}

function sysReadahead(task: Task, fd: number): Result {
  const file = fileOf(task, fd);
  if (!file.isReadable) return -Errno.EBADF;
  return file.status().attributes.type === "file" ? 0 : -Errno.EINVAL;
}

export const STORAGE_CALLS: readonly SyscallRow[] = [
  call(74, "fsync", "fd", sysFsync),
  call(75, "fdatasync", "fd", sysFsync),
  call(76, "truncate", "path, offset", sysTruncate),
  call(77, "ftruncate", "fd, offset", sysFtruncate),
  call(162, "sync", "", sysSync),
  call(187, "readahead", "fd, offset, size", sysReadahead),
  call(221, "fadvise64", "fd, offset, size, advice", sysFadvise64),
  call(277, "sync_file_range", "fd, offset, size, flags", sysSyncFileRange),
  call(285, "fallocate", "fd, mode:fallocate, offset, size", sysFallocate),
  call(306, "syncfs", "fd", sysSyncfs),
];

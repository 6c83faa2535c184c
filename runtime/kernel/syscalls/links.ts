/** link(2), unlink(2), rename(2), symlink(2), readlink(2), mknod(2): names of files. */
import type { NodeType, RenameMode } from "../../../layers/fs/filesystem.ts";
import { encodeName } from "../../../layers/fs/names.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { decodeDevice, FileTypeBits } from "../abi/stat.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { attributesOf, linkEntry, makeEntry, removeDirectoryEntry, renameEntry, unlinkEntry } from "../vfs/entries.ts";
import { touchAccess } from "../vfs/file-times.ts";
import { fileOf, locate, locateEntry, readPath, startOf } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const TYPE_MASK = 0o170000;
const PERMISSIONS = 0o7777;
const SYMLINK_MODE = 0o777;

function sysUnlinkat(task: Task, fd: number, path: number, flags: number): Result {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -Errno.EINVAL;
  const found = locateEntry(task, fd, readPath(task, path));
  if ((flags & AT_REMOVEDIR) !== 0) removeDirectoryEntry(task, found);
  else unlinkEntry(task, found);
  return 0;
}

function sysLinkat(task: Task, fromFd: number, fromPath: number, toFd: number, toPath: number, flags: number): Result {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -Errno.EINVAL;
  const name = readPath(task, fromPath);
  const isByFile = name === "" && (flags & AT_EMPTY_PATH) !== 0;
  if (isByFile && !hasCapability(task.credentials, Capability.CAP_DAC_READ_SEARCH)) return -Errno.ENOENT;
  const isFollowed = (flags & AT_SYMLINK_FOLLOW) !== 0;
  const source = locate(task, fromFd, name, { isFollowed, flags });
  linkEntry(task, source, locateEntry(task, toFd, readPath(task, toPath)));
  return 0;
}

function sysRenameat2(
  task: Task, fromFd: number, fromPath: number, toFd: number, toPath: number, flags: number,
): Result {
  // RENAME_WHITEOUT is for filesystems that stack others; ours keep their whiteouts to themselves.
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0) return -Errno.EINVAL;
  if (flags === (RENAME_NOREPLACE | RENAME_EXCHANGE)) return -Errno.EINVAL;
  const mode: RenameMode = flags === RENAME_NOREPLACE
    ? "noReplace" : flags === RENAME_EXCHANGE ? "exchange"
    : "replace";
  const from = locateEntry(task, fromFd, readPath(task, fromPath));
  renameEntry(task, from, locateEntry(task, toFd, readPath(task, toPath)), mode);
  return 0;
}

function sysSymlinkat(task: Task, targetAddress: number, fd: number, path: number): Result {
  const target = readPath(task, targetAddress);
  if (target === "") return -Errno.ENOENT;
  makeEntry(task, locateEntry(task, fd, readPath(task, path)), { type: "symlink", mode: SYMLINK_MODE, target });
  return 0;
}

function sysReadlinkat(task: Task, fd: number, path: number, buffer: number, sizeBytes: number): Result {
  if ((sizeBytes | 0) <= 0) return -Errno.EINVAL;
  const name = readPath(task, path);
  // An empty name reads the link a descriptor was opened on, with O_PATH | O_NOFOLLOW.
  const isByFile = name === "" && (fd | 0) !== AT_FDCWD;
  const location = isByFile ? startOf(task, fd, name) : locate(task, fd, name, { isFollowed: false });
  const { superblock, node } = location.dentry;
  if (isByFile) fileOf(task, fd);
  if (attributesOf(location.dentry).type !== "symlink") return isByFile ? -Errno.ENOENT : -Errno.EINVAL;
  const bytes = encodeName(superblock.filesystem.readLink(node)).subarray(0, sizeBytes | 0);
  touchAccess(location, task.kernel.realtimeNs());
  task.memory.copyOut(buffer, bytes);
  return bytes.length;
}

const MADE: ReadonlyMap<number, NodeType> = new Map([
  [0, "file"], [FileTypeBits.file, "file"], [FileTypeBits.fifo, "fifo"], [FileTypeBits.socket, "socket"],
  [FileTypeBits.character, "character"], [FileTypeBits.block, "block"],
]);

function sysMknodat(task: Task, fd: number, path: number, mode: number, device: number): Result {
  const kind = mode & TYPE_MASK;
  if (kind === FileTypeBits.directory) return -Errno.EPERM;
  const type = MADE.get(kind);
  if (type === undefined) return -Errno.EINVAL;
  const isDevice = type === "character" || type === "block";
  const found = locateEntry(task, fd, readPath(task, path));
  const rdev = isDevice ? { rdev: decodeDevice(device) } : {};
  makeEntry(task, found, { type, mode: mode & PERMISSIONS, ...rdev });
  return 0;
}

export const LINK_CALLS: readonly SyscallRow[] = [
  call(82, "rename", "path, path", (task, from, to) => sysRenameat2(task, AT_FDCWD, from, AT_FDCWD, to, 0)),
  call(84, "rmdir", "path", (task, path) => sysUnlinkat(task, AT_FDCWD, path, AT_REMOVEDIR)),
  call(86, "link", "path, path", (task, from, to) => sysLinkat(task, AT_FDCWD, from, AT_FDCWD, to, 0)),
  call(87, "unlink", "path", (task, path) => sysUnlinkat(task, AT_FDCWD, path, 0)),
  call(88, "symlink", "path, path", (task, target, path) => sysSymlinkat(task, target, AT_FDCWD, path)),
  call(89, "readlink", "path, buffer, size",
    (task, path, buffer, size) => sysReadlinkat(task, AT_FDCWD, path, buffer, size)),
  call(133, "mknod", "path, mode, device",
    (task, path, mode, device) => sysMknodat(task, AT_FDCWD, path, mode, device)),
  call(259, "mknodat", "dirfd, path, mode, device", sysMknodat),
  call(263, "unlinkat", "dirfd, path, flags:unlink", sysUnlinkat),
  call(264, "renameat", "dirfd, path, dirfd, path",
    (task, fromFd, from, toFd, to) => sysRenameat2(task, fromFd, from, toFd, to, 0)),
  call(265, "linkat", "dirfd, path, dirfd, path, flags:at", sysLinkat, "a file of O_TMPFILE cannot get a name"),
  call(266, "symlinkat", "path, dirfd, path", sysSymlinkat),
  call(267, "readlinkat", "dirfd, path, buffer, size", sysReadlinkat),
  call(316, "renameat2", "dirfd, path, dirfd, path, flags:rename", sysRenameat2),
];

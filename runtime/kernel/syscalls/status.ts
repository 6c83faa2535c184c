/** stat(2), statx(2), statfs(2), access(2): questions about files. */
import { AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, W_OK, X_OK } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { encodeStat, STAT_BYTES } from "../abi/stat.ts";
import {
  AT_STATX_SYNC_TYPE, encodeStatfs, encodeStatx, STATFS_BYTES, STATX_BYTES, STATX_RESERVED,
} from "../abi/statx.ts";
import type { Credentials } from "../task/credentials.ts";
import { shownGid, shownUid } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import { MountFlag } from "../vfs/mount.ts";
import { checkNode } from "../vfs/permission.ts";
import { fileOf, locate, readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** ST_ bits of f_flags: linux/statfs.h. */
const ST_VALID = 0x20;
const ST_RELATIME = 0x1000;

export function statusOf({ dentry }: Location): Status {
  return { device: dentry.superblock.device, attributes: dentry.superblock.filesystem.attributes(dentry.node) };
}

/** As the caller's user namespace numbers its owners. */
function shown(task: Task, { device, attributes }: Status): Status {
  const { credentials } = task;
  if (credentials.user === undefined) return { device, attributes };
  const { uid, gid } = attributes;
  return { device, attributes: { ...attributes, uid: shownUid(credentials, uid), gid: shownGid(credentials, gid) } };
}

function answerStat(task: Task, address: number, status: Status): number {
  const { device, attributes } = shown(task, status);
  encodeStat(task.memory.writable(address, STAT_BYTES), device, attributes);
  return 0;
}

function sysNewfstatat(task: Task, fd: number, path: number, buffer: number, flags: number): Result {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)) !== 0) return -Errno.EINVAL;
  const isEmptyAllowed = (flags & AT_EMPTY_PATH) !== 0;
  // glibc's fstat: a null path is taken as an empty one since Linux 6.11.
  const name = path === 0 && isEmptyAllowed ? "" : readPath(task, path);
  if (name === "" && isEmptyAllowed && (fd | 0) !== AT_FDCWD) {
    return answerStat(task, buffer, fileOf(task, fd).status());
  }
  const isFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  return answerStat(task, buffer, statusOf(locate(task, fd, name, { isFollowed, flags })));
}

function sysFstat(task: Task, fd: number, buffer: number): Result {
  const file = task.files.get(fd | 0);
  return file === undefined ? -Errno.EBADF : answerStat(task, buffer, file.status());
}

function sysStatx(task: Task, fd: number, path: number, flags: number, mask: number, buffer: number): Result {
  const known = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE;
  if ((flags & ~known) !== 0 || (flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) return -Errno.EINVAL;
  if ((mask & STATX_RESERVED) !== 0) return -Errno.EINVAL;
  const isEmptyAllowed = (flags & AT_EMPTY_PATH) !== 0;
  const name = path === 0 && isEmptyAllowed ? "" : readPath(task, path);
  const isFile = name === "" && isEmptyAllowed && (fd | 0) !== AT_FDCWD;
  const isFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const location = isFile ? fileOf(task, fd).location : locate(task, fd, name, { isFollowed, flags });
  const status = shown(task, isFile || location === undefined ? fileOf(task, fd).status() : statusOf(location));
  encodeStatx(task.memory.writable(buffer, STATX_BYTES), status.attributes, {
    device: status.device, mountId: location?.mount.id, mask,
    isMountRoot: location !== undefined && location.dentry === location.mount.root,
  });
  return 0;
}

function answerStatfs(task: Task, address: number, location: Location | undefined): number {
  if (location === undefined) {
    const none = {
      type: "anon_inodefs", sizeBytes: 0, freeBytes: 0, nodes: 0, nodesFree: 0, device: 0, flags: ST_VALID,
    };
    encodeStatfs(task.memory.writable(address, STATFS_BYTES), none);
    return 0;
  }
  const { mount, dentry } = location;
  const { superblock } = dentry;
  const { filesystem, device } = superblock;
  const bits = MountFlag.readOnly | MountFlag.noSuid | MountFlag.noDevices | MountFlag.noExec | MountFlag.noAtime;
  const isReadOnly = superblock.isReadOnly ? MountFlag.readOnly : 0;
  const times = mount.has(MountFlag.noAtime) ? 0 : ST_RELATIME;
  const flags = ST_VALID | (mount.flags & bits) | isReadOnly | times;
  encodeStatfs(task.memory.writable(address, STATFS_BYTES), {
    type: filesystem.type, ...filesystem.usage(), device, flags,
  });
  return 0;
}

function sysStatfs(task: Task, path: number, buffer: number): Result {
  return answerStatfs(task, buffer, locate(task, AT_FDCWD, readPath(task, path), { isFollowed: true }));
}

function sysFstatfs(task: Task, fd: number, buffer: number): Result {
  return answerStatfs(task, buffer, fileOf(task, fd).location);
}

/** access(2) asks with the real ids, and with the capabilities these would have. */
function realCredentials(who: Credentials): Credentials {
  const effective = who.uid === 0 ? who.permitted : 0n;
  return { ...who, fsuid: who.uid, fsgid: who.gid, effective };
}

function sysFaccessat2(task: Task, fd: number, path: number, mode: number, flags: number): Result {
  if ((mode & ~7) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -Errno.EINVAL;
  const who = (flags & AT_EACCESS) !== 0 ? task.credentials : realCredentials(task.credentials);
  const isFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const { mount, dentry } = locate(task, fd, readPath(task, path), { isFollowed, flags, who });
  const { filesystem } = dentry.superblock;
  const attributes = filesystem.attributes(dentry.node);
  if ((mode & X_OK) !== 0 && attributes.type === "file" && mount.has(MountFlag.noExec)) return -Errno.EACCES;
  const refusal = mode === 0 ? 0 : checkNode(dentry, attributes, mode, who);
  if (refusal !== 0 || (mode & W_OK) === 0) return refusal;
  const isSpecial = attributes.type !== "file" && attributes.type !== "directory" && attributes.type !== "symlink";
  return (mount.has(MountFlag.readOnly) || dentry.superblock.isReadOnly) && !isSpecial ? -Errno.EROFS : 0;
}

export const STATUS_CALLS: readonly SyscallRow[] = [
  call(4, "stat", "path, stat", (task, path, buffer) => sysNewfstatat(task, AT_FDCWD, path, buffer, 0)),
  call(5, "fstat", "fd, stat", sysFstat),
  call(6, "lstat", "path, stat",
    (task, path, buffer) => sysNewfstatat(task, AT_FDCWD, path, buffer, AT_SYMLINK_NOFOLLOW)),
  call(21, "access", "path, mode:access", (task, path, mode) => sysFaccessat2(task, AT_FDCWD, path, mode, 0)),
  call(137, "statfs", "path, statfs", sysStatfs),
  call(138, "fstatfs", "fd, statfs", sysFstatfs),
  call(262, "newfstatat", "dirfd, path, stat, flags:at", sysNewfstatat),
  call(269, "faccessat", "dirfd, path, mode:access", (task, fd, path, mode) => sysFaccessat2(task, fd, path, mode, 0)),
  call(332, "statx", "dirfd, path, flags:at, mask, statx", sysStatx, "no birth time"),
  call(439, "faccessat2", "dirfd, path, mode:access, flags:at", sysFaccessat2),
];

/**
 * The mount calls of Linux 5.2 and 5.12: fsopen(2), fsconfig(2), fsmount(2), fspick(2), open_tree(2), move_mount(2),
 * mount_setattr(2). What mount(8) of util-linux 2.39 and newer uses.
 */
import { decodeUtf8 } from "../../../layers/base/bytes.ts";
import { Errno } from "../abi/errno.ts";
import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_PATH,
  O_RDWR,
} from "../abi/fcntl.ts";
import * as abi from "../abi/mount.ts";
import {
  changeAttributes,
  cloneTree,
  detachedMount,
  makeSuperblock,
  moveMount,
} from "../ns/detached-mounts.ts";
import { hasWriters } from "../ns/location-users.ts";
import { isMountRoot, mayMount } from "../ns/mounting.ts";
import { Capability, hasCapabilityIn } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { FsContext } from "../vfs/fs-context.ts";
import type { Location } from "../vfs/mount.ts";
import { MountFlag } from "../vfs/mount.ts";
import { PathFile } from "../vfs/path-file.ts";
import { newDescriptor } from "./new-descriptor.ts";
import { locate, readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** Keys and values of fsconfig(2). */
const TEXT_BYTES_MAX = 256;
const FS_NAME_BYTES_MAX = 4096;
const TIME_FLAGS = MountFlag.noAtime | MountFlag.relAtime;
const PROPAGATIONS: readonly number[] = [abi.MS_UNBINDABLE, abi.MS_PRIVATE, abi.MS_SLAVE, abi.MS_SHARED];

function textAt(task: Task, address: number, bytesMax = TEXT_BYTES_MAX): string {
  return decodeUtf8(task.memory.readCString(address, bytesMax, Errno.EINVAL));
}

function placeAt(task: Task, fd: number, path: number, isFollowed: boolean, mayBeEmpty: boolean): Location {
  const name = readPath(task, path);
  if (name === "" && !mayBeEmpty) throw new SyscallError(Errno.ENOENT);
  return locate(task, fd, name, { isFollowed, flags: mayBeEmpty ? AT_EMPTY_PATH : 0 });
}

function contextOf(task: Task, fd: number, wrong: number): FsContext {
  const file = task.files.get(fd);
  if (file === undefined) throw new SyscallError(Errno.EBADF);
  if (!(file instanceof FsContext)) throw new SyscallError(wrong);
  return file;
}

function sysFsopen(task: Task, name: number, flags: number): Result {
  if (!mayMount(task)) return -Errno.EPERM;
  if ((flags & ~abi.FSOPEN_CLOEXEC) !== 0) return -Errno.EINVAL;
  const type = task.kernel.filesystemTypes.get(textAt(task, name, FS_NAME_BYTES_MAX));
  if (type === undefined) return -Errno.ENODEV;
  return newDescriptor(task, new FsContext(O_RDWR, type), closing(flags, abi.FSOPEN_CLOEXEC));
}

function sysFspick(task: Task, fd: number, path: number, flags: number): Result {
  if (!mayMount(task)) return -Errno.EPERM;
  if ((flags & ~abi.FSPICK_FLAGS) !== 0) return -Errno.EINVAL;
  const at = placeAt(
    task,
    fd,
    path,
    (flags & abi.FSPICK_SYMLINK_NOFOLLOW) === 0,
    (flags & abi.FSPICK_EMPTY_PATH) !== 0,
  );
  if (!isMountRoot(at)) return -Errno.EINVAL;
  const { superblock } = at.mount;
  const type = task.kernel.filesystemTypes.get(superblock.filesystem.type);
  if (type === undefined) return -Errno.EOPNOTSUPP;
  return newDescriptor(task, new FsContext(O_RDWR, type, at.mount), closing(flags, abi.FSPICK_CLOEXEC));
}

function closing(flags: number, bit: number): number {
  return (flags & bit) !== 0 ? O_CLOEXEC : 0;
}

function sysFsconfig(
  task: Task,
  fd: number,
  command: number,
  key: number,
  value: number,
  extra: number,
): Result {
  if (fd < 0) return -Errno.EINVAL;
  switch (command) {
    case abi.FSCONFIG_SET_FLAG:
      if (key === 0 || value !== 0 || extra !== 0) return -Errno.EINVAL;
      break;
    case abi.FSCONFIG_SET_STRING:
      if (key === 0 || value === 0 || extra !== 0) return -Errno.EINVAL;
      break;
    case abi.FSCONFIG_SET_BINARY:
    case abi.FSCONFIG_SET_PATH:
    case abi.FSCONFIG_SET_PATH_EMPTY:
    case abi.FSCONFIG_SET_FD:
      if (key === 0) return -Errno.EINVAL;
      break;
    case abi.FSCONFIG_CMD_CREATE:
    case abi.FSCONFIG_CMD_CREATE_EXCL:
    case abi.FSCONFIG_CMD_RECONFIGURE:
      if (key !== 0 || value !== 0 || extra !== 0) return -Errno.EINVAL;
      break;
    default:
      return -Errno.EOPNOTSUPP;
  }
  const context = contextOf(task, fd, Errno.EINVAL);
  if (command === abi.FSCONFIG_CMD_RECONFIGURE) return reconfigure(task, context);
  if (command === abi.FSCONFIG_CMD_CREATE || command === abi.FSCONFIG_CMD_CREATE_EXCL)
    return create(task, context);
  const name = textAt(task, key);
  if (context.phase !== "open" && context.phase !== "picked") return -Errno.EBUSY;
  if (command === abi.FSCONFIG_SET_FLAG) return setFlag(task, context, name);
  if (command === abi.FSCONFIG_SET_STRING) return setString(task, context, name, textAt(task, value));
  return unknown(context, name);
}

function unknown(context: FsContext, name: string): number {
  context.complain(`Unknown parameter '${name}'`);
  return -Errno.EINVAL;
}

function setFlag(task: Task, context: FsContext, name: string): number {
  if (name === "ro" || name === "rw") {
    context.isReadOnly = name === "ro";
    return 0;
  }
  if (["sync", "async", "dirsync", "lazytime", "nolazytime", "mand", "nomand"].includes(name)) return 0;
  return addOption(task, context, name, name);
}

function setString(task: Task, context: FsContext, name: string, value: string): number {
  if (name === "source") {
    if (context.source !== undefined) {
      context.complain("Multiple sources");
      return -Errno.EINVAL;
    }
    context.source = value;
    return 0;
  }
  return addOption(task, context, name, `${name}=${value}`);
}

function addOption(task: Task, context: FsContext, name: string, option: string): number {
  const verdict = context.type.check?.(option, task);
  if (verdict === "unknown") return unknown(context, name);
  if (verdict === "bad") {
    context.complain(`Bad value for '${name}'`);
    return -Errno.EINVAL;
  }
  context.options.push(option);
  return 0;
}

function create(task: Task, context: FsContext): number {
  if (!mayMount(task)) return -Errno.EPERM;
  if (context.phase !== "open") return -Errno.EBUSY;
  context.phase = "done";
  const superblock = makeSuperblock(context.type, {
    task,
    source: context.source ?? "none",
    data: context.options.join(","),
  });
  superblock.isShut = context.isReadOnly;
  context.superblock = superblock;
  context.phase = "made";
  return 0;
}

function reconfigure(task: Task, context: FsContext): number {
  const { superblock, type, mount } = context;
  if (context.phase !== "picked" || superblock === undefined || mount === undefined) return -Errno.EBUSY;
  if (!hasCapabilityIn(task.credentials, Capability.CAP_SYS_ADMIN, superblock.owner)) return -Errno.EPERM;
  if (context.isReadOnly && !superblock.isShut && hasWriters(task.kernel, mount, true)) return -Errno.EBUSY;
  if (context.options.length > 0) {
    if (type.reconfigure === undefined) return -Errno.EINVAL;
    type.reconfigure(superblock, context.options.join(","), task);
    context.options.length = 0;
  }
  superblock.isShut = context.isReadOnly;
  return 0;
}

/** MOUNT_ATTR_ bits as flags of a mount; undefined for what nobody knows. */
function mountFlagsOf(attributes: number): number | undefined {
  if ((attributes & ~abi.MOUNT_ATTR_FLAGS) !== 0) return undefined;
  const plain = attributes & (MountFlag.readOnly | MountFlag.noSuid | MountFlag.noDevices | MountFlag.noExec);
  const times: Readonly<Record<number, number>> = {
    [abi.MOUNT_ATTR_RELATIME]: MountFlag.relAtime,
    [abi.MOUNT_ATTR_NOATIME]: MountFlag.noAtime,
    [abi.MOUNT_ATTR_STRICTATIME]: 0,
  };
  const time = times[attributes & abi.MOUNT_ATTR_ATIME];
  if (time === undefined) return undefined;
  const directories = (attributes & abi.MOUNT_ATTR_NODIRATIME) !== 0 ? MountFlag.noDirectoryAtime : 0;
  const links = (attributes & abi.MOUNT_ATTR_NOSYMFOLLOW) !== 0 ? MountFlag.noSymlinks : 0;
  return plain | time | directories | links;
}

function sysFsmount(task: Task, fd: number, flags: number, attributes: number): Result {
  if (!mayMount(task)) return -Errno.EPERM;
  if ((flags & ~abi.FSMOUNT_CLOEXEC) !== 0) return -Errno.EINVAL;
  const own = mountFlagsOf(attributes >>> 0);
  if (own === undefined) return -Errno.EINVAL;
  const context = contextOf(task, fd, Errno.EINVAL);
  if (context.superblock === undefined) return -Errno.EINVAL;
  if (context.phase !== "made") return -Errno.EBUSY;
  context.phase = "done";
  const location = detachedMount(context.superblock, own);
  return newDescriptor(task, new PathFile(location, O_PATH), closing(flags, abi.FSMOUNT_CLOEXEC));
}

function sysOpenTree(task: Task, fd: number, path: number, flags: number): Result {
  const known =
    AT_EMPTY_PATH |
    AT_NO_AUTOMOUNT |
    abi.AT_RECURSIVE |
    AT_SYMLINK_NOFOLLOW |
    abi.OPEN_TREE_CLONE |
    O_CLOEXEC;
  if ((flags & ~known) !== 0) return -Errno.EINVAL;
  const isCloning = (flags & abi.OPEN_TREE_CLONE) !== 0;
  const isRecursive = (flags & abi.AT_RECURSIVE) !== 0;
  if (isRecursive && !isCloning) return -Errno.EINVAL;
  if (isCloning && !mayMount(task)) return -Errno.EPERM;
  const at = placeAt(task, fd, path, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0);
  const shown = isCloning ? cloneTree(task, at, isRecursive) : at;
  if (isCloning) shown.mount.isDetached = true;
  return newDescriptor(task, new PathFile(shown, O_PATH), flags & O_CLOEXEC);
}

function sysMoveMount(
  task: Task,
  fromFd: number,
  from: number,
  toFd: number,
  to: number,
  flags: number,
): Result {
  if (!mayMount(task)) return -Errno.EPERM;
  if ((flags & ~abi.MOVE_MOUNT_FLAGS) !== 0) return -Errno.EINVAL;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const source = placeAt(
    task,
    fromFd,
    from,
    has(abi.MOVE_MOUNT_F_SYMLINKS),
    has(abi.MOVE_MOUNT_F_EMPTY_PATH),
  );
  const target = placeAt(task, toFd, to, has(abi.MOVE_MOUNT_T_SYMLINKS), has(abi.MOVE_MOUNT_T_EMPTY_PATH));
  moveMount(task, source, target);
  return 0;
}

function sysMountSetattr(
  task: Task,
  fd: number,
  path: number,
  flags: number,
  address: number,
  sizeBytes: number,
): Result {
  const known = AT_EMPTY_PATH | abi.AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if ((flags & ~known) !== 0) return -Errno.EINVAL;
  if (sizeBytes > 4096) return -Errno.E2BIG;
  if (sizeBytes < abi.MOUNT_ATTR_BYTES) return -Errno.EINVAL;
  if (!mayMount(task)) return -Errno.EPERM;
  const [set = 0, clear = 0, propagation = 0] = [0, 8, 16].map((at) => task.memory.readInteger(address + at));
  if (set === 0 && clear === 0 && propagation === 0) return 0;
  const change = attributeChange(set, clear);
  if (change === undefined || (propagation !== 0 && !PROPAGATIONS.includes(propagation)))
    return -Errno.EINVAL;
  const at = placeAt(task, fd, path, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0);
  changeAttributes(task, at, { ...change, propagation, isRecursive: (flags & abi.AT_RECURSIVE) !== 0 });
  return 0;
}

/** build_mount_kattr: the access time is a choice, and is cleared as a whole. */
function attributeChange(
  set: number,
  clear: number,
): { readonly set: number; readonly clear: number } | undefined {
  if (((set | clear) & ~abi.MOUNT_ATTR_FLAGS) !== 0) return undefined;
  const clearsTimes = (clear & abi.MOUNT_ATTR_ATIME) !== 0;
  if (clearsTimes && (clear & abi.MOUNT_ATTR_ATIME) !== abi.MOUNT_ATTR_ATIME) return undefined;
  if (!clearsTimes && (set & abi.MOUNT_ATTR_ATIME) !== 0) return undefined;
  const [asked, gone] = [mountFlagsOf(set), mountFlagsOf(clear & ~abi.MOUNT_ATTR_ATIME)];
  if (asked === undefined || gone === undefined) return undefined;
  return {
    set: clearsTimes ? asked : asked & ~TIME_FLAGS,
    clear: (gone & ~TIME_FLAGS) | (clearsTimes ? TIME_FLAGS : 0),
  };
}

export const MOUNT_API_CALLS: readonly SyscallRow[] = [
  call(428, "open_tree", "dirfd, path, int", sysOpenTree),
  call(429, "move_mount", "dirfd, path, dirfd, path, int", sysMoveMount),
  call(430, "fsopen", "path, int", sysFsopen),
  call(431, "fsconfig", "fd, int, address, address, int", sysFsconfig),
  call(432, "fsmount", "fd, int, int", sysFsmount),
  call(433, "fspick", "dirfd, path, int", sysFspick),
  call(442, "mount_setattr", "dirfd, path, int, address, size", sysMountSetattr, "no MOUNT_ATTR_IDMAP"),
];

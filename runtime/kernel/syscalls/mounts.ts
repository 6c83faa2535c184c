/** mount(2), umount2(2), pivot_root(2): arguments out of a program's memory, and which kind of mount was asked for. */
import { decodeUtf8 } from "../../../layers/base/bytes.ts";
import { AT_FDCWD } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import * as flag from "../abi/mount.ts";
import {
  changePropagation, mayMount, mountBind, mountMove, mountNew, remount,
} from "../ns/mounting.ts";
import { PROPAGATION_FLAGS } from "../ns/propagation.ts";
import { pivotRoot, unmount } from "../ns/unmounting.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { Location } from "../vfs/mount.ts";
import { locate, readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** One page: names of types and devices, and options. */
const TEXT_BYTES_MAX = 4096;
const UMOUNT_FLAGS = flag.MNT_FORCE | flag.MNT_DETACH | flag.MNT_EXPIRE | flag.UMOUNT_NOFOLLOW;

/** A string that may be missing. */
function readText(task: Task, address: number): string | undefined {
  return address === 0 ? undefined : decodeUtf8(task.memory.readCString(address, TEXT_BYTES_MAX, Errno.EINVAL));
}

function find(task: Task, path: string, isFollowed = true): Location {
  if (path === "") throw new SyscallError(Errno.ENOENT);
  return locate(task, AT_FDCWD, path, { isFollowed });
}

function sysMount(
  task: Task, source: number, target: number, type: number, wanted: number, data: number,
): Result {
  const typeName = readText(task, type);
  const device = readText(task, source);
  const options = readText(task, data) ?? "";
  let flags = wanted >>> 0;
  const at = find(task, readPath(task, target));
  if ((flags & flag.MS_MGC_MSK) >>> 0 === flag.MS_MGC_VAL) flags &= ~flag.MS_MGC_MSK;
  if ((flags & flag.MS_NOUSER) !== 0) return -Errno.EINVAL;
  if (!mayMount(task)) return -Errno.EPERM;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (has(flag.MS_REMOUNT)) remount(task, at, flags, options);
  else if (has(flag.MS_BIND)) mountBind(task, find(task, device ?? ""), at, has(flag.MS_REC));
  else if (has(PROPAGATION_FLAGS)) {
    const silent = flag.MS_REC | flag.MS_SILENT;
    if ((flags & ~(PROPAGATION_FLAGS | silent)) !== 0) return -Errno.EINVAL;
    changePropagation(task, at, flags & PROPAGATION_FLAGS, has(flag.MS_REC));
  } else if (has(flag.MS_MOVE)) mountMove(task, find(task, device ?? ""), at);
  else {
    if (typeName === undefined) return -Errno.EINVAL;
    mountNew(task, at, { type: typeName, source: device ?? "", data: options, flags });
  }
  return 0;
}

function sysUmount2(task: Task, target: number, flags: number): Result {
  if ((flags & ~UMOUNT_FLAGS) !== 0) return -Errno.EINVAL;
  unmount(task, find(task, readPath(task, target), (flags & flag.UMOUNT_NOFOLLOW) === 0), flags);
  return 0;
}

function sysPivotRoot(task: Task, fresh: number, putOld: number): Result {
  if (!mayMount(task)) return -Errno.EPERM;
  const directory = (address: number): Location => {
    const location = find(task, readPath(task, address));
    const { superblock, node } = location.dentry;
    if (superblock.filesystem.attributes(node).type !== "directory") throw new SyscallError(Errno.ENOTDIR);
    return location;
  };
  pivotRoot(task, directory(fresh), directory(putOld));
  return 0;
}

export const MOUNT_CALLS: readonly SyscallRow[] = [
  call(155, "pivot_root", "path, path", sysPivotRoot),
  call(165, "mount", "path, path, path, flags:mount, address", sysMount),
  call(166, "umount2", "path, flags:umount", sysUmount2),
];

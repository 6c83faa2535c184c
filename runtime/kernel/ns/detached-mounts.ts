/**
 * Mounts that hang nowhere (fs/namespace.c: fsmount, open_tree, move_mount, mount_setattr). One hard idea: a detached
 * mount is an ordinary mount without a mount point, held by an O_PATH descriptor; to attach it is to move it.
 */
import { Errno } from "../abi/errno.ts";
import { Capability, hasCapabilityIn } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FilesystemType, NewFilesystem } from "../vfs/filesystem-type.ts";
import type { Location, Superblock } from "../vfs/mount.ts";
import { Mount, MountFlag } from "../vfs/mount.ts";
import { hasWriters } from "./location-users.ts";
import { copyMount, copyTree, isMountedIn } from "./mount-tree.ts";
import { attachAt, isDirectory, isMountRoot, mountMove } from "./mounting.ts";
import { isUnbindable, setPropagation } from "./propagation.ts";

function refuse(errno: number): never {
  throw new SyscallError(errno);
}

/** fsconfig(FSCONFIG_CMD_CREATE). */
export function makeSuperblock(type: FilesystemType, request: NewFilesystem): Superblock {
  const owner = type.owner(request.task);
  if (!hasCapabilityIn(request.task.credentials, Capability.CAP_SYS_ADMIN, owner)) refuse(Errno.EPERM);
  const superblock = type.mount(request);
  superblock.owner = owner;
  return superblock;
}

/** open_tree(OPEN_TREE_CLONE): a bind mount that hangs nowhere. */
export function cloneTree(task: Task, { mount, dentry }: Location, isRecursive: boolean): Location {
  if (isUnbindable(mount)) refuse(Errno.EINVAL);
  if (!isMountedIn(task.namespaces.mount, mount) && mount.mountpoint !== undefined) refuse(Errno.EINVAL);
  const copy = isRecursive ? copyTree(mount, dentry, true).mount : copyMount(mount, dentry);
  copy.isLocked = false;
  return { mount: copy, dentry: copy.root };
}

/** move_mount(2). */
export function moveMount(task: Task, from: Location, to: Location): void {
  const { mount } = from;
  const tree = task.namespaces.mount;
  if (mount.mountpoint !== undefined || mount === tree.root) {
    mountMove(task, from, to);
    return;
  }
  if (!isMountRoot(from) || !isMountedIn(tree, to.mount)) refuse(Errno.EINVAL);
  if (isDirectory(from.dentry) !== isDirectory(to.dentry)) refuse(Errno.EINVAL);
  attachAt(mount, to);
}

export interface AttributeChange {
  /** MountFlag bits. */
  readonly set: number;
  readonly clear: number;
  /** MS_SHARED and the like, or 0. */
  readonly propagation: number;
  readonly isRecursive: boolean;
}

/** mount_setattr(2): on all of the tree or on none of it. */
export function changeAttributes(task: Task, at: Location, change: AttributeChange): void {
  const { set, clear, propagation, isRecursive } = change;
  const { mount } = at;
  const isOwn = isMountedIn(task.namespaces.mount, mount) || isDetached(mount);
  if (!isMountRoot(at) || !isOwn) refuse(Errno.EINVAL);
  const all: Mount[] = [];
  const visit = (one: Mount): void => {
    all.push(one);
    if (isRecursive) for (const child of one.children.values()) visit(child);
  };
  visit(mount);
  for (const one of all) {
    const after = (one.flags & ~clear) | set;
    if ((one.lockedFlags & one.flags & ~after) !== 0) refuse(Errno.EPERM);
    const becomesReadOnly = (after & MountFlag.readOnly) !== 0 && !one.has(MountFlag.readOnly);
    if (becomesReadOnly && hasWriters(task.kernel, one, false)) refuse(Errno.EBUSY);
  }
  for (const one of all) {
    one.flags = (one.flags & ~clear) | set;
    if (propagation === 0) continue;
    const answer = setPropagation(one, propagation);
    if (answer !== 0) refuse(-answer);
  }
}

function isDetached(mount: Mount): boolean {
  let top = mount;
  while (top.mountpoint !== undefined) top = top.mountpoint.mount;
  return top.isDetached;
}

/** A mount of a whole filesystem that hangs nowhere. */
export function detachedMount(superblock: Superblock, flags: number): Location {
  const mount = new Mount(superblock, superblock.root, flags);
  mount.isDetached = true;
  return { mount, dentry: mount.root };
}

/**
 * Making, removing and renaming names (fs/namei.c: vfs_create, may_delete, do_renameat2 and their like).
 * One hard idea: the filesystem only does; whether a caller may, in which order errors show, what becomes of
 * dentries and who is told, is decided here, the same for every filesystem.
 */
import type { Attributes, Device, NodeType, RenameMode } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { W_OK, X_OK } from "../abi/fcntl.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Dentry, Location, Mount } from "./mount.ts";
import { MountFlag } from "./mount.ts";
import { newNodeInit } from "./new-node.ts";
import { notifyCreated, notifyLinked, notifyRemoved, notifyRenamed } from "./notify.ts";
import { checkAccess, checkRemoval } from "./permission.ts";
import type { WalkResult } from "./walk.ts";

export interface NewEntry {
  readonly type: NodeType;
  readonly mode: number;
  readonly rdev?: Device;
  readonly target?: string;
  /** O_TMPFILE: the name goes at once, and nobody is told. */
  readonly isNameless?: boolean;
}

export function attributesOf({ superblock, node }: Dentry): Attributes {
  return superblock.filesystem.attributes(node);
}

/** EROFS. */
export function requireWritable(mount: Mount): void {
  if (mount.has(MountFlag.readOnly) || mount.superblock.isReadOnly) throw new SyscallError(Errno.EROFS);
}

function refuse(answer: number): void {
  if (answer !== 0) throw new SyscallError(-answer);
}

/** Makes the name a walk did not find. EEXIST, EROFS, EACCES, ENOENT in a removed directory. */
export function makeEntry(task: Task, found: WalkResult, entry: NewEntry): Location {
  if (found.location !== undefined || found.isDot) throw new SyscallError(Errno.EEXIST);
  if (found.mustBeDirectory && entry.type !== "directory") throw new SyscallError(Errno.ENOENT);
  return createIn(task, found.parent, found.name, entry);
}

/** The same in a directory that is known; used by open as well. */
export function createIn(task: Task, parent: Location, name: string, entry: NewEntry): Location {
  requireWritable(parent.mount);
  const { superblock, node } = parent.dentry;
  if (parent.dentry.isUnlinked) throw new SyscallError(Errno.ENOENT);
  const directory = superblock.filesystem.attributes(node);
  refuse(checkAccess(directory, W_OK | X_OK, task.credentials));
  const { type, mode, rdev, target } = entry;
  const isDevice = type === "character" || type === "block";
  if (isDevice && !hasCapability(task.credentials, Capability.CAP_MKNOD)) throw new SyscallError(Errno.EPERM);
  const init = newNodeInit(task, directory, type, mode);
  const extra = { ...(rdev === undefined ? {} : { rdev }), ...(target === undefined ? {} : { target }) };
  const created = superblock.filesystem.create(node, name, { ...init, ...extra });
  const dentry = parent.dentry.adopt(name, created);
  if (entry.isNameless !== true) notifyCreated(parent.dentry, name, type);
  return { mount: parent.mount, dentry };
}

/** Gives `source` the name a walk did not find. EEXIST, EXDEV, EPERM for a directory. */
export function linkEntry(task: Task, source: Location, found: WalkResult): void {
  if (found.location !== undefined || found.isDot) throw new SyscallError(Errno.EEXIST);
  if (found.mustBeDirectory) throw new SyscallError(Errno.ENOENT);
  const { parent, name } = found;
  requireWritable(parent.mount);
  if (source.mount !== parent.mount) throw new SyscallError(Errno.EXDEV);
  if (parent.dentry.isUnlinked) throw new SyscallError(Errno.ENOENT);
  refuse(checkAccess(attributesOf(parent.dentry), W_OK | X_OK, task.credentials));
  const attributes = attributesOf(source.dentry);
  if (attributes.type === "directory") throw new SyscallError(Errno.EPERM);
  const { superblock, node } = parent.dentry;
  superblock.filesystem.link(source.dentry.node, node, name);
  parent.dentry.adopt(name, source.dentry.node);
  notifyLinked(source.dentry);
  notifyCreated(parent.dentry, name, attributes.type);
}

function checkVictim(task: Task, parent: Location, victim: Location | undefined, isDirectory: boolean): Attributes {
  if (victim === undefined) throw new SyscallError(Errno.ENOENT);
  const attributes = attributesOf(victim.dentry);
  refuse(checkRemoval(attributesOf(parent.dentry), attributes, task.credentials));
  if (isDirectory && attributes.type !== "directory") throw new SyscallError(Errno.ENOTDIR);
  if (isDirectory && victim.dentry.parent === undefined) throw new SyscallError(Errno.EBUSY);
  if (!isDirectory && attributes.type === "directory") throw new SyscallError(Errno.EISDIR);
  return attributes;
}

/** A mount point, in any mount of this filesystem that the name's mount is. */
function isBusy(parent: Location, victim: Location): boolean {
  return victim.mount !== parent.mount || parent.mount.children.has(victim.dentry);
}

/** unlink(2). */
export function unlinkEntry(task: Task, found: WalkResult): void {
  const { parent, name, location } = found;
  if (found.isDot) throw new SyscallError(Errno.EISDIR);
  requireWritable(parent.mount);
  if (found.mustBeDirectory && location !== undefined) {
    throw new SyscallError(attributesOf(location.dentry).type === "directory" ? Errno.EISDIR : Errno.ENOTDIR);
  }
  const attributes = checkVictim(task, parent, location, false);
  if (location !== undefined && isBusy(parent, location)) throw new SyscallError(Errno.EBUSY);
  parent.dentry.superblock.filesystem.unlink(parent.dentry.node, name);
  parent.dentry.forget(name);
  notifyRemoved(parent.dentry, name, attributes);
}

/** rmdir(2). */
export function removeDirectoryEntry(task: Task, found: WalkResult): void {
  const { parent, name, location } = found;
  if (found.isDot) throw new SyscallError(name === ".." ? Errno.ENOTEMPTY : name === "." ? Errno.EINVAL : Errno.EBUSY);
  requireWritable(parent.mount);
  if (location !== undefined && isBusy(parent, location)) throw new SyscallError(Errno.EBUSY);
  const attributes = checkVictim(task, parent, location, true);
  parent.dentry.superblock.filesystem.removeDirectory(parent.dentry.node, name);
  parent.dentry.forget(name);
  notifyRemoved(parent.dentry, name, attributes);
}

/** renameat2(2). */
export function renameEntry(task: Task, from: WalkResult, to: WalkResult, mode: RenameMode): void {
  if (from.parent.mount !== to.parent.mount) throw new SyscallError(Errno.EXDEV);
  if (from.isDot) throw new SyscallError(Errno.EBUSY);
  if (to.isDot) throw new SyscallError(mode === "noReplace" ? Errno.EEXIST : Errno.EBUSY);
  requireWritable(from.parent.mount);
  if (from.location === undefined) throw new SyscallError(Errno.ENOENT);
  if (mode === "noReplace" && to.location !== undefined) throw new SyscallError(Errno.EEXIST);
  if (mode === "exchange" && to.location === undefined) throw new SyscallError(Errno.ENOENT);
  const moved = attributesOf(from.location.dentry);
  const isDirectory = moved.type === "directory";
  const victim = to.location === undefined ? undefined : attributesOf(to.location.dentry);
  const isVictimDirectory = victim?.type === "directory";
  const needsDirectory =
    (mode === "exchange" && !isVictimDirectory && to.mustBeDirectory) || (!isDirectory && from.mustBeDirectory);
  if (needsDirectory || (mode !== "exchange" && !isDirectory && to.mustBeDirectory)) {
    throw new SyscallError(Errno.ENOTDIR);
  }
  if (isInside(to.parent.dentry, from.location.dentry)) throw new SyscallError(Errno.EINVAL);
  if (to.location !== undefined && isInside(from.parent.dentry, to.location.dentry)) {
    throw new SyscallError(mode === "exchange" ? Errno.EINVAL : Errno.ENOTEMPTY);
  }
  if (victim !== undefined && victim.ino === moved.ino) return;
  checkVictim(task, from.parent, from.location, isDirectory);
  if (to.location === undefined) refuse(checkAccess(attributesOf(to.parent.dentry), W_OK | X_OK, task.credentials));
  else checkVictim(task, to.parent, to.location, mode === "exchange" ? isVictimDirectory : isDirectory);
  if (to.parent.dentry.isUnlinked) throw new SyscallError(Errno.ENOENT);
  if (from.parent.dentry !== to.parent.dentry) {
    if (isDirectory) refuse(checkAccess(moved, W_OK, task.credentials));
    if (mode === "exchange" && victim !== undefined && isVictimDirectory) {
      refuse(checkAccess(victim, W_OK, task.credentials));
    }
  }
  const isTargetBusy = to.location !== undefined && isBusy(to.parent, to.location);
  if (isBusy(from.parent, from.location) || isTargetBusy) throw new SyscallError(Errno.EBUSY);
  carryOut(from, to, mode, moved, victim);
}

function carryOut(
  from: WalkResult, to: WalkResult, mode: RenameMode, moved: Attributes, victim: Attributes | undefined,
): void {
  const [source, target] = [from.parent.dentry, to.parent.dentry];
  source.superblock.filesystem.rename(source.node, from.name, target.node, to.name, mode);
  if (mode === "exchange") source.exchanged(from.name, target, to.name);
  else source.moved(from.name, target, to.name);
  notifyRenamed({ from: source, fromName: from.name, to: target, toName: to.name, attributes: moved });
  if (victim === undefined) return;
  if (mode === "exchange") {
    notifyRenamed({ from: target, fromName: to.name, to: source, toName: from.name, attributes: victim });
  } else if (victim.nlink <= 1 || victim.type === "directory") source.superblock.nodeGone(victim.ino);
}

/** Whether `dentry` is `top` or lies below it. */
function isInside(dentry: Dentry, top: Dentry): boolean {
  for (let at: Dentry | undefined = dentry; at !== undefined; at = at.parent) if (at === top) return true;
  return false;
}

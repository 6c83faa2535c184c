/**
 * mount(2): new filesystems, bind mounts, moves, other flags (fs/namespace.c: path_mount and what it calls). The
 * order of checks is Linux': programs tell from the errno what they did wrong.
 */
import { Errno } from "../abi/errno.ts";
import * as flag from "../abi/mount.ts";
import { Capability, hasCapabilityIn } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FilesystemType } from "../vfs/filesystem-type.ts";
import type { Dentry, Location } from "../vfs/mount.ts";
import { Mount, MountFlag } from "../vfs/mount.ts";
import { attachTree } from "./attach-tree.ts";
import { hasWriters } from "./location-users.ts";
import { copyMount, copyTree, isBelow, isMountedIn } from "./mount-tree.ts";
import { hasCapabilityOverNamespace } from "./namespace-owner.ts";
import { isShared, isUnbindable, setPropagation } from "./propagation.ts";

const TIME_FLAGS = MountFlag.noAtime | MountFlag.noDirectoryAtime | MountFlag.relAtime;
const KEPT_FLAGS =
  MountFlag.readOnly | MountFlag.noSuid | MountFlag.noDevices | MountFlag.noExec | MountFlag.noSymlinks;
const ASKS_FOR_TIMES = flag.MS_NOATIME | flag.MS_NODIRATIME | flag.MS_RELATIME | flag.MS_STRICTATIME;

/** CAP_SYS_ADMIN where the tree of mounts belongs. */
export function mayMount({ credentials, namespaces }: Task): boolean {
  return hasCapabilityOverNamespace(credentials, Capability.CAP_SYS_ADMIN, namespaces.mount);
}

function refuse(errno: number): never {
  throw new SyscallError(errno);
}

export function isMountRoot({ mount, dentry }: Location): boolean {
  return mount.root === dentry;
}

export function isDirectory({ superblock, node }: Dentry): boolean {
  return superblock.filesystem.attributes(node).type === "directory";
}

/** MNT_ flags of MS_ flags; without a word about times a remount keeps what was. */
function mountFlags(flags: number, old: number | undefined): number {
  const kept = flags & KEPT_FLAGS;
  if (old !== undefined && (flags & ASKS_FOR_TIMES) === 0) return kept | (old & TIME_FLAGS);
  let times = (flags & flag.MS_NOATIME) !== 0 ? MountFlag.noAtime : MountFlag.relAtime;
  if ((flags & flag.MS_STRICTATIME) !== 0) times = 0;
  return kept | times | ((flags & flag.MS_NODIRATIME) !== 0 ? MountFlag.noDirectoryAtime : 0);
}

/** Hangs a tree at a place: the filesystem itself must not be there already (do_add_mount, graft_tree). */
export function attachAt(mount: Mount, at: Location): void {
  if (isDirectory(mount.root) !== isDirectory(at.dentry)) refuse(Errno.ENOTDIR);
  if (at.dentry.isUnlinked) refuse(Errno.ENOENT);
  attachTree(mount, at);
}

export interface NewMount {
  readonly type: string;
  readonly source: string;
  readonly data: string;
  readonly flags: number;
}

/** do_new_mount. */
export function mountNew(task: Task, at: Location, { type: name, source, data, flags }: NewMount): void {
  const type = task.kernel.filesystemTypes.get(name);
  if (type === undefined) refuse(Errno.ENODEV);
  const owner = type.owner(task);
  if (!hasCapabilityIn(task.credentials, Capability.CAP_SYS_ADMIN, owner)) refuse(Errno.EPERM);
  const superblock = type.mount({ task, source: source === "" ? "none" : source, data });
  superblock.owner = owner;
  superblock.isShut = (flags & flag.MS_RDONLY) !== 0;
  const own = mountFlags(flags, undefined);
  if (owner !== undefined && type.isRevealing === true && !isVisible(task, type, own)) refuse(Errno.EPERM);
  if (!isMountedIn(task.namespaces.mount, at.mount)) refuse(Errno.EINVAL);
  if (at.mount.superblock === superblock && isMountRoot(at)) refuse(Errno.EBUSY);
  attachAt(new Mount(superblock, superblock.root, own), at);
}

/** mnt_already_visible: all of such a filesystem is seen in the namespace, nothing locked over it, no less writable. */
function isVisible(task: Task, { name }: FilesystemType, flags: number): boolean {
  return task.namespaces.mount.mounts().some((mount) => {
    if (mount.superblock.filesystem.type !== name || mount.root !== mount.superblock.root) return false;
    if ((mount.lockedFlags & MountFlag.readOnly & ~flags) !== 0) return false;
    return [...mount.children].every(([place, child]) => !child.isLocked || isEmptyDirectory(place));
  });
}

function isEmptyDirectory(place: Dentry): boolean {
  return isDirectory(place) && place.superblock.filesystem.readDirectory(place.node).length === 0;
}

/** MS_BIND (do_loopback). */
export function mountBind(task: Task, source: Location, at: Location, isRecursive: boolean): void {
  const { mount } = source;
  const ownTree = task.namespaces.mount;
  if (isUnbindable(mount) || !isMountedIn(ownTree, at.mount)) refuse(Errno.EINVAL);
  const isNamespaceFile = mount.superblock.filesystem.type === "nsfs";
  if (!isMountedIn(ownTree, mount) && !isNamespaceFile) refuse(Errno.EINVAL);
  if (!isRecursive && hasLockedChildren(mount, source.dentry)) refuse(Errno.EINVAL);
  const copy = isRecursive ? copyTree(mount, source.dentry, true).mount : copyMount(mount, source.dentry);
  copy.isLocked = false;
  attachAt(copy, at);
}

function hasLockedChildren(mount: Mount, root: Dentry): boolean {
  return [...mount.children].some(([place, child]) => child.isLocked && isBelow(place, root));
}

/** MS_MOVE (do_move_mount). */
export function mountMove(task: Task, source: Location, at: Location): void {
  const { mount } = source;
  const { namespaces } = task;
  if (!isMountRoot(source) || !isMountedIn(namespaces.mount, mount) || !isMountedIn(namespaces.mount, at.mount)) {
    refuse(Errno.EINVAL);
  }
  const { mountpoint } = mount;
  if (mount.isLocked) refuse(Errno.EINVAL);
  if (isDirectory(source.dentry) !== isDirectory(at.dentry)) refuse(Errno.EINVAL);
  if (mountpoint !== undefined && isShared(mountpoint.mount)) refuse(Errno.EINVAL);
  for (let above: Mount | undefined = at.mount; above !== undefined; above = above.mountpoint?.mount) {
    if (above === mount) refuse(Errno.ELOOP);
  }
  mount.detach();
  attachAt(mount, at);
}

/** MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE (do_change_type). */
export function changePropagation(task: Task, at: Location, kind: number, isRecursive: boolean): void {
  if (!isMountRoot(at) || !isMountedIn(task.namespaces.mount, at.mount)) refuse(Errno.EINVAL);
  const visit = (mount: Mount): void => {
    const answer = setPropagation(mount, kind);
    if (answer !== 0) refuse(-answer);
    if (isRecursive) for (const child of mount.children.values()) visit(child);
  };
  visit(at.mount);
}

/** MS_REMOUNT: of one mount alone with MS_BIND (do_reconfigure_mnt), else of the filesystem too (do_remount). */
export function remount(task: Task, at: Location, flags: number, data: string): void {
  const { mount } = at;
  const isOwnTree = isMountedIn(task.namespaces.mount, mount);
  if (!isOwnTree || !isMountRoot(at)) refuse(Errno.EINVAL);
  const own = mountFlags(flags, mount.flags);
  if ((mount.lockedFlags & mount.flags & ~own) !== 0) refuse(Errno.EPERM);
  const becomesReadOnly = (own & MountFlag.readOnly) !== 0 && !mount.has(MountFlag.readOnly);
  const isAlone = (flags & flag.MS_BIND) !== 0;
  if (becomesReadOnly && hasWriters(task.kernel, mount, !isAlone)) refuse(Errno.EBUSY);
  if (!isAlone) reconfigure(task, mount, flags, data);
  mount.flags = own;
}

function reconfigure(task: Task, { superblock }: Mount, flags: number, data: string): void {
  if (!hasCapabilityIn(task.credentials, Capability.CAP_SYS_ADMIN, superblock.owner)) refuse(Errno.EPERM);
  const type = task.kernel.filesystemTypes.get(superblock.filesystem.type);
  if (data !== "") {
    if (type?.reconfigure === undefined) refuse(Errno.EINVAL);
    type.reconfigure(superblock, data, task);
  }
  superblock.isShut = (flags & flag.MS_RDONLY) !== 0;
}

/** umount2(2) and pivot_root(2): taking mounts out of the tree, and exchanging its root (fs/namespace.c). */
import { Errno } from "../abi/errno.ts";
import * as flag from "../abi/mount.ts";
import { Capability, hasCapability, hasCapabilityIn } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Location, Mount } from "../vfs/mount.ts";
import { detachTree } from "./attach-tree.ts";
import { hasWriters, isBusy } from "./location-users.ts";
import { isMountedIn } from "./mount-tree.ts";
import { isMountRoot, mayMount } from "./mounting.ts";
import { isShared } from "./propagation.ts";

/** MNT_EXPIRE was asked once: the second time it goes. */
const expiring = new WeakSet<Mount>();

function refuse(errno: number): never {
  throw new SyscallError(errno);
}

export function unmount(task: Task, at: Location, flags: number): void {
  const { mount } = at;
  if (!mayMount(task)) refuse(Errno.EPERM);
  if (!isMountRoot(at) || !isMountedIn(task.namespaces.mount, mount) || mount.isLocked) refuse(Errno.EINVAL);
  if ((flags & flag.MNT_FORCE) !== 0 && !hasCapability(task.credentials, Capability.CAP_SYS_ADMIN)) {
    refuse(Errno.EPERM);
  }
  const isLazy = (flags & flag.MNT_DETACH) !== 0;
  const isUsed = (): boolean => mount.children.size > 0 || isBusy(task.kernel, mount);
  if ((flags & flag.MNT_EXPIRE) !== 0) {
    if ((flags & (flag.MNT_FORCE | flag.MNT_DETACH)) !== 0) refuse(Errno.EINVAL);
    if (isUsed()) refuse(Errno.EBUSY);
    if (!expiring.has(mount)) {
      expiring.add(mount);
      refuse(Errno.EAGAIN);
    }
  }
  if (mount === task.filesystem.root.mount && !isLazy) return shutRoot(task, mount);
  if (mount.mountpoint === undefined) refuse(isLazy ? Errno.EINVAL : Errno.EBUSY);
  if (!isLazy && isUsed()) refuse(Errno.EBUSY);
  detachTree(mount);
}

/** One's own root cannot go: it becomes read-only (do_umount_root). */
function shutRoot(task: Task, mount: Mount): void {
  if (!hasCapabilityIn(task.credentials, Capability.CAP_SYS_ADMIN, mount.superblock.owner)) refuse(Errno.EPERM);
  if (hasWriters(task.kernel, mount, true)) refuse(Errno.EBUSY);
  mount.superblock.isShut = true;
}

/** The new root becomes "/", the old one is mounted at `putOld`; whoever was at the old root is at the new one. */
export function pivotRoot(task: Task, fresh: Location, putOld: Location): void {
  const { kernel, filesystem, namespaces } = task;
  const tree = namespaces.mount;
  const { root } = filesystem;
  if (![fresh.mount, putOld.mount, root.mount].every((mount) => isMountedIn(tree, mount))) refuse(Errno.EINVAL);
  if ([putOld.mount, fresh.mount.mountpoint?.mount, root.mount.mountpoint?.mount].some(isSharedMount)) {
    refuse(Errno.EINVAL);
  }
  if (fresh.mount.isLocked) refuse(Errno.EINVAL);
  if (fresh.dentry.isUnlinked) refuse(Errno.ENOENT);
  if (fresh.mount === root.mount || putOld.mount === root.mount) refuse(Errno.EBUSY);
  const { mountpoint: place } = fresh.mount;
  if (!isMountRoot(root) || !isMountRoot(fresh) || place === undefined) refuse(Errno.EINVAL);
  if (!isReachable(putOld, fresh) || !isReachable(fresh, root)) refuse(Errno.EINVAL);
  const above = root.mount.mountpoint;
  fresh.mount.detach();
  root.mount.detach();
  // What may not be uncovered is now below the new root; the old one is free to go.
  if (root.mount.isLocked) [fresh.mount.isLocked, root.mount.isLocked] = [true, false];
  if (above === undefined) tree.root = fresh.mount;
  else fresh.mount.attach(above);
  root.mount.attach(putOld);
  for (const other of kernel.rootPids.tasks()) {
    if (other.state === "dead") continue;
    const places = other.filesystem;
    if (isSame(places.root, root)) places.root = fresh;
    if (isSame(places.workingDirectory, root)) places.workingDirectory = fresh;
  }
}

function isSharedMount(mount: Mount | undefined): boolean {
  return mount !== undefined && isShared(mount);
}

function isSame(first: Location, second: Location): boolean {
  return first.mount === second.mount && first.dentry === second.dentry;
}

/** is_path_reachable: going up from `place` one comes to `root`. */
function isReachable(place: Location, root: Location): boolean {
  let { mount, dentry } = place;
  while (mount !== root.mount) {
    if (mount.mountpoint === undefined) return false;
    ({ mount, dentry } = mount.mountpoint);
  }
  for (let at: Location["dentry"] | undefined = dentry; at !== undefined; at = at.parent) {
    if (at === root.dentry) return true;
    if (at === mount.root) return false;
  }
  return false;
}

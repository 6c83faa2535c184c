/**
 * Copies of parts of the tree of mounts (fs/namespace.c: copy_tree, copy_mnt_ns): for recursive bind mounts and
 * for new mount namespaces. One hard idea: places are pairs of a mount and a dentry, and dentries are not copied,
 * so that a place in a copy is found by exchanging the mount alone.
 */
import type { Dentry, Location, Mount } from "../vfs/mount.ts";
import { MountNamespace, Mount as MountClass } from "../vfs/mount.ts";
import type { UserNamespace } from "./user-namespace.ts";
import { ownedBy, ownerOf } from "./namespace-owner.ts";
import { MS_SLAVE } from "../abi/mount.ts";
import { copyPropagation, isUnbindable, setPropagation } from "./propagation.ts";

/** MNT_LOCK_: what somebody with less power must not take away. */
const LOCKABLE = 1 | 2 | 4 | 8;

/** Whether `dentry` is `top` or lies below it. */
export function isBelow(dentry: Dentry, top: Dentry): boolean {
  for (let at: Dentry | undefined = dentry; at !== undefined; at = at.parent) if (at === top) return true;
  return false;
}

/** Whether `mount` hangs in the tree of `namespace`. */
export function isMountedIn(namespace: MountNamespace, mount: Mount): boolean {
  let top = mount;
  while (top.mountpoint !== undefined) top = top.mountpoint.mount;
  return top === namespace.root;
}

/** A second mount of the same part of a filesystem, hung nowhere yet. */
export function copyMount(mount: Mount, root: Dentry = mount.root): Mount {
  const copy = new MountClass(mount.superblock, root, mount.flags);
  copy.isLocked = mount.isLocked;
  copy.lockedFlags = mount.lockedFlags;
  copyPropagation(mount, copy);
  return copy;
}

export interface TreeCopy {
  readonly mount: Mount;
  /** Copies by what they were made of. */
  readonly copies: ReadonlyMap<Mount, Mount>;
}

/** `mount` seen from `root` down, with all that is mounted below. `forBind`: unbindable mounts are left out. */
export function copyTree(mount: Mount, root: Dentry, forBind: boolean): TreeCopy {
  const copies = new Map<Mount, Mount>();
  const visit = (source: Mount, from: Dentry): Mount => {
    const copy = copyMount(source, from);
    copies.set(source, copy);
    for (const [place, child] of source.children) {
      if (!isBelow(place, from) || (forBind && isUnbindable(child))) continue;
      visit(child, child.root).attach({ mount: copy, dentry: place });
    }
    return copy;
  };
  return { mount: visit(mount, root), copies };
}

export interface NamespaceCopy {
  readonly namespace: MountNamespace;
  /** The same place in the copy; as it is when it hangs in another tree. */
  readonly translate: (location: Location) => Location;
}

/** CLONE_NEWNS. To an owner with less power everything is locked: what covers something stays. */
export function copyMountNamespace(old: MountNamespace, owner: UserNamespace | undefined): NamespaceCopy {
  const { mount, copies } = copyTree(old.root, old.root.root, false);
  if (owner !== ownerOf(old)) {
    for (const copy of copies.values()) {
      copy.isLocked = true;
      setPropagation(copy, MS_SLAVE);
      copy.lockedFlags |= copy.flags & LOCKABLE;
    }
  }
  const namespace = ownedBy(new MountNamespace(mount), owner);
  const translate = (location: Location): Location => {
    const copy = copies.get(location.mount);
    return copy === undefined ? location : { mount: copy, dentry: location.dentry };
  };
  return { namespace, translate };
}

/** Hanging mounts into the tree and taking them down, here and wherever the same place is shared to (fs/pnode.c). */
import { MS_PRIVATE, MS_SHARED, MS_SLAVE } from "../abi/mount.ts";
import type { Location, Mount } from "../vfs/mount.ts";
import { topOf } from "../vfs/mount.ts";
import { copyTree, isBelow } from "./mount-tree.ts";
import { isShared, receiversOf, setPropagation } from "./propagation.ts";

function visitTree(mount: Mount, visit: (mount: Mount) => void): void {
  visit(mount);
  for (const child of mount.children.values()) visitTree(child, visit);
}

/** Hangs `mount` and all below it at a place, and copies wherever that place is seen (attach_recursive_mnt). */
export function attachTree(mount: Mount, at: Location): void {
  const receivers = receiversOf(at.mount);
  if (isShared(at.mount)) visitTree(mount, (one) => setPropagation(one, MS_SHARED));
  mount.attach(at);
  for (const { mount: receiver, isSlave } of receivers) {
    if (!isBelow(at.dentry, receiver.root)) continue;
    const copy = copyTree(mount, mount.root, false).mount;
    if (isSlave) {
      visitTree(copy, (one) => {
        setPropagation(one, MS_SLAVE);
        if (isShared(receiver)) setPropagation(one, MS_SHARED);
      });
    }
    copy.attach(topOf({ mount: receiver, dentry: at.dentry }));
  }
}

/** Takes a tree down, here and wherever the same place shows a copy that nothing is mounted on. */
export function detachTree(mount: Mount): void {
  const { mountpoint } = mount;
  if (mountpoint === undefined) return;
  for (const { mount: receiver } of receiversOf(mountpoint.mount)) {
    const copy = receiver.children.get(mountpoint.dentry);
    if (copy?.superblock === mount.superblock && copy.children.size === 0) takeDown(copy);
  }
  takeDown(mount);
}

function takeDown(mount: Mount): void {
  mount.detach();
  visitTree(mount, (one) => setPropagation(one, MS_PRIVATE));
}

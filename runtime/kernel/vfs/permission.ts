/**
 * Who may do what with a node: inode_permission, setattr_prepare and may_delete of Linux (fs/namei.c,
 * fs/attr.c, path_resolution(7), capabilities(7)).
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { X_OK, R_OK, W_OK } from "../abi/fcntl.ts";
import type { Credentials } from "../task/credentials.ts";
import { Capability, hasOwnCapability, isInGroup } from "../task/credentials.ts";
import { fromKernelId } from "../ns/user-namespace.ts";
import type { Dentry } from "./mount.ts";

const ANY_EXECUTE = 0o111;
const STICKY = 0o1000;

/** A capability over a node: in a user namespace only where it has numbers for the owners (capable_wrt_inode_uidgid). */
export function hasCapabilityOver(who: Credentials, capability: number, { uid, gid }: Attributes): boolean {
  if (!hasOwnCapability(who, capability)) return false;
  const { user } = who;
  if (user === undefined) return true;
  return fromKernelId(user.uidMap, uid) !== undefined && fromKernelId(user.gidMap, gid) !== undefined;
}

/** 0 when `want` (R_OK, W_OK, X_OK) is allowed on the node, else -EACCES. */
export function checkAccess(attributes: Attributes, want: number, who: Credentials): number {
  const shift = who.fsuid === attributes.uid ? 6 : isInGroup(who, attributes.gid) ? 3 : 0;
  if (((attributes.mode >> shift) & want) === want) return 0;
  const isDirectory = attributes.type === "directory";
  if (hasCapabilityOver(who, Capability.CAP_DAC_OVERRIDE, attributes)) {
    if (isDirectory || (want & X_OK) === 0 || (attributes.mode & ANY_EXECUTE) !== 0) return 0;
  }
  const isReading = want === R_OK || (isDirectory && (want & W_OK) === 0);
  if (isReading && hasCapabilityOver(who, Capability.CAP_DAC_READ_SEARCH, attributes)) return 0;
  return -Errno.EACCES;
}

/** The same of a node in its filesystem, which may know better. */
export function checkNode({ superblock, node }: Dentry, attributes: Attributes, want: number, who: Credentials): number {
  const refusal = checkAccess(attributes, want, who);
  return refusal !== 0 && (want & W_OK) === 0 && superblock.filesystem.isOwn?.(node) === true ? 0 : refusal;
}

/** Whether `who` may change what only the owner may (chmod, utimes to a given time). */
export function isOwner(attributes: Attributes, who: Credentials): boolean {
  return who.fsuid === attributes.uid || hasCapabilityOver(who, Capability.CAP_FOWNER, attributes);
}

/** 0 when `who` may remove `node` from `directory`: writing and searching it, and the sticky bit. */
export function checkRemoval(directory: Attributes, node: Attributes, who: Credentials): number {
  const access = checkAccess(directory, W_OK | X_OK, who);
  if (access !== 0) return access;
  const isSticky = (directory.mode & STICKY) !== 0;
  const isMine = who.fsuid === node.uid || who.fsuid === directory.uid;
  const mayAnyway = isMine || hasCapabilityOver(who, Capability.CAP_FOWNER, node);
  return isSticky && !mayAnyway ? -Errno.EPERM : 0;
}

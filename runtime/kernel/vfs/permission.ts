/**
 * Who may do what with a node: inode_permission, setattr_prepare and may_delete of Linux (fs/namei.c,
 * fs/attr.c, path_resolution(7), capabilities(7)).
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { X_OK, R_OK, W_OK } from "../abi/fcntl.ts";
import type { Credentials } from "../task/credentials.ts";
import { Capability, hasCapability, isInGroup } from "../task/credentials.ts";

const ANY_EXECUTE = 0o111;
const STICKY = 0o1000;

/** 0 when `want` (R_OK, W_OK, X_OK) is allowed on the node, else -EACCES. */
export function checkAccess(attributes: Attributes, want: number, who: Credentials): number {
  const shift = who.fsuid === attributes.uid ? 6 : isInGroup(who, attributes.gid) ? 3 : 0;
  if (((attributes.mode >> shift) & want) === want) return 0;
  const isDirectory = attributes.type === "directory";
  if (hasCapability(who, Capability.CAP_DAC_OVERRIDE)) {
    if (isDirectory || (want & X_OK) === 0 || (attributes.mode & ANY_EXECUTE) !== 0) return 0;
  }
  const isReading = want === R_OK || (isDirectory && (want & W_OK) === 0);
  if (isReading && hasCapability(who, Capability.CAP_DAC_READ_SEARCH)) return 0;
  return -Errno.EACCES;
}

/** Whether `who` may change what only the owner may (chmod, utimes to a given time). */
export function isOwner(attributes: Attributes, who: Credentials): boolean {
  return who.fsuid === attributes.uid || hasCapability(who, Capability.CAP_FOWNER);
}

/** 0 when `who` may remove `node` from `directory`: writing and searching it, and the sticky bit. */
export function checkRemoval(directory: Attributes, node: Attributes, who: Credentials): number {
  const access = checkAccess(directory, W_OK | X_OK, who);
  if (access !== 0) return access;
  const isSticky = (directory.mode & STICKY) !== 0;
  const mayAnyway = who.fsuid === node.uid || who.fsuid === directory.uid || hasCapability(who, Capability.CAP_FOWNER);
  return isSticky && !mayAnyway ? -Errno.EPERM : 0;
}

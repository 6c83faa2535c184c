/**
 * What reading and writing do to a file besides bytes: access times as relatime keeps them
 * (fs/inode.c: atime_needs_update) and the loss of set-user-ID and set-group-ID bits (file_remove_privs).
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { IN_ATTRIB } from "../abi/inotify.ts";
import { Capability, isInGroup } from "../task/credentials.ts";
import type { Credentials } from "../task/credentials.ts";
import type { Location } from "./mount.ts";
import { MountFlag } from "./mount.ts";
import { notify } from "./notify.ts";
import { hasCapabilityOver } from "./permission.ts";

const SETUID = 0o4000;
const SETGID = 0o2000;
const GROUP_EXECUTE = 0o010;
const DAY_NS = 86_400n * 1_000_000_000n;
const CAPABILITY_XATTR = "security.capability";

/**
 * Notes a read at `nowNs`. Only of filesystems in memory: an overlay would have to copy a file up for it,
 * and the kernel's leaves the layers' times alone as well.
 */
export function touchAccess({ mount, dentry }: Location, nowNs: bigint): void {
  const { filesystem } = dentry.superblock;
  if (filesystem.type !== "tmpfs" || mount.has(MountFlag.noAtime) || mount.has(MountFlag.readOnly)) return;
  const { atimeNs, mtimeNs, ctimeNs } = filesystem.attributes(dentry.node);
  if (atimeNs > mtimeNs && atimeNs > ctimeNs && nowNs - atimeNs < DAY_NS) return;
  filesystem.setAttributes(dentry.node, { atimeNs: nowNs, ctimeNs });
}

/** The mode without the bits that a change by somebody else must not leave. */
export function withoutPrivileges(attributes: Attributes, who: Credentials): number {
  const { mode, gid } = attributes;
  let kept = mode & ~SETUID;
  if ((mode & SETGID) === 0) return kept;
  const isForeign = !isInGroup(who, gid) && !hasCapabilityOver(who, Capability.CAP_FSETID, attributes);
  if ((mode & GROUP_EXECUTE) !== 0 || isForeign) kept &= ~SETGID;
  return kept;
}

/** Before contents change: the bits go, and file capabilities with them. */
export function removePrivileges(location: Location, who: Credentials): void {
  const { superblock, node } = location.dentry;
  const { filesystem } = superblock;
  const attributes = filesystem.attributes(node);
  const mode = withoutPrivileges(attributes, who);
  const isStripped = mode !== attributes.mode && !hasCapabilityOver(who, Capability.CAP_FSETID, attributes);
  if (isStripped) {
    filesystem.setAttributes(node, { mode });
    notify(location.dentry, IN_ATTRIB, false);
  }
  if (filesystem.getXattr(node, CAPABILITY_XATTR) !== undefined) filesystem.removeXattr(node, CAPABILITY_XATTR);
}

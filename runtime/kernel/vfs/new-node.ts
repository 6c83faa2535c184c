/** Owner and mode of something new (fs/inode.c: inode_init_owner; umask(2); set-group-ID directories). */
import type { Attributes, NodeInit, NodeType } from "../../../layers/fs/filesystem.ts";
import { Capability, isInGroup } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import { hasCapabilityOver } from "./permission.ts";

const SETGID = 0o2000;
const GROUP_EXECUTE = 0o010;
const PERMISSIONS = 0o7777;

export function newNodeInit(task: Task, directory: Attributes, type: NodeType, mode: number): NodeInit {
  const { credentials, filesystem } = task;
  const isInherited = (directory.mode & SETGID) !== 0;
  const gid = isInherited ? directory.gid : credentials.fsgid;
  let bits = mode & PERMISSIONS & (type === "symlink" ? PERMISSIONS : ~filesystem.umask);
  if (isInherited && type === "directory") bits |= SETGID;
  const isForeign = !isInGroup(credentials, gid) && !hasCapabilityOver(credentials, Capability.CAP_FSETID, directory);
  if (type !== "directory" && isForeign && (bits & (SETGID | GROUP_EXECUTE)) === (SETGID | GROUP_EXECUTE)) bits &= ~SETGID;
  return { type, mode: bits, uid: credentials.fsuid, gid };
}

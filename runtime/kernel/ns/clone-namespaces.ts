/**
 * The namespaces of a child or after unshare(2) (kernel/nsproxy.c: create_new_namespaces): a new one for each
 * CLONE_NEW flag, the same otherwise. One hard idea: a new user namespace comes first, and the others that are
 * made with it belong to it, which is how somebody without any power gets a container.
 */
import * as flag from "../abi/clone.ts";
import { Errno } from "../abi/errno.ts";
import { NetworkNamespace } from "../net/network-namespace.ts";
import { ALL_CAPABILITIES, Capability, hasOwnCapability } from "../task/credentials.ts";
import type { Credentials } from "../task/credentials.ts";
import { nextNamespaceInode, PidNamespace } from "../task/pid-namespace.ts";
import type { Task } from "../task/task.ts";
import type { Location } from "../vfs/mount.ts";
import { copyMountNamespace } from "./mount-tree.ts";
import { ownedBy } from "./namespace-owner.ts";
import type { Namespaces } from "./namespaces.ts";
import { fromKernelId, LEVELS_MAX, UserNamespace } from "./user-namespace.ts";

export const CLONE_NEW_ALL =
  flag.CLONE_NEWNS | flag.CLONE_NEWCGROUP | flag.CLONE_NEWUTS | flag.CLONE_NEWIPC | flag.CLONE_NEWUSER |
  flag.CLONE_NEWPID | flag.CLONE_NEWNET;
/** MAX_PID_NS_LEVEL. */
const PID_LEVELS_MAX = 32;

/** What clone and unshare change together. */
export interface NewNamespaces {
  readonly namespaces: Namespaces;
  readonly credentials: Credentials;
  /** Where a place of the old tree of mounts is now. */
  readonly translate: (location: Location) => Location;
}

/** Or -EPERM without CAP_SYS_ADMIN, -ENOSPC beyond the depth of nesting. */
export function cloneNamespaces(task: Task, flags: number): NewNamespaces | number {
  const { namespaces: old, credentials } = task;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const same = (location: Location): Location => location;
  if ((flags & CLONE_NEW_ALL) === 0) {
    const isMixed = old.pidForChildren !== task.pidNamespace && has(flag.CLONE_THREAD);
    return isMixed ? -Errno.EINVAL : { namespaces: old, credentials, translate: same };
  }
  const who = has(flag.CLONE_NEWUSER) ? inNewUserNamespace(task) : credentials;
  if (typeof who === "number") return who;
  const others = CLONE_NEW_ALL & ~flag.CLONE_NEWUSER;
  if (has(others) && !hasOwnCapability(who, Capability.CAP_SYS_ADMIN)) return -Errno.EPERM;
  if (has(flag.CLONE_NEWPID) && old.pidForChildren !== task.pidNamespace) return -Errno.EINVAL;
  if (has(flag.CLONE_NEWPID) && old.pidForChildren.level >= PID_LEVELS_MAX) return -Errno.ENOSPC;
  const owned = <Kind extends { readonly inode: number }>(kind: Kind): Kind => ownedBy(kind, who.user);
  const pids = (): PidNamespace => owned(new PidNamespace(old.pidForChildren));
  const mounts = has(flag.CLONE_NEWNS) ? copyMountNamespace(old.mount, who.user) : undefined;
  const namespaces: Namespaces = {
    ...old,
    pidForChildren: has(flag.CLONE_NEWPID) ? pids() : old.pidForChildren,
    mount: mounts?.namespace ?? old.mount,
    uts: has(flag.CLONE_NEWUTS) ? owned(old.uts.clone()) : old.uts,
    network: has(flag.CLONE_NEWNET) ? owned(new NetworkNamespace()) : old.network,
    ipc: has(flag.CLONE_NEWIPC) ? owned({ inode: nextNamespaceInode() }) : old.ipc,
    cgroup: has(flag.CLONE_NEWCGROUP) ? owned({ inode: nextNamespaceInode(), root: task.cgroup }) : old.cgroup,
  };
  return { namespaces, credentials: who, translate: mounts?.translate ?? same };
}

/** create_user_ns: every capability, in a namespace nobody has given numbers yet. */
function inNewUserNamespace(task: Task): Credentials | number {
  const { credentials: who, filesystem, namespaces } = task;
  const { user: parent } = who;
  if ((parent?.level ?? 0) > LEVELS_MAX) return -Errno.ENOSPC;
  const { root } = namespaces.mount;
  const { mount, dentry } = filesystem.root;
  const isChrooted = mount !== root || dentry !== root.root;
  if (isChrooted) return -Errno.EPERM;
  const isNobody =
    fromKernelId(parent?.uidMap, who.euid) === undefined || fromKernelId(parent?.gidMap, who.egid) === undefined;
  if (isNobody) return -Errno.EPERM;
  return withAllCapabilities(who, new UserNamespace(parent, who.euid, who.egid));
}

/** set_cred_user_ns. */
export function withAllCapabilities(who: Credentials, user: UserNamespace): Credentials {
  return {
    ...who,
    user,
    permitted: ALL_CAPABILITIES,
    effective: ALL_CAPABILITIES,
    bounding: ALL_CAPABILITIES,
    inheritable: 0n,
    ambient: 0n,
    secureBits: 0,
  };
}

/** The namespaces of a child or after unshare(2): a new one for each CLONE_NEW flag, the same otherwise. */
import * as flag from "../abi/clone.ts";
import { Errno } from "../abi/errno.ts";
import { NetworkNamespace } from "../net/network-namespace.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { nextNamespaceInode, PidNamespace } from "../task/pid-namespace.ts";
import type { Task } from "../task/task.ts";
import type { Namespaces } from "./namespaces.ts";

export const CLONE_NEW_ALL =
  flag.CLONE_NEWNS | flag.CLONE_NEWCGROUP | flag.CLONE_NEWUTS | flag.CLONE_NEWIPC | flag.CLONE_NEWUSER |
  flag.CLONE_NEWPID | flag.CLONE_NEWNET;

/** -EPERM without CAP_SYS_ADMIN; -ENOSYS for kinds that are not there yet (mount). */
export function cloneNamespaces(task: Task, flags: number): Namespaces | number {
  const old = task.namespaces;
  if ((flags & CLONE_NEW_ALL) === 0) {
    return old.pidForChildren === task.pidNamespace || (flags & flag.CLONE_THREAD) === 0 ? old : -Errno.EINVAL;
  }
  if (!hasCapability(task.credentials, Capability.CAP_SYS_ADMIN)) return -Errno.EPERM;
  if ((flags & flag.CLONE_NEWNS) !== 0) return -Errno.ENOSYS;
  const plain = (bit: number, same: { readonly inode: number }): { readonly inode: number } =>
    (flags & bit) === 0 ? same : { inode: nextNamespaceInode() };
  return {
    ...old,
    pidForChildren: (flags & flag.CLONE_NEWPID) === 0 ? old.pidForChildren : new PidNamespace(old.pidForChildren),
    uts: (flags & flag.CLONE_NEWUTS) === 0 ? old.uts : old.uts.clone(),
    network: (flags & flag.CLONE_NEWNET) === 0 ? old.network : new NetworkNamespace(),
    ipc: plain(flag.CLONE_NEWIPC, old.ipc),
    user: plain(flag.CLONE_NEWUSER, old.user),
    cgroup: plain(flag.CLONE_NEWCGROUP, old.cgroup),
  };
}

/**
 * setns(2): one namespace of a task exchanged for one that is there (kernel/nsproxy.c, and each kind's install).
 * Power is needed over both: over the namespace that is entered, and in the user namespace one comes with.
 */
import { Errno } from "../abi/errno.ts";
import { undoSemaphores } from "../ipc/semaphore-set.ts";
import { NetworkNamespace } from "../net/network-namespace.ts";
import { Capability, hasCapabilityIn, hasOwnCapability } from "../task/credentials.ts";
import { PidNamespace } from "../task/pid-namespace.ts";
import type { Task } from "../task/task.ts";
import { MountNamespace, topOf } from "../vfs/mount.ts";
import { withAllCapabilities } from "./clone-namespaces.ts";
import { hasCapabilityOverNamespace } from "./namespace-owner.ts";
import type { NamespaceKind, Namespaces } from "./namespaces.ts";
import { UtsNamespace } from "./namespaces.ts";
import { UserNamespace } from "./user-namespace.ts";

export interface NamespaceRef {
  readonly kind: NamespaceKind;
  readonly namespace: { readonly inode: number };
}

/** 0 or -errno; nothing has changed then. */
export function enterNamespace(task: Task, { kind, namespace }: NamespaceRef): number {
  if (kind === "user") return enterUser(task, namespace);
  const { credentials: who } = task;
  const isAllowed =
    hasCapabilityOverNamespace(who, Capability.CAP_SYS_ADMIN, namespace) &&
    hasOwnCapability(who, Capability.CAP_SYS_ADMIN);
  if (!isAllowed) return -Errno.EPERM;
  const changed = withNamespace(task, kind, namespace);
  if (typeof changed === "number") return changed;
  task.namespaces = changed;
  return 0;
}

function withNamespace(task: Task, kind: NamespaceKind, namespace: { readonly inode: number }): Namespaces | number {
  const { namespaces: old } = task;
  switch (kind) {
    case "mnt":
      return namespace instanceof MountNamespace ? enterMounts(task, namespace) : -Errno.EINVAL;
    case "pid":
      if (!(namespace instanceof PidNamespace) || !isBelow(namespace, task.pidNamespace)) return -Errno.EINVAL;
      return { ...old, pidForChildren: namespace };
    case "net":
      return namespace instanceof NetworkNamespace ? { ...old, network: namespace } : -Errno.EINVAL;
    case "uts":
      return namespace instanceof UtsNamespace ? { ...old, uts: namespace } : -Errno.EINVAL;
    case "ipc":
      undoSemaphores(task.process);
      return { ...old, ipc: namespace };
    case "cgroup":
      return { ...old, cgroup: namespace };
    default:
      return -Errno.EINVAL;
  }
}

function isBelow(namespace: PidNamespace, ancestor: PidNamespace): boolean {
  for (let at: PidNamespace | undefined = namespace; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}

function enterMounts(task: Task, namespace: MountNamespace): Namespaces | number {
  if (!hasOwnCapability(task.credentials, Capability.CAP_SYS_CHROOT)) return -Errno.EPERM;
  if (task.filesystem.isShared) return -Errno.EINVAL;
  const top = topOf({ mount: namespace.root, dentry: namespace.root.root });
  task.filesystem.root = top;
  task.filesystem.workingDirectory = top;
  return { ...task.namespaces, mount: namespace };
}

/** userns_install: not one's own again, not with threads around, not without power over it. */
function enterUser(task: Task, namespace: { readonly inode: number }): number {
  const { credentials: who, process, filesystem } = task;
  const user = namespace instanceof UserNamespace ? namespace : undefined;
  if (user === who.user || process.tasks.size > 1 || filesystem.isShared) return -Errno.EINVAL;
  if (user === undefined || !hasCapabilityIn(who, Capability.CAP_SYS_ADMIN, user)) return -Errno.EPERM;
  task.credentials = withAllCapabilities(who, user);
  return 0;
}

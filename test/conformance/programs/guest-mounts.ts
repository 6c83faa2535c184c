/** The namespaces of a case: those of a container, mounted as docker does, but with nothing masked. */
import type { Cgroup } from "../../../runtime/kernel/cgroup.ts";
import type { Kernel } from "../../../runtime/kernel/kernel.ts";
import { NetworkNamespace } from "../../../runtime/kernel/net/network-namespace.ts";
import { mountContainer } from "../../../runtime/kernel/ns/mount-container.ts";
import type { Namespaces } from "../../../runtime/kernel/ns/namespaces.ts";
import { UtsNamespace } from "../../../runtime/kernel/ns/namespaces.ts";
import { nextNamespaceInode, PidNamespace } from "../../../runtime/kernel/task/pid-namespace.ts";
import type { Superblock } from "../../../runtime/kernel/vfs/mount.ts";

const SHM_BYTES = 64 * 1024 * 1024;

export function namespacesOf(kernel: Kernel, root: Superblock, cgroup: Cgroup): Namespaces {
  const plain = (): { inode: number } => ({ inode: nextNamespaceInode() });
  const pids = new PidNamespace(kernel.rootPids);
  const network = NetworkNamespace.withLoopback();
  const mount = mountContainer(kernel, {
    root,
    pids,
    network,
    cgroup,
    shmBytes: SHM_BYTES,
    mounts: [],
    isPrivileged: true,
    maskedPaths: [],
    readOnlyPaths: [],
  });
  return {
    pidForChildren: pids,
    mount,
    uts: new UtsNamespace("test", "(none)"),
    network,
    ipc: plain(),
    user: plain(),
    cgroup: { inode: nextNamespaceInode(), root: cgroup },
  };
}

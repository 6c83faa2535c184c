/** What a container finds mounted besides its root, as the native run has it, and its namespaces. */
import { systemClock } from "../../../layers/base/clock.ts";
import type { NodeId } from "../../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../../layers/fs/memory.ts";
import type { Kernel } from "../../../runtime/kernel/kernel.ts";
import { procFilesystem } from "../../../runtime/kernel/fs/proc/proc.ts";
import { sysFilesystem } from "../../../runtime/kernel/fs/sysfs.ts";
import { NetworkNamespace } from "../../../runtime/kernel/net/network-namespace.ts";
import type { Namespaces } from "../../../runtime/kernel/ns/namespaces.ts";
import { UtsNamespace } from "../../../runtime/kernel/ns/namespaces.ts";
import { nextNamespaceInode, PidNamespace } from "../../../runtime/kernel/task/pid-namespace.ts";
import type { KernelFilesystem } from "../../../runtime/kernel/vfs/mount.ts";
import { Mount, MountNamespace } from "../../../runtime/kernel/vfs/mount.ts";
import { registerDevices } from "./guest-devices.ts";

export function containerMounts(kernel: Kernel, root: Mount, { pidForChildren, network }: Namespaces): void {
  registerDevices(kernel);
  const files = new MemoryFilesystem({ clock: systemClock });
  fillDev(files);
  mountAt(kernel, root, "dev", files, "tmpfs");
  mountAt(kernel, root, "proc", procFilesystem(kernel, pidForChildren), "proc");
  mountAt(kernel, root, "sys", sysFilesystem(kernel, network), "sysfs");
}

export function namespacesOf(kernel: Kernel, root: Mount): Namespaces {
  const plain = (): { inode: number } => ({ inode: nextNamespaceInode() });
  return {
    pidForChildren: new PidNamespace(kernel.rootPids),
    mount: new MountNamespace(root),
    uts: new UtsNamespace("test", "(none)"),
    network: NetworkNamespace.withLoopback(),
    ipc: plain(),
    user: plain(),
    cgroup: plain(),
  };
}

function mountAt(kernel: Kernel, root: Mount, name: string, files: KernelFilesystem, source: string): void {
  const dentry = root.root.child(name);
  if (dentry === undefined) throw new Error(`the tree has no /${name}`);
  const superblock = kernel.superblock(files, source);
  new Mount(superblock, superblock.root, 0).attach({ mount: root, dentry });
}

function fillDev(files: MemoryFilesystem): void {
  const device = (name: string, major: number, minor: number): NodeId =>
    files.create(files.root, name, {
      type: "character",
      mode: 0o666,
      uid: 0,
      gid: 0,
      rdev: { major, minor },
    });
  device("null", 1, 3);
  device("zero", 1, 5);
  device("full", 1, 7);
  device("random", 1, 8);
  device("urandom", 1, 9);
  device("tty", 5, 0);
  const link = (name: string, target: string): NodeId =>
    files.create(files.root, name, { type: "symlink", mode: 0o777, uid: 0, gid: 0, target });
  link("fd", "/proc/self/fd");
  link("stdin", "/proc/self/fd/0");
  link("stdout", "/proc/self/fd/1");
  link("stderr", "/proc/self/fd/2");
  files.create(files.root, "shm", { type: "directory", mode: 0o1777, uid: 0, gid: 0 });
}

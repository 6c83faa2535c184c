/**
 * The mounts of a container as docker asks runc for them (the defaults of the OCI runtime specification and
 * of moby's oci/defaults.go): /proc, /sys and the cgroup tree read-only, /dev, what the caller adds, and at
 * the end the paths that are masked or made read-only.
 */
import { MemoryFilesystem } from "../../../layers/fs/memory.ts";
import { isFsError } from "../../../layers/fs/errors.ts";
import type { Cgroup } from "../cgroup.ts";
import { cgroupFilesystem } from "../fs/cgroup/cgroupfs.ts";
import { procFilesystem } from "../fs/proc/proc.ts";
import { sysFilesystem } from "../fs/sysfs.ts";
import type { Kernel } from "../kernel.ts";
import type { NetworkNamespace } from "../net/network-namespace.ts";
import { KERNEL_CREDENTIALS } from "../task/credentials.ts";
import type { PidNamespace } from "../task/pid-namespace.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Dentry, Location, Superblock } from "../vfs/mount.ts";
import { Mount, MountFlag, MountNamespace, topOf } from "../vfs/mount.ts";
import { walk } from "../vfs/walk.ts";

/** Something mounted in the container, by the container's path. */
export interface ContainerMount {
  readonly path: string;
  readonly superblock: Superblock;
  /** The part of it that is shown; all unless given. */
  readonly root?: Dentry;
  /** MountFlag bits. */
  readonly flags: number;
}

export interface ContainerMounts {
  readonly root: Superblock;
  /** docker run --read-only. */
  readonly isRootReadOnly?: boolean;
  readonly pids: PidNamespace;
  readonly network: NetworkNamespace;
  readonly cgroup: Cgroup;
  /** In order, after /proc and /sys: /dev, /dev/pts, /dev/shm, /dev/mqueue, volumes, --tmpfs. */
  readonly mounts: readonly ContainerMount[];
  /** docker run --privileged: nothing masked, /proc/sys, /sys and cgroups writable. */
  readonly isPrivileged?: boolean;
}

const { readOnly, noSuid, noDevices, noExec, relAtime } = MountFlag;
const KERNEL_FLAGS = noSuid | noDevices | noExec;

/** moby/oci/defaults.go, as its documentation lists them. */
export const MASKED_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
export const READ_ONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Mounts everything; missing mount points are made in what lies below, as runc does. */
export function mountContainer(kernel: Kernel, request: ContainerMounts): MountNamespace {
  const { root, pids, network, cgroup, isPrivileged = false } = request;
  const rootMount = new Mount(root, root.root, relAtime);
  const namespace = new MountNamespace(rootMount);
  const top: Location = { mount: rootMount, dentry: rootMount.root };
  const writability = isPrivileged ? 0 : readOnly;
  const proc = kernel.superblock(procFilesystem(kernel, pids), "proc");
  mountAt(top, { path: "/proc", superblock: proc, flags: KERNEL_FLAGS | relAtime });
  const sys = kernel.superblock(sysFilesystem(kernel, network), "sysfs");
  mountAt(top, { path: "/sys", superblock: sys, flags: KERNEL_FLAGS | relAtime | writability });
  const groups = kernel.superblock(cgroupFilesystem(kernel, cgroup), "cgroup");
  mountAt(top, { path: "/sys/fs/cgroup", superblock: groups, flags: KERNEL_FLAGS | relAtime | writability });
  for (const mount of request.mounts) mountAt(top, mount);
  if (!isPrivileged) restrict(kernel, top);
  if (request.isRootReadOnly === true) rootMount.flags |= readOnly;
  return namespace;
}

/** Mounts at a path below `top`, making the directory or file it goes on. Throws SyscallError, FsError. */
export function mountAt(
  top: Location,
  { path, superblock, root = superblock.root, flags }: ContainerMount,
): Mount {
  const isDirectory = superblock.filesystem.attributes(root.node).type === "directory";
  const at = ensure(top, path, isDirectory);
  const mount = new Mount(superblock, root, flags);
  mount.attach(at);
  return mount;
}

function find(top: Location, path: string): Location | undefined {
  try {
    return walk(path, { start: top, root: top, who: KERNEL_CREDENTIALS, isLastFollowed: true }).location;
  } catch (thrown) {
    if (thrown instanceof SyscallError || isFsError(thrown)) return undefined;
    throw thrown;
  }
}

/** The place at `path`, made where it is missing; links in the image lead inside the container only. */
function ensure(top: Location, path: string, isDirectory: boolean): Location {
  const names = path.split("/").filter((name) => name !== "");
  let at = topOf(top);
  let done = "";
  names.forEach((name, index) => {
    done += `/${name}`;
    const found = walk(done, { start: top, root: top, who: KERNEL_CREDENTIALS, isLastFollowed: true });
    if (found.location !== undefined) {
      at = found.location;
      return;
    }
    const { mount, dentry } = found.parent;
    const type = isDirectory || index < names.length - 1 ? "directory" : "file";
    const node = dentry.superblock.filesystem.create(dentry.node, found.name, {
      type,
      mode: 0o755,
      uid: 0,
      gid: 0,
    });
    at = { mount, dentry: dentry.adopt(found.name, node) };
  });
  return at;
}

function restrict(kernel: Kernel, top: Location): void {
  for (const path of READ_ONLY_PATHS) {
    const at = find(top, path);
    if (at === undefined) continue;
    const mount = new Mount(at.dentry.superblock, at.dentry, at.mount.flags | readOnly);
    mount.attach(at);
  }
  const nothing = find(top, "/dev/null");
  const emptyDirectory = kernel.superblock(new MemoryFilesystem({ clock: kernel.clock }), "tmpfs");
  for (const path of MASKED_PATHS) {
    const at = find(top, path);
    if (at === undefined) continue;
    const { filesystem } = at.dentry.superblock;
    const isDirectory = filesystem.attributes(at.dentry.node).type === "directory";
    const source = isDirectory
      ? { superblock: emptyDirectory, dentry: emptyDirectory.root, flags: readOnly | relAtime }
      : maskOf(nothing);
    if (source !== undefined) new Mount(source.superblock, source.dentry, source.flags).attach(at);
  }
}

function maskOf(
  nothing: Location | undefined,
): { superblock: Superblock; dentry: Dentry; flags: number } | undefined {
  if (nothing === undefined) return undefined;
  return { superblock: nothing.dentry.superblock, dentry: nothing.dentry, flags: nothing.mount.flags };
}

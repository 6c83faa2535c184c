/**
 * The mounts of a container as docker asks runc for them (the defaults of the OCI runtime specification and
 * of moby's oci/defaults.go): /proc, /sys and the cgroup tree read-only, /dev, what the caller adds, and at
 * the end the paths that are masked or made read-only.
 */
import { isFsError } from "../../../layers/fs/errors.ts";
import type { Cgroup } from "../cgroup.ts";
import { cgroupFilesystem } from "../fs/cgroup/cgroupfs.ts";
import { procFilesystem } from "../fs/proc/proc.ts";
import { sysFilesystem } from "../fs/sysfs.ts";
import { Tmpfs } from "../fs/tmpfs.ts";
import type { Kernel } from "../kernel.ts";
import type { NetworkNamespace } from "../net/network-namespace.ts";
import { KERNEL_CREDENTIALS } from "../task/credentials.ts";
import { queuesOf } from "../ipc/mqueue-filesystem.ts";
import type { PlainNamespace } from "./namespaces.ts";
import type { PidNamespace } from "../task/pid-namespace.ts";
import { nextNamespaceInode } from "../task/pid-namespace.ts";
import { SyscallError } from "../task/syscall-error.ts";
import { DevptsFilesystem } from "../tty/devpts.ts";
import type { Dentry, Location, Superblock } from "../vfs/mount.ts";
import { Mount, MountFlag, MountNamespace, topOf } from "../vfs/mount.ts";
import { walk } from "../vfs/walk.ts";
import type { DeviceNode } from "./container-devices.ts";
import { containerDevices } from "./container-devices.ts";

/** Something mounted in the container, by the container's path. */
export interface ContainerMount {
  readonly path: string;
  readonly superblock: Superblock;
  /** The part of it that is shown; all unless given. */
  readonly root?: Dentry;
  /** MountFlag bits. */
  readonly flags: number;
}

/** A mount point the image lacks, made in what lies below. */
export interface MadeEntry {
  readonly parent: Dentry;
  readonly name: string;
  readonly isDirectory: boolean;
}

export interface ContainerMounts {
  readonly root: Superblock;
  /** docker run --read-only. */
  readonly isRootReadOnly?: boolean;
  readonly pids: PidNamespace;
  readonly network: NetworkNamespace;
  readonly cgroup: Cgroup;
  /** Whose message queues /dev/mqueue shows; nobody's unless given. */
  readonly ipc?: PlainNamespace;
  /** docker run --shm-size; absent: no /dev/shm (--ipc none). */
  readonly shmBytes?: number;
  /** /dev/shm itself, where it is another container's too. */
  readonly shm?: Superblock;
  /**
   * Over the defaults, in order: the engine's files, volumes, --tmpfs. One that has the path of a default takes
   * its place, and one at /dev that of everything below.
   */
  readonly mounts: readonly ContainerMount[];
  /** docker run --device: in /dev, besides what is always there; a name there or a path below. */
  readonly devices?: readonly DeviceNode[];
  /** docker run --privileged: /sys and cgroups are writable. */
  readonly isPrivileged?: boolean;
  /** Hidden, and not to be written: which is the caller's to know. None unless given. */
  readonly maskedPaths?: readonly string[];
  readonly readOnlyPaths?: readonly string[];
  readonly onMade?: (entry: MadeEntry) => void;
}

const { readOnly, noSuid, noDevices, noExec, relAtime } = MountFlag;
const KERNEL_FLAGS = noSuid | noDevices | noExec | relAtime;

/** What docker asks for: anybody may make a terminal, and group tty may write to all. */
const DEVPTS_OPTIONS = "newinstance,ptmxmode=0666,mode=0620,gid=5";

/** Mounts everything; missing mount points are made in what lies below, as runc does. */
export function mountContainer(kernel: Kernel, request: ContainerMounts): MountNamespace {
  const { root, mounts, maskedPaths = [], readOnlyPaths = [] } = request;
  const rootMount = new Mount(root, root.root, relAtime);
  const namespace = new MountNamespace(rootMount);
  const top: Location = { mount: rootMount, dentry: rootMount.root };
  const isReplaced = ({ path }: ContainerMount): boolean =>
    mounts.some((mount) => mount.path === path || (mount.path === "/dev" && path.startsWith("/dev/")));
  const defaults = defaultMounts(kernel, request).filter((mount) => !isReplaced(mount));
  for (const mount of [...defaults, ...mounts]) mountAt(top, mount, request.onMade);
  for (const path of readOnlyPaths) makeReadOnly(top, path);
  maskPaths(kernel, top, maskedPaths);
  if (request.isRootReadOnly === true) rootMount.flags |= readOnly;
  return namespace;
}

function defaultMounts(kernel: Kernel, request: ContainerMounts): readonly ContainerMount[] {
  const { pids, network, cgroup, shmBytes } = request;
  const writability = request.isPrivileged === true ? 0 : readOnly;
  const terminals = new DevptsFilesystem(kernel, DEVPTS_OPTIONS);
  const queues = queuesOf(kernel, request.ipc ?? { inode: nextNamespaceInode() }).root.superblock;
  const list: ContainerMount[] = [
    { path: "/proc", superblock: kernel.superblock(procFilesystem(kernel, pids), "proc"), flags: KERNEL_FLAGS },
    { path: "/dev", superblock: containerDevices(kernel, request.devices), flags: noSuid },
    { path: "/dev/pts", superblock: kernel.superblock(terminals, "devpts"), flags: noSuid | noExec | relAtime },
  ];
  list.push(
    {
      path: "/sys",
      superblock: kernel.superblock(sysFilesystem(kernel, network), "sysfs"),
      flags: KERNEL_FLAGS | writability,
    },
    {
      path: "/sys/fs/cgroup",
      superblock: kernel.superblock(cgroupFilesystem(kernel, cgroup), "cgroup"),
      flags: KERNEL_FLAGS | writability,
    },
    { path: "/dev/mqueue", superblock: queues, flags: KERNEL_FLAGS },
  );
  const shm =
    shmBytes === undefined ? request.shm : kernel.superblock(new Tmpfs(kernel, { sizeBytes: shmBytes }), "shm");
  if (shm !== undefined) list.push({ path: "/dev/shm", superblock: shm, flags: KERNEL_FLAGS });
  return list;
}

/** Mounts at a path below `top`, making the directory or file it goes on. Throws SyscallError, FsError. */
export function mountAt(
  top: Location,
  { path, superblock, root = superblock.root, flags }: ContainerMount,
  onMade?: (entry: MadeEntry) => void,
): Mount {
  const isDirectory = superblock.filesystem.attributes(root.node).type === "directory";
  const at = ensure(top, path, isDirectory, onMade);
  const mount = new Mount(superblock, root, flags);
  mount.attach(at);
  return mount;
}

/** The place at `path`, or undefined. */
export function findIn(top: Location, path: string): Location | undefined {
  try {
    return walk(path, { start: top, root: top, who: KERNEL_CREDENTIALS, isLastFollowed: true }).location;
  } catch (thrown) {
    if (thrown instanceof SyscallError || isFsError(thrown)) return undefined;
    throw thrown;
  }
}

/** The place at `path`, made where it is missing; links in the image lead inside the container only. */
function ensure(
  top: Location,
  path: string,
  isDirectory: boolean,
  onMade?: (entry: MadeEntry) => void,
): Location {
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
      mode: type === "directory" ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
    });
    if (mount === top.mount) onMade?.({ parent: dentry, name: found.name, isDirectory: type === "directory" });
    at = { mount, dentry: dentry.adopt(found.name, node) };
  });
  return at;
}

function makeReadOnly(top: Location, path: string): void {
  const at = findIn(top, path);
  if (at !== undefined) new Mount(at.dentry.superblock, at.dentry, at.mount.flags | readOnly).attach(at);
}

/** Hides directories behind an empty one, files behind /dev/null. */
function maskPaths(kernel: Kernel, top: Location, paths: readonly string[]): void {
  const nothing = findIn(top, "/dev/null");
  for (const path of paths) {
    const at = findIn(top, path);
    if (at === undefined) continue;
    const { filesystem } = at.dentry.superblock;
    if (filesystem.attributes(at.dentry.node).type === "directory") {
      const empty = kernel.superblock(new Tmpfs(kernel, {}), "tmpfs");
      new Mount(empty, empty.root, readOnly | relAtime).attach(at);
    } else if (nothing !== undefined) {
      const { mount, dentry } = nothing;
      new Mount(dentry.superblock, dentry, mount.flags).attach(at);
    }
  }
}

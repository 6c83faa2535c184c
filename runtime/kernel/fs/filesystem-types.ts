/** The filesystems of the kernel's own that mount(2) can make: tmpfs, proc, sysfs, devpts, cgroup2, mqueue. */
import { Errno } from "../abi/errno.ts";
import type { Kernel } from "../kernel.ts";
import { queuesOf } from "../ipc/mqueue-filesystem.ts";
import { ownerOf } from "../ns/namespace-owner.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FilesystemType } from "../vfs/filesystem-type.ts";
import { DevptsFilesystem } from "../tty/devpts.ts";
import { cgroupFilesystem } from "./cgroup/cgroupfs.ts";
import { procFilesystem } from "./proc/proc.ts";
import { sysFilesystem } from "./sysfs.ts";
import { parseTmpfsOptions, Tmpfs, TMPFS_OPTIONS } from "./tmpfs.ts";

/** What of an option of tmpfs is wrong. */
function checkMemoryOption(option: string, { kernel, credentials }: Task): "unknown" | "bad" | undefined {
  try {
    parseTmpfsOptions(kernel, option, credentials.user);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof SyscallError)) throw thrown;
    const [name = ""] = option.split("=");
    return TMPFS_OPTIONS.includes(name) ? "bad" : "unknown";
  }
}

/** EINVAL for every word that is not in `known`. */
function requireKnown(data: string, known: readonly string[] = []): void {
  for (const word of data.split(",")) {
    if (word !== "" && !known.includes(word)) throw new SyscallError(Errno.EINVAL);
  }
}

function memoryType(name: string): FilesystemType {
  return {
    name,
    owner: ({ credentials }) => credentials.user,
    check: checkMemoryOption,
    mount: ({ task: { kernel, credentials }, source, data }) => {
      const options = parseTmpfsOptions(kernel, data, credentials.user);
      const { fsuid: uid, fsgid: gid } = credentials;
      return kernel.superblock(new Tmpfs(kernel, { uid, gid, ...options }), source);
    },
    reconfigure: ({ filesystem }, data, { kernel }) => {
      if (filesystem instanceof Tmpfs) filesystem.reconfigure(parseTmpfsOptions(kernel, data));
    },
  };
}

const TYPES: readonly FilesystemType[] = [
  {
    name: "sysfs",
    owner: ({ namespaces }) => ownerOf(namespaces.network),
    check: () => "unknown",
    isRevealing: true,
    mount: ({ task: { kernel, namespaces }, source, data }) => {
      requireKnown(data);
      return kernel.superblock(sysFilesystem(kernel, namespaces.network), source);
    },
  },
  memoryType("tmpfs"),
  {
    name: "proc",
    owner: ({ pidNamespace }) => ownerOf(pidNamespace),
    check: () => "unknown",
    isRevealing: true,
    mount: ({ task: { kernel, pidNamespace }, source, data }) => {
      requireKnown(data);
      return kernel.superblock(procFilesystem(kernel, pidNamespace), source);
    },
  },
  {
    name: "devpts",
    owner: ({ credentials }) => credentials.user,
    mount: ({ task: { kernel }, source, data }) => kernel.superblock(new DevptsFilesystem(kernel, data), source),
  },
  {
    name: "cgroup2",
    owner: ({ namespaces }) => ownerOf(namespaces.cgroup),
    mount: ({ task: { kernel, namespaces }, source, data }) => {
      requireKnown(data, ["nsdelegate", "memory_recursiveprot"]);
      return kernel.superblock(cgroupFilesystem(kernel, namespaces.cgroup.root ?? kernel.rootCgroup), source);
    },
  },
  {
    name: "mqueue",
    owner: ({ namespaces }) => ownerOf(namespaces.ipc),
    check: () => "unknown",
    mount: ({ task: { kernel, namespaces }, data }) => {
      requireKnown(data);
      return queuesOf(kernel, namespaces.ipc).root.superblock;
    },
  },
];

export function registerFilesystemTypes({ filesystemTypes }: Kernel): void {
  for (const type of TYPES) filesystemTypes.set(type.name, type);
}

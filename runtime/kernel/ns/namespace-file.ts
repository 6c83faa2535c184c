/**
 * Namespaces as files (nsfs): what /proc/pid/ns/* leads to and setns(2) takes. A namespace lives as long as
 * somebody is in it or holds such a file; here that follows from references of the language.
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_RDONLY } from "../abi/fcntl.ts";
import * as flag from "../abi/clone.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import type { NamespaceKind } from "./namespaces.ts";

/** linux/nsfs.h. */
const NS_GET_NSTYPE = 0xb703;
/** Device of nsfs, the same for every file of it. */
const NSFS_DEVICE = 4;

export const CLONE_FLAG_OF: Readonly<Record<NamespaceKind, number>> = {
  mnt: flag.CLONE_NEWNS, uts: flag.CLONE_NEWUTS, ipc: flag.CLONE_NEWIPC, user: flag.CLONE_NEWUSER, pid: flag.CLONE_NEWPID,
  net: flag.CLONE_NEWNET, cgroup: flag.CLONE_NEWCGROUP,
};

export class NamespaceFile extends FileDescription {
  readonly kind: NamespaceKind;
  /** The namespace object itself: setns puts it into the set of the caller. */
  readonly namespace: { readonly inode: number };
  readonly #bornNs: bigint;

  constructor(kernel: Kernel, kind: NamespaceKind, namespace: { readonly inode: number }) {
    super(O_RDONLY);
    this.kind = kind;
    this.namespace = namespace;
    this.#bornNs = kernel.bootNs;
  }

  get label(): string {
    return `${this.kind}:[${this.namespace.inode}]`;
  }

  override ioctl(request: number, _argument: number, _task: Task): Result {
    return request === NS_GET_NSTYPE ? CLONE_FLAG_OF[this.kind] : -Errno.ENOTTY;
  }

  override status(): Status {
    return { device: NSFS_DEVICE, attributes: namespaceAttributes(this.namespace.inode, this.#bornNs) };
  }
}

export function namespaceAttributes(ino: number, timeNs: bigint): Attributes {
  return {
    ino, type: "file", mode: 0o444, nlink: 1, uid: 0, gid: 0, rdev: { major: 0, minor: 0 }, sizeBytes: 0, allocatedBytes: 0,
    atimeNs: timeNs, mtimeNs: timeNs, ctimeNs: timeNs,
  };
}

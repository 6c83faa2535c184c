/**
 * Namespaces as files (nsfs): what /proc/pid/ns/* leads to and setns(2) takes. A namespace lives as long as
 * somebody is in it or holds such a file; here that follows from references of the language.
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_CLOEXEC, O_RDONLY } from "../abi/fcntl.ts";
import * as flag from "../abi/clone.ts";
import type { Kernel } from "../kernel.ts";
import { newDescriptor } from "../syscalls/new-descriptor.ts";
import { shownUid } from "../task/credentials.ts";
import { PidNamespace } from "../task/pid-namespace.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import { ownerOf } from "./namespace-owner.ts";
import type { NamespaceKind } from "./namespaces.ts";
import { isWithin, UserNamespace } from "./user-namespace.ts";

/** linux/nsfs.h. */
const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
const NS_GET_OWNER_UID = 0xb704;
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

  override ioctl(request: number, argument: number, task: Task): Result {
    switch (request) {
      case NS_GET_NSTYPE:
        return CLONE_FLAG_OF[this.kind];
      case NS_GET_USERNS:
        return this.#openUser(task, this.#owner);
      case NS_GET_PARENT:
        return this.#openParent(task);
      case NS_GET_OWNER_UID:
        if (this.kind !== "user") return -Errno.EINVAL;
        task.memory.writeU32(argument, shownUid(task.credentials, this.#asUser?.ownerUid ?? 0));
        return 0;
      default:
        return -Errno.ENOTTY;
    }
  }

  get #asUser(): UserNamespace | undefined {
    return this.namespace instanceof UserNamespace ? this.namespace : undefined;
  }

  get #owner(): UserNamespace | undefined {
    return this.kind === "user" ? this.#asUser?.parent : ownerOf(this.namespace);
  }

  /** EPERM for what lies outside of the caller's own user namespace. */
  #openUser(task: Task, user: UserNamespace | undefined): number {
    const isAbove = this.kind === "user" && this.#asUser === undefined;
    if (isAbove || !isWithin(user, task.credentials.user)) return -Errno.EPERM;
    return this.#open(task, "user", user ?? task.namespaces.user);
  }

  #openParent(task: Task): number {
    if (this.kind === "user") return this.#openUser(task, this.#owner);
    if (!(this.namespace instanceof PidNamespace)) return -Errno.EINVAL;
    const { parent } = this.namespace;
    let at = parent;
    while (at !== undefined && at !== task.pidNamespace) at = at.parent;
    return parent === undefined || at === undefined ? -Errno.EPERM : this.#open(task, "pid", parent);
  }

  #open(task: Task, kind: NamespaceKind, namespace: { readonly inode: number }): number {
    return newDescriptor(task, new NamespaceFile(task.kernel, kind, namespace), O_CLOEXEC);
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

/**
 * namespaces(7): the set a task sees (struct nsproxy), immutable, replaced as a whole by unshare and setns.
 * The pid namespace of *children* is kept here; the task's own never changes.
 */
import type { Cgroup } from "../cgroup.ts";
import type { NetworkNamespace } from "../net/network-namespace.ts";
import type { PidNamespace } from "../task/pid-namespace.ts";
import { nextNamespaceInode } from "../task/pid-namespace.ts";
import type { MountNamespace } from "../vfs/mount.ts";

/** hostname and domainname: sethostname(2). */
export class UtsNamespace {
  readonly inode = nextNamespaceInode();
  hostname: string;
  domainname: string;

  constructor(hostname: string, domainname: string) {
    this.hostname = hostname;
    this.domainname = domainname;
  }

  clone(): UtsNamespace {
    return new UtsNamespace(this.hostname, this.domainname);
  }
}

/** A namespace of which only the identity counts so far. */
export interface PlainNamespace {
  readonly inode: number;
}

/** Whose cgroup is shown as "/": undefined shows the whole tree. */
export interface CgroupNamespace extends PlainNamespace {
  readonly root?: Cgroup;
}

/** The names of /proc/pid/ns. */
export type NamespaceKind = "cgroup" | "ipc" | "mnt" | "net" | "pid" | "user" | "uts";

export interface Namespaces {
  readonly pidForChildren: PidNamespace;
  readonly mount: MountNamespace;
  readonly uts: UtsNamespace;
  readonly network: NetworkNamespace;
  readonly ipc: PlainNamespace;
  readonly user: PlainNamespace;
  readonly cgroup: CgroupNamespace;
}

/**
 * Superblocks, dentries and mounts. One hard idea: a place in the tree is a pair (mount, dentry), because
 * the same directory may be seen through several mounts; dentries know their parents, so that ".." and
 * getcwd need no help from the filesystem, and a renamed directory takes everybody inside along.
 *
 * Dentries are made when walked through and kept while their filesystem is mounted; names of volatile
 * filesystems (proc) are looked up each time.
 */
import { assert } from "../../../layers/base/assert.ts";
import type { Filesystem, NodeId } from "../../../layers/fs/filesystem.ts";
import { nextNamespaceInode } from "../task/pid-namespace.ts";
import type { UserNamespace } from "../ns/user-namespace.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import type { Disk } from "./disk.ts";
import type { FileDescription } from "./file-description.ts";
import { Inode } from "./inode.ts";
import { notifyEnded } from "./notify.ts";

/** What a filesystem of the kernel itself can do beyond bytes. */
export interface KernelFilesystem extends Filesystem {
  /** Names come and go by themselves (proc): dentries are not trusted. */
  readonly isVolatile?: boolean;
  /** Opens a node whose content is not bytes; undefined opens it like any file. Or -errno. */
  open?(node: NodeId, flags: number, task: Task, location: Location): FileDescription | number | undefined;
  /** What /proc/mounts shows behind the flags of the mount: ",size=65536k". */
  showOptions?(): string;
  /** Where a magic link (/proc/self/fd/1, /proc/self/exe) leads, without a path; -errno; undefined for others. */
  follow?(node: NodeId, task: Task): Location | number | undefined;
  /** Open to whoever asks now, whatever its mode: a process' own descriptors (proc_fd_permission). */
  isOwn?(node: NodeId): boolean;
  /** Whose directory it is (/proc/<pid>): pidfd_send_signal takes that for a pidfd. */
  processOf?(node: NodeId): Process | undefined;
}

/** MS_ flags a mount keeps: sys/mount.h. */
export const MountFlag = {
  readOnly: 1,
  noSuid: 2,
  noDevices: 4,
  noExec: 8,
  noSymlinks: 256,
  noAtime: 1024,
  noDirectoryAtime: 2048,
  relAtime: 1 << 21,
} as const;

export class Superblock {
  readonly filesystem: KernelFilesystem;
  /** st_dev: minor number of an unnamed device. */
  readonly device: number;
  readonly root: Dentry;
  /** What /proc/mounts shows as the device. */
  readonly source: string;
  /** Where its bytes are kept; undefined for what lives in memory. */
  readonly disk: Disk | undefined;
  /** Mounted read-only (MS_RDONLY), as mount(2) with MS_REMOUNT may change it. */
  isShut = false;
  /** Counted up when somebody outside has changed names (docker cp): all are asked anew, once. */
  namesVersion = 0;
  /** A layer of an overlay: names in it come and go by themselves. */
  isLayer = false;
  /** s_user_ns: in which user namespace it was mounted; undefined is the first. */
  owner: UserNamespace | undefined;
  /** How many inotify watches there are in it: none is the fast path of every notification. */
  watches = 0;
  /** Counts changes of owners and modes: who has looked at them may remember what they said. */
  attributesVersion = 0;
  readonly #inodes = new Map<NodeId, Inode>();

  constructor(filesystem: KernelFilesystem, device: number, source: string, disk?: Disk) {
    this.filesystem = filesystem;
    this.device = device;
    this.source = source;
    this.disk = disk;
    this.root = new Dentry(this, undefined, "", filesystem.root);
  }

  get isReadOnly(): boolean {
    return this.isShut || this.filesystem.isReadOnly;
  }

  /** What the kernel remembers of a node; made when there is nothing yet. Ends with `settle`. */
  inode(node: NodeId): Inode {
    let inode = this.#inodes.get(node);
    if (inode === undefined) this.#inodes.set(node, (inode = new Inode(node)));
    return inode;
  }

  knownInode(node: NodeId): Inode | undefined {
    return this.#inodes.get(node);
  }

  /** A file is open on the node: it lives until `closeInode`. */
  openInode(node: NodeId): Inode {
    this.filesystem.acquire(node);
    const inode = this.inode(node);
    inode.opens += 1;
    return inode;
  }

  closeInode(inode: Inode): void {
    inode.opens -= 1;
    if (inode.opens === 0 && inode.isGone) notifyEnded(this, inode.node);
    this.settle(inode);
    this.filesystem.release(inode.node);
  }

  /** Forgets the record when nobody needs it. */
  settle(inode: Inode): void {
    if (inode.isIdle) this.#inodes.delete(inode.node);
  }

  /** The node has lost its last name. */
  nodeGone(node: NodeId): void {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return;
    inode.isGone = true;
    if (inode.opens === 0) notifyEnded(this, node);
  }
}

export class Dentry {
  readonly superblock: Superblock;
  #parent: Dentry | undefined;
  #name: string;
  readonly node: NodeId;
  readonly #children = new Map<string, Dentry>();
  /** What `namesVersion` was when its name was last asked for. */
  #version: number;
  #isUnlinked = false;

  constructor(superblock: Superblock, parent: Dentry | undefined, name: string, node: NodeId) {
    this.superblock = superblock;
    this.#parent = parent;
    this.#name = name;
    this.node = node;
    this.#version = superblock.namesVersion;
  }

  get parent(): Dentry | undefined {
    return this.#parent;
  }

  get name(): string {
    return this.#name;
  }

  /** Its last name in this place is gone: shown as " (deleted)". */
  get isUnlinked(): boolean {
    return this.#isUnlinked || (this.#parent?.isUnlinked ?? false);
  }

  /** The child `name`, or undefined. ENOTDIR, ENAMETOOLONG as the filesystem says. */
  child(name: string): Dentry | undefined {
    const { filesystem } = this.superblock;
    const known = this.#children.get(name);
    const { isLayer, namesVersion } = this.superblock;
    const isTrusted = filesystem.isVolatile !== true && !isLayer;
    if (known !== undefined && isTrusted && known.#version === namesVersion) return known;
    const node = filesystem.lookup(this.node, name);
    if (node === undefined) return undefined;
    if (known?.node === node) {
      known.#version = namesVersion;
      return known;
    }
    return this.adopt(name, node);
  }

  /** Notes that `node` is now called `name` here. */
  adopt(name: string, node: NodeId): Dentry {
    const child = new Dentry(this.superblock, this, name, node);
    this.#children.set(name, child);
    return child;
  }

  /** The name `name` of this directory was removed. */
  forget(name: string): void {
    const child = this.#children.get(name);
    if (child === undefined) return;
    child.#isUnlinked = true;
    this.#children.delete(name);
  }

  /** `name` of this directory is now `toName` of `to`; what was there is gone. */
  moved(name: string, to: Dentry, toName: string): void {
    const child = this.#children.get(name);
    this.#children.delete(name);
    to.forget(toName);
    if (child === undefined) return;
    child.#parent = to;
    child.#name = toName;
    to.#children.set(toName, child);
  }

  /** Two names have changed places (RENAME_EXCHANGE). */
  exchanged(name: string, other: Dentry, otherName: string): void {
    const [first, second] = [this.#children.get(name), other.#children.get(otherName)];
    this.#children.delete(name);
    other.#children.delete(otherName);
    if (first !== undefined) other.#attach(otherName, first);
    if (second !== undefined) this.#attach(name, second);
  }

  #attach(name: string, child: Dentry): void {
    child.#parent = this;
    child.#name = name;
    this.#children.set(name, child);
  }
}

/** struct path. */
export interface Location {
  readonly mount: Mount;
  readonly dentry: Dentry;
}

let lastMountId = 0;

export class Mount {
  readonly id: number;
  readonly superblock: Superblock;
  /** What is seen at the mount point: the filesystem's root, or a part of it (bind mounts). */
  readonly root: Dentry;
  flags: number;
  /** Where it is mounted; undefined for the root of a namespace. */
  mountpoint: Location | undefined;
  readonly children = new Map<Dentry, Mount>();
  /** Came from a mount namespace of more power: cannot be taken from what it covers, nor its flags loosened. */
  isLocked = false;
  lockedFlags = 0;
  /** Made by fsmount or open_tree and hung nowhere yet. */
  isDetached = false;

  constructor(superblock: Superblock, root: Dentry, flags: number) {
    lastMountId += 1;
    this.id = lastMountId;
    this.superblock = superblock;
    this.root = root;
    this.flags = flags;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  attach(at: Location): void {
    assert(this.mountpoint === undefined, "a mount is attached once");
    this.isDetached = false;
    this.mountpoint = at;
    at.mount.children.set(at.dentry, this);
  }

  detach(): void {
    this.mountpoint?.mount.children.delete(this.mountpoint.dentry);
    this.mountpoint = undefined;
  }
}

/** mnt namespace: the tree of mounts under one root. */
export class MountNamespace {
  readonly inode = nextNamespaceInode();
  /** Replaced by pivot_root. */
  root: Mount;
  /** Number of what the root is mounted on (rootfs): mountinfo shows it, nobody sees it. */
  readonly rootfsId: number;

  constructor(root: Mount) {
    this.root = root;
    lastMountId += 1;
    this.rootfsId = lastMountId;
  }

  /** All mounts, parents first. */
  mounts(): readonly Mount[] {
    const found: Mount[] = [];
    const visit = (mount: Mount): void => {
      found.push(mount);
      for (const child of mount.children.values()) visit(child);
    };
    visit(this.root);
    return found;
  }
}

/** The top of what is mounted on a location. */
export function topOf(location: Location): Location {
  let at = location;
  for (;;) {
    const mounted = at.mount.children.get(at.dentry);
    if (mounted === undefined) return at;
    at = { mount: mounted, dentry: mounted.root };
  }
}

/** The directory above, not beyond `root`; through mount points. */
export function parentOf(location: Location, root: Location): Location {
  let at = location;
  while (at.dentry === at.mount.root) {
    if (at.dentry === root.dentry && at.mount === root.mount) return at;
    if (at.mount.mountpoint === undefined) return at;
    at = at.mount.mountpoint;
  }
  if (at.dentry === root.dentry && at.mount === root.mount) return at;
  return topOf({ mount: at.mount, dentry: at.dentry.parent ?? at.dentry });
}

/** Absolute path as seen from `root`: d_path. Undefined when it cannot be reached from there. */
export function pathOf(location: Location, root: Location): string | undefined {
  const names: string[] = [];
  let { mount, dentry } = location;
  while (dentry !== root.dentry || mount !== root.mount) {
    if (dentry === mount.root) {
      if (mount.mountpoint === undefined) return undefined;
      ({ mount, dentry } = mount.mountpoint);
      continue;
    }
    names.push(dentry.name);
    if (dentry.parent === undefined) return undefined;
    dentry = dentry.parent;
  }
  return `/${names.reverse().join("/")}`;
}

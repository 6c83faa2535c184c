/**
 * Filesystems whose files are answers of the kernel: proc, sysfs, cgroup2 (as fs/proc/generic.c, fs/kernfs).
 * One hard idea: a node is an object that says what it is when asked; the same object always has the same
 * inode number, so whoever builds nodes keeps those that shall stay the same (a mount point, a directory
 * somebody is in), and everything else may come and go.
 */
import { FsError } from "../../../layers/fs/errors.ts";
import type {
  Attributes,
  DirectoryEntry,
  FilesystemUsage,
  NodeId,
  NodeType,
} from "../../../layers/fs/filesystem.ts";
import type { Kernel } from "../kernel.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { KernelFilesystem, Location } from "../vfs/mount.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { GeneratedFile } from "./generated-file.ts";
import { MadeFilesystem } from "./made-filesystem.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What every node can be asked. `task` is who asks; undefined from outside any program. */
interface NodeBase {
  readonly mode: number;
  owner?(): Owner;
  /** Of a process that has ended: forgotten at the next sweep. */
  isGone?(): boolean;
  /** Of directories that grow: 2 and 1 for a file otherwise. */
  links?(): number;
}

export interface GeneratedDirectory extends NodeBase {
  readonly type: "directory";
  lookup(name: string, task: Task | undefined): GeneratedNode | undefined;
  names(task: Task | undefined): readonly string[];
  /** The process whose directory it is, of /proc/<pid>. */
  readonly process?: Process;
  /** Whether `task` may read and search it, whatever its mode. */
  isOwn?(task: Task): boolean;
  /** st_size, where Linux counts something (open files). */
  sizeBytes?(): number;
  /** mkdir and rmdir, where there is such a thing (cgroup2): throws FsError or SyscallError. */
  make?(name: string, mode: number, owner: Owner): GeneratedNode;
  remove?(name: string): void;
}

export interface GeneratedText extends NodeBase {
  readonly type: "file";
  /** All that the file holds now. */
  text?(task: Task): string | Uint8Array;
  /** Whether `task` may open it, beyond the mode: 0 or -errno. */
  check?(task: Task, flags: number): number;
  /** One write(2): throws SyscallError, or has taken all of it. */
  write?(text: string, task: Task): void;
  /** A file that is more than its text; or -errno. */
  open?(flags: number, task: Task): FileDescription | number;
}

export interface GeneratedLink extends NodeBase {
  readonly type: "symlink";
  /** st_size, where Linux shows one. */
  readonly sizeBytes?: number;
  target(task: Task | undefined): string;
  /** Where it leads without a path. */
  follow?(task: Task): Location | number;
}

export type GeneratedNode = GeneratedDirectory | GeneratedText | GeneratedLink;

/** Nodes made before those of ended processes are looked for. */
const SWEEP_EVERY = 4096;

export class GeneratedFilesystem extends MadeFilesystem implements KernelFilesystem {
  readonly type: string;
  readonly root: NodeId;
  readonly #kernel: Kernel;
  readonly #ids = new WeakMap<GeneratedNode, NodeId>();
  readonly #nodes = new Map<NodeId, GeneratedNode>();
  readonly #held = new Map<NodeId, number>();
  #last = 0;
  #sweepAt = SWEEP_EVERY;

  constructor(kernel: Kernel, type: string, root: GeneratedDirectory) {
    super();
    this.#kernel = kernel;
    this.type = type;
    this.root = this.#idOf(root);
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    const directory = this.#directory(parent);
    const child = directory.lookup(name, this.#kernel.current);
    return child === undefined ? undefined : this.#idOf(child);
  }

  attributes(node: NodeId): Attributes {
    const it = this.#node(node);
    const { uid, gid } = it.owner?.() ?? { uid: 0, gid: 0 };
    const timeNs = this.#kernel.bootNs;
    return {
      ino: node,
      type: it.type,
      mode: it.mode,
      nlink: it.links?.() ?? (it.type === "directory" ? 2 : 1),
      uid,
      gid,
      rdev: { major: 0, minor: 0 },
      sizeBytes: sizeOf(it),
      allocatedBytes: 0,
      atimeNs: timeNs,
      mtimeNs: timeNs,
      ctimeNs: timeNs,
    };
  }

  readDirectory(node: NodeId): readonly DirectoryEntry[] {
    const directory = this.#directory(node);
    const { current } = this.#kernel;
    return directory.names(current).flatMap((name) => {
      const child = directory.lookup(name, current);
      return child === undefined ? [] : [{ name, ino: this.#idOf(child), type: child.type }];
    });
  }

  readLink(node: NodeId): string {
    const it = this.#node(node);
    if (it.type !== "symlink") throw new FsError("EINVAL");
    return it.target(this.#kernel.current);
  }

  follow(node: NodeId, task: Task): Location | number | undefined {
    const it = this.#node(node);
    return it.type === "symlink" ? it.follow?.(task) : undefined;
  }

  isOwn(node: NodeId): boolean {
    const it = this.#node(node);
    const { current } = this.#kernel;
    return it.type === "directory" && current !== undefined && it.isOwn?.(current) === true;
  }

  processOf(node: NodeId): Process | undefined {
    const it = this.#node(node);
    return it.type === "directory" ? it.process : undefined;
  }

  open(node: NodeId, flags: number, task: Task, location?: Location): FileDescription | number | undefined {
    const it = this.#node(node);
    if (it.type !== "file") return undefined;
    const refusal = it.check?.(task, flags) ?? 0;
    if (refusal !== 0) return refusal;
    return it.open?.(flags, task) ?? new GeneratedFile(it, flags, location, () => this.attributes(node));
  }

  /** For readers that are no program: the content now. */
  read(node: NodeId, position: number, target: Uint8Array): number {
    const it = this.#node(node);
    const { current } = this.#kernel;
    if (it.type !== "file" || it.text === undefined || current === undefined) throw new FsError("EINVAL");
    const content = it.text(current);
    const bytes = (typeof content === "string" ? new TextEncoder().encode(content) : content).subarray(
      position,
    );
    const piece = bytes.subarray(0, target.length);
    target.set(piece);
    return piece.length;
  }

  /** Owners and modes follow from what the file shows; O_TRUNC and utimes change nothing, chmod is refused. */
  setAttributes(
    _node: NodeId,
    changes: { readonly mode?: number; readonly uid?: number; readonly gid?: number },
  ): void {
    if (changes.mode !== undefined || changes.uid !== undefined || changes.gid !== undefined)
      throw new FsError("EPERM");
  }

  create(
    parent: NodeId,
    name: string,
    init: { readonly type: NodeType; readonly mode: number } & Owner,
  ): NodeId {
    const directory = this.#directory(parent);
    if (init.type !== "directory" || directory.make === undefined)
      throw new FsError(this.type === "proc" ? "ENOENT" : "EPERM");
    if (directory.lookup(name, this.#kernel.current) !== undefined) throw new FsError("EEXIST");
    return this.#idOf(directory.make(name, init.mode, init));
  }

  removeDirectory(parent: NodeId, name: string): void {
    const directory = this.#directory(parent);
    if (directory.remove === undefined) throw new FsError("EPERM");
    directory.remove(name);
  }

  acquire(node: NodeId): void {
    this.#held.set(node, (this.#held.get(node) ?? 0) + 1);
  }

  release(node: NodeId): void {
    const left = (this.#held.get(node) ?? 0) - 1;
    if (left > 0) this.#held.set(node, left);
    else this.#held.delete(node);
  }

  usage(): FilesystemUsage {
    return { sizeBytes: 0, freeBytes: 0, nodes: 0, nodesFree: 0 };
  }

  #node(id: NodeId): GeneratedNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new FsError("ENOENT");
    return node;
  }

  #directory(id: NodeId): GeneratedDirectory {
    const node = this.#node(id);
    if (node.type !== "directory") throw new FsError("ENOTDIR");
    return node;
  }

  #idOf(node: GeneratedNode): NodeId {
    const known = this.#ids.get(node);
    if (known !== undefined && this.#nodes.has(known)) return known;
    const id = known ?? (this.#last += 1);
    this.#ids.set(node, id);
    this.#nodes.set(id, node);
    if (this.#nodes.size >= this.#sweepAt) this.#sweep();
    return id;
  }

  #sweep(): void {
    for (const [id, node] of this.#nodes)
      if (node.isGone?.() === true && !this.#held.has(id)) this.#nodes.delete(id);
    this.#sweepAt = this.#nodes.size + SWEEP_EVERY;
  }
}

function sizeOf(node: GeneratedNode): number {
  if (node.type === "symlink") return node.sizeBytes ?? 0;
  return node.type === "directory" ? (node.sizeBytes?.() ?? 0) : 0;
}

/**
 * The in-memory filesystem: tmpfs, in what it answers and in the times it keeps. It is what --tmpfs
 * mounts, what tests stack layers on, and the measure for every other implementation of the contract.
 * The hard idea is lifetime: a node goes when it has neither a name nor a holder (`acquire`).
 */
import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { FsError } from "./errors.ts";
import { FileData, PAGE_BYTES } from "./file-data.ts";
import type { FileContent, PageAccount } from "./file-data.ts";
import type {
  AttributeChanges,
  Attributes,
  DirectoryEntry,
  Filesystem,
  FilesystemUsage,
  NodeId,
  NodeInit,
  RenameMode,
  XattrMode,
} from "./filesystem.ts";
import { MODE_MASK, MemoryNode } from "./memory-node.ts";
import { checkNameLength, checkNewName, nameSizeBytes } from "./names.ts";
import { checkXattr } from "./xattrs.ts";

/** Linux gives a tmpfs half of the memory; browsers report at most 8 GiB of it. */
const SIZE_BYTES_MAX_DEFAULT = 4 * 1024 ** 3;
/** Linux: as many nodes as half of the memory has pages. */
const NODES_MAX_DEFAULT = SIZE_BYTES_MAX_DEFAULT / PAGE_BYTES;
/** PATH_MAX without its terminator (linux/limits.h). */
const TARGET_BYTES_MAX = 4095;
const ROOT_INO = 1;

export interface MemoryFilesystemOptions {
  readonly clock: Pick<Clock, "nowNs">;
  /** Rounded down to whole pages. */
  readonly sizeBytesMax?: number;
  /** The root counts. */
  readonly nodesMax?: number;
  /** Owner and mode of the root; 0755 root:root unless given. */
  readonly rootMode?: number;
  readonly rootUid?: number;
  readonly rootGid?: number;
  /** Keeps contents elsewhere than in memory (layers/snapshots does, in a log); sizes are its own. */
  readonly newFileContent?: (file: NodeId) => FileContent;
}

export class MemoryFilesystem implements Filesystem {
  readonly type: string = "tmpfs";
  readonly isReadOnly = false;
  readonly root: NodeId = ROOT_INO;
  readonly #clock: Pick<Clock, "nowNs">;
  readonly #pages: PageAccount;
  readonly #nodesMax: number;
  readonly #nodes = new Map<NodeId, MemoryNode>();
  readonly #newFileContent: (file: NodeId) => FileContent;
  #nextIno = ROOT_INO;

  constructor(options: MemoryFilesystemOptions) {
    this.#clock = options.clock;
    const limit = Math.floor((options.sizeBytesMax ?? SIZE_BYTES_MAX_DEFAULT) / PAGE_BYTES);
    this.#pages = { used: 0, limit };
    this.#nodesMax = options.nodesMax ?? NODES_MAX_DEFAULT;
    this.#newFileContent = options.newFileContent ?? ((): FileContent => new FileData(this.#pages));
    const { rootMode = 0o755, rootUid = 0, rootGid = 0 } = options;
    this.#make({ type: "directory", mode: rootMode, uid: rootUid, gid: rootGid }, this.#clock.nowNs());
  }

  /** Another limit (a tmpfs mounted anew): EINVAL when more is used already. */
  set sizeBytesMax(sizeBytesMax: number) {
    const limit = Math.floor(sizeBytesMax / PAGE_BYTES);
    if (limit < this.#pages.used) throw new FsError("EINVAL");
    this.#pages.limit = limit;
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    const found = this.#directory(parent).get(name);
    if (found === undefined) checkNameLength(name);
    return found?.ino;
  }

  attributes(node: NodeId): Attributes {
    return this.#node(node).attributes();
  }

  setAttributes(ino: NodeId, changes: AttributeChanges): void {
    const node = this.#node(ino);
    const nowNs = this.#clock.nowNs();
    const { sizeBytes, mode, uid, gid, atimeNs, mtimeNs, ctimeNs } = changes;
    // As shmem_setattr: cutting a file to the size it has changes no time.
    let isChanged = ctimeNs !== undefined;
    if (sizeBytes !== undefined) isChanged = this.#resize(node, sizeBytes, nowNs) || isChanged;
    if (mode !== undefined) node.mode = mode & MODE_MASK;
    if (uid !== undefined) node.uid = uid;
    if (gid !== undefined) node.gid = gid;
    if (atimeNs !== undefined) node.atimeNs = atimeNs;
    if (mtimeNs !== undefined) node.mtimeNs = mtimeNs;
    const isOther = mode !== undefined || uid !== undefined || gid !== undefined;
    if (isChanged || isOther || atimeNs !== undefined || mtimeNs !== undefined) node.ctimeNs = ctimeNs ?? nowNs;
  }

  readDirectory(directory: NodeId): readonly DirectoryEntry[] {
    const entries: DirectoryEntry[] = [];
    for (const [name, node] of this.#directory(directory)) entries.push({ name, ino: node.ino, type: node.type });
    return entries;
  }

  readLink(link: NodeId): string {
    const node = this.#node(link);
    if (node.type !== "symlink") throw new FsError("EINVAL");
    return node.target;
  }

  create(parent: NodeId, name: string, init: NodeInit): NodeId {
    const directory = this.#node(parent);
    this.#checkFree(directory, name);
    if (init.type === "symlink") checkTarget(init.target ?? "");
    const nowNs = this.#clock.nowNs();
    const node = this.#make(init, nowNs);
    this.#enter(directory, name, node);
    directory.touch(nowNs);
    return node.ino;
  }

  link(ino: NodeId, parent: NodeId, name: string): void {
    const node = this.#node(ino);
    const directory = this.#node(parent);
    this.#checkFree(directory, name);
    if (node.type === "directory") throw new FsError("EPERM");
    // As vfs_link: a file that has lost its last name cannot get a new one.
    if (node.nlink === 0) throw new FsError("ENOENT");
    const nowNs = this.#clock.nowNs();
    this.#enter(directory, name, node);
    node.nlink += 1;
    node.ctimeNs = nowNs;
    directory.touch(nowNs);
  }

  unlink(parent: NodeId, name: string): void {
    const directory = this.#node(parent);
    const node = this.#entry(directory, name);
    if (node.type === "directory") throw new FsError("EISDIR");
    const nowNs = this.#clock.nowNs();
    directory.entries?.delete(name);
    directory.touch(nowNs);
    this.#dropLink(node, nowNs);
  }

  removeDirectory(parent: NodeId, name: string): void {
    const directory = this.#node(parent);
    const node = this.#entry(directory, name);
    if (node.entries === undefined) throw new FsError("ENOTDIR");
    if (node.entries.size > 0) throw new FsError("ENOTEMPTY");
    const nowNs = this.#clock.nowNs();
    this.#leave(directory, name, node);
    directory.touch(nowNs);
    this.#dropLink(node, nowNs);
  }

  rename(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, mode: RenameMode): void {
    const from = this.#node(fromParent);
    const to = this.#node(toParent);
    const moved = this.#entry(from, fromName);
    if (to.entries === undefined) throw new FsError("ENOTDIR");
    const victim = to.entries.get(toName);
    if (victim === undefined) checkNewName(toName);
    checkRename(moved, from, victim, to, mode);
    if (moved === victim) return;
    const nowNs = this.#clock.nowNs();
    if (mode === "exchange" && victim !== undefined) {
      this.#leave(from, fromName, moved);
      this.#leave(to, toName, victim);
      this.#enter(from, fromName, victim);
      victim.ctimeNs = nowNs;
    } else {
      if (victim !== undefined) {
        this.#leave(to, toName, victim);
        this.#dropLink(victim, nowNs);
      }
      this.#leave(from, fromName, moved);
    }
    this.#enter(to, toName, moved);
    moved.ctimeNs = nowNs;
    from.touch(nowNs);
    to.touch(nowNs);
  }

  read(file: NodeId, position: number, target: Uint8Array): number {
    return contentOf(this.#node(file), position).read(position, target);
  }

  write(file: NodeId, position: number, source: Uint8Array): number {
    const node = this.#node(file);
    const data = contentOf(node, position);
    if (source.length === 0) return 0;
    data.write(position, source);
    node.touch(this.#clock.nowNs());
    return source.length;
  }

  punchHole(file: NodeId, position: number, sizeBytes: number): void {
    const node = this.#node(file);
    const data = contentOf(node, position);
    if (!(sizeBytes > 0)) throw new FsError("EINVAL");
    data.punchHole(position, sizeBytes);
    node.touch(this.#clock.nowNs());
  }

  seek(file: NodeId, position: number, whence: "data" | "hole"): number {
    if (position < 0) throw new FsError("ENXIO");
    return contentOf(this.#node(file), position).seek(position, whence);
  }

  sync(node?: NodeId): void {
    if (node !== undefined) this.#node(node); // Memory survives nothing and is always in step.
  }

  getXattr(node: NodeId, name: string): Uint8Array | undefined {
    return this.#node(node).xattrs?.get(name)?.slice();
  }

  setXattr(ino: NodeId, name: string, value: Uint8Array, mode: XattrMode): void {
    const node = this.#node(ino);
    checkXattr(name, value);
    const isPresent = node.xattrs?.has(name) === true;
    if (mode === "create" && isPresent) throw new FsError("EEXIST");
    if (mode === "replace" && !isPresent) throw new FsError("ENODATA");
    node.xattrs ??= new Map();
    node.xattrs.set(name, value.slice());
    node.ctimeNs = this.#clock.nowNs();
  }

  listXattrs(node: NodeId): readonly string[] {
    return [...(this.#node(node).xattrs?.keys() ?? [])];
  }

  removeXattr(ino: NodeId, name: string): void {
    const node = this.#node(ino);
    if (node.xattrs?.delete(name) !== true) throw new FsError("ENODATA");
    node.ctimeNs = this.#clock.nowNs();
  }

  acquire(node: NodeId): void {
    this.#node(node).references += 1;
  }

  release(ino: NodeId): void {
    const node = this.#node(ino);
    assert(node.references > 0, `node ${ino} is released more often than acquired`);
    node.references -= 1;
    if (node.references === 0 && node.nlink === 0) this.#forget(node);
  }

  usage(): FilesystemUsage {
    return {
      sizeBytes: this.#pages.limit * PAGE_BYTES,
      freeBytes: (this.#pages.limit - this.#pages.used) * PAGE_BYTES,
      nodes: this.#nodesMax,
      nodesFree: this.#nodesMax - this.#nodes.size,
    };
  }

  #node(ino: NodeId): MemoryNode {
    const node = this.#nodes.get(ino);
    if (node === undefined) throw new FsError("ESTALE");
    return node;
  }

  #directory(ino: NodeId): Map<string, MemoryNode> {
    const entries = this.#node(ino).entries;
    if (entries === undefined) throw new FsError("ENOTDIR");
    return entries;
  }

  #entry(directory: MemoryNode, name: string): MemoryNode {
    if (directory.entries === undefined) throw new FsError("ENOTDIR");
    const node = directory.entries.get(name);
    if (node !== undefined) return node;
    checkNameLength(name);
    throw new FsError("ENOENT");
  }

  /** Throws unless `directory` can take a new entry `name`. */
  #checkFree(directory: MemoryNode, name: string): void {
    if (directory.entries === undefined) throw new FsError("ENOTDIR");
    if (directory.entries.has(name)) throw new FsError("EEXIST");
    checkNewName(name);
    if (directory.nlink === 0) throw new FsError("ENOENT", "the directory was removed");
  }

  #make(init: NodeInit, nowNs: bigint): MemoryNode {
    if (this.#nodes.size >= this.#nodesMax) throw new FsError("ENOSPC");
    const ino = this.#nextIno++;
    const node = new MemoryNode(ino, init, nowNs, init.type === "file" ? this.#newFileContent(ino) : undefined);
    this.#nodes.set(node.ino, node);
    return node;
  }

  /** Puts `node` under a name that is free; a directory's ".." counts in its parent. */
  #enter(directory: MemoryNode, name: string, node: MemoryNode): void {
    directory.entries?.set(name, node);
    if (node.entries === undefined) return;
    node.parent = directory;
    directory.nlink += 1;
  }

  #leave(directory: MemoryNode, name: string, node: MemoryNode): void {
    directory.entries?.delete(name);
    if (node.entries === undefined) return;
    node.parent = undefined;
    directory.nlink -= 1;
  }

  #dropLink(node: MemoryNode, nowNs: bigint): void {
    node.nlink = node.entries === undefined ? node.nlink - 1 : 0;
    node.ctimeNs = nowNs;
    if (node.nlink === 0 && node.references === 0) this.#forget(node);
  }

  #forget(node: MemoryNode): void {
    node.data?.free();
    this.#nodes.delete(node.ino);
  }

  /** Whether the size changed. */
  #resize(node: MemoryNode, sizeBytes: number, nowNs: bigint): boolean {
    if (node.data === undefined) throw new FsError(node.type === "directory" ? "EISDIR" : "EINVAL");
    if (!(sizeBytes >= 0)) throw new FsError("EINVAL");
    if (node.data.sizeBytes === sizeBytes) return false;
    node.data.resize(sizeBytes);
    node.mtimeNs = nowNs;
    return true;
  }
}

/** What a file holds. EISDIR, EINVAL for other nodes and for positions before the begin. */
function contentOf(node: MemoryNode, position: number): FileContent {
  if (node.data === undefined) throw new FsError(node.type === "directory" ? "EISDIR" : "EINVAL");
  if (!(position >= 0)) throw new FsError("EINVAL");
  return node.data;
}

function checkTarget(target: string): void {
  if (target === "") throw new FsError("ENOENT");
  if (nameSizeBytes(target) > TARGET_BYTES_MAX) throw new FsError("ENAMETOOLONG");
}

/** The checks of renameat2(2), in the order of do_renameat2 and vfs_rename. */
function checkRename(
  moved: MemoryNode,
  from: MemoryNode,
  victim: MemoryNode | undefined,
  to: MemoryNode,
  mode: RenameMode,
): void {
  if (mode === "noReplace" && victim !== undefined) throw new FsError("EEXIST");
  if (mode === "exchange" && victim === undefined) throw new FsError("ENOENT");
  if (moved.holds(to)) throw new FsError("EINVAL");
  if (victim?.holds(from) === true) throw new FsError(mode === "exchange" ? "EINVAL" : "ENOTEMPTY");
  if (to.nlink === 0) throw new FsError("ENOENT", "the directory was removed");
  if (victim === undefined || victim === moved || mode === "exchange") return;
  if (moved.entries !== undefined && victim.entries === undefined) throw new FsError("ENOTDIR");
  if (moved.entries === undefined && victim.entries !== undefined) throw new FsError("EISDIR");
  if (victim.entries !== undefined && victim.entries.size > 0) throw new FsError("ENOTEMPTY");
}

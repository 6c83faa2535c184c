/**
 * A directory of this machine as a read-only filesystem: the lower layer of every guest's root. One hard
 * idea: nothing is copied. Names and attributes are read when asked for and kept, bytes come from the file,
 * so that a tree of a gigabyte costs nothing until it is used, and all cases share what is known of it.
 */
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { must } from "../../../layers/base/assert.ts";
import { FsError } from "../../../layers/fs/errors.ts";
import type {
  Attributes, DirectoryEntry, Filesystem, FilesystemUsage, NodeId, NodeType,
} from "../../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../../layers/fs/memory.ts";
import { decodeName, encodeName } from "../../../layers/fs/names.ts";
import { ReadOnlyFilesystem } from "../../../layers/fs/read-only.ts";

const ROOT: NodeId = 1;
/** Files kept open: the libraries every program maps. */
const OPEN_MAX = 200;
const SLASH = Buffer.from("/");

interface HostNode {
  readonly path: Buffer;
  readonly attributes: Attributes;
  entries: Map<string, NodeId> | undefined;
}

export class HostTree extends ReadOnlyFilesystem implements Filesystem {
  readonly #nodes: (HostNode | undefined)[] = [undefined];
  /** Names of one file are one node. */
  readonly #byInode = new Map<bigint, NodeId>();
  readonly #open = new Map<NodeId, number>();

  constructor(directory: string) {
    // What is not about nodes (types, usage, refusals) is as of an empty filesystem.
    super(new MemoryFilesystem({ clock: { nowNs: () => 0n } }));
    this.#add(Buffer.from(directory));
  }

  override get type(): string {
    return "ext4";
  }

  override get root(): NodeId {
    return ROOT;
  }

  override lookup(parent: NodeId, name: string): NodeId | undefined {
    return this.#entries(parent).get(name);
  }

  override attributes(node: NodeId): Attributes {
    return this.#node(node).attributes;
  }

  override readDirectory(directory: NodeId): readonly DirectoryEntry[] {
    const entries = [...this.#entries(directory)];
    return entries.map(([name, ino]) => ({ name, ino, type: this.#node(ino).attributes.type }));
  }

  override readLink(link: NodeId): string {
    const { path, attributes } = this.#node(link);
    if (attributes.type !== "symlink") throw new FsError("EINVAL");
    return decodeName(readlinkSync(path, "buffer"));
  }

  override read(file: NodeId, position: number, target: Uint8Array): number {
    const { attributes } = this.#node(file);
    if (attributes.type === "directory") throw new FsError("EISDIR");
    if (attributes.type !== "file" || !(position >= 0)) throw new FsError("EINVAL");
    if (target.length === 0 || position >= attributes.sizeBytes) return 0;
    return readSync(this.#descriptor(file), target, 0, target.length, position);
  }

  override seek(file: NodeId, position: number, whence: "data" | "hole"): number {
    const { sizeBytes } = this.#node(file).attributes;
    if (position >= sizeBytes) throw new FsError("ENXIO");
    return whence === "data" ? position : sizeBytes;
  }

  /** The tree holds no extended attributes that programs look at. */
  override getXattr(): Uint8Array | undefined {
    return undefined;
  }

  override listXattrs(): readonly string[] {
    return [];
  }

  override acquire(): void {
    // Nodes are never forgotten.
  }

  override release(): void {
    // Nodes are never forgotten.
  }

  override usage(): FilesystemUsage {
    return { sizeBytes: 0, freeBytes: 0, nodes: this.#nodes.length, nodesFree: 0 };
  }

  #node(node: NodeId): HostNode {
    return must(this.#nodes[node], "a node of this filesystem");
  }

  #entries(directory: NodeId): Map<string, NodeId> {
    const node = this.#node(directory);
    if (node.attributes.type !== "directory") throw new FsError("ENOTDIR");
    if (node.entries !== undefined) return node.entries;
    const entries = new Map<string, NodeId>();
    for (const name of readdirSync(node.path, { encoding: "buffer" })) {
      entries.set(decodeName(name), this.#add(Buffer.concat([node.path, SLASH, name])));
    }
    node.entries = entries;
    return entries;
  }

  #add(path: Buffer): NodeId {
    const stats = lstatSync(path, { bigint: true });
    const known = this.#byInode.get(stats.ino);
    if (known !== undefined) return known;
    const ino = this.#nodes.length;
    this.#byInode.set(stats.ino, ino);
    this.#nodes.push({ path, attributes: attributesOf(ino, stats), entries: undefined });
    return ino;
  }

  #descriptor(file: NodeId): number {
    const known = this.#open.get(file);
    if (known !== undefined) return known;
    for (const [oldest, fd] of this.#open) {
      if (this.#open.size < OPEN_MAX) break;
      closeSync(fd);
      this.#open.delete(oldest);
    }
    const fd = openSync(this.#node(file).path, "r");
    this.#open.set(file, fd);
    return fd;
  }
}

function attributesOf(ino: NodeId, stats: BigIntStats): Attributes {
  return {
    ino,
    type: typeOf(stats),
    mode: Number(stats.mode & 0o7777n),
    nlink: Number(stats.nlink),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    rdev: { major: Number((stats.rdev >> 8n) & 0xfffn), minor: Number(stats.rdev & 0xffn) },
    sizeBytes: Number(stats.size),
    allocatedBytes: Number(stats.blocks) * 512,
    atimeNs: stats.atimeNs,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
  };
}

export function typeOf(stats: BigIntStats): NodeType {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isCharacterDevice()) return "character";
  if (stats.isBlockDevice()) return "block";
  return stats.isFIFO() ? "fifo" : "socket";
}

/** A name of the host as bytes: for paths that are not UTF-8. */
export function hostPath(directory: Buffer, name: string): Buffer {
  return Buffer.concat([directory, SLASH, encodeName(name)]);
}

/**
 * A node of the in-memory filesystem: one class for all types, so that every property access in the
 * hot paths sees one shape. What only some types have is undefined in the others.
 */
import type { FileContent } from "./file-data.ts";
import { nameSizeBytes } from "./names.ts";
import type { Attributes, Device, NodeId, NodeInit, NodeType } from "./filesystem.ts";

/** What tmpfs counts a directory's entry as (BOGO_DIRENT_SIZE, mm/shmem.c). */
const ENTRY_BYTES = 20;
/** The twelve permission bits. */
export const MODE_MASK = 0o7777;
const NO_DEVICE: Device = { major: 0, minor: 0 };

export class MemoryNode {
  readonly ino: NodeId;
  readonly type: NodeType;
  mode: number;
  uid: number;
  gid: number;
  readonly rdev: Device;
  nlink: number;
  /** Calls of `acquire` not yet undone. */
  references = 0;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  xattrs: Map<string, Uint8Array> | undefined = undefined;
  /** Of directories. */
  readonly entries: Map<string, MemoryNode> | undefined;
  /** Of directories; undefined for the root and for removed ones. */
  parent: MemoryNode | undefined = undefined;
  /** Of files. */
  readonly data: FileContent | undefined;
  /** Of symbolic links. */
  readonly target: string;

  constructor(ino: NodeId, init: NodeInit, nowNs: bigint, data: FileContent | undefined) {
    this.ino = ino;
    this.type = init.type;
    this.mode = init.mode & MODE_MASK;
    this.uid = init.uid;
    this.gid = init.gid;
    const isDevice = init.type === "character" || init.type === "block";
    this.rdev = isDevice && init.rdev !== undefined ? { ...init.rdev } : NO_DEVICE;
    this.nlink = init.type === "directory" ? 2 : 1;
    this.atimeNs = nowNs;
    this.mtimeNs = nowNs;
    this.ctimeNs = nowNs;
    this.entries = init.type === "directory" ? new Map() : undefined;
    this.data = data;
    this.target = init.type === "symlink" ? (init.target ?? "") : "";
  }

  get sizeBytes(): number {
    if (this.data !== undefined) return this.data.sizeBytes;
    if (this.entries !== undefined) return this.entries.size * ENTRY_BYTES;
    return this.type === "symlink" ? nameSizeBytes(this.target) : 0;
  }

  attributes(): Attributes {
    return {
      ino: this.ino,
      type: this.type,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      sizeBytes: this.sizeBytes,
      allocatedBytes: this.data === undefined ? 0 : this.data.allocatedBytes,
      atimeNs: this.atimeNs,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
    };
  }

  /** Contents changed: mtime and ctime. */
  touch(nowNs: bigint): void {
    this.mtimeNs = nowNs;
    this.ctimeNs = nowNs;
  }

  /** Whether this directory is `other` or lies above it. */
  holds(other: MemoryNode): boolean {
    for (let at: MemoryNode | undefined = other; at !== undefined; at = at.parent) if (at === this) return true;
    return false;
  }
}

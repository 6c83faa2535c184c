/**
 * The filesystem contract: what the overlay, the in-memory filesystem, an unpacked layer and a
 * container's writable layer all are, and what the kernel mounts.
 *
 * Vocabulary. A *node* is an inode: a file, directory, symbolic link, device, fifo or socket, named
 * by a `NodeId` that is unique in its filesystem and stable while the filesystem is mounted. A
 * *name* leads from a directory to a node. Paths, symbolic-link resolution, permissions, open file
 * descriptions and mounts are the caller's business (the kernel's vfs, or `walk.ts` for tools).
 *
 * The contract is synchronous: the kernel may not await. Implementations keep everything they need
 * in memory or behind synchronous reads.
 *
 * Lifecycle. A node that has lost its last name lives on until the last `release`: whoever keeps a
 * NodeId across calls that may unlink it takes a reference with `acquire`.
 *
 * Errors. Every method throws `FsError` with the errno name Linux would give; `lookup` answers
 * undefined for a missing name because that is no error.
 *
 * Names are strings. Bytes that are not UTF-8 are carried as lone surrogates U+DC80..U+DCFF, as
 * Python's surrogateescape does (`names.ts`).
 */

/** Inode number; positive. */
export type NodeId = number;

export type NodeType = "file" | "directory" | "symlink" | "character" | "block" | "fifo" | "socket";

export interface Device {
  readonly major: number;
  readonly minor: number;
}

/** As stat(2); times in nanoseconds since the epoch. */
export interface Attributes {
  readonly ino: NodeId;
  readonly type: NodeType;
  /** The twelve permission bits: rwxrwxrwx, sticky, setgid, setuid. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Of character and block devices; 0:0 otherwise. */
  readonly rdev: Device;
  readonly sizeBytes: number;
  /** Bytes of storage allocated: less than `sizeBytes` for sparse files. st_blocks is this / 512. */
  readonly allocatedBytes: number;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/**
 * What `setAttributes` may change. `sizeBytes` truncates or extends a file with a hole. ctime is set
 * to now by every change unless given (unpackers and copy-up give it).
 */
export interface AttributeChanges {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly sizeBytes?: number;
  readonly atimeNs?: bigint;
  readonly mtimeNs?: bigint;
  readonly ctimeNs?: bigint;
}

export interface NodeInit {
  readonly type: NodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev?: Device;
  /** Of symbolic links. */
  readonly target?: string;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly ino: NodeId;
  readonly type: NodeType;
}

/** renameat2(2): `noReplace` fails with EEXIST; `exchange` swaps two existing names. */
export type RenameMode = "replace" | "noReplace" | "exchange";

/** setxattr(2): `create` fails with EEXIST, `replace` with ENODATA. */
export type XattrMode = "either" | "create" | "replace";

/** As statfs(2), in bytes. */
export interface FilesystemUsage {
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly nodes: number;
  readonly nodesFree: number;
}

export interface Filesystem {
  /** As in /proc/mounts: "overlay", "tmpfs". */
  readonly type: string;
  /** Every mutating method throws EROFS. */
  readonly isReadOnly: boolean;
  readonly root: NodeId;

  /** The node `name` leads to, or undefined. "." and ".." are the caller's. ENOTDIR, ENAMETOOLONG. */
  lookup(parent: NodeId, name: string): NodeId | undefined;
  attributes(node: NodeId): Attributes;
  setAttributes(node: NodeId, changes: AttributeChanges): void;

  /** All entries but "." and "..", in a stable order. ENOTDIR. */
  readDirectory(directory: NodeId): readonly DirectoryEntry[];
  /** Target of a symbolic link. EINVAL for anything else. */
  readLink(link: NodeId): string;

  /** Makes a node under a new name. EEXIST, ENOTDIR, ENOSPC. Times are now. */
  create(parent: NodeId, name: string, init: NodeInit): NodeId;
  /** Gives `node` another name. EPERM for directories, EEXIST, EMLINK. */
  link(node: NodeId, parent: NodeId, name: string): void;
  /** Removes a name of anything but a directory. ENOENT, EISDIR. */
  unlink(parent: NodeId, name: string): void;
  /** Removes an empty directory. ENOENT, ENOTDIR, ENOTEMPTY. */
  removeDirectory(parent: NodeId, name: string): void;
  /** rename(2). ENOENT, EEXIST, EISDIR, ENOTDIR, ENOTEMPTY, EINVAL (into itself), EXDEV. */
  rename(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, mode: RenameMode): void;

  /** Reads into `target` from `position`; the count, 0 at the end. EISDIR, EINVAL. Holes read as zeros. */
  read(file: NodeId, position: number, target: Uint8Array): number;
  /** Writes all of `source` at `position`, extending the file. ENOSPC, EFBIG, EISDIR. Updates mtime. */
  write(file: NodeId, position: number, source: Uint8Array): number;
  /** Makes [position, position + sizeBytes) a hole without changing the file's size (fallocate PUNCH_HOLE). */
  punchHole(file: NodeId, position: number, sizeBytes: number): void;
  /** lseek(2) SEEK_DATA and SEEK_HOLE. ENXIO past the end. */
  seek(file: NodeId, position: number, whence: "data" | "hole"): number;
  /** Returns when everything written so far would survive a crash (fsync; whole filesystem without a node). */
  sync(node?: NodeId): void;

  /** Value of an extended attribute, or undefined. */
  getXattr(node: NodeId, name: string): Uint8Array | undefined;
  setXattr(node: NodeId, name: string, value: Uint8Array, mode: XattrMode): void;
  listXattrs(node: NodeId): readonly string[];
  /** ENODATA when there is none. */
  removeXattr(node: NodeId, name: string): void;

  /** Keeps the node alive beyond its last name, until as many calls of `release`. */
  acquire(node: NodeId): void;
  release(node: NodeId): void;

  usage(): FilesystemUsage;
}

/** Longest name in bytes (NAME_MAX, linux/limits.h). */
export const NAME_BYTES_MAX = 255;

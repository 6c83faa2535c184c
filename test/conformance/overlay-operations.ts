/**
 * A small language of filesystem operations, as plain data, so that one sequence can be run on ours
 * and on a kernel's (`overlay-kernel.py` speaks it too) and the answers compared. Paths are followed
 * without symbolic links: a link on the way is ENOTDIR, a link at the end is itself.
 *
 * An answer is "ok", an errno name, or what was read.
 */
import { createHash } from "node:crypto";
import { isFsError, FsError } from "../../layers/fs/errors.ts";
import type { Filesystem, NodeId, NodeInit, NodeType, RenameMode, XattrMode } from "../../layers/fs/filesystem.ts";

export type Operation =
  | {
      readonly op: "create" | "mkdir";
      readonly path: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly op: "symlink"; readonly path: string; readonly target: string }
  | {
      readonly op: "mknod";
      readonly path: string;
      readonly type: "character" | "block" | "fifo" | "socket";
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    }
  | {
      readonly op: "write";
      readonly path: string;
      readonly position: number;
      readonly size: number;
      readonly fill: number;
    }
  | { readonly op: "read" | "punch"; readonly path: string; readonly position: number; readonly size: number }
  | { readonly op: "truncate"; readonly path: string; readonly size: number }
  /** `extents`: where a file holds data, and how much storage it takes. */
  | { readonly op: "unlink" | "rmdir" | "list" | "stat" | "readlink" | "extents"; readonly path: string }
  | { readonly op: "link"; readonly path: string; readonly to: string }
  | { readonly op: "rename"; readonly path: string; readonly to: string; readonly mode: RenameMode }
  | { readonly op: "chmod"; readonly path: string; readonly mode: number }
  | { readonly op: "chown"; readonly path: string; readonly uid: number; readonly gid: number }
  | { readonly op: "utimes"; readonly path: string; readonly mtime: string }
  | {
      readonly op: "setxattr";
      readonly path: string;
      readonly name: string;
      readonly value: string;
      readonly mode: XattrMode;
    }
  | { readonly op: "getxattr" | "removexattr"; readonly path: string; readonly name: string }
  /** Gives every node a time of its own, from `seconds` on, in the order of their paths. */
  | { readonly op: "stamp"; readonly seconds: number }
  /** The whole contents of a new file, for rebuilding a tree. */
  | { readonly op: "put"; readonly path: string; readonly hex: string }
  /** Opens for reading and writing; what follows works on a file that may have lost its name. */
  | { readonly op: "open"; readonly path: string; readonly handle: number }
  | {
      readonly op: "handleWrite";
      readonly handle: number;
      readonly position: number;
      readonly size: number;
      readonly fill: number;
    }
  | { readonly op: "handleRead" | "handleStat" | "handleClose"; readonly handle: number };

/** One node of a dumped tree; what is the same on every implementation. */
export interface DumpedNode {
  readonly path: string;
  readonly type: NodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: string;
  /** -1 for directories. */
  readonly size: number;
  /** -1 for nodes whose count is not compared. */
  readonly nlink: number;
  /** Nanoseconds as decimal text, or "now" for times later than any that is set. */
  readonly mtime: string;
  readonly sha1: string;
  readonly target: string;
  readonly xattrs: Readonly<Record<string, string>>;
  /** First path that leads to the same node. */
  readonly same: string;
}

/** Times set by operations lie before it, times of the clocks after it. */
export const NOW_AFTER_NS = 1_600_000_000n * 1_000_000_000n;

/** A clock for our side whose every answer counts as "now". */
export function testClock(): { nowNs: () => bigint } {
  let nowNs = NOW_AFTER_NS;
  return { nowNs: () => (nowNs += 1000n) };
}

/** Runs operations on one of our filesystems. */
export class Runner {
  readonly #fs: Filesystem;
  readonly #handles = new Map<number, NodeId>();

  constructor(fs: Filesystem) {
    this.#fs = fs;
  }

  run(operation: Operation): string {
    try {
      return this.#perform(operation);
    } catch (thrown) {
      if (isFsError(thrown)) return thrown.code;
      throw thrown;
    }
  }

  /** Whether a handle is open. */
  has(handle: number): boolean {
    return this.#handles.has(handle);
  }

  /** Closes what is open. */
  close(): void {
    for (const node of this.#handles.values()) this.#fs.release(node);
    this.#handles.clear();
  }

  #perform(operation: Operation): string {
    const fs = this.#fs;
    switch (operation.op) {
      case "stamp":
        stamp(fs, BigInt(operation.seconds));
        return "ok";
      case "handleWrite":
      case "handleRead":
      case "handleStat":
      case "handleClose":
        return this.#performOnHandle(operation);
      case "create":
      case "mkdir":
      case "symlink":
      case "mknod": {
        const [parent, name] = parentOf(fs, operation.path);
        fs.create(parent, name, initOf(operation));
        return "ok";
      }
      case "link": {
        const node = nodeAt(fs, operation.path);
        fs.link(node, ...parentOf(fs, operation.to));
        return "ok";
      }
      case "rename":
        fs.rename(...parentOf(fs, operation.path), ...parentOf(fs, operation.to), operation.mode);
        return "ok";
      case "unlink":
        fs.unlink(...parentOf(fs, operation.path));
        return "ok";
      case "rmdir":
        fs.removeDirectory(...parentOf(fs, operation.path));
        return "ok";
      default:
        return this.#performOnNode(operation, nodeAt(fs, operation.path));
    }
  }

  #performOnNode(operation: Extract<Operation, { path: string }>, node: NodeId): string {
    const fs = this.#fs;
    const { type } = fs.attributes(node);
    switch (operation.op) {
      case "open":
        checkIsFile(type);
        fs.acquire(node);
        // The kernel copies up when it opens for writing, ours when something changes: make it the same.
        fs.setAttributes(node, {});
        this.#handles.set(operation.handle, node);
        return "ok";
      case "write":
        fs.write(node, operation.position, fillBytes(operation.size, operation.fill));
        return "ok";
      case "put":
        fs.write(node, 0, Buffer.from(operation.hex, "hex"));
        return "ok";
      case "truncate":
        fs.setAttributes(node, { sizeBytes: operation.size });
        return "ok";
      case "punch":
        fs.punchHole(node, operation.position, operation.size);
        return "ok";
      case "read": {
        const target = new Uint8Array(operation.size);
        return sha1(target.subarray(0, fs.read(node, operation.position, target)));
      }
      case "list":
        return fs
          .readDirectory(node)
          .map((entry) => `${entry.name}:${entry.type}`)
          .sort()
          .join(" ");
      case "stat": {
        const { mode, uid, gid, rdev } = fs.attributes(node);
        return `${type} ${mode.toString(8)} ${uid}:${gid} ${rdev.major}:${rdev.minor}`;
      }
      case "extents":
        checkIsFile(type);
        return extentsOf(fs, node);
      case "readlink":
        return fs.readLink(node);
      case "chmod":
        if (type === "symlink") throw new FsError("EOPNOTSUPP");
        fs.setAttributes(node, { mode: operation.mode });
        return "ok";
      case "chown":
        fs.setAttributes(node, { uid: operation.uid, gid: operation.gid });
        return "ok";
      case "utimes":
        fs.setAttributes(node, { atimeNs: BigInt(operation.mtime), mtimeNs: BigInt(operation.mtime) });
        return "ok";
      case "setxattr":
        checkUserXattr(operation.name, type);
        fs.setXattr(node, operation.name, Buffer.from(operation.value, "hex"), operation.mode);
        return "ok";
      case "getxattr": {
        const value = fs.getXattr(node, operation.name);
        return value === undefined ? "ENODATA" : Buffer.from(value).toString("hex");
      }
      case "removexattr":
        checkUserXattr(operation.name, type);
        fs.removeXattr(node, operation.name);
        return "ok";
      default:
        throw new Error(`not on a node: ${operation.op}`);
    }
  }

  #performOnHandle(operation: Extract<Operation, { handle: number; op: `handle${string}` }>): string {
    const fs = this.#fs;
    const node = this.#handles.get(operation.handle);
    if (node === undefined) return "EBADF";
    switch (operation.op) {
      case "handleWrite":
        fs.write(node, operation.position, fillBytes(operation.size, operation.fill));
        return "ok";
      case "handleRead":
        return contentsSha1(fs, node);
      case "handleStat": {
        const { sizeBytes, mode } = fs.attributes(node);
        return `${sizeBytes} ${mode.toString(8)}`;
      }
      case "handleClose":
        this.#handles.delete(operation.handle);
        fs.release(node);
        return "ok";
    }
  }
}

/** All nodes below the root, and the root as "", sorted by path. */
export function dump(fs: Filesystem, isHidden: (xattr: string) => boolean = () => false): DumpedNode[] {
  const first = new Map<NodeId, string>();
  return pathsOf(fs).map(([path, node]) => {
    const { type, mode, uid, gid, rdev, sizeBytes, nlink, mtimeNs } = fs.attributes(node);
    const same = first.get(node) ?? path;
    first.set(node, same);
    const xattrs: Record<string, string> = {};
    for (const name of [...fs.listXattrs(node)].sort()) {
      if (!isHidden(name)) xattrs[name] = Buffer.from(fs.getXattr(node, name) ?? []).toString("hex");
    }
    return {
      path,
      type,
      mode,
      uid,
      gid,
      nlink,
      same,
      xattrs,
      rdev: `${rdev.major}:${rdev.minor}`,
      size: type === "directory" ? -1 : sizeBytes,
      mtime: mtimeNs > NOW_AFTER_NS ? "now" : String(mtimeNs),
      sha1: type === "file" ? contentsSha1(fs, node) : "",
      target: type === "symlink" ? fs.readLink(node) : "",
    };
  });
}

/** Every path and its node, sorted. */
export function pathsOf(fs: Filesystem): [path: string, node: NodeId][] {
  const paths: [string, NodeId][] = [["", fs.root]];
  for (let index = 0; index < paths.length; index++) {
    const [path, node] = paths[index] ?? ["", 0];
    if (fs.attributes(node).type !== "directory") continue;
    for (const { name, ino, type } of fs.readDirectory(node)) {
      const found = fs.lookup(node, name);
      if (found !== ino || fs.attributes(ino).type !== type)
        throw new Error(`${path}/${name}: listed as ${ino} ${type}, found ${found}`);
      paths.push([`${path}/${name}`, ino]);
    }
  }
  return paths.sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Hexadecimal contents of all files by path. */
export function contentsOf(fs: Filesystem): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const [path, node] of pathsOf(fs)) {
    if (fs.attributes(node).type === "file") contents[path] = Buffer.from(wholeFile(fs, node)).toString("hex");
  }
  return contents;
}

/** Operations that make a tree as dumped in an empty directory. */
export function rebuild(nodes: readonly DumpedNode[], contents: Readonly<Record<string, string>>): Operation[] {
  const operations: Operation[] = [];
  for (const { path, type, mode, uid, gid, rdev, target, same, xattrs } of nodes) {
    const [major = 0, minor = 0] = rdev.split(":").map(Number);
    if (same !== path) {
      operations.push({ op: "link", path: same, to: path });
      continue;
    }
    if (type === "directory" && path !== "") operations.push({ op: "mkdir", path, mode, uid, gid });
    else if (type === "file")
      operations.push({ op: "create", path, mode, uid, gid }, { op: "put", path, hex: contents[path] ?? "" });
    else if (type === "symlink") operations.push({ op: "symlink", path, target });
    else if (type !== "directory") operations.push({ op: "mknod", path, type, mode, major, minor });
    operations.push({ op: "chown", path, uid, gid });
    if (type !== "symlink") operations.push({ op: "chmod", path, mode });
    for (const [name, value] of Object.entries(xattrs))
      operations.push({ op: "setxattr", path, name, value, mode: "either" });
  }
  for (const { path, mtime } of [...nodes].reverse())
    if (mtime !== "now") operations.push({ op: "utimes", path, mtime });
  return operations;
}

function extentsOf(fs: Filesystem, file: NodeId): string {
  const { sizeBytes, allocatedBytes } = fs.attributes(file);
  const extents: string[] = [];
  let end = 0;
  try {
    while (end < sizeBytes) {
      const start = fs.seek(file, end, "data");
      end = fs.seek(file, start, "hole");
      extents.push(`${start}-${end}`);
    }
  } catch (thrown) {
    if (!isFsError(thrown, "ENXIO")) throw thrown;
  }
  return `${allocatedBytes} ${extents.join(" ")}`;
}

function contentsSha1(fs: Filesystem, file: NodeId): string {
  return sha1(wholeFile(fs, file));
}

function wholeFile(fs: Filesystem, file: NodeId): Uint8Array {
  const target = new Uint8Array(fs.attributes(file).sizeBytes);
  const count = fs.read(file, 0, target);
  if (count !== target.length) throw new Error(`short read: ${count} of ${target.length}`);
  return target;
}

function sha1(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

function stamp(fs: Filesystem, seconds: bigint): void {
  let count = 0n;
  for (const [, node] of pathsOf(fs)) {
    count += 1n;
    const timeNs = (seconds + count) * 1_000_000_000n + count * 7n;
    fs.setAttributes(node, { atimeNs: timeNs, mtimeNs: timeNs });
  }
}

function initOf(operation: Extract<Operation, { op: "create" | "mkdir" | "symlink" | "mknod" }>): NodeInit {
  switch (operation.op) {
    case "create":
      return { type: "file", mode: operation.mode, uid: operation.uid, gid: operation.gid };
    case "mkdir":
      return { type: "directory", mode: operation.mode, uid: operation.uid, gid: operation.gid };
    case "symlink":
      return { type: "symlink", mode: 0o777, uid: 0, gid: 0, target: operation.target };
    case "mknod": {
      const { type, mode, major, minor } = operation;
      return { type, mode, uid: 0, gid: 0, rdev: { major, minor } };
    }
  }
}

function parentOf(fs: Filesystem, path: string): [NodeId, string] {
  const slash = path.lastIndexOf("/");
  const parent = nodeAt(fs, path.slice(0, slash));
  if (fs.attributes(parent).type !== "directory") throw new FsError("ENOTDIR");
  return [parent, path.slice(slash + 1)];
}

function nodeAt(fs: Filesystem, path: string): NodeId {
  let node = fs.root;
  for (const name of path.split("/").slice(1)) {
    const next = fs.lookup(node, name);
    if (next === undefined) throw new FsError("ENOENT");
    node = next;
  }
  return node;
}

function checkIsFile(type: NodeType): void {
  if (type !== "file") throw new FsError(type === "directory" ? "EISDIR" : "EINVAL");
}

function checkUserXattr(name: string, type: NodeType): void {
  if (name.startsWith("user.") && type !== "file" && type !== "directory") throw new FsError("EPERM");
}

/** `size` bytes that depend on `fill`; the Python side makes the same. */
export function fillBytes(size: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = (fill + index * 7) & 0xff;
  return bytes;
}

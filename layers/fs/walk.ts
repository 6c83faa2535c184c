/**
 * Paths for tools: docker cp, working directories, /etc/passwd, unpackers. The hard idea is that a
 * path, its ".." and every symbolic link on the way are resolved *inside a root* and cannot leave it,
 * as openat2(2) does with RESOLVE_IN_ROOT: the walk keeps the chain of directories it came through, so
 * ".." needs no help of the filesystem and stops at the root.
 */
import { FsError } from "./errors.ts";
import type { Filesystem, NodeId } from "./filesystem.ts";
import { nameSizeBytes } from "./names.ts";

/** Symbolic links followed before ELOOP (MAXSYMLINKS, linux/namei.h). */
const LINKS_MAX = 40;
/** PATH_MAX without its terminator (linux/limits.h). */
const PATH_BYTES_MAX = 4095;
/** Pieces in which whole files are read. */
const READ_BYTES = 1024 * 1024;

export interface WalkOptions {
  /** Directory taken for "/" ; the filesystem's root unless given. */
  readonly root?: NodeId;
  /** Whether a symbolic link at the end is followed; true unless given. */
  readonly isLastFollowed?: boolean;
}

/** Where a path leads. */
export interface WalkResult {
  /** Undefined when only the last name is missing. */
  readonly node: NodeId | undefined;
  /** Directory that holds the last name; for the root itself, the root. */
  readonly parent: NodeId;
  /** The last name, "" for the root. */
  readonly name: string;
  /** Absolute path inside the root, without links (but for an unfollowed last), ".." or ".". */
  readonly path: string;
}

export interface OwnerAndMode {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const ROOT_DIRECTORY: OwnerAndMode = { mode: 0o755, uid: 0, gid: 0 };
const ROOT_FILE: OwnerAndMode = { mode: 0o644, uid: 0, gid: 0 };

/** Follows `path` to its end; a missing last name is an answer. ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG. */
export function walk(filesystem: Filesystem, path: string, options?: WalkOptions): WalkResult {
  if (nameSizeBytes(path) > PATH_BYTES_MAX) throw new FsError("ENAMETOOLONG", path);
  const root = options?.root ?? filesystem.root;
  const isLastFollowed = options?.isLastFollowed ?? true;
  const chain: NodeId[] = [root];
  const names: string[] = [];
  const pending = componentsOf(path);
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const parent = chain[chain.length - 1] ?? root;
    if (filesystem.attributes(parent).type !== "directory") throw new FsError("ENOTDIR", path);
    if (name === ".") continue;
    if (name === "..") {
      if (chain.length > 1) chain.pop();
      names.pop();
      continue;
    }
    const node = filesystem.lookup(parent, name);
    const isLast = pending.length === 0;
    // A trailing slash shows as a last component ".": the missing name may be a directory to be made.
    const isOnlySlashLeft = pending.length === 1 && pending[0] === ".";
    if (node === undefined) {
      if (!isLast && !isOnlySlashLeft) throw new FsError("ENOENT", path);
      return { node: undefined, parent, name, path: "/" + [...names, name].join("/") };
    }
    if ((!isLast || isLastFollowed) && filesystem.attributes(node).type === "symlink") {
      if (++links > LINKS_MAX) throw new FsError("ELOOP", path);
      const target = filesystem.readLink(node);
      if (target.startsWith("/")) {
        chain.length = 1;
        names.length = 0;
      }
      pending.push(...componentsOf(target));
      continue;
    }
    chain.push(node);
    names.push(name);
  }
  const node = chain[chain.length - 1] ?? root;
  return {
    node,
    parent: chain[chain.length - 2] ?? root,
    name: names[names.length - 1] ?? "",
    path: "/" + names.join("/"),
  };
}

/** The node at `path`. ENOENT besides what `walk` throws. */
export function resolve(filesystem: Filesystem, path: string, options?: WalkOptions): NodeId {
  const { node } = walk(filesystem, path, options);
  if (node === undefined) throw new FsError("ENOENT", path);
  return node;
}

/** As mkdir -p: the directory at `path`, made where it is missing. ENOTDIR when a file is in the way. */
export function mkdirAll(
  filesystem: Filesystem,
  path: string,
  owner: OwnerAndMode = ROOT_DIRECTORY,
  options?: WalkOptions,
): NodeId {
  let made = "";
  let directory = options?.root ?? filesystem.root;
  for (const name of componentsOf(path).reverse()) {
    made += `/${name}`;
    const step = walk(filesystem, made, { ...options, isLastFollowed: true });
    directory = step.node ?? filesystem.create(step.parent, step.name, { type: "directory", ...owner });
  }
  if (filesystem.attributes(directory).type !== "directory") throw new FsError("ENOTDIR", path);
  return directory;
}

/** All bytes of the file at `path`. EFBIG past `sizeBytesMax`, EISDIR, EINVAL. */
export function readWholeFile(
  filesystem: Filesystem,
  path: string,
  sizeBytesMax: number,
  options?: WalkOptions,
): Uint8Array<ArrayBuffer> {
  return readWholeNode(filesystem, resolve(filesystem, path, options), sizeBytesMax);
}

/** All bytes of `file`. EFBIG past `sizeBytesMax`, EISDIR, EINVAL. */
export function readWholeNode(filesystem: Filesystem, file: NodeId, sizeBytesMax: number): Uint8Array<ArrayBuffer> {
  const { sizeBytes, type } = filesystem.attributes(file);
  if (type === "directory") throw new FsError("EISDIR");
  if (type !== "file") throw new FsError("EINVAL");
  if (sizeBytes > sizeBytesMax) throw new FsError("EFBIG");
  const bytes = new Uint8Array(sizeBytes);
  for (let position = 0; position < sizeBytes;) {
    const count = filesystem.read(file, position, bytes.subarray(position, position + READ_BYTES));
    if (count === 0) return bytes.slice(0, position);
    position += count;
  }
  return bytes;
}

/** Makes the file at `path` hold `bytes`, creating it with `owner` where it is missing. The file's node. */
export function writeWholeFile(
  filesystem: Filesystem,
  path: string,
  bytes: Uint8Array,
  owner: OwnerAndMode = ROOT_FILE,
  options?: WalkOptions,
): NodeId {
  const { node, parent, name } = walk(filesystem, path, options);
  const file = node ?? filesystem.create(parent, name, { type: "file", ...owner });
  if (node !== undefined) filesystem.setAttributes(file, { sizeBytes: 0 });
  filesystem.write(file, 0, bytes);
  return file;
}

/** Components of `path`, last first, so that `pop` takes the next; "." stands for a trailing slash. */
function componentsOf(path: string): string[] {
  const components = path.split("/").filter((component) => component !== "");
  if (path.endsWith("/") && components.length > 0) components.push(".");
  return components.reverse();
}

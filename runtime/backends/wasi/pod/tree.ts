/**
 * The container's file tree as its guests see it: the root filesystem plus mounts (/dev, tmpfs,
 * volumes, the engine's small files), walked the way Linux walks a chroot. The one hard idea: a place
 * in the tree (`Entry`) remembers the chain of directories it was reached through, so ".." works
 * across mounts and can never leave the root.
 */
import { decodeUtf8 } from "../../../../layers/base/bytes.ts";
import { FsError, isFsError } from "../../../../layers/fs/errors.ts";
import type { Attributes, DirectoryEntry, Filesystem, NodeId } from "../../../../layers/fs/filesystem.ts";
import { readWholeNode } from "../../../../layers/fs/walk.ts";
import type { FileTree, Located } from "../../pod/container-files.ts";

/** Symbolic links followed before ELOOP (MAXSYMLINKS, linux/namei.h). */
const LINKS_MAX = 40;

/** A node and the way it was reached. */
export interface Entry {
  readonly filesystem: Filesystem;
  readonly node: NodeId;
  /** Name under `parent`; "" for the root. */
  readonly name: string;
  readonly parent: Entry | undefined;
}

/** Where a path leads: `entry` is undefined when only the last name is missing. */
export interface Place {
  readonly parent: Entry;
  readonly name: string;
  readonly entry: Entry | undefined;
  /** The path ended in a slash: only a directory will do. */
  readonly mustBeDirectory: boolean;
}

interface Mount {
  readonly filesystem: Filesystem;
  readonly node: NodeId;
}

/** No passwd file of any image comes near this. */
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

export class Tree implements FileTree {
  readonly root: Entry;
  /** By canonical absolute path of the mount point. */
  readonly #mounts = new Map<string, Mount>();
  readonly #devices = new Map<Filesystem, number>();

  constructor(filesystem: Filesystem) {
    this.root = { filesystem, node: filesystem.root, name: "", parent: undefined };
  }

  /** Mounts a node (a filesystem's root, or a file of it) over `path`, which need not exist. */
  mount(path: string, filesystem: Filesystem, node: NodeId = filesystem.root): void {
    this.#mounts.set(path, { filesystem, node });
  }

  /** st_dev: a small number per filesystem. */
  deviceOf(filesystem: Filesystem): number {
    const known = this.#devices.get(filesystem);
    if (known !== undefined) return known;
    const device = this.#devices.size + 1;
    this.#devices.set(filesystem, device);
    return device;
  }

  attributes(entry: Entry): Attributes {
    return entry.filesystem.attributes(entry.node);
  }

  /** The entry at `path`. ENOENT, ENOTDIR, ELOOP. */
  resolve(path: string, from: Entry = this.root, isLastFollowed = true): Entry {
    const place = this.walk(path, from, isLastFollowed);
    if (place.entry === undefined) throw new FsError("ENOENT", path);
    return place.entry;
  }

  /** Follows `path` from `from`; an absolute path starts at the root. */
  walk(path: string, from: Entry = this.root, isLastFollowed = true): Place {
    if (path === "") throw new FsError("ENOENT", path);
    const pending = componentsOf(path);
    let mustBeDirectory = endsAsDirectory(path);
    let at = path.startsWith("/") ? this.root : from;
    let links = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (this.attributes(at).type !== "directory") throw new FsError("ENOTDIR", path);
      if (name === "..") at = at.parent ?? at;
      if (name === "." || name === "..") continue;
      const isLast = pending.length === 0;
      const entry = this.child(at, name);
      if (entry === undefined) {
        if (!isLast) throw new FsError("ENOENT", path);
        return { parent: at, name, entry, mustBeDirectory };
      }
      const isFollowed = !isLast || isLastFollowed || mustBeDirectory;
      const type = this.attributes(entry).type;
      if (type !== "symlink" || !isFollowed) {
        if (isLast && mustBeDirectory && type !== "directory") throw new FsError("ENOTDIR", path);
        if (isLast) return { parent: at, name, entry, mustBeDirectory };
        at = entry;
        continue;
      }
      if (++links > LINKS_MAX) throw new FsError("ELOOP", path);
      const target = entry.filesystem.readLink(entry.node);
      if (target.startsWith("/")) at = this.root;
      if (isLast && endsAsDirectory(target)) mustBeDirectory = true;
      pending.push(...componentsOf(target));
    }
    return { parent: at.parent ?? at, name: at.name, entry: at, mustBeDirectory: true };
  }

  locate(path: string, isLastFollowed: boolean): Located {
    const entry = this.resolve(path, this.root, isLastFollowed);
    const { filesystem, node, name } = entry;
    return { filesystem, node, name, path: pathOf(entry), pathInFilesystem: pathInFilesystem(entry) };
  }

  /** A small text file, or undefined when there is none. */
  readText(path: string): string | undefined {
    try {
      const { filesystem, node } = this.resolve(path);
      return decodeUtf8(readWholeNode(filesystem, node, TEXT_BYTES_MAX));
    } catch (thrown) {
      if (isFsError(thrown)) return undefined; // An image from scratch has none.
      throw thrown;
    }
  }

  /** The entry under one name, through mounts. */
  child(directory: Entry, name: string): Entry | undefined {
    const mount = this.#mounts.size === 0 ? undefined : this.#mounts.get(pathOf(directory, name));
    if (mount !== undefined) return { ...mount, name, parent: directory };
    const node = directory.filesystem.lookup(directory.node, name);
    if (node === undefined) return undefined;
    return { filesystem: directory.filesystem, node, name, parent: directory };
  }

  /** Whether something is mounted exactly there: such names can be neither removed nor renamed. */
  isMountPoint(directory: Entry, name: string): boolean {
    return this.#mounts.has(pathOf(directory, name));
  }

  /** Entries of a directory with mount points merged in. */
  readDirectory(directory: Entry): readonly DirectoryEntry[] {
    const own = directory.filesystem.readDirectory(directory.node);
    const prefix = pathOf(directory) === "/" ? "/" : `${pathOf(directory)}/`;
    const merged = new Map(own.map((entry) => [entry.name, entry]));
    for (const [path, mount] of this.#mounts) {
      const name = path.slice(prefix.length);
      if (!path.startsWith(prefix) || name === "" || name.includes("/")) continue;
      merged.set(name, { name, ino: mount.node, type: mount.filesystem.attributes(mount.node).type });
    }
    return merged.size === own.length ? own : [...merged.values()];
  }
}

/** Absolute path of an entry, or of `name` in it. */
export function pathOf(entry: Entry, name?: string): string {
  const names = name === undefined ? [] : [name];
  for (let at = entry; at.parent !== undefined; at = at.parent) names.push(at.name);
  return `/${names.reverse().join("/")}`;
}

/** Up to where the chain of directories crosses into the entry's filesystem. */
function pathInFilesystem(entry: Entry): string {
  const names: string[] = [];
  for (let at = entry; at.parent !== undefined && at.parent.filesystem === entry.filesystem; at = at.parent) {
    names.push(at.name);
  }
  return `/${names.reverse().join("/")}`;
}

function endsAsDirectory(path: string): boolean {
  return path.endsWith("/") || path === "." || path.endsWith("/.") || path === ".." || path.endsWith("/..");
}

/** Components of `path`, last first, so that `pop` takes the next. */
function componentsOf(path: string): string[] {
  return path.split("/").filter((component) => component !== "").reverse();
}

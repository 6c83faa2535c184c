/**
 * One process's file calls, answered on the container's tree. A handle keeps its node alive until it
 * is closed, so a guest may go on using a file it has unlinked; `dispose` lets go of all of them when
 * the process is gone, however it went.
 */
import type { Disposable } from "../../../../layers/base/disposable.ts";
import type { Clock } from "../../../../layers/base/clock.ts";
import { FsError } from "../../../../layers/fs/errors.ts";
import type { Attributes, AttributeChanges } from "../../../../layers/fs/filesystem.ts";
import type { FileCalls, FileStatus, ListedName, OpenOptions, Opened, TimeChanges } from "../guest/file-calls.ts";
import { ROOT_HANDLE } from "../guest/file-calls.ts";
import { readDevice, stdioOf, writeDevice } from "./devices.ts";
import type { Entry, Place, Tree } from "./tree.ts";

/** Permissions of what a guest makes: WASI has no modes, so 0666 and 0777 less the usual umask 022. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Bytes moved, for `docker stats`. */
export interface Traffic {
  readBytes: number;
  writtenBytes: number;
}

export class GuestFiles implements FileCalls, Disposable {
  readonly #tree: Tree;
  readonly #owner: Owner;
  readonly #clock: Clock;
  readonly #traffic: Traffic;
  readonly #open = new Map<number, Entry>();
  #nextHandle = ROOT_HANDLE + 1;

  constructor(tree: Tree, owner: Owner, clock: Clock, traffic: Traffic) {
    this.#tree = tree;
    this.#owner = owner;
    this.#clock = clock;
    this.#traffic = traffic;
  }

  dispose(): void {
    for (const entry of this.#open.values()) entry.filesystem.release(entry.node);
    this.#open.clear();
  }

  open(directory: number, path: string, options: OpenOptions): Opened {
    const isFollowed = options.isLastFollowed && !(options.isCreating && options.isExclusive);
    const place = this.#tree.walk(path, this.#entry(directory), isFollowed);
    const entry = place.entry ?? this.#create(place, options);
    if (place.entry !== undefined && options.isCreating && options.isExclusive) throw new FsError("EEXIST", path);
    const { type, rdev } = this.#tree.attributes(entry);
    if (type === "symlink") throw new FsError("ELOOP", path);
    if (options.isDirectory && type !== "directory") throw new FsError("ENOTDIR", path);
    if (type === "directory" && (options.isWriting || options.isTruncating || options.isCreating)) {
      throw new FsError("EISDIR", path);
    }
    if (type === "fifo" || type === "socket" || type === "block") throw new FsError("ENXIO", path);
    if (type === "file" && options.isWriting && entry.filesystem.isReadOnly) throw new FsError("EROFS", path);
    if (type === "file" && options.isTruncating) entry.filesystem.setAttributes(entry.node, { sizeBytes: 0 });
    const stdio = type === "character" ? stdioOf(rdev) : undefined;
    if (stdio !== undefined) return { handle: 0, type, stdio };
    entry.filesystem.acquire(entry.node);
    const handle = this.#nextHandle++;
    this.#open.set(handle, entry);
    return { handle, type, stdio };
  }

  close(handle: number): null {
    const entry = this.#open.get(handle);
    if (entry === undefined) return null; // The root stays open.
    this.#open.delete(handle);
    entry.filesystem.release(entry.node);
    return null;
  }

  read(handle: number, position: number, sizeBytes: number): Uint8Array {
    const { filesystem, node } = this.#entry(handle);
    const bytes = new Uint8Array(sizeBytes);
    const { type, rdev } = filesystem.attributes(node);
    if (type === "directory") throw new FsError("EISDIR");
    const count = type === "character" ? readDevice(rdev, bytes) : filesystem.read(node, position, bytes);
    this.#traffic.readBytes += count;
    return bytes.subarray(0, count);
  }

  write(handle: number, position: number, bytes: Uint8Array): number {
    const { filesystem, node } = this.#entry(handle);
    const { type, rdev, sizeBytes } = filesystem.attributes(node);
    if (type === "character") return position + writeDevice(rdev, bytes);
    const at = position === -1 ? sizeBytes : position;
    filesystem.write(node, at, bytes);
    this.#traffic.writtenBytes += bytes.length;
    return at + bytes.length;
  }

  status(handle: number): FileStatus {
    return this.#statusOf(this.#entry(handle));
  }

  statusAt(directory: number, path: string, isLastFollowed: boolean): FileStatus {
    return this.#statusOf(this.#tree.resolve(path, this.#entry(directory), isLastFollowed));
  }

  setSize(handle: number, sizeBytes: number): null {
    const { filesystem, node } = this.#entry(handle);
    filesystem.setAttributes(node, { sizeBytes });
    return null;
  }

  allocate(handle: number, sizeBytes: number): null {
    const { filesystem, node } = this.#entry(handle);
    if (filesystem.attributes(node).sizeBytes < sizeBytes) filesystem.setAttributes(node, { sizeBytes });
    return null;
  }

  setTimes(handle: number, times: TimeChanges): null {
    return this.#changeTimes(this.#entry(handle), times);
  }

  setTimesAt(directory: number, path: string, isLastFollowed: boolean, times: TimeChanges): null {
    return this.#changeTimes(this.#tree.resolve(path, this.#entry(directory), isLastFollowed), times);
  }

  list(handle: number): readonly ListedName[] {
    const entry = this.#entry(handle);
    const parent = entry.parent ?? entry;
    return [
      { name: ".", ino: entry.node, type: "directory" },
      { name: "..", ino: parent.node, type: "directory" },
      ...this.#tree.readDirectory(entry).map(({ name, ino, type }) => ({ name, ino, type })),
    ];
  }

  makeDirectory(directory: number, path: string): null {
    const place = this.#tree.walk(path, this.#entry(directory), false);
    if (place.entry !== undefined) throw new FsError("EEXIST", path);
    const { filesystem, node } = place.parent;
    filesystem.create(node, place.name, { type: "directory", mode: DIRECTORY_MODE, ...this.#owner });
    return null;
  }

  removeDirectory(directory: number, path: string): null {
    const place = this.#removable(directory, path);
    place.parent.filesystem.removeDirectory(place.parent.node, place.name);
    return null;
  }

  unlink(directory: number, path: string): null {
    const place = this.#removable(directory, path);
    if (place.mustBeDirectory) throw new FsError("EISDIR", path);
    place.parent.filesystem.unlink(place.parent.node, place.name);
    return null;
  }

  rename(fromDirectory: number, fromPath: string, toDirectory: number, toPath: string): null {
    const from = this.#removable(fromDirectory, fromPath);
    const to = this.#tree.walk(toPath, this.#entry(toDirectory), false);
    if (from.parent.filesystem !== to.parent.filesystem) throw new FsError("EXDEV", toPath);
    if (to.entry !== undefined && this.#tree.isMountPoint(to.parent, to.name)) throw new FsError("EBUSY", toPath);
    from.parent.filesystem.rename(from.parent.node, from.name, to.parent.node, to.name, "replace");
    return null;
  }

  link(fromDirectory: number, fromPath: string, isFollowed: boolean, toDirectory: number, toPath: string): null {
    const from = this.#tree.resolve(fromPath, this.#entry(fromDirectory), isFollowed);
    const to = this.#tree.walk(toPath, this.#entry(toDirectory), false);
    if (to.entry !== undefined) throw new FsError("EEXIST", toPath);
    if (from.filesystem !== to.parent.filesystem) throw new FsError("EXDEV", toPath);
    from.filesystem.link(from.node, to.parent.node, to.name);
    return null;
  }

  symlink(target: string, directory: number, path: string): null {
    const place = this.#tree.walk(path, this.#entry(directory), false);
    if (place.entry !== undefined) throw new FsError("EEXIST", path);
    const { filesystem, node } = place.parent;
    filesystem.create(node, place.name, { type: "symlink", mode: 0o777, target, ...this.#owner });
    return null;
  }

  readLink(directory: number, path: string): string {
    const entry = this.#tree.resolve(path, this.#entry(directory), false);
    return entry.filesystem.readLink(entry.node);
  }

  sync(handle: number): null {
    const { filesystem, node } = this.#entry(handle);
    filesystem.sync(node);
    return null;
  }

  #entry(handle: number): Entry {
    if (handle === ROOT_HANDLE) return this.#tree.root;
    const entry = this.#open.get(handle);
    if (entry === undefined) throw new FsError("EBADF");
    return entry;
  }

  #create(place: Place, options: OpenOptions): Entry {
    if (!options.isCreating) throw new FsError("ENOENT", place.name);
    if (place.mustBeDirectory) throw new FsError("EISDIR", place.name);
    const { filesystem, node } = place.parent;
    const made = filesystem.create(node, place.name, { type: "file", mode: FILE_MODE, ...this.#owner });
    return { filesystem, node: made, name: place.name, parent: place.parent };
  }

  /** What may lose its name: something that exists, is not the root and has nothing mounted on it. */
  #removable(directory: number, path: string): Place {
    const place = this.#tree.walk(path, this.#entry(directory), false);
    if (place.entry === undefined) throw new FsError("ENOENT", path);
    const isRoot = place.entry.parent === undefined;
    if (isRoot || this.#tree.isMountPoint(place.parent, place.name)) throw new FsError("EBUSY", path);
    return place;
  }

  #changeTimes(entry: Entry, times: TimeChanges): null {
    const nowNs = this.#clock.nowNs();
    const value = (time: string | undefined): bigint | undefined => {
      if (time === undefined) return undefined;
      return time === "now" ? nowNs : BigInt(time);
    };
    const [atimeNs, mtimeNs] = [value(times.atime), value(times.mtime)];
    const changes: AttributeChanges = {
      ...(atimeNs === undefined ? {} : { atimeNs }),
      ...(mtimeNs === undefined ? {} : { mtimeNs }),
    };
    entry.filesystem.setAttributes(entry.node, changes);
    return null;
  }

  #statusOf(entry: Entry): FileStatus {
    const attributes: Attributes = this.#tree.attributes(entry);
    return {
      device: this.#tree.deviceOf(entry.filesystem),
      ino: attributes.ino,
      type: attributes.type,
      nlink: attributes.nlink,
      sizeBytes: attributes.sizeBytes,
      atimeNs: attributes.atimeNs.toString(),
      mtimeNs: attributes.mtimeNs.toString(),
      ctimeNs: attributes.ctimeNs.toString(),
    };
  }
}

/**
 * Path resolution (path_resolution(7), fs/namei.c). One hard idea: a walk always answers the directory
 * that holds the last name and, when there is one, where that name leads; calls that create, remove or
 * rename need the former and calls that use need the latter.
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { X_OK } from "../abi/fcntl.ts";
import type { Credentials } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Location } from "./mount.ts";
import { parentOf, topOf } from "./mount.ts";
import { checkNode } from "./permission.ts";

/** MAXSYMLINKS, linux/namei.h. */
const LINKS_MAX = 40;
/** PATH_MAX with its terminator, linux/limits.h. */
export const PATH_BYTES_MAX = 4096;

/** RESOLVE_ flags of openat2(2). */
export const Resolve = { noXdev: 1, noMagicLinks: 2, noSymlinks: 4, beneath: 8, inRoot: 16, cached: 32 } as const;

export interface WalkOptions {
  readonly start: Location;
  readonly root: Location;
  /** Whose right to search directories counts. */
  readonly who: Credentials;
  /** Who follows magic links (/proc/self/fd/1); without one they lead nowhere. */
  readonly task?: Task;
  /** Follow a symbolic link at the end. */
  readonly isLastFollowed: boolean;
  /** For calls that make, remove or rename the last name: it is never followed, slash or not. */
  readonly isParentWanted?: boolean;
  readonly resolve?: number;
}

export interface WalkResult {
  /** The directory that holds the last name; with `isDot` the place itself. */
  readonly parent: Location;
  /** The last name; "", "." and ".." when the path ends so (`isDot`). */
  readonly name: string;
  readonly isDot: boolean;
  /** Undefined when the last name does not exist. */
  readonly location: Location | undefined;
  /** The path ended with a slash: only a directory will do. */
  readonly mustBeDirectory: boolean;
}

/** Walks `path`; throws SyscallError (ENOENT for a missing directory on the way, ENOTDIR, EACCES, ELOOP, …). */
export function walk(path: string, options: WalkOptions): WalkResult {
  return new Walk(options).run(path);
}

class Walk {
  readonly #options: WalkOptions;
  readonly #root: Location;
  #at: Location;
  /** Of `#at`; undefined until asked for. */
  #attributes: Attributes | undefined;
  #links = 0;
  readonly #pending: string[] = [];
  #mustBeDirectory = false;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#root = this.#isConfined ? options.start : options.root;
    this.#at = options.start;
  }

  run(path: string): WalkResult {
    if (path === "") throw new SyscallError(Errno.ENOENT);
    this.#begin(path);
    this.#mustBeDirectory = path.endsWith("/") && this.#pending.length > 0;
    let last: WalkResult = this.#dot("");
    for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
      const isLast = this.#pending.length === 0;
      this.#checkSearch();
      if (name === "." || name === "..") {
        if (name === "..") this.#up();
        last = this.#dot(name);
        continue;
      }
      const step = this.#step(name, isLast);
      if (step === "restarted") {
        last = this.#dot("");
        continue;
      }
      last = step;
      if (step.location === undefined && !isLast) throw new SyscallError(Errno.ENOENT);
    }
    if (this.#mustBeDirectory !== last.mustBeDirectory) last = { ...last, mustBeDirectory: this.#mustBeDirectory };
    this.#checkEnd(last);
    return last;
  }

  #begin(path: string): void {
    if (path.startsWith("/")) {
      if (this.#has(Resolve.beneath)) throw new SyscallError(Errno.EXDEV);
      this.#move(this.#root, undefined);
    }
    const names = path.split("/");
    for (let index = names.length - 1; index >= 0; index--) {
      const name = names[index];
      if (name !== undefined && name !== "") this.#pending.push(name);
    }
  }

  #move(to: Location, attributes: Attributes | undefined): void {
    this.#at = to;
    this.#attributes = attributes;
  }

  #step(name: string, isLast: boolean): WalkResult | "restarted" {
    const parent = this.#at;
    const child = parent.dentry.child(name);
    if (child === undefined) return { parent, name, isDot: false, location: undefined, mustBeDirectory: false };
    const location = topOf({ mount: parent.mount, dentry: child });
    if (location.mount !== parent.mount) this.#checkCrossing();
    const { superblock, node } = location.dentry;
    const attributes = superblock.filesystem.attributes(node);
    if (attributes.type === "symlink") {
      const isFollowed = this.#options.isLastFollowed || this.#mustBeDirectory;
      if (!isLast || (isFollowed && this.#options.isParentWanted !== true)) return this.#follow(location, name);
    }
    this.#move(location, attributes);
    return { parent, name, isDot: false, location, mustBeDirectory: false };
  }

  #follow(location: Location, name: string): WalkResult | "restarted" {
    this.#links += 1;
    if (this.#links > LINKS_MAX || this.#has(Resolve.noSymlinks)) throw new SyscallError(Errno.ELOOP);
    const { filesystem } = location.dentry.superblock;
    const { task } = this.#options;
    const magic = task === undefined ? undefined : filesystem.follow?.(location.dentry.node, task);
    if (typeof magic === "number") throw new SyscallError(-magic);
    if (magic !== undefined) {
      if (this.#has(Resolve.noMagicLinks) || this.#isConfined) throw new SyscallError(Errno.ELOOP);
      const parent = this.#at;
      this.#move(magic, undefined);
      return { parent, name, isDot: false, location: magic, mustBeDirectory: false };
    }
    const target = filesystem.readLink(location.dentry.node);
    if (target === "") throw new SyscallError(Errno.ENOENT);
    if (target.endsWith("/") && this.#pending.length === 0) this.#mustBeDirectory = true;
    this.#begin(target);
    return "restarted";
  }

  #up(): void {
    const above = parentOf(this.#at, this.#root);
    const isStopped = above.dentry === this.#at.dentry && above.mount === this.#at.mount;
    if (isStopped && this.#has(Resolve.beneath)) throw new SyscallError(Errno.EXDEV);
    if (above.mount !== this.#at.mount) this.#checkCrossing();
    this.#move(above, undefined);
  }

  #dot(name: string): WalkResult {
    return { parent: this.#at, name, isDot: true, location: this.#at, mustBeDirectory: true };
  }

  #checkSearch(): void {
    const { dentry } = this.#at;
    const attributes = (this.#attributes ??= dentry.superblock.filesystem.attributes(dentry.node));
    if (attributes.type !== "directory") throw new SyscallError(Errno.ENOTDIR);
    const refusal = checkNode(dentry, attributes, X_OK, this.#options.who);
    if (refusal !== 0) throw new SyscallError(-refusal);
  }

  #checkEnd({ location, isDot }: WalkResult): void {
    if (!this.#mustBeDirectory || isDot || location === undefined || this.#options.isParentWanted === true) return;
    const { superblock, node } = location.dentry;
    if (superblock.filesystem.attributes(node).type !== "directory") throw new SyscallError(Errno.ENOTDIR);
  }

  #checkCrossing(): void {
    if (this.#has(Resolve.noXdev)) throw new SyscallError(Errno.EXDEV);
  }

  get #isConfined(): boolean {
    return this.#has(Resolve.beneath) || this.#has(Resolve.inRoot);
  }

  #has(flag: number): boolean {
    return ((this.#options.resolve ?? 0) & flag) !== 0;
  }
}

/**
 * The union filesystem a container sees: lower layers that never change under an upper one that takes
 * every change, as the kernel's overlayfs with its defaults (redirect_dir=off, metacopy=off) does it.
 *
 * Reading goes to wherever a node is now; changing copies it up first (`copy-up.ts`); removing leaves
 * a whiteout where a lower layer would show again. Which node is which is `tree.ts`'s business.
 *
 * Errors and the order of checks are the kernel's (fs/namei.c, fs/overlayfs/dir.c). In particular a
 * directory that a lower layer has a part in cannot be renamed: EXDEV, and mv(1) copies.
 *
 * The upper filesystem, when there is one, belongs to the overlay alone while it is in use. Without
 * one, or with one that is read-only, the overlay is read-only.
 */
import { assert } from "../base/assert.ts";
import { FsError } from "../fs/errors.ts";
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
} from "../fs/filesystem.ts";
import { checkNewName } from "../fs/names.ts";
import { CopyUp } from "./copy-up.ts";
import { TEMPORARY_NAME, WHITEOUT, isOwnXattr, setOpaque, shownXattr, storedXattr } from "./marks.ts";
import type { OverlayNode } from "./overlay-node.ts";
import { checkRename } from "./rename-checks.ts";
import { OverlayTree } from "./tree.ts";

/** What a directory measures, as on ext4, where Docker's layers usually are. */
const DIRECTORY_BYTES = 4096;

interface Writer {
  readonly upper: Filesystem;
  readonly copyUp: CopyUp;
}

export class OverlayFilesystem implements Filesystem {
  readonly type = "overlay";
  readonly isReadOnly: boolean;
  readonly root: NodeId;
  /** The layer that holds all changes: walk it to export them. */
  readonly upper: Filesystem | undefined;
  /** Topmost first. */
  readonly lowers: readonly Filesystem[];
  readonly #tree: OverlayTree;
  readonly #writer: Writer | undefined;

  constructor(upper: Filesystem | undefined, lowers: readonly Filesystem[]) {
    assert(upper !== undefined || lowers.length > 0, "an overlay needs a layer");
    this.upper = upper;
    this.lowers = lowers;
    this.#tree = new OverlayTree(upper, lowers);
    this.#writer =
      upper === undefined || upper.isReadOnly ? undefined : { upper, copyUp: new CopyUp(this.#tree, upper) };
    this.isReadOnly = this.#writer === undefined;
    this.root = this.#tree.root.ino;
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    return this.#tree.child(this.#tree.node(parent), name)?.ino;
  }

  attributes(ino: NodeId): Attributes {
    const node = this.#tree.node(ino);
    const real = node.filesystem.attributes(node.real);
    const isDirectory = node.type === "directory";
    return {
      ino,
      type: real.type,
      mode: real.mode,
      nlink: isDirectory ? directoryLinks(node, real.nlink) : real.nlink - (node.isUpper ? 0 : node.lostLinks),
      uid: real.uid,
      gid: real.gid,
      rdev: real.rdev,
      sizeBytes: isDirectory ? DIRECTORY_BYTES : real.sizeBytes,
      allocatedBytes: isDirectory ? DIRECTORY_BYTES : real.allocatedBytes,
      atimeNs: real.atimeNs,
      mtimeNs: real.mtimeNs,
      ctimeNs: real.ctimeNs,
    };
  }

  setAttributes(ino: NodeId, changes: AttributeChanges): void {
    const { upper, copyUp } = this.#write();
    const node = this.#tree.node(ino);
    if (changes.sizeBytes !== undefined && node.type !== "file") {
      throw new FsError(node.type === "directory" ? "EISDIR" : "EINVAL");
    }
    upper.setAttributes(copyUp.ensure(node, changes.sizeBytes), changes);
  }

  readDirectory(directory: NodeId): readonly DirectoryEntry[] {
    return this.#tree.entries(this.#tree.directory(directory));
  }

  readLink(link: NodeId): string {
    const node = this.#tree.node(link);
    return node.filesystem.readLink(node.real);
  }

  create(parent: NodeId, name: string, init: NodeInit): NodeId {
    const { upper, copyUp } = this.#write();
    const directory = this.#freeName(parent, name);
    // A container that could make whiteouts could not see what it made.
    if (init.type === "character" && (init.rdev?.major ?? 0) === 0 && (init.rdev?.minor ?? 0) === 0) {
      throw new FsError("EPERM");
    }
    const within = copyUp.ensure(directory);
    const whiteout = upper.lookup(within, name);
    const real =
      whiteout === undefined
        ? upper.create(within, name, init)
        : this.#replaceWhiteout(within, name, init.type, () => copyUp.prepare(within, init));
    return this.#tree.adopt(real, init.type, directory, name).ino;
  }

  link(ino: NodeId, parent: NodeId, name: string): void {
    const { upper, copyUp } = this.#write();
    const node = this.#tree.node(ino);
    const directory = this.#freeName(parent, name);
    if (node.type === "directory") throw new FsError("EPERM");
    if (node.isRemoved) throw new FsError("ENOENT");
    const real = copyUp.ensure(node);
    const within = copyUp.ensure(directory);
    if (upper.lookup(within, name) === undefined) {
      upper.link(real, within, name);
    } else {
      this.#replaceWhiteout(within, name, node.type, () => {
        copyUp.clearTemporary(within);
        upper.link(real, within, TEMPORARY_NAME);
        return real;
      });
    }
    this.#tree.setChild(directory, name, node);
  }

  unlink(parent: NodeId, name: string): void {
    const { upper, copyUp } = this.#write();
    const directory = this.#tree.directory(parent);
    const node = this.#existing(directory, name);
    if (node.type === "directory") throw new FsError("EISDIR");
    const isLast = this.#isLastName(node);
    const within = copyUp.ensure(directory);
    const isInUpper = upper.lookup(within, name) !== undefined;
    if (!this.#tree.hasLower(directory, name)) upper.unlink(within, name);
    else if (isInUpper) this.#whiteOutFile(within, name);
    else upper.create(within, name, WHITEOUT);
    this.#tree.setMissing(directory, name);
    this.#loseName(node, isLast);
  }

  removeDirectory(parent: NodeId, name: string): void {
    const { upper, copyUp } = this.#write();
    const directory = this.#tree.directory(parent);
    const node = this.#existing(directory, name);
    if (node.type !== "directory") throw new FsError("ENOTDIR");
    if (this.#tree.entries(node).length > 0) throw new FsError("ENOTEMPTY");
    const within = copyUp.ensure(directory);
    const isCovering = this.#tree.hasLower(directory, name);
    if (node.isUpper) this.#discardDirectory(within, name, node.real, isCovering);
    else upper.create(within, name, WHITEOUT);
    this.#tree.setMissing(directory, name);
    this.#tree.remove(node);
  }

  rename(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, mode: RenameMode): void {
    const tree = this.#tree;
    const { copyUp } = this.#write();
    const from = tree.directory(fromParent);
    const to = tree.directory(toParent);
    const moved = this.#existing(from, fromName);
    const victim = tree.child(to, toName);
    if (victim === undefined) checkFree(toName);
    if (!checkRename(tree, { moved, from, victim, to, mode })) return;
    const isLast = victim !== undefined && mode !== "exchange" && this.#isLastName(victim);
    copyUp.ensure(moved);
    copyUp.ensure(to);
    if (mode === "exchange" && victim !== undefined) {
      copyUp.ensure(victim);
      this.#exchange({ moved, from, fromName, victim, to, toName });
      this.#place(victim, from, fromName);
    } else {
      this.#replace({ moved, from, fromName, victim, to, toName });
      tree.setMissing(from, fromName);
      if (victim !== undefined) this.#loseName(victim, isLast);
    }
    this.#place(moved, to, toName);
  }

  read(file: NodeId, position: number, target: Uint8Array): number {
    const node = this.#tree.node(file);
    return node.filesystem.read(node.real, position, target);
  }

  write(file: NodeId, position: number, source: Uint8Array): number {
    const { upper, copyUp } = this.#write();
    return upper.write(copyUp.ensure(this.#file(file)), position, source);
  }

  punchHole(file: NodeId, position: number, sizeBytes: number): void {
    const { upper, copyUp } = this.#write();
    upper.punchHole(copyUp.ensure(this.#file(file)), position, sizeBytes);
  }

  seek(file: NodeId, position: number, whence: "data" | "hole"): number {
    const node = this.#tree.node(file);
    return node.filesystem.seek(node.real, position, whence);
  }

  /** What is still in a lower layer is as durable as it was. */
  sync(ino?: NodeId): void {
    if (ino === undefined) return this.upper?.sync();
    const node = this.#tree.node(ino);
    if (node.isUpper) node.filesystem.sync(node.real);
  }

  getXattr(ino: NodeId, name: string): Uint8Array | undefined {
    const node = this.#tree.node(ino);
    return node.filesystem.getXattr(node.real, storedXattr(name));
  }

  setXattr(ino: NodeId, name: string, value: Uint8Array, mode: XattrMode): void {
    const { upper, copyUp } = this.#write();
    upper.setXattr(copyUp.ensure(this.#tree.node(ino)), storedXattr(name), value, mode);
  }

  listXattrs(ino: NodeId): readonly string[] {
    const node = this.#tree.node(ino);
    return node.filesystem
      .listXattrs(node.real)
      .filter((name) => !isOwnXattr(name))
      .map(shownXattr);
  }

  removeXattr(ino: NodeId, name: string): void {
    const { upper, copyUp } = this.#write();
    const node = this.#tree.node(ino);
    const stored = storedXattr(name);
    if (node.filesystem.getXattr(node.real, stored) === undefined) throw new FsError("ENODATA");
    upper.removeXattr(copyUp.ensure(node), stored);
  }

  acquire(node: NodeId): void {
    this.#tree.acquire(this.#tree.node(node));
  }

  release(ino: NodeId): void {
    const node = this.#tree.node(ino);
    assert(node.references > 0, `node ${ino} is released more often than acquired`);
    this.#tree.release(node);
  }

  usage(): FilesystemUsage {
    const counted = this.upper ?? this.lowers[0];
    assert(counted !== undefined, "an overlay needs a layer");
    return counted.usage();
  }

  #write(): Writer {
    if (this.#writer === undefined) throw new FsError("EROFS");
    return this.#writer;
  }

  #file(ino: NodeId): OverlayNode {
    const node = this.#tree.node(ino);
    if (node.type !== "file") throw new FsError(node.type === "directory" ? "EISDIR" : "EINVAL");
    return node;
  }

  #existing(directory: OverlayNode, name: string): OverlayNode {
    const node = this.#tree.child(directory, name);
    if (node === undefined) throw new FsError("ENOENT");
    return node;
  }

  /** The directory `parent`, once it is certain that it can take a new entry `name`. */
  #freeName(parent: NodeId, name: string): OverlayNode {
    const directory = this.#tree.directory(parent);
    if (this.#tree.child(directory, name) !== undefined) throw new FsError("EEXIST");
    checkFree(name);
    if (directory.isRemoved) throw new FsError("ENOENT", "the directory was removed");
    return directory;
  }

  /** Puts what `prepare` makes under the reserved name in the place of a whiteout. */
  #replaceWhiteout(within: NodeId, name: string, type: string, prepare: () => NodeId): NodeId {
    const { upper, copyUp } = this.#write();
    try {
      const real = prepare();
      // Only a directory would merge with what the whiteout hid, and cannot be renamed over a file.
      if (type === "directory") setOpaque(upper, real);
      upper.rename(within, TEMPORARY_NAME, within, name, type === "directory" ? "exchange" : "replace");
      return real;
    } finally {
      copyUp.clearTemporary(within);
    }
  }

  #whiteOutFile(within: NodeId, name: string): void {
    const { upper, copyUp } = this.#write();
    copyUp.prepare(within, WHITEOUT);
    upper.rename(within, TEMPORARY_NAME, within, name, "replace");
  }

  /** Removes a directory of the upper layer that shows nothing, in one step for who looks. */
  #discardDirectory(within: NodeId, name: string, directory: NodeId, isCovering: boolean): void {
    const { upper, copyUp } = this.#write();
    if (isCovering) {
      copyUp.prepare(within, WHITEOUT);
      upper.rename(within, TEMPORARY_NAME, within, name, "exchange");
    } else {
      if (upper.readDirectory(directory).length === 0) return upper.removeDirectory(within, name);
      copyUp.clearTemporary(within);
      upper.rename(within, name, within, TEMPORARY_NAME, "noReplace");
    }
    copyUp.clear(directory);
    upper.removeDirectory(within, TEMPORARY_NAME);
  }

  #exchange(names: Renamed & { victim: OverlayNode }): void {
    const { moved, from, fromName, victim, to, toName } = names;
    const { upper } = this.#write();
    if (moved.type === "directory" && this.#tree.hasLower(to, toName)) setOpaque(upper, moved.real);
    if (victim.type === "directory" && this.#tree.hasLower(from, fromName)) setOpaque(upper, victim.real);
    upper.rename(from.real, fromName, to.real, toName, "exchange");
  }

  #replace(names: Renamed): void {
    const { moved, from, fromName, victim, to, toName } = names;
    const { upper } = this.#write();
    const isCovering = this.#tree.hasLower(from, fromName);
    if (moved.type === "directory" && this.#tree.hasLower(to, toName)) setOpaque(upper, moved.real);
    const isInUpper = upper.lookup(to.real, toName) !== undefined;
    if (isInUpper && victim === undefined) {
      // A whiteout: it is needed at the old name, or nowhere.
      upper.rename(from.real, fromName, to.real, toName, "exchange");
      if (!isCovering) upper.unlink(from.real, fromName);
    } else if (isInUpper && victim?.type === "directory") {
      upper.rename(from.real, fromName, to.real, toName, "exchange");
      this.#discardDirectory(from.real, fromName, victim.real, isCovering);
    } else {
      upper.rename(from.real, fromName, to.real, toName, "replace");
      if (isCovering) upper.create(from.real, fromName, WHITEOUT);
    }
  }

  #place(node: OverlayNode, directory: OverlayNode, name: string): void {
    node.parent = directory;
    node.name = name;
    this.#tree.setChild(directory, name, node);
  }

  /** Whether removing one name will remove the node. */
  #isLastName(node: OverlayNode): boolean {
    if (node.type === "directory") return true;
    const { nlink } = node.filesystem.attributes(node.real);
    return nlink - (node.isUpper ? 0 : node.lostLinks) <= 1;
  }

  #loseName(node: OverlayNode, isLast: boolean): void {
    if (!node.isUpper) node.lostLinks += 1;
    if (isLast) this.#tree.remove(node);
  }
}

interface Renamed {
  readonly moved: OverlayNode;
  readonly from: OverlayNode;
  readonly fromName: string;
  readonly victim: OverlayNode | undefined;
  readonly to: OverlayNode;
  readonly toName: string;
}

/** As the kernel: 1 for a merged directory (counting its entries would cost a listing), 0 for a removed one. */
function directoryLinks(node: OverlayNode, nlink: number): number {
  if (node.isRemoved) return 0;
  return node.isMerged ? 1 : nlink;
}

function checkFree(name: string): void {
  checkNewName(name);
  if (name === TEMPORARY_NAME) throw new FsError("EPERM", "the name is the overlay's own");
}

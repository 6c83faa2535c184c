/**
 * The merged tree: which nodes there are and what their numbers are. The hard idea is identity. A
 * node's number is computed from where it was first found (real number x layers + layer), so that a
 * directory can be listed without visiting its entries, and a node that is copied up keeps its
 * object, hence its number; `#byUpper` leads from the new place back to it.
 *
 * What was looked up stays known (as the kernel's dentries do): a second lookup costs two maps,
 * however many layers there are. Only this overlay changes the upper layer, nobody the lower ones.
 */
import { FsError } from "../fs/errors.ts";
import type { DirectoryEntry, Filesystem, NodeId, NodeType } from "../fs/filesystem.ts";
import { checkNameLength } from "../fs/names.ts";
import { TEMPORARY_NAME, isOpaque, isWhiteout } from "./marks.ts";
import { OverlayNode } from "./overlay-node.ts";
import type { LowerDirectory } from "./overlay-node.ts";

/** Missing names remembered per directory: more than a search path's worth, less than an attack's. */
const MISSING_MAX = 1024;
/** Slot of the upper layer in a node's number; lower layer n has slot n + 1. */
const UPPER_SLOT = 0;

export class OverlayTree {
  readonly upper: Filesystem | undefined;
  readonly lowers: readonly Filesystem[];
  readonly root: OverlayNode;
  readonly #nodes = new Map<NodeId, OverlayNode>();
  /** Nodes that began in a lower layer, by their number in the upper one. */
  readonly #byUpper = new Map<NodeId, OverlayNode>();
  readonly #slots: number;

  constructor(upper: Filesystem | undefined, lowers: readonly Filesystem[]) {
    this.upper = upper;
    this.lowers = lowers;
    this.#slots = lowers.length + 1;
    const roots = lowers.map((filesystem, layer) => ({ layer, filesystem, node: filesystem.root }));
    this.root = this.#makeDirectory(upper?.root, roots, undefined, "");
  }

  node(ino: NodeId): OverlayNode {
    const node = this.#nodes.get(ino);
    if (node === undefined) throw new FsError("ESTALE");
    return node;
  }

  directory(ino: NodeId): OverlayNode {
    const node = this.node(ino);
    if (node.children === undefined) throw new FsError("ENOTDIR");
    return node;
  }

  /** What `name` leads to. ENOTDIR, ENAMETOOLONG. */
  child(directory: OverlayNode, name: string): OverlayNode | undefined {
    const { children } = directory;
    if (children === undefined) throw new FsError("ENOTDIR");
    const known = children.get(name);
    if (known !== undefined) return known ?? undefined;
    checkNameLength(name);
    const found = directory.isRemoved ? undefined : this.#find(directory, name);
    if (found !== undefined) children.set(name, found);
    else if (directory.isMerged) this.setMissing(directory, name);
    return found;
  }

  /** Remembers that `name` now leads to `node`. */
  setChild(directory: OverlayNode, name: string, node: OverlayNode): void {
    if (directory.children?.get(name) === null) directory.missing -= 1;
    directory.children?.set(name, node);
  }

  /** Remembers that `name` leads nowhere. */
  setMissing(directory: OverlayNode, name: string): void {
    const { children } = directory;
    if (children === undefined || children.get(name) === null) return;
    if (directory.missing >= MISSING_MAX) {
      for (const [other, node] of children) if (node === null) children.delete(other);
      directory.missing = 0;
    }
    children.set(name, null);
    directory.missing += 1;
  }

  /** Entries without whiteouts, upper layer first. */
  entries(directory: OverlayNode): readonly DirectoryEntry[] {
    if (directory.isRemoved) return [];
    const { upper } = this;
    if (!directory.isMerged) {
      const slot = directory.isUpper ? UPPER_SLOT : directory.layer + 1;
      return this.#shownEntries(directory.filesystem, directory.real, slot);
    }
    const merged = new Map<string, DirectoryEntry | null>();
    if (directory.isUpper && upper !== undefined) this.#merge(merged, directory, upper, directory.real, UPPER_SLOT);
    for (const { filesystem, node, layer } of directory.lowers) {
      this.#merge(merged, directory, filesystem, node, layer + 1);
    }
    const entries: DirectoryEntry[] = [];
    for (const entry of merged.values()) if (entry !== null) entries.push(entry);
    return entries;
  }

  /** Whether removing the upper entry `name` of `directory` would let a lower one show. */
  hasLower(directory: OverlayNode, name: string): boolean {
    for (const { filesystem, node } of directory.lowers) {
      const found = filesystem.lookup(node, name);
      if (found !== undefined) return !isWhiteout(filesystem, found);
    }
    return false;
  }

  /** The overlay's node for one that was just made in the upper layer. */
  adopt(real: NodeId, type: NodeType, parent: OverlayNode, name: string): OverlayNode {
    const node =
      type === "directory"
        ? this.#makeDirectory(real, [], parent, name)
        : this.#nodeAt(this.#upperPlace(real), type, parent, name);
    this.setChild(parent, name, node);
    return node;
  }

  /** `node` was copied up and is now `real` in the upper layer. */
  moveToUpper(node: OverlayNode, upper: Filesystem, real: NodeId): void {
    node.filesystem = upper;
    node.real = real;
    node.isUpper = true;
    this.#byUpper.set(real, node);
    if (node.references > 0) upper.acquire(real);
  }

  acquire(node: OverlayNode): void {
    node.references += 1;
    if (node.references === 1 && node.isUpper) node.filesystem.acquire(node.real);
  }

  release(node: OverlayNode): void {
    node.references -= 1;
    if (node.references > 0) return;
    if (node.isUpper) node.filesystem.release(node.real);
    if (node.isRemoved) this.#forget(node);
  }

  /** The last name of `node` is gone. */
  remove(node: OverlayNode): void {
    node.isRemoved = true;
    node.children?.clear();
    node.missing = 0;
    if (node.references === 0) this.#forget(node);
  }

  #forget(node: OverlayNode): void {
    this.#nodes.delete(node.ino);
    if (node.isUpper && this.#byUpper.get(node.real) === node) this.#byUpper.delete(node.real);
  }

  #find(directory: OverlayNode, name: string): OverlayNode | undefined {
    const { upper } = this;
    if (name === TEMPORARY_NAME) return undefined;
    let upperDirectory: NodeId | undefined;
    if (directory.isUpper && upper !== undefined) {
      const found = upper.lookup(directory.real, name);
      if (found !== undefined) {
        const { type, rdev } = upper.attributes(found);
        if (type === "character" && rdev.major === 0 && rdev.minor === 0) return undefined;
        if (type !== "directory") return this.#nodeAt(this.#upperPlace(found), type, directory, name);
        if (directory.lowers.length === 0 || isOpaque(upper, found)) {
          return this.#makeDirectory(found, [], directory, name);
        }
        upperDirectory = found;
      }
    }
    return this.#findLower(directory, name, upperDirectory);
  }

  #findLower(directory: OverlayNode, name: string, upperDirectory: NodeId | undefined): OverlayNode | undefined {
    const found: LowerDirectory[] = [];
    for (const { layer, filesystem, node: parent } of directory.lowers) {
      const node = filesystem.lookup(parent, name);
      if (node === undefined) continue;
      const { type, rdev } = filesystem.attributes(node);
      if (type !== "directory") {
        // Anything but a directory ends the search, and shows only when nothing lies above it.
        if (found.length > 0 || upperDirectory !== undefined) break;
        if (type === "character" && rdev.major === 0 && rdev.minor === 0) break;
        return this.#nodeAt({ filesystem, real: node, isUpper: false, layer }, type, directory, name);
      }
      found.push({ layer, filesystem, node });
      if (directory.lowers.length > 1 && isOpaque(filesystem, node)) break;
    }
    if (found.length === 0 && upperDirectory === undefined) return undefined;
    return this.#makeDirectory(upperDirectory, found, directory, name);
  }

  #upperPlace(real: NodeId): ConstructorParameters<typeof OverlayNode>[2] {
    if (this.upper === undefined) throw new FsError("EROFS");
    return { filesystem: this.upper, real, isUpper: true, layer: -1 };
  }

  #makeDirectory(
    upperReal: NodeId | undefined,
    lowers: readonly LowerDirectory[],
    parent: OverlayNode | undefined,
    name: string,
  ): OverlayNode {
    const first = lowers[0];
    const place =
      upperReal === undefined && first !== undefined
        ? { filesystem: first.filesystem, real: first.node, isUpper: false, layer: first.layer }
        : this.#upperPlace(upperReal ?? 0);
    return this.#nodeAt(place, "directory", parent, name, lowers);
  }

  /** The node at a place; names of one file lead to one node. */
  #nodeAt(
    place: ConstructorParameters<typeof OverlayNode>[2],
    type: NodeType,
    parent: OverlayNode | undefined,
    name: string,
    lowers: readonly LowerDirectory[] = [],
  ): OverlayNode {
    const ino = this.#number(place.real, place.isUpper ? UPPER_SLOT : place.layer + 1);
    const known = this.#nodes.get(ino);
    if (known !== undefined) return known;
    const node = new OverlayNode(ino, type, place, lowers, parent, name);
    this.#nodes.set(ino, node);
    return node;
  }

  #number(real: NodeId, slot: number): NodeId {
    const moved = slot === UPPER_SLOT ? this.#byUpper.get(real) : undefined;
    return moved?.ino ?? real * this.#slots + slot;
  }

  #shownEntries(filesystem: Filesystem, directory: NodeId, slot: number): DirectoryEntry[] {
    const shown: DirectoryEntry[] = [];
    for (const { name, ino, type } of filesystem.readDirectory(directory)) {
      if (type === "character" && isWhiteout(filesystem, ino)) continue;
      if (slot === UPPER_SLOT && name === TEMPORARY_NAME) continue;
      shown.push({ name, ino: this.#number(ino, slot), type });
    }
    return shown;
  }

  #merge(
    merged: Map<string, DirectoryEntry | null>,
    directory: OverlayNode,
    filesystem: Filesystem,
    real: NodeId,
    slot: number,
  ): void {
    for (const { name, ino, type } of filesystem.readDirectory(real)) {
      if (merged.has(name)) continue;
      if ((type === "character" && isWhiteout(filesystem, ino)) || name === TEMPORARY_NAME) {
        merged.set(name, null);
        continue;
      }
      // A directory that was in a lower layer only keeps that number when an upper one comes to cover it.
      const known = directory.children?.get(name);
      merged.set(name, { name, ino: known?.ino ?? this.#number(ino, slot), type });
    }
  }
}

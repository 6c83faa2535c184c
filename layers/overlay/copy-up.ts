/**
 * Copy-up: before a node of a lower layer changes, it is copied to the upper one, after the
 * directories above it. The hard ideas:
 *
 * - It must not be seen half done, also after a crash: a node is prepared under a reserved name and
 *   renamed into place.
 * - It must not be seen at all: contents, owner, mode, times and attributes of the node stay, and so
 *   do the times of the directory that received it.
 * - A file with several names in its layer is copied once and gets all names that are visible, so
 *   that they stay one file, here, in the exported layer and after the next mount. (The kernel splits
 *   the group unless it has an index; see README.)
 */
import { isFsError } from "../fs/errors.ts";
import type { Attributes, Filesystem, NodeId, NodeInit } from "../fs/filesystem.ts";
import { LowerAliases } from "./aliases.ts";
import { TEMPORARY_NAME, isOwnXattr } from "./marks.ts";
import type { OverlayNode } from "./overlay-node.ts";
import type { OverlayTree } from "./tree.ts";

/** Copied at a time: large enough that calls do not count, small beside a tab's memory. */
const PIECE_BYTES = 256 * 1024;

interface Place {
  readonly directory: OverlayNode;
  readonly name: string;
}

export class CopyUp {
  readonly #tree: OverlayTree;
  readonly #upper: Filesystem;
  readonly #aliases = new LowerAliases();
  #piece: Uint8Array<ArrayBuffer> | undefined;

  constructor(tree: OverlayTree, upper: Filesystem) {
    this.#tree = tree;
    this.#upper = upper;
  }

  /**
   * The number of `node` in the upper layer, where it is now if it was not before. Of a file's
   * contents at most `sizeBytesMax` are copied: the caller is about to cut it there.
   */
  ensure(node: OverlayNode, sizeBytesMax = Infinity): NodeId {
    if (node.isUpper) return node.real;
    const attributes = node.filesystem.attributes(node.real);
    const places = this.#places(node, attributes);
    const first = places[0];
    if (first === undefined) return this.#copyNameless(node, attributes, sizeBytesMax);
    for (const place of places) this.#ensureDirectories(place.directory);
    this.#copyTo(first, node, attributes, sizeBytesMax);
    for (const { directory, name } of places.slice(1)) {
      const times = this.#upper.attributes(directory.real);
      this.#upper.link(node.real, directory.real, name);
      this.#restoreTimes(directory.real, times);
    }
    if (places.length > 1) this.#restoreTimes(node.real, attributes);
    return node.real;
  }

  /** Makes a node under the reserved name, removing what an earlier crash left there. */
  prepare(directory: NodeId, init: NodeInit): NodeId {
    this.clearTemporary(directory);
    return this.#upper.create(directory, TEMPORARY_NAME, init);
  }

  /** Frees the reserved name in a directory of the upper layer. */
  clearTemporary(directory: NodeId): void {
    const left = this.#upper.lookup(directory, TEMPORARY_NAME);
    if (left === undefined) return;
    if (this.#upper.attributes(left).type !== "directory") return this.#upper.unlink(directory, TEMPORARY_NAME);
    this.clear(left);
    this.#upper.removeDirectory(directory, TEMPORARY_NAME);
  }

  /** Removes the whiteouts (and what a crash left) of a directory of the upper layer that shows nothing. */
  clear(directory: NodeId): void {
    for (const { name, type } of this.#upper.readDirectory(directory)) {
      if (type === "directory") this.clearTemporary(directory);
      else this.#upper.unlink(directory, name);
    }
  }

  /** Every visible name of a node of a lower layer, the directories' own way first. */
  #places(node: OverlayNode, attributes: Attributes): readonly Place[] {
    if (node.isRemoved) return [];
    const here = node.parent === undefined ? [] : [{ directory: node.parent, name: node.name }];
    if (node.type === "directory" || attributes.nlink === 1) return here;
    const places: Place[] = [];
    for (const path of this.#aliases.paths(node.filesystem, node.real)) {
      const place = this.#resolve(path);
      if (place !== undefined && this.#tree.child(place.directory, place.name) === node) places.push(place);
    }
    return places;
  }

  #resolve(path: string): Place | undefined {
    const names = path.split("/").slice(1);
    const name = names.pop() ?? "";
    let directory = this.#tree.root;
    for (const step of names) {
      const next = this.#tree.child(directory, step);
      if (next?.children === undefined) return undefined;
      directory = next;
    }
    return { directory, name };
  }

  #ensureDirectories(directory: OverlayNode): void {
    const missing: OverlayNode[] = [];
    for (let at: OverlayNode | undefined = directory; at !== undefined && !at.isUpper; at = at.parent)
      missing.push(at);
    for (const node of missing.reverse()) this.ensure(node);
  }

  #copyTo(place: Place, node: OverlayNode, attributes: Attributes, sizeBytesMax: number): void {
    const upper = this.#upper;
    const parent = place.directory.real;
    const parentTimes = upper.attributes(parent);
    try {
      const real = this.#copy(parent, node, attributes, sizeBytesMax);
      upper.rename(parent, TEMPORARY_NAME, parent, place.name, "replace");
      this.#tree.moveToUpper(node, upper, real);
      this.#restoreTimes(real, attributes);
    } finally {
      this.clearTemporary(parent);
      this.#restoreTimes(parent, parentTimes);
    }
  }

  /** A node that only its holders know is copied to a place without a name. */
  #copyNameless(node: OverlayNode, attributes: Attributes, sizeBytesMax: number): NodeId {
    const upper = this.#upper;
    const rootTimes = upper.attributes(upper.root);
    try {
      const real = this.#copy(upper.root, node, attributes, sizeBytesMax);
      this.#tree.moveToUpper(node, upper, real);
    } finally {
      this.clearTemporary(upper.root);
      this.#restoreTimes(upper.root, rootTimes);
    }
    this.#restoreTimes(node.real, attributes);
    return node.real;
  }

  #copy(parent: NodeId, node: OverlayNode, attributes: Attributes, sizeBytesMax: number): NodeId {
    const { type, mode, uid, gid, rdev } = attributes;
    const target = type === "symlink" ? { target: node.filesystem.readLink(node.real) } : {};
    const real = this.prepare(parent, { type, mode, uid, gid, rdev, ...target });
    if (type === "file") {
      this.#copyContents(node, real, Math.min(attributes.sizeBytes, sizeBytesMax));
      // A hole stands for what was left out, so that cutting it off is a change that sets mtime.
      const { sizeBytes } = attributes;
      if (this.#upper.attributes(real).sizeBytes < sizeBytes) this.#upper.setAttributes(real, { sizeBytes });
    }
    for (const name of node.filesystem.listXattrs(node.real)) {
      const value = isOwnXattr(name) ? undefined : node.filesystem.getXattr(node.real, name);
      if (value !== undefined) this.#upper.setXattr(real, name, value, "either");
    }
    return real;
  }

  #copyContents(node: OverlayNode, real: NodeId, sizeBytes: number): void {
    const { filesystem } = node;
    const piece = (this.#piece ??= new Uint8Array(PIECE_BYTES));
    let position = 0;
    while (position < sizeBytes) {
      const start = seekData(filesystem, node.real, position);
      if (start === undefined || start >= sizeBytes) break;
      const end = Math.min(sizeBytes, filesystem.seek(node.real, start, "hole"));
      for (position = start; position < end;) {
        const count = filesystem.read(node.real, position, piece.subarray(0, Math.min(PIECE_BYTES, end - position)));
        if (count === 0) break;
        this.#upper.write(real, position, piece.subarray(0, count));
        position += count;
      }
      position = end;
    }
  }

  #restoreTimes(node: NodeId, { atimeNs, mtimeNs, ctimeNs }: Attributes): void {
    this.#upper.setAttributes(node, { atimeNs, mtimeNs, ctimeNs });
  }
}

/** Where the next data begins, or undefined when only a hole is left. */
function seekData(filesystem: Filesystem, file: NodeId, position: number): number | undefined {
  try {
    return filesystem.seek(file, position, "data");
  } catch (thrown) {
    if (isFsError(thrown, "ENXIO")) return undefined;
    throw thrown;
  }
}

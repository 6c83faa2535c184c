/**
 * From the entries of a layer tar to a tree of nodes, their contents appended to a pack. Synchronous:
 * the parser calls it for every entry.
 *
 * The hard idea is what an archive may do to itself: entries come twice (the last wins), directories
 * merge, links point to what is here or only to what is below, whiteouts speak of the layers below and
 * never of this one (OCI image spec, layer.md).
 */
import { fail, messageOf } from "../base/errors.ts";
import { isFsError } from "../fs/errors.ts";
import { checkXattr } from "../fs/xattrs.ts";
import { storedXattr } from "../overlay/marks.ts";
import { entryComponents, hardlinkComponents } from "../tar/entry-path.ts";
import type { TarHeader } from "../tar/header.ts";
import type { TarHandler } from "../tar/parser.ts";
import { OPAQUE_VALUE, OPAQUE_XATTR, WHITEOUT_DEVICE, whiteoutOf } from "../tar/whiteout.ts";
import { checkPath, checkTarget, directoryAt, isWhiteout, newDirectory, nodeAt } from "./layer-node.ts";
import type { LayerNode } from "./layer-node.ts";
import type { PackWriter } from "./pack-writer.ts";

/** Some ten times the largest public image; a node costs about 300 bytes while unpacking. */
const ENTRIES_MAX = 4_000_000;

export class LayerBuilder implements TarHandler {
  readonly root: LayerNode = newDirectory(true);
  readonly #pack: PackWriter;
  #file: LayerNode | undefined;
  #entries = 0;
  #sizeBytes = 0;

  constructor(pack: PackWriter) {
    this.#pack = pack;
  }

  /** Sizes of all files as the archive states them: what Docker counts as a layer's size. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get entries(): number {
    return this.#entries;
  }

  entry(header: TarHeader): void {
    this.#file = undefined;
    if (++this.#entries > ENTRIES_MAX) {
      throw fail("resourceExhausted", `layer has more than ${ENTRIES_MAX} entries`);
    }
    const components = entryComponents(header.name, "/");
    checkPath(components);
    if (header.type === "symlink") checkTarget(header.linkName);
    const name = components.at(-1);
    if (name === undefined) {
      if (header.type === "directory") describe(this.root, header);
      return;
    }
    const whiteout = whiteoutOf(name);
    // AUFS keeps its own directories only at the top; below it the spec knows no such names.
    if (whiteout?.kind === "meta") return;
    const parent = directoryAt(this.root, components.slice(0, -1));
    if (whiteout?.kind === "opaque") parent.isOpaque = true;
    else if (whiteout?.kind === "removed") addWhiteout(parent, whiteout.name, header);
    else this.#add(parent, name, header);
  }

  data(position: number, bytes: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    const packPosition = this.#pack.position;
    const last = file.extents.at(-1);
    if (last !== undefined && last[0] + last[1] === position && last[2] + last[1] === packPosition) {
      file.extents[file.extents.length - 1] = [last[0], last[1] + bytes.length, last[2]];
    } else file.extents.push([position, bytes.length, packPosition]);
    this.#pack.append(bytes);
  }

  end(): void {
    this.#file = undefined;
  }

  #add(parent: LayerNode, name: string, header: TarHeader): void {
    const existing = parent.children?.get(name);
    if (header.type === "directory") {
      const isMerging = existing?.type === "directory";
      const directory = isMerging ? existing : newDirectory(false);
      // What was removed and is made again hides what is below.
      if (existing !== undefined && isWhiteout(existing)) directory.isOpaque = true;
      describe(directory, header);
      parent.children?.set(name, directory);
    } else if (header.type === "hardlink") {
      this.#link(parent, name, header);
    } else {
      const node = newDirectory(false);
      node.children = undefined;
      node.type = header.type;
      node.sizeBytes = header.sizeBytes;
      node.rdev = header.rdev;
      node.target = header.type === "symlink" ? header.linkName : "";
      describe(node, header);
      parent.children?.set(name, node);
      if (header.type === "file") this.#file = node;
      this.#sizeBytes += header.sizeBytes;
    }
  }

  #link(parent: LayerNode, name: string, header: TarHeader): void {
    const components = hardlinkComponents(header.linkName, header.name);
    const target = nodeAt(this.root, components);
    if (target !== undefined && !isWhiteout(target)) {
      if (target.type === "directory") {
        const text = `link /${components.join("/")} /${header.name}: operation not permitted`;
        throw fail("invalidParameter", text);
      }
      parent.children?.set(name, target);
      return;
    }
    const node = newDirectory(false);
    node.type = "file";
    node.children = undefined;
    node.lowerPath = components.join("/");
    describe(node, header);
    parent.children?.set(name, node);
  }
}

/** What the entry says about a node, over whatever was known. */
function describe(node: LayerNode, header: TarHeader): void {
  node.isImplied = false;
  node.mode = header.mode;
  node.uid = header.uid;
  node.gid = header.gid;
  node.mtimeNs = header.mtimeNs;
  node.atimeNs = header.atimeNs ?? header.mtimeNs;
  node.xattrs = undefined;
  for (const [name, value] of header.xattrs) {
    // A layer must not be able to make the overlay believe things.
    if (isKept(name, value)) (node.xattrs ??= new Map()).set(storedXattr(name), value);
  }
}

/** As Docker: what no filesystem knows is left out, what none could hold is an error. */
function isKept(name: string, value: Uint8Array): boolean {
  try {
    checkXattr(name, value);
    return true;
  } catch (thrown) {
    if (isFsError(thrown, "EOPNOTSUPP")) return false;
    throw fail("invalidParameter", `extended attribute ${name.slice(0, 40)}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** A whiteout counts for lower layers: what this layer has under the name stays, and hides them. */
function addWhiteout(parent: LayerNode, name: string, header: TarHeader): void {
  if (name === "" || name === "." || name === "..") {
    throw fail("invalidParameter", `invalid whiteout name: "${header.name}"`);
  }
  const existing = parent.children?.get(name);
  if (existing !== undefined) {
    if (existing.type === "directory") existing.isOpaque = true;
    return;
  }
  const node = newDirectory(false);
  node.children = undefined;
  node.type = "character";
  node.mode = 0;
  node.rdev = WHITEOUT_DEVICE;
  node.mtimeNs = node.atimeNs = header.mtimeNs;
  parent.children?.set(name, node);
}

/** Attributes as the layer keeps them: the kernel's mark for opaque directories among them. */
export function storedXattrsOf(node: LayerNode): ReadonlyMap<string, Uint8Array> | undefined {
  if (!node.isOpaque) return node.xattrs;
  return new Map([...(node.xattrs ?? []), [OPAQUE_XATTR, OPAQUE_VALUE]]);
}

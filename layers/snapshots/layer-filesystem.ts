/**
 * An unpacked layer as a read-only Filesystem: answers come straight from the index's columns, bytes
 * from the pack. Nothing is built for a node that nobody asks for, except a table of names per
 * directory that is looked into.
 *
 * Some nodes are known only together with the layers below (`resolve-lower.ts`): for those another
 * filesystem answers.
 */
import type { ReadOnlyFile } from "../content/storage.ts";
import { FsError } from "../fs/errors.ts";
import type {
  AttributeChanges,
  Attributes,
  Device,
  DirectoryEntry,
  Filesystem,
  FilesystemUsage,
  NodeId,
  NodeInit,
  NodeType,
  RenameMode,
  XattrMode,
} from "../fs/filesystem.ts";
import { checkNameLength, nameSizeBytes } from "../fs/names.ts";
import { fromBase64, typeFromLetter } from "./layer-index.ts";
import type { LayerIndex, RareFacts } from "./layer-index.ts";
import type { PackedExtent } from "./layer-node.ts";
import { PAGE_BYTES, allocatedBytes, seekRegions } from "./regions.ts";
import type { Regions } from "./regions.ts";

const ROOT = 1;
const NS = 1_000_000_000n;
const NO_DEVICE: Device = { major: 0, minor: 0 };

/** Where the truth about a node is, when this layer alone does not know it. */
export interface LowerNode {
  readonly filesystem: Filesystem;
  readonly node: NodeId;
}

export class LayerFilesystem implements Filesystem {
  readonly type = "layer";
  readonly isReadOnly = true;
  readonly root: NodeId = ROOT;
  readonly #index: LayerIndex;
  readonly #pack: ReadOnlyFile;
  readonly #resolved: ReadonlyMap<NodeId, LowerNode>;
  readonly #directories = new Map<NodeId, ReadonlyMap<string, NodeId>>();

  constructor(index: LayerIndex, pack: ReadOnlyFile, resolved: ReadonlyMap<NodeId, LowerNode> = new Map()) {
    this.#index = index;
    this.#pack = pack;
    this.#resolved = resolved;
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    const found = this.#names(parent).get(name);
    if (found === undefined) checkNameLength(name);
    return found;
  }

  attributes(node: NodeId): Attributes {
    const type = this.#type(node);
    const lower = this.#resolved.get(node);
    if (lower !== undefined) return this.#lowerAttributes(node, lower);
    const index = this.#index;
    const at = node - 1;
    const rare = this.#rare(node);
    const seconds = BigInt(index.mtimeSeconds[at] ?? 0);
    const mtimeNs = seconds * NS + BigInt(index.mtimeNanoseconds[at] ?? 0);
    const sizeBytes = this.#size(node, type);
    const pagesBytes = type === "file" ? allocatedBytes(regionsOf(this.#extents(node))) : 0;
    return {
      ino: node,
      type,
      mode: index.modes[at] ?? 0,
      nlink: index.links[at] ?? 1,
      uid: index.uids[at] ?? 0,
      gid: index.gids[at] ?? 0,
      rdev: rare?.rdev ?? NO_DEVICE,
      sizeBytes,
      allocatedBytes: type === "directory" ? PAGE_BYTES : pagesBytes,
      atimeNs: rare?.atimeNs === undefined ? mtimeNs : BigInt(rare.atimeNs),
      mtimeNs,
      ctimeNs: mtimeNs,
    };
  }

  readDirectory(directory: NodeId): readonly DirectoryEntry[] {
    const entries: DirectoryEntry[] = [];
    for (const [name, ino] of this.#names(directory)) entries.push({ name, ino, type: this.#shownType(ino) });
    return entries;
  }

  readLink(link: NodeId): string {
    const type = this.#type(link);
    const lower = this.#resolved.get(link);
    if (lower !== undefined) return lower.filesystem.readLink(lower.node);
    if (type !== "symlink") throw new FsError("EINVAL");
    return this.#rare(link)?.target ?? "";
  }

  read(file: NodeId, position: number, target: Uint8Array): number {
    const sizeBytes = this.#file(file, position);
    const lower = this.#resolved.get(file);
    if (lower !== undefined) return lower.filesystem.read(lower.node, position, target);
    const count = Math.max(0, Math.min(target.length, sizeBytes - position));
    const wanted = count === target.length ? target : target.subarray(0, count);
    const { rare, offsets } = this.#index;
    if (rare[file]?.extents === undefined) return this.#pack.readAt((offsets[file - 1] ?? 0) + position, wanted);
    wanted.fill(0);
    for (const [start, extentBytes, packPosition] of this.#extents(file)) {
      const from = Math.max(start, position);
      const to = Math.min(start + extentBytes, position + count);
      if (from >= to) continue;
      this.#pack.readAt(packPosition + from - start, wanted.subarray(from - position, to - position));
    }
    return count;
  }

  seek(file: NodeId, position: number, whence: "data" | "hole"): number {
    if (position < 0) throw new FsError("ENXIO");
    const sizeBytes = this.#file(file, position);
    const lower = this.#resolved.get(file);
    if (lower !== undefined) return lower.filesystem.seek(lower.node, position, whence);
    return seekRegions(regionsOf(this.#extents(file)), sizeBytes, position, whence);
  }

  sync(node?: NodeId): void {
    if (node !== undefined) this.#type(node); // What is published is durable.
  }

  getXattr(node: NodeId, name: string): Uint8Array | undefined {
    this.#type(node);
    const value = this.#rare(node)?.xattrs?.[name];
    if (value !== undefined) return fromBase64(value);
    const lower = this.#resolved.get(node);
    if (lower === undefined || name.startsWith("trusted.overlay.")) return undefined;
    return lower.filesystem.getXattr(lower.node, name);
  }

  listXattrs(node: NodeId): readonly string[] {
    this.#type(node);
    const own = Object.keys(this.#rare(node)?.xattrs ?? {});
    const lower = this.#resolved.get(node);
    if (lower === undefined) return own;
    const others = lower.filesystem.listXattrs(lower.node);
    return [...own, ...others.filter((name) => !name.startsWith("trusted.overlay."))];
  }

  acquire(node: NodeId): void {
    this.#type(node); // Nodes of a layer never go.
  }

  release(node: NodeId): void {
    this.#type(node);
  }

  usage(): FilesystemUsage {
    const { sizeBytes } = this.#pack;
    return { sizeBytes, freeBytes: 0, nodes: this.#index.types.length, nodesFree: 0 };
  }

  setAttributes(_node: NodeId, _changes: AttributeChanges): void {
    throw new FsError("EROFS");
  }

  create(_parent: NodeId, _name: string, _init: NodeInit): NodeId {
    throw new FsError("EROFS");
  }

  link(_node: NodeId, _parent: NodeId, _name: string): void {
    throw new FsError("EROFS");
  }

  unlink(_parent: NodeId, _name: string): void {
    throw new FsError("EROFS");
  }

  removeDirectory(_parent: NodeId, _name: string): void {
    throw new FsError("EROFS");
  }

  rename(_from: NodeId, _fromName: string, _to: NodeId, _toName: string, _mode: RenameMode): void {
    throw new FsError("EROFS");
  }

  write(_file: NodeId, _position: number, _source: Uint8Array): number {
    throw new FsError("EROFS");
  }

  punchHole(_file: NodeId, _position: number, _sizeBytes: number): void {
    throw new FsError("EROFS");
  }

  setXattr(_node: NodeId, _name: string, _value: Uint8Array, _mode: XattrMode): void {
    throw new FsError("EROFS");
  }

  removeXattr(_node: NodeId, _name: string): void {
    throw new FsError("EROFS");
  }

  /** As this layer has it. ESTALE for a node it has not. */
  #type(node: NodeId): NodeType {
    const type = typeFromLetter(this.#index.types[node - 1]);
    if (type === undefined) throw new FsError("ESTALE");
    return type;
  }

  /** What a hard link to a lower layer is, only that layer knows. */
  #shownType(node: NodeId): NodeType {
    const lower = this.#resolved.get(node);
    return lower === undefined ? this.#type(node) : lower.filesystem.attributes(lower.node).type;
  }

  #rare(node: NodeId): RareFacts | undefined {
    return this.#index.rare[node];
  }

  #names(directory: NodeId): ReadonlyMap<string, NodeId> {
    const known = this.#directories.get(directory);
    if (known !== undefined) return known;
    if (this.#type(directory) !== "directory") throw new FsError("ENOTDIR");
    const { firsts, counts, names, nodes } = this.#index;
    const first = firsts[directory - 1] ?? 0;
    const end = first + (counts[directory - 1] ?? 0);
    const table = new Map<string, NodeId>();
    for (let at = first; at < end; at++) table.set(names[at] ?? "", nodes[at] ?? 0);
    this.#directories.set(directory, table);
    return table;
  }

  /** Size of the file at `node`. EISDIR, EINVAL for anything else. */
  #file(node: NodeId, position: number): number {
    const type = this.#shownType(node);
    if (type !== "file") throw new FsError(type === "directory" ? "EISDIR" : "EINVAL");
    if (!(position >= 0)) throw new FsError("EINVAL");
    return this.#index.sizes[node - 1] ?? 0;
  }

  #size(node: NodeId, type: NodeType): number {
    if (type === "directory") return PAGE_BYTES;
    if (type === "symlink") return nameSizeBytes(this.#rare(node)?.target ?? "");
    return this.#index.sizes[node - 1] ?? 0;
  }

  #extents(node: NodeId): readonly PackedExtent[] {
    const sizeBytes = this.#index.sizes[node - 1] ?? 0;
    const listed = this.#rare(node)?.extents;
    if (listed !== undefined) return listed;
    return sizeBytes === 0 ? [] : [[0, sizeBytes, this.#index.offsets[node - 1] ?? 0]];
  }

  #lowerAttributes(node: NodeId, lower: LowerNode): Attributes {
    const attributes = lower.filesystem.attributes(lower.node);
    return { ...attributes, ino: node, nlink: this.#index.links[node - 1] ?? attributes.nlink };
  }
}

function regionsOf(extents: readonly PackedExtent[]): Regions {
  return {
    count: extents.length,
    start: (index) => extents[index]?.[0] ?? 0,
    end: (index) => (extents[index]?.[0] ?? 0) + (extents[index]?.[1] ?? 0),
  };
}

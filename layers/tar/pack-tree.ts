/**
 * A tree of any Filesystem as an archive: `docker cp` out, `docker export`, and a container's changes
 * as a layer. The hard idea is that the stream is pulled while the tree may change: a header promises
 * a size, so a file that shrinks meanwhile is filled up with zeros and one that grows is cut, and what
 * vanishes before its header is written is left out.
 */
import { encodeUtf8 } from "../base/bytes.ts";
import type { ByteStream } from "../base/streams.ts";
import { streamFrom } from "../base/streams.ts";
import { isFsError } from "../fs/errors.ts";
import type { Attributes, Filesystem, NodeId } from "../fs/filesystem.ts";
import type { Extent, TarHeader } from "./header.ts";
import { EXTENTS_MAX } from "./sparse.ts";
import {
  OPAQUE_XATTR,
  OVERLAY_XATTR_PREFIX,
  WHITEOUT_OPAQUE,
  WHITEOUT_PREFIX,
  isWhiteoutNode,
} from "./whiteout.ts";
import { END_OF_ARCHIVE, bodyPaddingOf, writeHeader } from "./writer.ts";

/** Bytes handed on at once: many small entries travel together. */
const PIECE_BYTES = 256 * 1024;

/** Holes smaller than this are written as zeros: every sparse reader rounds, and plain files are plainer. */
const HOLE_BYTES_MIN = 64 * 1024;

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

export interface PackOptions {
  /**
   * Name of the packed node in the archive. "" (the default) packs the contents of a directory without
   * an entry for itself; "." gives it the entry "./" and leaves the names below it as they are.
   */
  readonly name?: string;
  /** Writes whiteout nodes and opaque directories as `.wh.` names. False unless given. */
  readonly isLayer?: boolean;
  /** What the archive calls an extended attribute; undefined leaves it out. As stored unless given. */
  readonly xattrName?: (stored: string) => string | undefined;
  /** Whether a name is left out, with what is below it. */
  readonly isSkipped?: (path: string, name: string) => boolean;
  /** Where files have holes, write them as such (GNU's PAX format). True unless given. */
  readonly keepsHoles?: boolean;
}

/** The tree at `node` of `filesystem` as an uncompressed archive. Entries in order of their names. */
export function packTree(filesystem: Filesystem, node: NodeId, options: PackOptions = {}): ByteStream {
  return streamFrom(new Packer(filesystem, options).pieces(node));
}

interface Pending {
  readonly parent: NodeId;
  readonly name: string;
  /** In the archive. */
  readonly path: string;
}

class Packer {
  readonly #filesystem: Filesystem;
  readonly #options: PackOptions;
  /** First name of every file with more than one. */
  readonly #linked = new Map<NodeId, string>();
  #gathered = new Uint8Array(PIECE_BYTES);
  #gatheredBytes = 0;

  constructor(filesystem: Filesystem, options: PackOptions) {
    this.#filesystem = filesystem;
    this.#options = options;
  }

  *pieces(root: NodeId): Generator<Uint8Array, void, undefined> {
    const { name = "" } = this.#options;
    if (name !== "") yield* this.#entry(root, name);
    // Depth first without recursion: names can nest deeper than a stack.
    const pending: Pending[] = [];
    this.#pushChildren(pending, root, name === "" || name === "." ? "" : `${name}/`);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const node = this.#lookup(next);
      if (node === undefined) continue;
      yield* this.#entry(node, next.path);
      this.#pushChildren(pending, node, `${next.path}/`);
    }
    yield* this.#put(END_OF_ARCHIVE);
    if (this.#gatheredBytes > 0) yield this.#gathered.subarray(0, this.#gatheredBytes);
  }

  #pushChildren(pending: Pending[], node: NodeId, prefix: string): void {
    const attributes = this.#attributesOf(node);
    if (attributes?.type !== "directory") return;
    const children = [...this.#filesystem.readDirectory(node)];
    children.sort((left, right) => (left.name < right.name ? 1 : -1)); // Popped from the end.
    for (const { name } of children) {
      if (this.#options.isSkipped?.(prefix + name, name) !== true) {
        pending.push({ parent: node, name, path: prefix + name });
      }
    }
  }

  /** Undefined for what is gone. A listing gives numbers, only a lookup gives nodes. */
  #lookup({ parent, name }: Pending): NodeId | undefined {
    try {
      return this.#filesystem.lookup(parent, name);
    } catch (thrown) {
      if (isFsError(thrown, "ESTALE")) return undefined;
      throw thrown;
    }
  }

  /** Undefined for a node that is gone. */
  #attributesOf(node: NodeId): Attributes | undefined {
    try {
      return this.#filesystem.attributes(node);
    } catch (thrown) {
      if (isFsError(thrown)) return undefined;
      throw thrown;
    }
  }

  *#entry(node: NodeId, path: string): Generator<Uint8Array, void, undefined> {
    const attributes = this.#attributesOf(node);
    // As Docker: a socket has no place in an archive.
    if (attributes === undefined || attributes.type === "socket") return;
    if (this.#options.isLayer === true && isWhiteoutNode(attributes)) {
      yield* this.#put(writeHeader(this.#mark(attributes, path, WHITEOUT_PREFIX)));
      return;
    }
    const header = this.#header(node, attributes, path);
    yield* this.#put(writeHeader(header));
    if (header.type === "file") yield* this.#body(node, header);
    if (this.#options.isLayer === true && this.#isOpaque(node, attributes)) {
      const inside = path === "." ? "" : `${path}/`;
      yield* this.#put(writeHeader(emptyFile(inside + WHITEOUT_OPAQUE, attributes)));
    }
  }

  /** The empty file that says `path` is removed. */
  #mark(attributes: Attributes, path: string, prefix: string): TarHeader {
    const slash = path.lastIndexOf("/") + 1;
    return emptyFile(path.slice(0, slash) + prefix + path.slice(slash), attributes);
  }

  #isOpaque(node: NodeId, attributes: Attributes): boolean {
    if (attributes.type !== "directory") return false;
    const value = this.#filesystem.getXattr(node, OPAQUE_XATTR);
    return value !== undefined && value[0] === encodeUtf8("y")[0];
  }

  #header(node: NodeId, attributes: Attributes, path: string): TarHeader {
    const { type } = attributes;
    const isLinkable = type !== "directory" && attributes.nlink > 1;
    const first = isLinkable ? this.#linked.get(node) : undefined;
    if (isLinkable && first === undefined) this.#linked.set(node, path);
    const isLink = first !== undefined;
    const isFile = type === "file" && !isLink;
    return {
      name: path,
      type: isLink || type === "socket" ? "hardlink" : type,
      mode: attributes.mode,
      uid: attributes.uid,
      gid: attributes.gid,
      userName: "",
      groupName: "",
      sizeBytes: isFile ? attributes.sizeBytes : 0,
      mtimeNs: attributes.mtimeNs,
      atimeNs: undefined,
      ctimeNs: undefined,
      linkName: first ?? (type === "symlink" ? this.#filesystem.readLink(node) : ""),
      rdev: attributes.rdev,
      xattrs: isLink ? NO_XATTRS : this.#xattrs(node),
      extents: isFile ? this.#extents(node, attributes) : undefined,
    };
  }

  #xattrs(node: NodeId): ReadonlyMap<string, Uint8Array> {
    const names = this.#filesystem.listXattrs(node);
    if (names.length === 0) return NO_XATTRS;
    const xattrs = new Map<string, Uint8Array>();
    for (const stored of names) {
      const isMark = this.#options.isLayer === true && stored === OPAQUE_XATTR;
      const name = isMark ? undefined : this.#nameOf(stored);
      const value = name === undefined ? undefined : this.#filesystem.getXattr(node, stored);
      if (name !== undefined && value !== undefined) xattrs.set(name, value);
    }
    return xattrs;
  }

  #nameOf(stored: string): string | undefined {
    if (this.#options.xattrName !== undefined) return this.#options.xattrName(stored);
    return this.#options.isLayer === true && stored.startsWith(OVERLAY_XATTR_PREFIX) ? undefined : stored;
  }

  /** The data of a file with holes worth keeping; undefined for all others. */
  #extents(node: NodeId, attributes: Attributes): readonly Extent[] | undefined {
    const { sizeBytes, allocatedBytes } = attributes;
    if (this.#options.keepsHoles === false || allocatedBytes > sizeBytes - HOLE_BYTES_MIN) return undefined;
    const extents: Extent[] = [];
    let position = this.#seek(node, 0, "data", sizeBytes);
    while (position < sizeBytes) {
      const end = Math.min(sizeBytes, this.#seek(node, position, "hole", sizeBytes));
      if (end <= position || extents.length >= EXTENTS_MAX) return undefined;
      extents.push({ position, sizeBytes: end - position });
      position = this.#seek(node, end, "data", sizeBytes);
    }
    const dataBytes = extents.reduce((sum, extent) => sum + extent.sizeBytes, 0);
    return sizeBytes - dataBytes < HOLE_BYTES_MIN ? undefined : extents;
  }

  /** `end` when there is no more of it. */
  #seek(node: NodeId, position: number, whence: "data" | "hole", end: number): number {
    if (position >= end) return end;
    try {
      return this.#filesystem.seek(node, position, whence);
    } catch (thrown) {
      if (isFsError(thrown, "ENXIO")) return end;
      throw thrown;
    }
  }

  *#body(node: NodeId, header: TarHeader): Generator<Uint8Array, void, undefined> {
    this.#filesystem.acquire(node);
    try {
      const extents = header.extents ?? [{ position: 0, sizeBytes: header.sizeBytes }];
      for (const extent of extents) yield* this.#region(node, extent);
    } finally {
      this.#filesystem.release(node);
    }
    yield* this.#put(bodyPaddingOf(header));
  }

  /** Reads straight into the piece that is being gathered. */
  *#region(node: NodeId, extent: Extent): Generator<Uint8Array, void, undefined> {
    let done = 0;
    let hasEnded = false;
    while (done < extent.sizeBytes) {
      if (this.#gatheredBytes === PIECE_BYTES) yield this.#take();
      const end = Math.min(PIECE_BYTES, this.#gatheredBytes + extent.sizeBytes - done);
      const target = this.#gathered.subarray(this.#gatheredBytes, end);
      const count: number = hasEnded ? 0 : this.#filesystem.read(node, extent.position + done, target);
      hasEnded ||= count === 0;
      if (hasEnded) target.fill(0);
      const filled = hasEnded ? target.length : count;
      this.#gatheredBytes += filled;
      done += filled;
    }
  }

  *#put(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let start = 0; start < bytes.length; ) {
      if (this.#gatheredBytes === PIECE_BYTES) yield this.#take();
      const part = bytes.subarray(start, start + PIECE_BYTES - this.#gatheredBytes);
      this.#gathered.set(part, this.#gatheredBytes);
      this.#gatheredBytes += part.length;
      start += part.length;
    }
  }

  #take(): Uint8Array {
    const piece = this.#gathered.subarray(0, this.#gatheredBytes);
    this.#gathered = new Uint8Array(PIECE_BYTES);
    this.#gatheredBytes = 0;
    return piece;
  }
}

function emptyFile(name: string, { uid, gid, mtimeNs }: Attributes): TarHeader {
  return {
    name,
    type: "file",
    mode: 0,
    uid,
    gid,
    userName: "",
    groupName: "",
    sizeBytes: 0,
    mtimeNs,
    atimeNs: undefined,
    ctimeNs: undefined,
    linkName: "",
    rdev: { major: 0, minor: 0 },
    xattrs: NO_XATTRS,
    extents: undefined,
  };
}

/**
 * An archive into a directory of a Filesystem: `docker cp` in, `docker import`, volumes. Everything
 * is resolved inside the filesystem's root, as Docker does in a chroot: a symbolic link on the way is
 * followed and cannot lead out.
 *
 * The hard idea is what happens to what is already there: as Docker's Untar, an entry replaces it,
 * except that a directory meets a directory and the two merge.
 */
import { SlipwayError, fail, messageOf } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { piecesOf } from "../base/streams.ts";
import { isFsError } from "../fs/errors.ts";
import type { Filesystem, NodeId } from "../fs/filesystem.ts";
import { mkdirAll, walk } from "../fs/walk.ts";
import { entryComponents, hardlinkComponents } from "./entry-path.ts";
import type { TarHeader } from "./header.ts";
import { TarParser } from "./parser.ts";
import type { TarHandler } from "./parser.ts";

/** Directories made for an entry whose parents the archive does not hold, as Docker's 0755. */
const PARENT_MODE = 0o755;

export interface UnpackIntoOptions {
  /** `docker cp`: refuses to put a directory in place of anything else, and the other way round. */
  readonly noOverwriteDirNonDir?: boolean;
  /** Owner of everything, instead of what the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly signal?: AbortSignal;
}

/** Unpacks `source` into the directory at `path`. `invalidParameter`, `dataLoss`, `resourceExhausted`. */
export async function unpackInto(
  filesystem: Filesystem,
  path: string,
  source: ByteStream,
  options: UnpackIntoOptions = {},
): Promise<void> {
  const unpacker = new Unpacker(filesystem, path, options);
  const parser = new TarParser(unpacker, { appliesGlobals: false });
  try {
    for await (const piece of piecesOf(source)) {
      options.signal?.throwIfAborted();
      parser.push(piece);
    }
    parser.finish();
    unpacker.finish();
  } catch (thrown) {
    throw explained(thrown);
  }
}

function explained(thrown: unknown): unknown {
  if (thrown instanceof SlipwayError || !isFsError(thrown)) return thrown;
  if (isFsError(thrown, "ENOSPC")) {
    return fail("resourceExhausted", "no space left on device", { cause: thrown });
  }
  return fail("invalidParameter", messageOf(thrown), { cause: thrown });
}

class Unpacker implements TarHandler {
  readonly #filesystem: Filesystem;
  readonly #base: string;
  readonly #options: UnpackIntoOptions;
  /** Times of directories, set when nothing more is put into them. */
  readonly #directories: { readonly node: NodeId; readonly header: TarHeader }[] = [];
  #node: NodeId | undefined;
  #header: TarHeader | undefined;

  constructor(filesystem: Filesystem, path: string, options: UnpackIntoOptions) {
    this.#filesystem = filesystem;
    this.#base = path.endsWith("/") ? path.slice(0, -1) : path;
    this.#options = options;
  }

  entry(header: TarHeader): void {
    this.#header = header;
    const components = entryComponents(header.name, this.#base === "" ? "/" : this.#base);
    const name = components.at(-1);
    if (name === undefined) {
      // The directory itself: only a directory can be meant.
      this.#node = undefined;
      if (header.type === "directory") this.#mergeDirectory(mkdirAll(this.#filesystem, this.#base), header);
      return;
    }
    const parent = this.#parentOf(components);
    const existing = this.#filesystem.lookup(parent, name);
    if (existing !== undefined && this.#isMerged(existing, header)) {
      this.#node = undefined;
      this.#mergeDirectory(existing, header);
      return;
    }
    const target = header.type === "hardlink" ? this.#linkTarget(header) : undefined;
    if (existing !== undefined && existing === target) {
      this.#node = undefined; // A link to what it is already.
      return;
    }
    if (existing !== undefined) this.#removeTree(parent, name, existing);
    this.#node = this.#make(parent, name, header, target);
  }

  data(position: number, bytes: Uint8Array): void {
    if (this.#node !== undefined) this.#filesystem.write(this.#node, position, bytes);
  }

  end(): void {
    const [node, header] = [this.#node, this.#header];
    if (node === undefined || header === undefined || header.type === "hardlink") return;
    if (header.type === "file" && this.#filesystem.attributes(node).sizeBytes !== header.sizeBytes) {
      this.#filesystem.setAttributes(node, { sizeBytes: header.sizeBytes });
    }
    this.#setXattrs(node, header);
    if (header.type === "directory") this.#directories.push({ node, header });
    else this.#setTimes(node, header);
  }

  finish(): void {
    for (const { node, header } of this.#directories) {
      try {
        this.#setTimes(node, header);
      } catch (thrown) {
        // A later entry replaced the directory.
        if (!isFsError(thrown, "ESTALE")) throw thrown;
      }
    }
  }

  #parentOf(components: readonly string[]): NodeId {
    const path = `${this.#base}/${components.slice(0, -1).join("/")}`;
    const owner = this.#options.owner ?? { uid: 0, gid: 0 };
    return mkdirAll(this.#filesystem, path, { mode: PARENT_MODE, ...owner });
  }

  #isMerged(existing: NodeId, header: TarHeader): boolean {
    const isDirectory = this.#filesystem.attributes(existing).type === "directory";
    const becomesDirectory = header.type === "directory";
    if (this.#options.noOverwriteDirNonDir === true && isDirectory !== becomesDirectory) {
      const [old, wanted] = isDirectory ? ["directory", "non-directory"] : ["non-directory", "directory"];
      const path = `${this.#base}/${header.name}`;
      throw fail("invalidParameter", `cannot overwrite ${old} "${path}" with ${wanted} "${this.#base}"`);
    }
    return isDirectory && becomesDirectory;
  }

  #mergeDirectory(node: NodeId, header: TarHeader): void {
    this.#filesystem.setAttributes(node, { mode: header.mode, ...this.#ownerOf(header) });
    this.#setXattrs(node, header);
    this.#directories.push({ node, header });
  }

  #linkTarget(header: TarHeader): NodeId {
    const components = hardlinkComponents(header.linkName, header.name);
    const path = `${this.#base}/${components.join("/")}`;
    const { node } = walk(this.#filesystem, path, { isLastFollowed: false });
    if (node === undefined) {
      throw fail("invalidParameter", `link ${path} ${this.#base}/${header.name}: no such file or directory`);
    }
    return node;
  }

  #make(parent: NodeId, name: string, header: TarHeader, target: NodeId | undefined): NodeId | undefined {
    if (target !== undefined) {
      this.#filesystem.link(target, parent, name);
      return undefined;
    }
    const type = header.type === "hardlink" ? "file" : header.type;
    const node = this.#filesystem.create(parent, name, {
      type,
      mode: header.mode,
      ...this.#ownerOf(header),
      rdev: header.rdev,
      ...(type === "symlink" ? { target: header.linkName } : {}),
    });
    return node;
  }

  #ownerOf(header: TarHeader): { uid: number; gid: number } {
    return this.#options.owner ?? { uid: header.uid, gid: header.gid };
  }

  #setXattrs(node: NodeId, header: TarHeader): void {
    for (const [name, value] of header.xattrs) {
      try {
        this.#filesystem.setXattr(node, name, value, "either");
      } catch (thrown) {
        // As Docker: an attribute of a namespace this filesystem has not is left out.
        if (!isFsError(thrown, "EOPNOTSUPP")) throw thrown;
      }
    }
  }

  #setTimes(node: NodeId, header: TarHeader): void {
    const { mtimeNs } = header;
    this.#filesystem.setAttributes(node, { mtimeNs, atimeNs: header.atimeNs ?? mtimeNs });
  }

  #removeTree(parent: NodeId, name: string, node: NodeId): void {
    if (this.#filesystem.attributes(node).type !== "directory") return this.#filesystem.unlink(parent, name);
    // Without recursion: a directory is removed when its turn comes a second time, empty.
    const pending: { parent: NodeId; name: string; node: NodeId }[] = [{ parent, name, node }];
    for (let at = pending.at(-1); at !== undefined; at = pending.at(-1)) {
      const entries = this.#filesystem.readDirectory(at.node);
      if (entries.length === 0) {
        this.#filesystem.removeDirectory(at.parent, at.name);
        pending.pop();
        continue;
      }
      for (const entry of entries) {
        const inside = this.#filesystem.lookup(at.node, entry.name);
        if (inside === undefined) continue;
        if (entry.type === "directory") pending.push({ parent: at.node, name: entry.name, node: inside });
        else this.#filesystem.unlink(at.node, entry.name);
      }
    }
  }
}

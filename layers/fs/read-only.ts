/**
 * Any filesystem, seen but not touched: what --read-only and a lower layer are. It shares the nodes
 * of the filesystem it shows; every method that would change something throws EROFS.
 */
import { FsError } from "./errors.ts";
import type { Attributes, DirectoryEntry, Filesystem, FilesystemUsage, NodeId } from "./filesystem.ts";

export class ReadOnlyFilesystem implements Filesystem {
  readonly isReadOnly = true;
  readonly #shown: Filesystem;

  constructor(shown: Filesystem) {
    this.#shown = shown;
  }

  get type(): string {
    return this.#shown.type;
  }

  get root(): NodeId {
    return this.#shown.root;
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    return this.#shown.lookup(parent, name);
  }

  attributes(node: NodeId): Attributes {
    return this.#shown.attributes(node);
  }

  readDirectory(directory: NodeId): readonly DirectoryEntry[] {
    return this.#shown.readDirectory(directory);
  }

  readLink(link: NodeId): string {
    return this.#shown.readLink(link);
  }

  read(file: NodeId, position: number, target: Uint8Array): number {
    return this.#shown.read(file, position, target);
  }

  seek(file: NodeId, position: number, whence: "data" | "hole"): number {
    return this.#shown.seek(file, position, whence);
  }

  sync(node?: NodeId): void {
    this.#shown.sync(node);
  }

  getXattr(node: NodeId, name: string): Uint8Array | undefined {
    return this.#shown.getXattr(node, name);
  }

  listXattrs(node: NodeId): readonly string[] {
    return this.#shown.listXattrs(node);
  }

  acquire(node: NodeId): void {
    this.#shown.acquire(node);
  }

  release(node: NodeId): void {
    this.#shown.release(node);
  }

  usage(): FilesystemUsage {
    return this.#shown.usage();
  }

  setAttributes(): never {
    throw new FsError("EROFS");
  }

  create(): never {
    throw new FsError("EROFS");
  }

  link(): never {
    throw new FsError("EROFS");
  }

  unlink(): never {
    throw new FsError("EROFS");
  }

  removeDirectory(): never {
    throw new FsError("EROFS");
  }

  rename(): never {
    throw new FsError("EROFS");
  }

  write(): never {
    throw new FsError("EROFS");
  }

  punchHole(): never {
    throw new FsError("EROFS");
  }

  setXattr(): never {
    throw new FsError("EROFS");
  }

  removeXattr(): never {
    throw new FsError("EROFS");
  }
}

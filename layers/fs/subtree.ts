/**
 * A directory of a filesystem as a filesystem of its own: a layer of an overlay that somebody mounts by paths. It
 * shares the nodes of the whole; only where it begins is different.
 */
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
} from "./filesystem.ts";

export class SubtreeFilesystem implements Filesystem {
  readonly #root: NodeId;
  readonly #whole: Filesystem;

  /** Preconditions: `root` is a directory of `whole`; whoever makes this holds it (`acquire`) as long as it lives. */
  constructor(whole: Filesystem, root: NodeId) {
    this.#whole = whole;
    this.#root = root;
  }

  get root(): NodeId {
    return this.#root;
  }

  get type(): string {
    return this.#whole.type;
  }

  get isReadOnly(): boolean {
    return this.#whole.isReadOnly;
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    return this.#whole.lookup(parent, name);
  }

  attributes(node: NodeId): Attributes {
    return this.#whole.attributes(node);
  }

  setAttributes(node: NodeId, changes: AttributeChanges): void {
    this.#whole.setAttributes(node, changes);
  }

  readDirectory(directory: NodeId): readonly DirectoryEntry[] {
    return this.#whole.readDirectory(directory);
  }

  readLink(link: NodeId): string {
    return this.#whole.readLink(link);
  }

  create(parent: NodeId, name: string, init: NodeInit): NodeId {
    return this.#whole.create(parent, name, init);
  }

  link(node: NodeId, parent: NodeId, name: string): void {
    this.#whole.link(node, parent, name);
  }

  unlink(parent: NodeId, name: string): void {
    this.#whole.unlink(parent, name);
  }

  removeDirectory(parent: NodeId, name: string): void {
    this.#whole.removeDirectory(parent, name);
  }

  rename(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, mode: RenameMode): void {
    this.#whole.rename(fromParent, fromName, toParent, toName, mode);
  }

  read(file: NodeId, position: number, target: Uint8Array): number {
    return this.#whole.read(file, position, target);
  }

  write(file: NodeId, position: number, source: Uint8Array): number {
    return this.#whole.write(file, position, source);
  }

  punchHole(file: NodeId, position: number, sizeBytes: number): void {
    this.#whole.punchHole(file, position, sizeBytes);
  }

  seek(file: NodeId, position: number, whence: "data" | "hole"): number {
    return this.#whole.seek(file, position, whence);
  }

  sync(node?: NodeId): void {
    this.#whole.sync(node);
  }

  getXattr(node: NodeId, name: string): Uint8Array | undefined {
    return this.#whole.getXattr(node, name);
  }

  setXattr(node: NodeId, name: string, value: Uint8Array, mode: XattrMode): void {
    this.#whole.setXattr(node, name, value, mode);
  }

  listXattrs(node: NodeId): readonly string[] {
    return this.#whole.listXattrs(node);
  }

  removeXattr(node: NodeId, name: string): void {
    this.#whole.removeXattr(node, name);
  }

  acquire(node: NodeId): void {
    this.#whole.acquire(node);
  }

  release(node: NodeId): void {
    this.#whole.release(node);
  }

  usage(): FilesystemUsage {
    return this.#whole.usage();
  }
}

/**
 * The durable writable layer of a container, and a volume: a Filesystem whose every change is in a
 * journal before the call returns, and on disk after `sync`.
 *
 * The hard idea is that inode semantics are not written twice: a MemoryFilesystem holds the tree and
 * answers everything but contents; a change is made there first (which checks it) and then recorded;
 * opening again makes the same calls in the same order at the same times, so it gives the same tree,
 * node numbers included.
 *
 * The owner closes it with `close`; afterwards it must not be used.
 */
import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Disposable } from "../base/disposable.ts";
import type { WritableFile } from "../content/storage.ts";
import { isFsError } from "../fs/errors.ts";
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
import { MemoryFilesystem } from "../fs/memory.ts";
import { JournalContent } from "./journal-content.ts";
import type { DataPlace } from "./journal-content.ts";
import { BODY_BYTES_MAX } from "./journal-record.ts";
import type { JournalRecord } from "./journal-record.ts";
import { DATA_BYTES_MAX, Journal } from "./journal.ts";

/** Nodes cost some 300 bytes of memory each; ext4 gives a disk of 64 GiB as many. */
const NODES_MAX = 4 * 1024 * 1024;

/** A node's share of the journal when nothing is garbage: its records, roughly. */
const NODE_RECORD_BYTES = 200;

/** Below this much a compaction could not be noticed. */
const COMPACT_BYTES_MIN = 4 * 1024 * 1024;

/**
 * After a written file is closed its contents may wait so long to be handed to the host, together with
 * what else is closed meanwhile: in OPFS every write costs a good part of a millisecond.
 */
const WRITE_BEHIND_MS = 10;

export interface WritableFilesystemOptions {
  readonly clock: Pick<Clock, "nowNs" | "after">;
  /** What statfs says is free when the layer is opened; Number.MAX_SAFE_INTEGER when nobody knows. */
  readonly freeBytes?: number;
}

export class WritableFilesystem implements Filesystem {
  readonly type = "ext4";
  readonly isReadOnly = false;
  readonly root: NodeId;
  readonly #clock: Pick<Clock, "nowNs" | "after">;
  readonly #file: WritableFile;
  readonly #journal: Journal;
  readonly #tree: MemoryFilesystem;
  readonly #freeBytesAtOpen: number;
  readonly #sizeBytesAtOpen: number;
  /** The time of the change being made; owned by `#change` and by replaying. */
  #nowNs: bigint;
  /** Set while a write is replayed: where its data is. */
  #replayedDataAt: number | undefined;
  #liveBytes = 0;
  /** Files with data that the host has not got yet. */
  readonly #unwritten = new Set<NodeId>();
  /** Set while closed files wait to be handed to the host. */
  #writeBehind: Disposable | undefined;

  constructor(file: WritableFile, options: WritableFilesystemOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#nowNs = options.clock.nowNs();
    let tree: MemoryFilesystem | undefined;
    const place: DataPlace = {
      append: (node, position, data) =>
        this.#replayedDataAt ?? this.#journal.appendData(node, position, data, this.#nowNs),
      read: (dataAt, target) => this.#journal.read(dataAt, target),
      account: (changeBytes) => {
        this.#liveBytes += changeBytes;
      },
    };
    this.#journal = Journal.open(
      file,
      this.#nowNs,
      (record, timeNs, dataAt) => {
        assert(tree !== undefined, "a journal begins before it is replayed");
        this.#replay(tree, record, timeNs, dataAt);
      },
      (createdNs) => {
        this.#nowNs = createdNs;
        tree = new MemoryFilesystem({
          clock: { nowNs: () => this.#nowNs },
          nodesMax: NODES_MAX,
          newFileContent: (node) => new JournalContent(place, node),
        });
      },
    );
    assert(tree !== undefined, "a journal begins when it is opened");
    this.#tree = tree;
    this.root = tree.root;
    this.#freeBytesAtOpen = options.freeBytes ?? Number.MAX_SAFE_INTEGER - file.sizeBytes;
    this.#sizeBytesAtOpen = this.#journal.sizeBytes;
  }

  /** Bytes of the journal. */
  get storedBytes(): number {
    return this.#journal.sizeBytes;
  }

  /** Bytes of file contents that something leads to. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Whether most of the journal is garbage. */
  get isWorthCompacting(): boolean {
    const nodes = NODES_MAX - this.#tree.usage().nodesFree;
    const neededBytes = this.#liveBytes + nodes * NODE_RECORD_BYTES;
    return this.storedBytes > COMPACT_BYTES_MIN && neededBytes < this.storedBytes / 2;
  }

  /** Makes everything durable and closes the file. */
  close(): void {
    this.#writeBehind?.dispose();
    try {
      this.#journal.flush();
    } finally {
      this.#file.close();
    }
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    return this.#tree.lookup(parent, name);
  }

  attributes(node: NodeId): Attributes {
    return this.#tree.attributes(node);
  }

  readDirectory(directory: NodeId): readonly DirectoryEntry[] {
    return this.#tree.readDirectory(directory);
  }

  readLink(link: NodeId): string {
    return this.#tree.readLink(link);
  }

  read(file: NodeId, position: number, target: Uint8Array): number {
    return this.#tree.read(file, position, target);
  }

  setAttributes(node: NodeId, changes: AttributeChanges): void {
    const isCutting = changes.sizeBytes !== undefined;
    this.#begin(isCutting);
    this.#tree.setAttributes(node, changes);
    this.#record({ op: "setAttributes", node, changes });
  }

  create(parent: NodeId, name: string, init: NodeInit): NodeId {
    this.#begin(false);
    const node = this.#tree.create(parent, name, init);
    this.#record({ op: "create", parent, name, init });
    return node;
  }

  link(node: NodeId, parent: NodeId, name: string): void {
    this.#begin(false);
    this.#tree.link(node, parent, name);
    this.#record({ op: "link", node, parent, name });
  }

  unlink(parent: NodeId, name: string): void {
    this.#begin(true);
    this.#tree.unlink(parent, name);
    this.#record({ op: "unlink", parent, name });
  }

  removeDirectory(parent: NodeId, name: string): void {
    this.#begin(true);
    this.#tree.removeDirectory(parent, name);
    this.#record({ op: "removeDirectory", parent, name });
  }

  rename(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, mode: RenameMode): void {
    this.#begin(false);
    this.#tree.rename(fromParent, fromName, toParent, toName, mode);
    this.#record({ op: "rename", fromParent, fromName, toParent, toName, mode });
    this.#writeSoon(); // How programs replace a file: what it says now must not come back as it was.
  }

  write(file: NodeId, position: number, source: Uint8Array): number {
    this.#nowNs = this.#clock.nowNs();
    const count = this.#tree.write(file, position, source);
    if (count > 0) this.#unwritten.add(file);
    return count;
  }

  punchHole(file: NodeId, position: number, sizeBytes: number): void {
    this.#begin(true);
    this.#tree.punchHole(file, position, sizeBytes);
    this.#record({ op: "punchHole", node: file, position, sizeBytes });
  }

  seek(file: NodeId, position: number, whence: "data" | "hole"): number {
    return this.#tree.seek(file, position, whence);
  }

  sync(node?: NodeId): void {
    this.#tree.sync(node);
    this.#journal.flush();
    this.#unwritten.clear();
  }

  getXattr(node: NodeId, name: string): Uint8Array | undefined {
    return this.#tree.getXattr(node, name);
  }

  setXattr(node: NodeId, name: string, value: Uint8Array, mode: XattrMode): void {
    this.#begin(false);
    this.#tree.setXattr(node, name, value, mode);
    this.#record({ op: "setXattr", node, name, value });
  }

  listXattrs(node: NodeId): readonly string[] {
    return this.#tree.listXattrs(node);
  }

  removeXattr(node: NodeId, name: string): void {
    this.#begin(true);
    this.#tree.removeXattr(node, name);
    this.#record({ op: "removeXattr", node, name });
  }

  acquire(node: NodeId): void {
    this.#tree.acquire(node);
  }

  /** Whoever wrote the file is done with it: what was written outlives this worker in a moment. */
  release(node: NodeId): void {
    this.#tree.release(node);
    if (!this.#unwritten.delete(node)) return;
    this.#writeSoon();
  }

  /** Does now what would be done in a moment for files that were closed, and for new names. */
  handOver(): void {
    if (this.#writeBehind === undefined) return;
    this.#writeBehind.dispose();
    this.#writeOut();
  }

  #writeSoon(): void {
    this.#writeBehind ??= this.#clock.after(WRITE_BEHIND_MS, () => this.#writeOut());
  }

  #writeOut(): void {
    this.#writeBehind = undefined;
    try {
      this.#journal.writeOut();
      this.#unwritten.clear();
    } catch {
      // Nobody called us. The tail keeps what it has, and the next write or sync says what is wrong.
    }
  }

  usage(): FilesystemUsage {
    const grownBytes = this.storedBytes - this.#sizeBytesAtOpen;
    const freeBytes = Math.max(0, this.#freeBytesAtOpen - grownBytes);
    const { nodes, nodesFree } = this.#tree.usage();
    return { sizeBytes: this.storedBytes + freeBytes, freeBytes, nodes, nodesFree };
  }

  /** Before a change: sets its time, and makes sure that it can be recorded. ENOSPC. */
  #begin(isFreeing: boolean): void {
    this.#nowNs = this.#clock.nowNs();
    if (isFreeing) this.#journal.reserveRemoval();
    else this.#journal.reserve(BODY_BYTES_MAX);
  }

  #record(record: JournalRecord): void {
    this.#journal.append(record, this.#nowNs);
  }

  #replay(tree: MemoryFilesystem, record: JournalRecord, timeNs: bigint, dataAt: number): void {
    this.#nowNs = timeNs;
    try {
      this.#apply(tree, record, dataAt);
    } catch (thrown) {
      // What was done to a file that had lost its last name is lost with it.
      if (!isFsError(thrown, "ESTALE")) throw thrown;
    }
  }

  #apply(tree: MemoryFilesystem, record: JournalRecord, dataAt: number): void {
    switch (record.op) {
      case "create":
        tree.create(record.parent, record.name, record.init);
        return;
      case "link":
        return tree.link(record.node, record.parent, record.name);
      case "unlink":
        return tree.unlink(record.parent, record.name);
      case "removeDirectory":
        return tree.removeDirectory(record.parent, record.name);
      case "rename":
        return tree.rename(record.fromParent, record.fromName, record.toParent, record.toName, record.mode);
      case "setAttributes":
        return tree.setAttributes(record.node, record.changes);
      case "setXattr":
        return tree.setXattr(record.node, record.name, record.value, "either");
      case "removeXattr":
        return tree.removeXattr(record.node, record.name);
      case "punchHole":
        return tree.punchHole(record.node, record.position, record.sizeBytes);
      case "write":
        this.#replayedDataAt = dataAt;
        try {
          tree.write(record.node, record.position, ZEROS.subarray(0, record.sizeBytes));
        } finally {
          this.#replayedDataAt = undefined;
        }
        return;
      case "synced":
        return;
    }
  }
}

/** Stands for data while a write is replayed: only its length is looked at. */
const ZEROS = new Uint8Array(DATA_BYTES_MAX);

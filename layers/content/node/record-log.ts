/**
 * Records as an append-only log of changes, all of it also in memory. A batch of changes is one frame
 * of the log, with its length and checksum in front, so that after a crash a batch is there as a whole
 * or not at all. The log is rewritten when most of it is outdated.
 *
 * The hard idea: another thread or process may have appended or rewritten since. Each operation first
 * catches up with the file, and each writing one holds a lock meanwhile.
 */
import { closeSync, fdatasync, fstatSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import { readSync, renameSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import type { Disposable } from "../../base/disposable.ts";
import { fail } from "../../base/errors.ts";
import type { RecordChange, RecordStore } from "../storage.ts";
import { tryLock } from "./file-lock.ts";
import { storageError } from "./node-errors.ts";

/** Length and CRC-32 of the changes that follow, both little-endian 32 bits. */
const FRAME_HEADER_BYTES = 8;

/** A log below this is never worth rewriting. */
const COMPACTION_BYTES_MIN = 1024 * 1024;

/** Rewritten when only one part in this many is still current. */
const COMPACTION_RATIO = 4;

/** How long a writer waits for another one. A batch takes milliseconds. */
const LOCK_ATTEMPTS_MAX = 1000;
const LOCK_RETRY_MS = 5;

const flushDescriptor = promisify(fdatasync);

export class RecordLog implements RecordStore {
  readonly #path: string;
  #records = new Map<string, unknown>();
  #descriptor: number | undefined;
  #inode = 0;
  /** End of the last whole frame that was read or written. */
  #endBytes = 0;
  /** Size of the log when it was last rewritten, or first read: what compaction is measured by. */
  #compactBytes = 0;
  /** Batches of this object are applied one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async get(key: string): Promise<unknown> {
    this.#catchUp();
    return structuredClone(this.#records.get(key));
  }

  async entries(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]> {
    this.#catchUp();
    return [...this.#records]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, value]) => [key, structuredClone(value)] as const);
  }

  apply(changes: readonly RecordChange[]): Promise<void> {
    const frame = frameOf(changes); // Now: the caller may change its values afterwards.
    const applied = this.#queue.then(() => this.#append(frame));
    this.#queue = applied.catch(() => undefined); // The caller of that batch is told.
    return applied;
  }

  async close(): Promise<void> {
    await this.#queue;
    this.#forget();
  }

  async #append(frame: Uint8Array): Promise<void> {
    const lock = await this.#lock();
    try {
      this.#catchUp();
      const descriptor = (this.#descriptor ??= this.#open("w+"));
      // What a crash left half-written behind the last whole frame is overwritten.
      ftruncateSync(descriptor, this.#endBytes);
      writeAll(descriptor, frame, this.#endBytes);
      await flushDescriptor(descriptor);
      this.#replay(frame);
      this.#endBytes += frame.length;
      this.#compactIfWorthwhile();
    } catch (thrown) {
      this.#dropTail();
      throw storageError(thrown, "records");
    } finally {
      lock.dispose();
    }
  }

  /** After a failed write: nobody may find a frame that its writer was told has failed. */
  #dropTail(): void {
    if (this.#descriptor !== undefined) ftruncateSync(this.#descriptor, this.#endBytes);
  }

  async #lock(): Promise<Disposable> {
    for (let attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
      const lock = tryLock(`${this.#path}.lock`);
      if (lock !== undefined) return lock;
      await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
    }
    throw fail("conflict", "the records are held by another process");
  }

  /** Reads what others appended; starts over when the log is another file than last time. */
  #catchUp(): void {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    if (stat === undefined) {
      this.#forget();
      return;
    }
    if (stat.ino !== this.#inode || this.#descriptor === undefined) {
      this.#forget();
      this.#descriptor = this.#open("r+");
      this.#readFrames();
      this.#compactBytes = this.#endBytes;
    } else if (stat.size > this.#endBytes) {
      this.#readFrames();
    }
  }

  #open(mode: "r+" | "w+"): number {
    const descriptor = openSync(this.#path, mode);
    this.#inode = fstatSync(descriptor).ino;
    if (mode === "w+") syncFolder(this.#path);
    return descriptor;
  }

  /** Applies all whole frames behind `#endBytes`; a torn one is left for the next writer. */
  #readFrames(): void {
    if (this.#descriptor === undefined) return;
    const sizeBytes = fstatSync(this.#descriptor).size - this.#endBytes;
    const tail = Buffer.alloc(Math.max(0, sizeBytes));
    const count = readSync(this.#descriptor, tail, 0, tail.length, this.#endBytes);
    for (let start = 0; start + FRAME_HEADER_BYTES <= count; ) {
      const end = start + FRAME_HEADER_BYTES + tail.readUInt32LE(start);
      if (end > count) return;
      const frame = tail.subarray(start, end);
      if (crc32(frame.subarray(FRAME_HEADER_BYTES)) !== frame.readUInt32LE(4)) return;
      this.#replay(frame);
      this.#endBytes += frame.length;
      start = end;
    }
  }

  #replay(frame: Uint8Array): void {
    // Only `frameOf` makes frames, and the checksum held.
    const changes = deserialize(frame.subarray(FRAME_HEADER_BYTES)) as readonly RecordChange[];
    for (const change of changes) {
      if (change.kind === "put") this.#records.set(change.key, change.value);
      else this.#records.delete(change.key);
    }
  }

  /** Rewrites the log when it has grown far beyond what it was when it held only current records. */
  #compactIfWorthwhile(): void {
    const boundBytes = Math.max(COMPACTION_BYTES_MIN, this.#compactBytes * COMPACTION_RATIO);
    if (this.#endBytes < boundBytes) return;
    const puts = [...this.#records].map(([key, value]) => ({ kind: "put", key, value }) as const);
    const frame = frameOf(puts);
    const draft = `${this.#path}.new`;
    const descriptor = openSync(draft, "w+");
    writeAll(descriptor, frame, 0);
    fsyncSync(descriptor);
    renameSync(draft, this.#path);
    syncFolder(this.#path);
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#inode = fstatSync(descriptor).ino;
    this.#endBytes = frame.length;
    this.#compactBytes = frame.length;
  }

  #forget(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#inode = 0;
    this.#endBytes = 0;
    this.#compactBytes = 0;
    this.#records = new Map();
  }
}

function frameOf(changes: readonly RecordChange[]): Buffer {
  const body = serialize(changes);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + body.length);
  frame.writeUInt32LE(body.length, 0);
  frame.writeUInt32LE(crc32(body), 4);
  body.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(dirname(path), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

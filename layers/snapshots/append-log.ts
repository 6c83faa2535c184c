/**
 * A file that is only appended to, read back by position while its end is still in memory. The hard
 * idea is the tail: what was appended is gathered and written out in large pieces, yet is readable,
 * and may still be extended, at once. A few pieces already written stay in memory, because what was
 * just written is what is read next.
 *
 * When the disk is full the tail keeps what it has: `reserve` refuses more data then, and small
 * records (a removal, which will make room) still fit.
 */
import { SlipwayError } from "../base/errors.ts";
import type { WritableFile } from "../content/storage.ts";
import { FsError } from "../fs/errors.ts";

/** Written out when this full. */
const TAIL_BYTES = 1024 * 1024;

/** Most layers that are mounted are hardly written to. */
const FIRST_TAIL_BYTES = 16 * 1024;

/** Of pieces written out and kept to be read; a few megabytes are a good share of what a guest rereads. */
const RECENT_PIECES_MAX = 8;

/** What a tail may hold when the disk is full, so that removals can be noted. */
const TAIL_BYTES_MAX = 4 * TAIL_BYTES;

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

export class AppendLog {
  readonly #file: WritableFile;
  #tail = new Uint8Array(FIRST_TAIL_BYTES);
  #tailBytes = 0;
  /** Position of the tail in the file. */
  #tailStart: number;
  #recent: Piece[] = [];
  #isFull = false;

  /** Appends behind the first `sizeBytes` of `file`. */
  constructor(file: WritableFile, sizeBytes: number) {
    this.#file = file;
    this.#tailStart = sizeBytes;
  }

  /** Where the next byte will be. */
  get sizeBytes(): number {
    return this.#tailStart + this.#tailBytes;
  }

  /** Whether a byte at `position` can still be changed in place. */
  isInTail(position: number): boolean {
    return position >= this.#tailStart;
  }

  /** Makes sure that data can be appended. ENOSPC when what is there cannot be written out. */
  reserve(sizeBytes: number): void {
    if (this.#tailBytes + sizeBytes > TAIL_BYTES || this.#isFull) this.writeOut();
  }

  /** The same for what must be noted even when the disk is full. */
  reserveLast(sizeBytes: number): void {
    try {
      this.reserve(sizeBytes);
    } catch (thrown) {
      if (this.#tailBytes + sizeBytes > TAIL_BYTES_MAX) throw thrown;
    }
  }

  /** Room for `sizeBytes` at the end, to be filled at once. */
  extend(sizeBytes: number): Uint8Array {
    const end = this.#tailBytes + sizeBytes;
    if (end > this.#tail.length) {
      if (end > TAIL_BYTES_MAX) throw new FsError("ENOSPC");
      const grown = new Uint8Array(Math.max(end, Math.min(TAIL_BYTES_MAX, this.#tail.length * 2)));
      grown.set(this.#tail.subarray(0, this.#tailBytes));
      this.#tail = grown;
    }
    const room = this.#tail.subarray(this.#tailBytes, end);
    this.#tailBytes = end;
    return room;
  }

  /** Bytes at `position`, which are still in the tail, to be changed. */
  inTail(position: number, sizeBytes: number): Uint8Array {
    const at = position - this.#tailStart;
    return this.#tail.subarray(at, at + sizeBytes);
  }

  /** Takes back what was appended last. */
  cut(sizeBytes: number): void {
    this.#tailBytes = Math.max(0, sizeBytes - this.#tailStart);
  }

  /** Fills `target` from `position`. */
  read(position: number, target: Uint8Array): void {
    const inFile = Math.max(0, Math.min(target.length, this.#tailStart - position));
    if (inFile > 0) this.#readWritten(position, target.subarray(0, inFile));
    if (inFile === target.length) return;
    const at = position + inFile - this.#tailStart;
    target.set(this.#tail.subarray(at, at + target.length - inFile), inFile);
  }

  /** Hands the tail to the file. ENOSPC. */
  writeOut(): void {
    if (this.#tailBytes === 0) return;
    const bytes = this.#tail.subarray(0, this.#tailBytes);
    try {
      this.#file.writeAt(this.#tailStart, bytes);
    } catch (thrown) {
      this.#isFull = true;
      throw asFsError(thrown);
    }
    this.#isFull = false;
    this.#recent.push({ start: this.#tailStart, bytes });
    const dropped = this.#recent.length > RECENT_PIECES_MAX ? this.#recent.shift() : undefined;
    this.#tailStart += this.#tailBytes;
    this.#tailBytes = 0;
    // The buffer of the dropped piece, when it is a whole one, becomes the next tail.
    const buffer = dropped === undefined ? undefined : new Uint8Array(dropped.bytes.buffer as ArrayBuffer);
    this.#tail = buffer?.length === TAIL_BYTES ? buffer : new Uint8Array(TAIL_BYTES);
  }

  /** Everything appended survives a crash. ENOSPC. */
  flush(): void {
    this.writeOut();
    this.#file.flush();
  }

  #readWritten(position: number, target: Uint8Array): void {
    for (const { start, bytes } of this.#recent) {
      const at = position - start;
      if (at < 0 || at + target.length > bytes.length) continue;
      target.set(bytes.subarray(at, at + target.length));
      return;
    }
    this.#file.readAt(position, target);
  }
}

function asFsError(thrown: unknown): unknown {
  const isFull = thrown instanceof SlipwayError && thrown.kind === "resourceExhausted";
  return isFull ? new FsError("ENOSPC") : thrown;
}

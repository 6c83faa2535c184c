/**
 * Reading a journal from its start: once to find how far it can be believed, once to replay it. Data
 * of writes is skipped, except where only its checksum can tell that it was written.
 */
import type { ReadOnlyFile } from "../content/storage.ts";
import { crc32 } from "./crc32.ts";
import { BODY_BYTES_MAX, FRAME_BYTES, decodeBody } from "./journal-record.ts";
import type { JournalRecord } from "./journal-record.ts";

/** Read at once: holds many small records, and any whole one. */
const WINDOW_BYTES = 1024 * 1024;

interface Scanned {
  readonly record: JournalRecord;
  readonly timeNs: bigint;
  readonly start: number;
  readonly dataAt: number;
  readonly end: number;
}

type ScannedWrite = Scanned & { readonly record: Extract<JournalRecord, { readonly op: "write" }> };

export class JournalScan {
  readonly #file: ReadOnlyFile;
  readonly #start: number;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #windowStart = 0;
  #windowBytes = 0;

  constructor(file: ReadOnlyFile, start: number) {
    this.#file = file;
    this.#start = start;
  }

  /** Where the records that can be believed end. */
  findEnd(): number {
    let end = this.#start;
    /** Writes that no later record vouches for. */
    let unproven: ScannedWrite[] = [];
    for (let step = this.#at(end); step !== undefined; step = this.#at(end)) {
      const { record } = step;
      if (record.op === "synced") unproven = unproven.filter((write) => write.end > record.position);
      if (isWrite(step)) unproven.push(step);
      end = step.end;
    }
    for (const write of unproven) if (!this.#isWhole(write)) return write.start;
    return end;
  }

  replay(end: number, apply: (record: JournalRecord, timeNs: bigint, dataAt: number) => void): void {
    for (let position = this.#start; position < end; ) {
      const step = this.#at(position);
      if (step === undefined) return;
      apply(step.record, step.timeNs, step.dataAt);
      position = step.end;
    }
  }

  /** The record at `position`, or undefined when there is no whole one. */
  #at(position: number): Scanned | undefined {
    const frame = this.#bytes(position, FRAME_BYTES);
    if (frame === undefined) return undefined;
    const view = new DataView(frame.buffer, frame.byteOffset);
    const [checksum, bodyBytes] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (bodyBytes > BODY_BYTES_MAX || bodyBytes < 9) return undefined;
    const record = this.#bytes(position, FRAME_BYTES + bodyBytes);
    if (record === undefined || crc32(record.subarray(4)) !== checksum) return undefined;
    const decoded = decodeBody(record.subarray(FRAME_BYTES));
    if (decoded === undefined) return undefined;
    const dataAt = position + record.length;
    const end = dataAt + (decoded.record.op === "write" ? decoded.record.sizeBytes : 0);
    return end > this.#file.sizeBytes ? undefined : { ...decoded, start: position, dataAt, end };
  }

  /** A view that holds until the next call. */
  #bytes(position: number, sizeBytes: number): Uint8Array | undefined {
    const isInside = position >= this.#windowStart && position + sizeBytes <= this.#windowStart + this.#windowBytes;
    if (!isInside) {
      this.#windowStart = position;
      this.#windowBytes = this.#file.readAt(position, this.#window);
      if (this.#windowBytes < sizeBytes) return undefined;
    }
    const at = position - this.#windowStart;
    return this.#window.subarray(at, at + sizeBytes);
  }

  #isWhole({ record, dataAt }: ScannedWrite): boolean {
    const data = new Uint8Array(record.sizeBytes);
    return this.#file.readAt(dataAt, data) === data.length && crc32(data) === record.dataCrc;
  }
}

function isWrite(step: Scanned): step is ScannedWrite {
  return step.record.op === "write";
}

/**
 * The journal of a writable layer: every change appended as a record, the contents of files among
 * them. Replaying the records from the start gives the tree; reading a file reads the journal at the
 * places where its data was appended.
 *
 * The hard idea is the crash. What follows the last flush may be missing in any part, so the records
 * there are believed only up to the first whose checksums fail, and the rest is cut off. What precedes
 * it is believed without reading its data, because a record says how far the journal was flushed.
 */
import { fail } from "../base/errors.ts";
import type { WritableFile } from "../content/storage.ts";
import type { NodeId } from "../fs/filesystem.ts";
import { AppendLog } from "./append-log.ts";
import { crc32 } from "./crc32.ts";
import { BODY_BYTES_MAX, DATA_FACTS_AT, FRAME_BYTES, encodeRecord, reframe } from "./journal-record.ts";
import type { JournalRecord } from "./journal-record.ts";
import { JournalScan } from "./journal-scan.ts";

/** "SLIPLOG1", and the time of creation. */
const MAGIC = Uint8Array.of(0x53, 0x4c, 0x49, 0x50, 0x4c, 0x4f, 0x47, 0x31);
const HEAD_BYTES = MAGIC.length + 8;

/** Data of one record: bounds what a scan must hold, and what a torn record can cost. */
export const DATA_BYTES_MAX = 512 * 1024;

/** A write that a following one may still extend. */
interface OpenWrite {
  readonly node: NodeId;
  readonly recordAt: number;
  readonly recordBytes: number;
  /** Where in the file the data ends. */
  end: number;
  sizeBytes: number;
  crc: number;
}

export class Journal {
  readonly createdNs: bigint;
  readonly #log: AppendLog;
  #openWrite: OpenWrite | undefined;
  #flushedBytes: number;
  /** Whether the journal says how far it was flushed. */
  #isMarked = true;

  private constructor(log: AppendLog, createdNs: bigint) {
    this.#log = log;
    this.createdNs = createdNs;
    this.#flushedBytes = log.sizeBytes;
  }

  /**
   * Opens the journal in `file`, handing every believed record to `replay`. An empty file becomes a
   * journal with its first record; `nowNs` is then its time of creation.
   * @throws SlipwayError `dataLoss` when the file is something else
   */
  static open(
    file: WritableFile,
    nowNs: bigint,
    replay: (record: JournalRecord, timeNs: bigint, dataAt: number) => void,
    begin: (createdNs: bigint) => void,
  ): Journal {
    const head = new Uint8Array(HEAD_BYTES);
    const count = file.readAt(0, head);
    const view = new DataView(head.buffer);
    if (count < HEAD_BYTES) {
      // Not even the head was written whole: nothing was.
      file.truncate(0);
      begin(nowNs);
      return new Journal(new AppendLog(file, 0), nowNs);
    }
    if (!MAGIC.every((byte, index) => head[index] === byte)) {
      throw fail("dataLoss", "writable layer: not a journal of this version");
    }
    const createdNs = view.getBigInt64(MAGIC.length, true);
    begin(createdNs);
    const scan = new JournalScan(file, HEAD_BYTES);
    const end = scan.findEnd();
    if (end < file.sizeBytes) file.truncate(end);
    scan.replay(end, replay);
    return new Journal(new AppendLog(file, end), createdNs);
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }

  /** ENOSPC unless data can be appended. */
  reserve(sizeBytes: number): void {
    this.#log.reserve(sizeBytes + HEAD_BYTES + 2 * FRAME_BYTES);
  }

  /** ENOSPC unless a removal, which will make room, can be noted. */
  reserveRemoval(): void {
    this.#log.reserveLast(BODY_BYTES_MAX);
  }

  append(record: JournalRecord, timeNs: bigint): void {
    this.#openWrite = undefined;
    this.#begin();
    this.#put(encodeRecord(record, timeNs));
  }

  /** Appends file contents; where they are. At most DATA_BYTES_MAX. ENOSPC, and nothing is appended. */
  appendData(node: NodeId, position: number, data: Uint8Array, timeNs: bigint): number {
    this.reserve(data.length);
    if (this.#canExtend(node, position, data)) return this.#extendWrite(data);
    this.#begin();
    const before = this.#log.sizeBytes;
    const dataCrc = crc32(data);
    const record = encodeRecord({ op: "write", node, position, sizeBytes: data.length, dataCrc }, timeNs);
    this.#put(record);
    const dataAt = this.#log.sizeBytes;
    try {
      this.#log.extend(data.length).set(data);
    } catch (thrown) {
      this.#log.cut(before);
      throw thrown;
    }
    this.#openWrite = {
      node,
      recordAt: before,
      recordBytes: record.length,
      end: position + data.length,
      sizeBytes: data.length,
      crc: dataCrc,
    };
    return dataAt;
  }

  read(position: number, target: Uint8Array): void {
    this.#log.read(position, target);
  }

  /** Hands everything to the host, which keeps it if only this worker ends. ENOSPC. */
  writeOut(): void {
    this.#openWrite = undefined;
    this.#log.writeOut();
  }

  /** Everything appended survives a crash. ENOSPC. */
  flush(): void {
    if (this.#flushedBytes === this.#log.sizeBytes) return;
    this.#openWrite = undefined;
    this.#log.flush();
    this.#flushedBytes = this.#log.sizeBytes;
    this.#isMarked = false;
  }

  #begin(): void {
    if (this.#log.sizeBytes === 0) {
      const head = this.#log.extend(HEAD_BYTES);
      head.set(MAGIC);
      new DataView(head.buffer, head.byteOffset).setBigInt64(MAGIC.length, this.createdNs, true);
    }
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#put(encodeRecord({ op: "synced", position: this.#flushedBytes }, 0n));
  }

  #put(record: Uint8Array): void {
    this.#log.extend(record.length).set(record);
  }

  #canExtend(node: NodeId, position: number, data: Uint8Array): boolean {
    const open = this.#openWrite;
    if (open === undefined || open.node !== node || open.end !== position) return false;
    return open.sizeBytes + data.length <= DATA_BYTES_MAX && this.#log.isInTail(open.recordAt);
  }

  /** Small writes that continue each other become one record: its data is the end of the journal. */
  #extendWrite(data: Uint8Array): number {
    const open = this.#openWrite;
    if (open === undefined) throw fail("system", "no write to extend");
    const dataAt = this.#log.sizeBytes;
    this.#log.extend(data.length).set(data);
    open.end += data.length;
    open.sizeBytes += data.length;
    open.crc = crc32(data, open.crc);
    const record = this.#log.inTail(open.recordAt, open.recordBytes);
    const view = new DataView(record.buffer, record.byteOffset);
    view.setUint32(FRAME_BYTES + DATA_FACTS_AT, open.sizeBytes, true);
    view.setUint32(FRAME_BYTES + DATA_FACTS_AT + 4, open.crc, true);
    reframe(record);
    return dataAt;
  }
}

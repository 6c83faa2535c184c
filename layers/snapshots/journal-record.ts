/**
 * The records of a journal, as bytes. A record is a frame (checksum and length of the body), a body
 * (operation, time, arguments) and, for writes alone, the data behind it with a checksum of its own:
 * so replaying need not read data, and a torn record is told from a whole one.
 *
 * Numbers are little-endian; node ids and positions are doubles, which hold them exactly; names are
 * their bytes. `DataView` at fixed places and nothing clever: a journal must be readable years on.
 */
import type { AttributeChanges, NodeId, NodeInit, NodeType, RenameMode } from "../fs/filesystem.ts";
import { decodeName, encodeName } from "../fs/names.ts";
import { crc32 } from "./crc32.ts";

/** Checksum and length of the body. */
export const FRAME_BYTES = 8;

/** Where a write's body has the size and checksum of its data: behind operation, time, node, position. */
export const DATA_FACTS_AT = 1 + 8 + 8 + 8;
export const WRITE_BODY_BYTES = DATA_FACTS_AT + 8;

/** Two names of 255 bytes, or a target of 4095, or an attribute of 64 KiB, and their numbers. */
export const BODY_BYTES_MAX = 128 * 1024;

export type JournalRecord =
  | { readonly op: "create"; readonly parent: NodeId; readonly name: string; readonly init: NodeInit }
  | { readonly op: "link"; readonly node: NodeId; readonly parent: NodeId; readonly name: string }
  | { readonly op: "unlink"; readonly parent: NodeId; readonly name: string }
  | { readonly op: "removeDirectory"; readonly parent: NodeId; readonly name: string }
  | {
      readonly op: "rename";
      readonly fromParent: NodeId;
      readonly fromName: string;
      readonly toParent: NodeId;
      readonly toName: string;
      readonly mode: RenameMode;
    }
  | { readonly op: "setAttributes"; readonly node: NodeId; readonly changes: AttributeChanges }
  | { readonly op: "setXattr"; readonly node: NodeId; readonly name: string; readonly value: Uint8Array }
  | { readonly op: "removeXattr"; readonly node: NodeId; readonly name: string }
  | { readonly op: "punchHole"; readonly node: NodeId; readonly position: number; readonly sizeBytes: number }
  | {
      readonly op: "write";
      readonly node: NodeId;
      readonly position: number;
      readonly sizeBytes: number;
      readonly dataCrc: number;
    }
  /** Everything before `position` of the journal was flushed. */
  | { readonly op: "synced"; readonly position: number };

const OPS = [
  "create", "link", "unlink", "removeDirectory", "rename", "setAttributes", "setXattr", "removeXattr",
  "punchHole", "write", "synced",
] as const satisfies readonly JournalRecord["op"][];

const NODE_TYPES: readonly NodeType[] = ["file", "directory", "symlink", "character", "block", "fifo", "socket"];
const RENAME_MODES: readonly RenameMode[] = ["replace", "noReplace", "exchange"];

/** Which of an AttributeChanges is there, as bits. */
const CHANGE_KEYS = ["mode", "uid", "gid", "sizeBytes", "atimeNs", "mtimeNs", "ctimeNs"] as const;

/** The record with its frame, without data. */
export function encodeRecord(record: JournalRecord, timeNs: bigint): Uint8Array {
  const writer = new BodyWriter();
  writer.byte(OPS.indexOf(record.op));
  writer.time(timeNs);
  putArguments(writer, record);
  return writer.framed();
}

/** Makes the frame of `record` fit its body again, after the body was changed in place. */
export function reframe(record: Uint8Array): void {
  new DataView(record.buffer, record.byteOffset).setUint32(0, crc32(record.subarray(4)), true);
}

function putArguments(writer: BodyWriter, record: JournalRecord): void {
  switch (record.op) {
    case "create":
      writer.number(record.parent);
      writer.text(record.name);
      return putInit(writer, record.init);
    case "link":
      writer.number(record.node);
      writer.number(record.parent);
      return writer.text(record.name);
    case "unlink":
    case "removeDirectory":
      writer.number(record.parent);
      return writer.text(record.name);
    case "rename":
      writer.number(record.fromParent);
      writer.text(record.fromName);
      writer.number(record.toParent);
      writer.text(record.toName);
      return writer.byte(RENAME_MODES.indexOf(record.mode));
    case "setAttributes":
      writer.number(record.node);
      return putChanges(writer, record.changes);
    case "setXattr":
      writer.number(record.node);
      writer.text(record.name);
      return writer.bytes(record.value);
    case "removeXattr":
      writer.number(record.node);
      return writer.text(record.name);
    case "punchHole":
      writer.number(record.node);
      writer.number(record.position);
      return writer.number(record.sizeBytes);
    case "write":
      writer.number(record.node);
      writer.number(record.position);
      writer.word(record.sizeBytes);
      return writer.word(record.dataCrc);
    case "synced":
      return writer.number(record.position);
  }
}

function putInit(writer: BodyWriter, init: NodeInit): void {
  writer.byte(NODE_TYPES.indexOf(init.type));
  writer.word(init.mode);
  writer.number(init.uid);
  writer.number(init.gid);
  writer.number(init.rdev?.major ?? 0);
  writer.number(init.rdev?.minor ?? 0);
  writer.text(init.target ?? "");
}

function putChanges(writer: BodyWriter, changes: AttributeChanges): void {
  let present = 0;
  CHANGE_KEYS.forEach((key, bit) => {
    if (changes[key] !== undefined) present |= 1 << bit;
  });
  writer.byte(present);
  for (const key of CHANGE_KEYS) {
    const value = changes[key];
    if (typeof value === "bigint") writer.time(value);
    else if (value !== undefined) writer.number(value);
  }
}

/** A body that was framed and checked. Undefined for an operation this version does not know. */
export function decodeBody(body: Uint8Array): { record: JournalRecord; timeNs: bigint } | undefined {
  const reader = new BodyReader(body);
  const op = OPS[reader.byte()];
  const timeNs = reader.time();
  return op === undefined ? undefined : { record: takeRecord(reader, op), timeNs };
}

function takeRecord(reader: BodyReader, op: JournalRecord["op"]): JournalRecord {
  switch (op) {
    case "create":
      return { op, parent: reader.number(), name: reader.text(), init: takeInit(reader) };
    case "link":
      return { op, node: reader.number(), parent: reader.number(), name: reader.text() };
    case "unlink":
    case "removeDirectory":
      return { op, parent: reader.number(), name: reader.text() };
    case "rename": {
      const [fromParent, fromName] = [reader.number(), reader.text()];
      const [toParent, toName] = [reader.number(), reader.text()];
      return { op, fromParent, fromName, toParent, toName, mode: RENAME_MODES[reader.byte()] ?? "replace" };
    }
    case "setAttributes":
      return { op, node: reader.number(), changes: takeChanges(reader) };
    case "setXattr":
      return { op, node: reader.number(), name: reader.text(), value: reader.bytes() };
    case "removeXattr":
      return { op, node: reader.number(), name: reader.text() };
    case "punchHole":
      return { op, node: reader.number(), position: reader.number(), sizeBytes: reader.number() };
    case "write":
      return {
        op,
        node: reader.number(),
        position: reader.number(),
        sizeBytes: reader.word(),
        dataCrc: reader.word(),
      };
    case "synced":
      return { op, position: reader.number() };
  }
}

function takeInit(reader: BodyReader): NodeInit {
  const type = NODE_TYPES[reader.byte()] ?? "file";
  const [mode, uid, gid] = [reader.word(), reader.number(), reader.number()];
  const rdev = { major: reader.number(), minor: reader.number() };
  const target = reader.text();
  return { type, mode, uid, gid, rdev, ...(type === "symlink" ? { target } : {}) };
}

function takeChanges(reader: BodyReader): AttributeChanges {
  const present = reader.byte();
  const changes: Record<string, number | bigint> = {};
  CHANGE_KEYS.forEach((key, bit) => {
    if ((present & (1 << bit)) === 0) return;
    changes[key] = key.endsWith("Ns") ? reader.time() : reader.number();
  });
  return changes;
}

/** Owned by `encodeRecord`, which is synchronous: one buffer serves all records. */
let scratch = new Uint8Array(1024);

class BodyWriter {
  #view = new DataView(scratch.buffer);
  #at = FRAME_BYTES;

  byte(value: number): void {
    this.#room(1);
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  word(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  number(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  time(value: bigint): void {
    this.#room(8);
    this.#view.setBigInt64(this.#at, value, true);
    this.#at += 8;
  }

  text(value: string): void {
    this.bytes(encodeName(value));
  }

  bytes(value: Uint8Array): void {
    this.word(value.length);
    this.#room(value.length);
    scratch.set(value, this.#at);
    this.#at += value.length;
  }

  framed(): Uint8Array {
    const record = scratch.subarray(0, this.#at);
    this.#view.setUint32(4, this.#at - FRAME_BYTES, true);
    reframe(record);
    return record;
  }

  #room(sizeBytes: number): void {
    if (this.#at + sizeBytes <= scratch.length) return;
    const grown = new Uint8Array(Math.max(scratch.length * 2, this.#at + sizeBytes));
    grown.set(scratch);
    scratch = grown;
    this.#view = new DataView(scratch.buffer);
  }
}

class BodyReader {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  word(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  number(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  time(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true);
  }

  text(): string {
    return decodeName(this.bytes());
  }

  bytes(): Uint8Array {
    const sizeBytes = this.word();
    const at = this.#advance(sizeBytes);
    return this.#body.slice(at, at + sizeBytes);
  }

  #advance(sizeBytes: number): number {
    const at = this.#at;
    this.#at += sizeBytes;
    return at;
  }
}

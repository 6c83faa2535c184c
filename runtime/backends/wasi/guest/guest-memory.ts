/**
 * A guest's linear memory as WASI's structures see it. A guest may grow its memory at any time, which
 * detaches every view, so views are made anew when the buffer has changed. Pointers are the guest's
 * and may be anything: a RangeError from here becomes EFAULT.
 */
import type { FileStatus } from "./file-calls.ts";
import { FILETYPE } from "./abi.ts";

/** A piece of guest memory: what an iovec points to. */
export interface Room {
  readonly address: number;
  readonly sizeBytes: number;
}

export class GuestMemory {
  readonly #memory: WebAssembly.Memory;
  #view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
  }

  get sizeBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  get view(): DataView {
    if (this.#view.buffer !== this.#memory.buffer) this.#view = new DataView(this.#memory.buffer);
    return this.#view;
  }

  /** Pointers arrive as signed 32-bit numbers. */
  bytes(address: number, sizeBytes: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address >>> 0, sizeBytes >>> 0);
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address >>> 0, value, true);
  }

  setU64(address: number, value: number | bigint): void {
    this.view.setBigUint64(address >>> 0, BigInt(value), true);
  }

  setU8(address: number, value: number): void {
    this.view.setUint8(address >>> 0, value);
  }

  /** `ciovec` and `iovec` are alike: address and length. */
  rooms(address: number, count: number): readonly Room[] {
    const rooms: Room[] = [];
    for (let at = address >>> 0, left = count >>> 0; left > 0; left--, at += 8) {
      rooms.push({ address: this.view.getUint32(at, true), sizeBytes: this.view.getUint32(at + 4, true) });
    }
    return rooms;
  }

  /** Strings one after the other with their terminators, and a table of pointers to them. */
  setStrings(table: number, buffer: number, strings: readonly Uint8Array[]): void {
    let at = buffer >>> 0;
    let slot = table >>> 0;
    for (const text of strings) {
      this.setU32(slot, at);
      this.bytes(at, text.length).set(text);
      this.setU8(at + text.length, 0);
      at += text.length + 1;
      slot += 4;
    }
  }

  setFileStatus(address: number, status: FileStatus): void {
    this.bytes(address, 64).fill(0);
    this.setU64(address, status.device);
    this.setU64(address + 8, status.ino);
    this.setU8(address + 16, FILETYPE[status.type]);
    this.setU64(address + 24, status.nlink);
    this.setU64(address + 32, status.sizeBytes);
    this.setU64(address + 40, timestamp(status.atimeNs));
    this.setU64(address + 48, timestamp(status.mtimeNs));
    this.setU64(address + 56, timestamp(status.ctimeNs));
  }

  setDescriptorStatus(address: number, filetype: number, flags: number, rights: bigint, inheriting: bigint): void {
    this.bytes(address, 24).fill(0);
    this.setU8(address, filetype);
    this.view.setUint16((address >>> 0) + 2, flags, true);
    this.setU64(address + 8, rights);
    this.setU64(address + 16, inheriting);
  }
}

/** WASI's times are unsigned: what lies before 1970 is shown as 1970. */
function timestamp(ns: string): bigint {
  const value = BigInt(ns);
  return value < 0n ? 0n : value;
}

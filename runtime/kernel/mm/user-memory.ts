/**
 * Copies between the kernel and a program's memory (uaccess). Everything here throws EFAULT for addresses
 * the program may not use; the dispatcher turns that into the call's answer. 64-bit words are bigints
 * where every bit counts and numbers where only values within 2^53 make sense (sizes, times, offsets).
 */
import { SPACE_START } from "../../cpu/machine.ts";
import { Errno } from "../abi/errno.ts";
import { PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { AddressSpace } from "./address-space.ts";
import { PAGE_BYTES, pageFloor } from "./region.ts";

const TWO_TO_32 = 0x1_0000_0000;
/** struct iovec entries in one call (UIO_MAXIOV, linux/uio.h). */
const IOV_MAX = 1024;

export class UserMemory {
  readonly #owner: { readonly addressSpace: AddressSpace };

  /** `owner` is asked each time: exec replaces the address space of a task. */
  constructor(owner: { readonly addressSpace: AddressSpace }) {
    this.#owner = owner;
  }

  /** The program's own bytes, to be read; the view holds until the guest runs or anything is mapped. */
  readable(address: number, sizeBytes: number): Uint8Array {
    const bytes = this.#owner.addressSpace.bytes(address, sizeBytes, PROT_READ);
    if (bytes === undefined) throw new SyscallError(Errno.EFAULT);
    return bytes;
  }

  /** The same to be written. */
  writable(address: number, sizeBytes: number): Uint8Array {
    const bytes = this.#owner.addressSpace.bytes(address, sizeBytes, PROT_WRITE);
    if (bytes === undefined) throw new SyscallError(Errno.EFAULT);
    return bytes;
  }

  /** A copy of its own. */
  copyIn(address: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.readable(address, sizeBytes));
  }

  copyOut(address: number, source: Uint8Array): void {
    this.writable(address, source.length).set(source);
  }

  readU8(address: number): number {
    return this.readable(address, 1)[0] ?? 0;
  }

  writeU8(address: number, value: number): void {
    this.writable(address, 1)[0] = value;
  }

  readU16(address: number): number {
    return this.#view(this.readable(address, 2)).getUint16(0, true);
  }

  writeU16(address: number, value: number): void {
    this.#view(this.writable(address, 2)).setUint16(0, value, true);
  }

  readU32(address: number): number {
    return this.#view(this.readable(address, 4)).getUint32(0, true);
  }

  readI32(address: number): number {
    return this.readU32(address) | 0;
  }

  writeU32(address: number, value: number): void {
    this.#view(this.writable(address, 4)).setUint32(0, value >>> 0, true);
  }

  readU64(address: number): bigint {
    return this.#view(this.readable(address, 8)).getBigUint64(0, true);
  }

  writeU64(address: number, value: bigint): void {
    this.#view(this.writable(address, 8)).setBigUint64(0, BigInt.asUintN(64, value), true);
  }

  /** A signed 64-bit word as a number, exact within 2^53. */
  readInteger(address: number): number {
    const view = this.#view(this.readable(address, 8));
    return view.getInt32(4, true) * TWO_TO_32 + view.getUint32(0, true);
  }

  writeInteger(address: number, value: number): void {
    const view = this.#view(this.writable(address, 8));
    view.setInt32(4, Math.floor(value / TWO_TO_32), true);
    view.setInt32(0, value | 0, true);
  }

  /** The bytes up to a NUL, without it; ENAMETOOLONG (or `tooLong`) when there is none in `bytesMax`. */
  readCString(address: number, bytesMax: number, tooLong: number = Errno.ENAMETOOLONG): Uint8Array<ArrayBuffer> {
    const pieces: Uint8Array[] = [];
    for (let at = address, left = bytesMax; left > 0; ) {
      const size = Math.min(pageFloor(at) + PAGE_BYTES - at, left);
      const piece = this.readable(at, size);
      const end = piece.indexOf(0);
      pieces.push(piece.slice(0, end < 0 ? size : end));
      if (end >= 0) return joined(pieces);
      at += size;
      left -= size;
    }
    throw new SyscallError(tooLong);
  }

  /** struct iovec[count]: EINVAL for a count or length that is none. */
  readVectors(address: number, count: number): readonly { readonly address: number; readonly sizeBytes: number }[] {
    if (count < 0 || count > IOV_MAX) throw new SyscallError(Errno.EINVAL);
    const vectors = Array.from({ length: count }, (_, index) => ({
      address: this.readInteger(address + index * 16),
      sizeBytes: this.readInteger(address + index * 16 + 8),
    }));
    if (vectors.some(({ sizeBytes }) => sizeBytes < 0)) throw new SyscallError(Errno.EINVAL);
    return vectors;
  }

  #view(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** Whether a word could be an address a program may use: cheap refusal before anything is done. */
export function isUserAddress(address: number): boolean {
  return address >= SPACE_START && address < TWO_TO_32;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

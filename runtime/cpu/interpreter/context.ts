/**
 * Registers of one thread. One hard idea: the running context *is* the register file at constant
 * addresses in its space's memory; every other context is a copy of those bytes. `InterpreterSpace`
 * swaps them; a context reads through to wherever its bytes are now.
 */
import { assert } from "../../../layers/base/assert.ts";
import type { Context, Space } from "../machine.ts";
import { LAYOUT } from "../spec/layout.ts";

export const CONTEXT_BYTES = LAYOUT.CONTEXT_END - LAYOUT.CONTEXT;
const FXSAVE_BYTES = 512;
const TWO_TO_32 = 0x1_0000_0000;

/** What a context needs of its space. */
export interface ContextHome {
  /** Makes `context` the one in the register file, and answers a view of the memory. */
  activate(context: InterpreterContext): DataView;
  /** A view where its registers are now: the memory, or its own copy (base differs). */
  adopt(context: InterpreterContext, bytes: Uint8Array): void;
  forget(context: InterpreterContext): void;
  rflags(): number;
  setRflags(value: number): void;
  saveImage(): Uint8Array;
  restoreImage(bytes: Uint8Array): boolean;
}

export class InterpreterContext implements Context {
  /** The register file while another context is in the memory; owned by the space. */
  readonly saved: Uint8Array<ArrayBuffer> = new Uint8Array(CONTEXT_BYTES);
  readonly #home: ContextHome;

  constructor(home: ContextHome) {
    this.#home = home;
  }

  register(number: number): bigint {
    return this.#home.activate(this).getBigUint64(LAYOUT.REG + (number & 15) * 8, true);
  }

  setRegister(number: number, value: bigint): void {
    this.#home.activate(this).setBigUint64(LAYOUT.REG + (number & 15) * 8, value, true);
  }

  integer(number: number): number {
    const view = this.#home.activate(this);
    const at = LAYOUT.REG + (number & 15) * 8;
    return view.getInt32(at + 4, true) * TWO_TO_32 + view.getUint32(at, true);
  }

  setInteger(number: number, value: number): void {
    const view = this.#home.activate(this);
    const at = LAYOUT.REG + (number & 15) * 8;
    view.setInt32(at, value | 0, true);
    view.setInt32(at + 4, Math.floor(value / TWO_TO_32), true);
  }

  get rip(): number {
    return Number(this.#home.activate(this).getBigInt64(LAYOUT.RIP, true));
  }

  set rip(value: number) {
    this.#home.activate(this).setBigInt64(LAYOUT.RIP, BigInt(value), true);
  }

  get rflags(): number {
    this.#home.activate(this);
    return this.#home.rflags() >>> 0;
  }

  set rflags(value: number) {
    this.#home.activate(this);
    this.#home.setRflags(value);
  }

  get fsBase(): bigint {
    return this.#home.activate(this).getBigUint64(LAYOUT.FS_BASE, true);
  }

  set fsBase(value: bigint) {
    this.#home.activate(this).setBigUint64(LAYOUT.FS_BASE, value, true);
  }

  get gsBase(): bigint {
    return this.#home.activate(this).getBigUint64(LAYOUT.GS_BASE, true);
  }

  set gsBase(value: bigint) {
    this.#home.activate(this).setBigUint64(LAYOUT.GS_BASE, value, true);
  }

  saveFpu(target: Uint8Array): void {
    assert(target.length === FXSAVE_BYTES, "an fxsave image has 512 bytes");
    this.#home.activate(this);
    target.set(this.#home.saveImage());
  }

  restoreFpu(source: Uint8Array): boolean {
    assert(source.length === FXSAVE_BYTES, "an fxsave image has 512 bytes");
    this.#home.activate(this);
    return this.#home.restoreImage(source);
  }

  clone(space: Space): Context {
    const view = this.#home.activate(this);
    const copy = space.createContext();
    assert(copy instanceof InterpreterContext, "a context is cloned into a space of the same machine");
    const bytes = new Uint8Array(view.buffer, view.byteOffset + LAYOUT.CONTEXT, CONTEXT_BYTES).slice();
    copy.#home.adopt(copy, bytes);
    return copy;
  }

  dispose(): void {
    this.#home.forget(this);
  }
}

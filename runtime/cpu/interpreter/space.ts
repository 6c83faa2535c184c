/**
 * One address space on the interpreter: a memory, its page map, the context that is in the register
 * file. The kernel's addresses are guest addresses; here they become linear ones (minus BIAS) and back.
 */
import { assert } from "../../../layers/base/assert.ts";
import { BIAS, PAGE_BYTES, PageAccess, SPACE_END, SPACE_START } from "../machine.ts";
import type { Context, Fault, Space, SpaceOptions, Stop, Vector } from "../machine.ts";
import { HAS_CODE, LAYOUT } from "../spec/layout.ts";
import { CONTEXT_BYTES, InterpreterContext } from "./context.ts";
import type { ContextHome } from "./context.ts";
import { createCore } from "./core.ts";
import type { Core, CoreImports } from "./core.ts";

const WASM_PAGE_BYTES = 0x1_0000;
const FXSAVE_BYTES = 512;
/** Where an fxsave image passes through; part of the scratch cells. */
const IMAGE = 0x800;
/** Cells of blocks.ts behind LAYOUT.STATE. */
const EXECUTED = LAYOUT.STATE + 0x80;

/** What the spaces of a machine share. */
export interface SpaceParts {
  readonly module: WebAssembly.Module;
  readonly counter: () => number;
  takeMemory(): WebAssembly.Memory;
  giveMemory(memory: WebAssembly.Memory): void;
}

export class InterpreterSpace implements Space, ContextHome {
  readonly #parts: SpaceParts;
  readonly #memory: WebAssembly.Memory;
  readonly #reserve: (sizeBytes: number) => number;
  readonly #core: Core;
  #bytes: Uint8Array;
  #view: DataView;
  #current: InterpreterContext | undefined;
  #isDisposed = false;

  /** With `source` the low range is a copy of its low range, translations included. */
  constructor(parts: SpaceParts, reserve: (sizeBytes: number) => number, source?: InterpreterSpace) {
    this.#parts = parts;
    this.#reserve = reserve;
    this.#memory = parts.takeMemory();
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
    const imports: CoreImports = {
      reserve: (bytes) => this.#reserveLinear(bytes),
      counter: parts.counter,
    };
    this.#core = createCore(parts.module, this.#memory, imports);
    if (source === undefined) this.#core.initialize();
    else this.#bytes.set(source.bytes.subarray(0, SPACE_START - BIAS));
  }

  get core(): Core {
    return this.#core;
  }

  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#renewViews();
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#bytes.length === 0) this.#renewViews();
    return this.#view;
  }

  get end(): number {
    return this.#memory.buffer.byteLength + BIAS;
  }

  grow(end: number): boolean {
    assert(end <= SPACE_END, "a space ends below 4 GiB");
    const missing = Math.ceil((end - this.end) / WASM_PAGE_BYTES);
    if (missing <= 0) return true;
    try {
      this.#memory.grow(missing);
    } catch (error) {
      // The host has no more: the kernel turns this into ENOMEM.
      if (error instanceof RangeError) return false;
      throw error;
    }
    this.#renewViews();
    return true;
  }

  setAccess(start: number, end: number, access: number): void {
    assert(start % PAGE_BYTES === 0 && end % PAGE_BYTES === 0, "access is set for whole pages");
    assert(start >= SPACE_START && end <= Math.min(this.end, SPACE_END) && start <= end, "pages must exist");
    // x86 has no page that can be written or executed but not read.
    const bits = access === PageAccess.none ? 0 : access | PageAccess.read;
    const bytes = this.bytes;
    const first = LAYOUT.MAP + (start - BIAS) / PAGE_BYTES;
    const last = LAYOUT.MAP + (end - BIAS) / PAGE_BYTES;
    if ((bits & PageAccess.execute) === 0) this.#core.invalidate(start - BIAS, end - BIAS);
    for (let at = first; at < last; at++) bytes[at] = bits | ((bytes[at] ?? 0) & HAS_CODE);
  }

  access(address: number): number {
    return (this.bytes[LAYOUT.MAP + Math.floor((address - BIAS) / PAGE_BYTES)] ?? 0) & ~HAS_CODE;
  }

  codeChanged(start: number, end: number): void {
    this.#core.invalidate(start - BIAS, end - BIAS);
  }

  createContext(): Context {
    const context = new InterpreterContext(this);
    const view = new DataView(context.saved.buffer);
    view.setUint32(LAYOUT.MXCSR - LAYOUT.CONTEXT, 0x1f80, true);
    view.setBigUint64(LAYOUT.HIGH - LAYOUT.CONTEXT, 0x1_0000_0000n, true);
    view.setUint32(LAYOUT.X87 - LAYOUT.CONTEXT, 0x37f, true);
    return context;
  }

  run(context: Context, fuel: number): Stop {
    assert(context instanceof InterpreterContext, "a context runs on the machine that made it");
    this.activate(context);
    // The core answers the numbers of Stop.
    return this.#core.run(Math.min(fuel, 0x7fff_ffff)) as Stop;
  }

  get fault(): Fault {
    const view = this.view;
    return {
      // The core raises the numbers of Vector.
      vector: view.getUint32(LAYOUT.FAULT, true) as Vector,
      isWrite: view.getUint8(LAYOUT.FAULT + 4) !== 0,
      isFetch: view.getUint8(LAYOUT.FAULT + 5) !== 0,
      isPresent: view.getUint8(LAYOUT.FAULT + 6) !== 0,
      isBeyond: view.getUint8(LAYOUT.FAULT + 7) !== 0,
      address: Number(view.getBigUint64(LAYOUT.FAULT + 8, true)),
    };
  }

  get executed(): number {
    return Number(this.view.getBigUint64(EXECUTED, true));
  }

  clone(ranges: readonly (readonly [start: number, end: number])[], options: SpaceOptions): Space {
    const copy = new InterpreterSpace(this.#parts, (sizeBytes) => options.reserve(sizeBytes), this);
    const last = ranges.reduce((end, range) => Math.max(end, range[1]), this.#arenaEnd());
    assert(copy.grow(last), "no memory for a copy of the space");
    const from = this.bytes;
    const to = copy.bytes;
    for (const [start, end] of [...ranges, ...this.#arenas()]) {
      to.set(from.subarray(start - BIAS, end - BIAS), start - BIAS);
    }
    return copy;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#parts.giveMemory(this.#memory);
  }

  activate(context: InterpreterContext): DataView {
    assert(!this.#isDisposed, "the space was disposed");
    if (this.#current !== context) {
      const registers = this.bytes.subarray(LAYOUT.CONTEXT, LAYOUT.CONTEXT_END);
      this.#current?.saved.set(registers);
      registers.set(context.saved);
      this.#current = context;
    }
    return this.view;
  }

  adopt(context: InterpreterContext, bytes: Uint8Array): void {
    assert(bytes.length === CONTEXT_BYTES && this.#current !== context, "adopted before it ran");
    context.saved.set(bytes);
  }

  forget(context: InterpreterContext): void {
    if (this.#current === context) this.#current = undefined;
  }

  rflags(): number {
    return this.#core.rflags();
  }

  setRflags(value: number): void {
    this.#core.setRflags(value);
  }

  saveImage(): Uint8Array {
    this.#core.saveImage(IMAGE);
    return this.bytes.slice(IMAGE, IMAGE + FXSAVE_BYTES);
  }

  restoreImage(bytes: Uint8Array): boolean {
    this.bytes.set(bytes, IMAGE);
    return this.#core.restoreImage(IMAGE) !== 0;
  }

  #renewViews(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }

  #reserveLinear(sizeBytes: number): number {
    const start = this.#reserve(sizeBytes);
    if (start === 0) return 0;
    assert(start >= SPACE_START && start + sizeBytes <= this.end, "reserved pages must exist");
    return start - BIAS;
  }

  /** Guest ranges of the arenas the kernel reserved (cells of blocks.ts). */
  #arenas(): (readonly [number, number])[] {
    const view = this.view;
    const count = view.getUint32(LAYOUT.STATE + 16, true);
    return Array.from({ length: count }, (_, index) => {
      const start = view.getUint32(LAYOUT.STATE + 20 + index * 4, true) + BIAS;
      return [start, start + RESERVED_BYTES] as const;
    });
  }

  #arenaEnd(): number {
    return this.#arenas().reduce((end, arena) => Math.max(end, arena[1]), SPACE_START);
  }
}

/** As RESERVED_BYTES in blocks.ts. */
const RESERVED_BYTES = 0x40_0000;

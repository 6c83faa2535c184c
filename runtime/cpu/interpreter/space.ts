/**
 * One address space on the interpreter: a memory, its page map, the context that is in the register
 * file. The kernel's addresses are guest addresses; here they become linear ones (minus BIAS) and back.
 */
import { assert, must } from "../../../layers/base/assert.ts";
import { BIAS, PAGE_BYTES, PageAccess, SPACE_END, SPACE_START, Vector, WINDOWS_MAX } from "../machine.ts";
import type { Context, Fault, HotBlock, Space, SpaceOptions, Stop, Window } from "../machine.ts";
import { HAS_CODE, LAYOUT, STATE, TOUCHED } from "../spec/layout.ts";
import { clean, endOfCopy, processorRanges, residentBytes, touch } from "./contents.ts";
import type { Range } from "./contents.ts";
import { CONTEXT_BYTES, InterpreterContext } from "./context.ts";
import type { ContextHome } from "./context.ts";
import type { Core } from "./core.ts";
import { Parked } from "./parked.ts";
import type { Body, BodyPool, Tenant } from "./pool.ts";
import { hotBlocks } from "./profile.ts";

const WASM_PAGE_BYTES = 0x1_0000;
const ACCESS_BITS = PageAccess.read | PageAccess.write | PageAccess.execute;
const FXSAVE_BYTES = 512;
const WINDOW_BYTES = (LAYOUT.WINDOWS_END - LAYOUT.WINDOWS) / WINDOWS_MAX;
/** Where an fxsave image passes through; part of the scratch cells. */
const IMAGE = 0x800;
const NOTHING = new Uint8Array(0);
const EXECUTED = LAYOUT.STATE + STATE.EXECUTED;

/** A signed word of 64 bits as a number, without a bigint on the way. */
function signedWord(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

export class InterpreterSpace implements Space, ContextHome, Tenant {
  lastUse = 0;
  readonly #pool: BodyPool;
  readonly #reserve: (sizeBytes: number) => number;
  /** Undefined while the space is parked; `#home` brings it back. */
  #body: Body | undefined;
  #parked: Parked | undefined;
  /** Empty while it is parked, and after the memory grew. */
  #bytes = NOTHING;
  #view = new DataView(NOTHING.buffer);
  #current: InterpreterContext | undefined;
  #isDisposed = false;

  /** With `copied` the memory becomes a copy of those (linear) ranges of `source`. */
  constructor(pool: BodyPool, options: SpaceOptions, source?: InterpreterSpace, copied: readonly Range[] = []) {
    this.#pool = pool;
    this.#reserve = (bytes) => this.#reserveLinear(options, bytes);
    // Looked at first, so that it is not the one that is parked for the new one.
    const from = source === undefined ? undefined : { bytes: source.bytes, touched: source.#home().touched };
    const body = this.#settle();
    if (!body.isFresh) clean(this.bytes, body.touched, copied);
    if (from === undefined) {
      body.core.initialize();
      return;
    }
    if (!this.grow(endOfCopy(from.bytes, copied) + BIAS)) {
      this.dispose();
      throw new RangeError("no memory for a copy of the space");
    }
    body.touched.set(from.touched);
    const ranges = [...processorRanges(from.bytes, this.bytes.length), ...copied];
    for (const [start, stop] of ranges) this.bytes.set(from.bytes.subarray(start, stop), start);
  }

  get core(): Core {
    return this.#home().core;
  }

  get bytes(): Uint8Array {
    this.lastUse = ++this.#pool.tick;
    if (this.#bytes.length === 0) this.#renewViews();
    return this.#bytes;
  }

  get view(): DataView {
    this.lastUse = ++this.#pool.tick;
    if (this.#bytes.length === 0) this.#renewViews();
    return this.#view;
  }

  get end(): number {
    return (this.#parked?.sizeBytes ?? this.#home().memory.buffer.byteLength) + BIAS;
  }

  vacate(): Body {
    const body = this.#home();
    this.#parked = new Parked(body);
    this.#body = undefined;
    this.#bytes = NOTHING;
    return body;
  }

  grow(end: number): boolean {
    assert(end <= SPACE_END, "a space ends below 4 GiB");
    const missing = Math.ceil((end - this.end) / WASM_PAGE_BYTES);
    if (missing <= 0) return true;
    try {
      this.#home().memory.grow(missing);
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
    const { core, touched } = this.#home();
    if ((bits & PageAccess.execute) === 0) core.invalidate(start - BIAS, end - BIAS);
    touch(touched, start - BIAS, end - BIAS);
    for (let at = first; at < last; at++) bytes[at] = bits | ((bytes[at] ?? 0) & HAS_CODE) | TOUCHED;
  }

  access(address: number): number {
    return (this.bytes[LAYOUT.MAP + Math.floor((address - BIAS) / PAGE_BYTES)] ?? 0) & ACCESS_BITS;
  }

  setWindows(windows: readonly Window[]): void {
    assert(windows.length <= WINDOWS_MAX, "there are so many windows");
    this.bytes.fill(0, LAYOUT.WINDOWS, LAYOUT.WINDOWS_END);
    windows.forEach(({ start, end, low }, index) => {
      assert(start >= 0x1_0000_0000 || end <= SPACE_START, "a window is where there are no pages");
      assert(low >= SPACE_START && low + (end - start) <= SPACE_END, "a window shows pages below");
      const at = LAYOUT.WINDOWS + index * WINDOW_BYTES;
      this.view.setBigUint64(at, BigInt(start - BIAS), true);
      this.view.setBigUint64(at + 8, BigInt(end - start), true);
      this.view.setBigUint64(at + 16, BigInt(low - BIAS), true);
    });
  }

  codeChanged(start: number, end: number): void {
    this.core.invalidate(start - BIAS, end - BIAS);
  }

  createContext(): Context {
    const context = new InterpreterContext(this);
    const view = new DataView(context.saved.buffer);
    view.setUint32(LAYOUT.MXCSR - LAYOUT.CONTEXT, 0x1f80, true);
    view.setBigUint64(LAYOUT.HIGH - LAYOUT.CONTEXT, 0x1_0000_0000n, true);
    view.setUint32(LAYOUT.X87 - LAYOUT.CONTEXT, 0x37f, true);
    return context;
  }

  noteFlags(isExact: boolean): void {
    this.core.exactFlags(isExact);
  }

  stepSingly(isSingle: boolean): void {
    this.core.oneByOne(isSingle);
  }

  run(context: Context, fuel: number): Stop {
    assert(context instanceof InterpreterContext, "a context runs on the machine that made it");
    this.activate(context);
    // The core answers the numbers of Stop.
    return this.#home().core.run(Math.min(fuel, 0x7fff_ffff)) as Stop;
  }

  get fault(): Fault {
    const view = this.view;
    // The core raises the numbers of Vector.
    const vector = view.getUint32(LAYOUT.FAULT, true) as Vector;
    return {
      vector,
      isWrite: view.getUint8(LAYOUT.FAULT + 4) !== 0,
      isFetch: view.getUint8(LAYOUT.FAULT + 5) !== 0,
      isPresent: view.getUint8(LAYOUT.FAULT + 6) !== 0,
      isBeyond: view.getUint8(LAYOUT.FAULT + 7) !== 0,
      address: vector === Vector.pageFault ? signedWord(view, LAYOUT.FAULT + 8) : 0,
    };
  }

  get executed(): number {
    return Number(this.view.getBigUint64(EXECUTED, true));
  }

  hotBlocks(countMax: number): readonly HotBlock[] {
    return hotBlocks(this.view, countMax);
  }

  clone(ranges: readonly Range[], options: SpaceOptions): Space {
    const linear = ranges.map(([start, end]): Range => [start - BIAS, end - BIAS]);
    return new InterpreterSpace(this.#pool, options, this, linear);
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#current = undefined;
    this.#parked = undefined;
    const body = this.#body;
    if (body === undefined) return;
    this.#pool.give(this, body, residentBytes(this.bytes, body.touched));
  }

  activate(context: InterpreterContext): DataView {
    assert(!this.#isDisposed, "the space was disposed");
    if (this.#current !== context) {
      const registers = this.bytes.subarray(LAYOUT.CONTEXT, LAYOUT.CONTEXT_END);
      this.#current?.saved.set(registers);
      registers.set(context.saved);
      this.#current = context;
    }
    // Not a use of its own: registers are looked at ten times a call.
    if (this.#bytes.length === 0) this.#renewViews();
    return this.#view;
  }

  adopt(context: InterpreterContext, bytes: Uint8Array): void {
    assert(bytes.length === CONTEXT_BYTES && this.#current !== context, "adopted before it ran");
    context.saved.set(bytes);
  }

  forget(context: InterpreterContext): void {
    if (this.#current === context) this.#current = undefined;
  }

  rflags(): number {
    return this.core.rflags();
  }

  setRflags(value: number): void {
    this.core.setRflags(value);
  }

  saveImage(): Uint8Array {
    this.core.saveImage(IMAGE);
    return this.bytes.slice(IMAGE, IMAGE + FXSAVE_BYTES);
  }

  restoreImage(bytes: Uint8Array): boolean {
    this.bytes.set(bytes, IMAGE);
    return this.core.restoreImage(IMAGE) !== 0;
  }

  /** Its memory; a parked space comes back into one. */
  #home(): Body {
    this.lastUse = ++this.#pool.tick;
    if (this.#body !== undefined) return this.#body;
    const parked = must(this.#parked, "a disposed space is not used");
    const body = this.#settle();
    try {
      parked.moveInto(body);
    } catch (thrown) {
      this.#body = undefined;
      this.#pool.give(this, body, 0);
      throw thrown;
    }
    this.#parked = undefined;
    return body;
  }

  #settle(): Body {
    const body = this.#pool.take(this);
    body.imports.reserve = this.#reserve;
    this.#body = body;
    return body;
  }

  #renewViews(): void {
    const { buffer } = this.#home().memory;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  #reserveLinear(options: SpaceOptions, sizeBytes: number): number {
    const start = options.reserve(sizeBytes);
    if (start === 0) return 0;
    assert(start >= SPACE_START && start + sizeBytes <= this.end, "reserved pages must exist");
    return start - BIAS;
  }
}

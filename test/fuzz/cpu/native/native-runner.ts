/**
 * The other end of `runner.c`: compiles it, keeps it running, and speaks its protocol in batches. The
 * hard idea: a case and an answer are fixed records in one buffer, read and written in place with a
 * DataView, so that 200,000 cases a second go through without an object each.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";

const SOURCE = new URL("runner.c", import.meta.url).pathname;
const CACHE = new URL("../../../../.cache/cpu-native/", import.meta.url).pathname;
const FLAGS = [
  "-O2", "-Wall", "-Wextra", "-Werror", "-mno-red-zone", "-fno-stack-protector", "-fno-tree-vectorize",
  "-fno-tree-loop-distribute-patterns",
];
const MAGIC = 0x5250_4c53;
const PAGE_BYTES = 4096;

/** Sizes and offsets of `struct input` and `struct output`. */
export const INPUT_BYTES = 1088;
export const OUTPUT_BYTES = 976;
export const DIRTY_BYTES_MAX = 8192;
/** Offsets both structures share: sixteen registers in encoding order first. */
export const At = { registers: 0, rflags: 128, rip: 136, fsBase: 144, gsBase: 152 } as const;
const InputAt = { mode: 160, patches: 164, length: 168, code: 169, patch: 192, program: 184, fxsave: 320, upper: 832 } as const;
const OutputAt = {
  signal: 160, code: 164, address: 168, trap: 176, error: 180, cr2: 184,
  dirtyStart: 192, dirtyLength: 196, fxsave: 208, upper: 720,
} as const;
const PATCH_BYTES = 32;
/** Of the jump behind the instruction in Mode.direct. */
const JUMP_BYTES = 7;
export const PATCHES_MAX = 4;
export const PATCH_LENGTH_MAX = 24;

/** Trap flag and resume flag, which are the runner's doing. */
const FLAGS_OURS = 0x1_0100n;

/** How the runner gets control back. */
export const Mode = {
  /** By a jump behind the instruction, the fast way: for all that does not jump. */
  direct: 0,
  /** By a breakpoint, which fills the rest of the code page: for jumps within it. */
  breakpoint: 1,
  /** By the trap flag: for jumps anywhere. A `rep` string traps after each turn; pushf shows the flag. */
  step: 2,
} as const;
/** Bit of the mode: the code page is a program's. */
const PROGRAM = 4;
/** Ends a program: a jump through the cell of `struct area` where the way back lies. */
export const PROGRAM_EXIT: readonly number[] = [0xff, 0x24, 0x25, 0x98, 0x00, 0x00, 0x30];
/** `Answers.signal` of a program that did not end. */
export const SIGALRM = 14;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** Why there is no oracle here, or undefined. */
export function missingForNative(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x86-64";
  if (spawnSync("gcc", ["--version"]).status !== 0) return "needs gcc";
  return undefined;
}

/** The instruction set extensions of the host, as /proc/cpuinfo names them. */
export function hostFeatures(): ReadonlySet<string> {
  const line = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
  return new Set(line.trim().split(/\s+/));
}

/** A batch of cases in one buffer; `select` a case, then set its fields. */
export class Cases {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  readonly count: number;
  #base = 0;

  constructor(count: number) {
    this.count = count;
    this.bytes = new Uint8Array(count * INPUT_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes case `index` the one that is written: all zero, but for a default x87 and MXCSR. */
  select(index: number): this {
    this.#base = index * INPUT_BYTES;
    this.bytes.fill(0, this.#base, this.#base + INPUT_BYTES);
    this.view.setUint16(this.#base + InputAt.fxsave, 0x37f, true);
    this.view.setUint32(this.#base + InputAt.fxsave + 24, 0x1f80, true);
    return this;
  }

  setRegister(number: number, value: bigint): this {
    this.view.setBigUint64(this.#base + At.registers + number * 8, BigInt.asUintN(64, value), true);
    return this;
  }

  set rflags(value: number) { this.view.setBigUint64(this.#base + At.rflags, BigInt(value), true); }
  set fsBase(value: bigint) { this.view.setBigUint64(this.#base + At.fsBase, value, true); }
  set gsBase(value: bigint) { this.view.setBigUint64(this.#base + At.gsBase, value, true); }

  /** The instruction; `rip` lies in the code page, whose other bytes are breakpoints. */
  setCode(rip: number, code: Uint8Array | readonly number[], mode: Mode = Mode.direct): this {
    const reason = refusal(code);
    if (reason !== undefined) throw new Error(`not to be run natively: ${reason}`);
    this.view.setBigUint64(this.#base + At.rip, BigInt(rip), true);
    const room = PAGE_BYTES - (rip % PAGE_BYTES) - code.length;
    const fits = mode !== Mode.direct || room >= JUMP_BYTES || room <= 0;
    this.view.setUint32(this.#base + InputAt.mode, fits ? mode : Mode.breakpoint, true);
    this.bytes[this.#base + InputAt.length] = code.length;
    this.bytes.set(code, this.#base + InputAt.code);
    return this;
  }

  /** Program `index` of the last `setPrograms`, from `rip` on. */
  setProgram(rip: number, index: number): this {
    this.view.setBigUint64(this.#base + At.rip, BigInt(rip), true);
    this.view.setUint32(this.#base + InputAt.mode, Mode.direct | PROGRAM, true);
    this.view.setUint32(this.#base + InputAt.program, index, true);
    return this;
  }

  /** Bytes that differ from the pages for this case only: at most PATCHES_MAX pieces. */
  addPatch(address: number, bytes: Uint8Array): this {
    const count = this.view.getUint32(this.#base + InputAt.patches, true);
    if (count === PATCHES_MAX || bytes.length > PATCH_LENGTH_MAX) throw new Error("too many patched bytes");
    const at = this.#base + InputAt.patch + count * PATCH_BYTES;
    this.view.setUint32(at, address, true);
    this.view.setUint32(at + 4, bytes.length, true);
    this.bytes.set(bytes, at + 8);
    this.view.setUint32(this.#base + InputAt.patches, count + 1, true);
    return this;
  }

  /** The 512 bytes of the fxsave image: x87, MXCSR at 24 (reserved bits zero), xmm0..15 at 160. */
  get fxsave(): Uint8Array { return this.bytes.subarray(this.#base + InputAt.fxsave, this.#base + InputAt.fxsave + 512); }
  /** The upper halves of ymm0..15. */
  get upper(): Uint8Array { return this.bytes.subarray(this.#base + InputAt.upper, this.#base + InputAt.upper + 256); }
}

/** The answers to a batch, in order. */
export class Answers {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #offsets: Float64Array;
  #base = 0;

  constructor(bytes: Uint8Array, count: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offsets = new Float64Array(count);
    let offset = 0;
    for (let index = 0; index < count; index++) {
      this.#offsets[index] = offset;
      const dirty = this.view.getUint32(offset + OutputAt.dirtyLength, true);
      offset += OUTPUT_BYTES + ((Math.min(dirty, DIRTY_BYTES_MAX) + 7) & ~7);
    }
    if (offset !== bytes.length) throw new Error(`the runner answered ${bytes.length} bytes, not ${offset}`);
  }

  get count(): number { return this.#offsets.length; }

  select(index: number): this {
    this.#base = this.#offsets[index] ?? Number.NaN;
    return this;
  }

  register(number: number): bigint { return this.view.getBigUint64(this.#base + At.registers + number * 8, true); }
  /** Without trap and resume flag. */
  get rflags(): number { return Number(this.view.getBigUint64(this.#base + At.rflags, true) & ~FLAGS_OURS); }
  /** Behind the instruction when it was executed, at it when it faulted. */
  get rip(): bigint {
    const rip = this.view.getBigUint64(this.#base + At.rip, true);
    return this.trap === 3 ? rip - 1n : rip;
  }
  get fsBase(): bigint { return this.view.getBigUint64(this.#base + At.fsBase, true); }
  get gsBase(): bigint { return this.view.getBigUint64(this.#base + At.gsBase, true); }
  /** The instruction was executed to its end. */
  get isDone(): boolean { return this.trap === 1 || this.trap === 3; }
  get signal(): number { return this.view.getUint32(this.#base + OutputAt.signal, true); }
  get signalCode(): number { return this.view.getInt32(this.#base + OutputAt.code, true); }
  get signalAddress(): bigint { return this.view.getBigUint64(this.#base + OutputAt.address, true); }
  /** The vector of the exception. */
  get trap(): number { return this.view.getUint32(this.#base + OutputAt.trap, true); }
  /** Of a page fault: bit 0 present, bit 1 write, bit 4 fetch. */
  get error(): number { return this.view.getUint32(this.#base + OutputAt.error, true); }
  get cr2(): bigint { return this.view.getBigUint64(this.#base + OutputAt.cr2, true); }
  /** The smallest range that holds all changed bytes; its first DIRTY_BYTES_MAX bytes. */
  get dirtyStart(): number { return this.view.getUint32(this.#base + OutputAt.dirtyStart, true); }
  get dirtyLength(): number { return this.view.getUint32(this.#base + OutputAt.dirtyLength, true); }
  get dirtyBytes(): Uint8Array {
    const start = this.#base + OUTPUT_BYTES;
    return this.bytes.subarray(start, start + Math.min(this.dirtyLength, DIRTY_BYTES_MAX));
  }
  get fxsave(): Uint8Array { return this.bytes.subarray(this.#base + OutputAt.fxsave, this.#base + OutputAt.fxsave + 512); }
  get upper(): Uint8Array { return this.bytes.subarray(this.#base + OutputAt.upper, this.#base + OutputAt.upper + 256); }
}

export interface Pages {
  /** Of the first page; the neighbours on both sides stay unmapped. Below 4 GiB. */
  readonly base: number;
  /** Bits of PageAccess (1 read, 2 write) by page; 0 leaves a hole. */
  readonly access: readonly number[];
  readonly content: Uint8Array;
  readonly code: number;
}

export class NativeRunner {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly hasUpperHalves: boolean;
  readonly #input: ByteQueue;

  private constructor(child: ChildProcessWithoutNullStreams, input: ByteQueue, features: number) {
    this.#process = child;
    this.#input = input;
    this.hasUpperHalves = (features & 2) !== 0;
  }

  /** Preconditions: missingForNative() is undefined. */
  static async start(): Promise<NativeRunner> {
    const child = spawn(compileRunner());
    child.stderr.pipe(process.stderr);
    const input = new ByteQueue(child);
    const hello = await input.take(16);
    const view = new DataView(hello.buffer, hello.byteOffset, 16);
    if (view.getUint32(0, true) !== MAGIC) throw new Error("the runner does not say hello");
    return new NativeRunner(child, input, view.getUint32(4, true));
  }

  /** Sets the memory of all later cases. */
  setPages(pages: Pages): void {
    const { access, content } = pages;
    if (content.length !== access.length * PAGE_BYTES) throw new Error("content does not fit the pages");
    this.#send(Uint32Array.of(1, access.length, pages.base, pages.code, ...access), content);
  }

  /** Sets the code pages that cases with `setProgram` run: 4096 bytes each. */
  setPrograms(pages: Uint8Array): void {
    this.#send(Uint32Array.of(3, pages.length / PAGE_BYTES, 0, 0), pages);
  }

  async run(cases: Cases): Promise<Answers> {
    this.#send(Uint32Array.of(2, cases.count, 0, 0), cases.bytes);
    const size = await this.#input.take(4);
    const bytes = new DataView(size.buffer, size.byteOffset, 4).getUint32(0, true);
    return new Answers(await this.#input.take(bytes), cases.count);
  }

  stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#process.on("exit", () => { resolve(); }));
    this.#process.stdin.end();
    return ended;
  }

  #send(header: Uint32Array, body: Uint8Array): void {
    this.#process.stdin.write(new Uint8Array(header.buffer, header.byteOffset, header.byteLength));
    this.#process.stdin.write(body);
  }
}

/** Bytes of the child's stdout, taken in exact pieces; one taker at a time. */
class ByteQueue {
  #chunks: Buffer[] = [];
  #available = 0;
  #wanted = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(child: ChildProcessWithoutNullStreams) {
    child.stdout.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#available += chunk.length;
      if (this.#available >= this.#wanted) this.#wake?.();
    });
    child.on("exit", () => { this.#ended = true; });
    child.stdout.on("close", () => { this.#ended = true; this.#wake?.(); });
  }

  async take(bytes: number): Promise<Uint8Array> {
    this.#wanted = bytes;
    while (this.#available < bytes) {
      if (this.#ended) throw new Error("the runner ended in the middle of an answer");
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
    const all = this.#chunks.length === 1 ? this.#chunks[0] ?? Buffer.alloc(0) : Buffer.concat(this.#chunks);
    const rest = all.subarray(bytes);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#available = rest.length;
    return all.subarray(0, bytes);
  }
}

/** The compiled runner, by the digest of its source. */
function compileRunner(): string {
  const digest = createHash("sha256").update(readFileSync(SOURCE)).update(FLAGS.join(" ")).digest("hex").slice(0, 16);
  const program = join(CACHE, `runner-${digest}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  execFileSync("gcc", [...FLAGS, "-o", unfinished, SOURCE]);
  renameSync(unfinished, program);
  return program;
}

/**
 * Why an instruction must not be run on the host, or undefined: it would leave the process (system
 * calls, interrupts), change what the runner stands on (segments, protection keys, state that a case
 * does not load), or answer differently each time. A coarse filter by opcode: rather one too many.
 */
export function refusal(code: Uint8Array | readonly number[]): string | undefined {
  let at = 0;
  while (PREFIXES.has(code[at] ?? -1)) at++;
  const opcode = code[at] ?? -1;
  if (opcode === 0x0f) return refusalOfTwoByte(code[at + 1] ?? -1, code[at + 2] ?? 0, code);
  if (opcode === 0x62) return "EVEX (zmm and mask registers are not loaded)";
  if (opcode === 0xff) {
    const extension = ((code[at + 1] ?? 0) >> 3) & 7;
    return extension === 3 || extension === 5 ? "far transfer" : undefined;
  }
  return REFUSED.get(opcode);
}

const PREFIXES: ReadonlySet<number> = new Set([
  0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3,
  ...Array.from({ length: 16 }, (_, index) => 0x40 + index),
]);

const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x8e, "loads a segment register"], [0xca, "far transfer"], [0xcb, "far transfer"],
  [0xcc, "interrupt"], [0xcd, "interrupt"], [0xce, "interrupt"], [0xcf, "far transfer"], [0xf1, "interrupt"],
  ...[0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef].map((opcode) => [opcode, "port"] as const),
]);

const REFUSED_TWO_BYTE: ReadonlyMap<number, string> = new Map([
  [0x00, "segments"], [0x01, "system"], [0x02, "segments"], [0x03, "segments"], [0x05, "system call"],
  [0x07, "system"], [0x31, "differs each time"], [0x33, "differs each time"], [0x34, "system call"],
  [0x35, "system"], [0x37, "system"], [0xa1, "loads a segment register"], [0xa2, "differs by host"],
  [0xa9, "loads a segment register"], [0xb2, "loads a segment register"], [0xb4, "loads a segment register"],
  [0xb5, "loads a segment register"],
]);

function refusalOfTwoByte(opcode: number, modrm: number, code: Uint8Array | readonly number[]): string | undefined {
  const extension = (modrm >> 3) & 7;
  const isRegister = modrm >= 0xc0;
  if (opcode === 0xc7) return extension === 1 && !isRegister ? undefined : "random numbers, xsavec, user interrupts";
  if (opcode !== 0xae) return REFUSED_TWO_BYTE.get(opcode);
  if (isRegister) return [...code].some((byte) => [0xf2, 0xf3, 0x66].includes(byte)) ? "fs and gs base, waiting" : undefined;
  return extension >= 4 && extension <= 6 ? "xsave family" : undefined;
}

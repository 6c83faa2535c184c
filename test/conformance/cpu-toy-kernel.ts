/**
 * Just enough of Linux to run one static program on the processor alone: loads the ELF file, answers the
 * system calls a C library makes around stdin and stdout, and throws at any other. The hard idea is what it
 * leaves out: with no files, processes or signals, whatever differs from native is the processor's doing.
 */
import { concatBytes, encodeUtf8, toHex } from "../../layers/base/bytes.ts";
import type { Context, Machine, Space } from "../../runtime/cpu/machine.ts";
import { BIAS, PAGE_BYTES, Stop } from "../../runtime/cpu/machine.ts";

const MMAP_START = 0x1000_0000;
const STACK_TOP = MMAP_START - PAGE_BYTES;
const STACK_BYTES = 1024 * 1024;
const FUEL = 1_000_000;
const READ_WRITE = 3;
const ALL = 7;

const PID = 1000;

/** System call numbers: asm/unistd_64.h. */
const Call = {
  read: 0, write: 1, open: 2, close: 3, stat: 4, fstat: 5, lstat: 6, lseek: 8, mmap: 9, mprotect: 10, munmap: 11,
  brk: 12, rt_sigaction: 13, rt_sigprocmask: 14, ioctl: 16, writev: 20, access: 21, mremap: 25, madvise: 28,
  getpid: 39, exit: 60, uname: 63, fcntl: 72, getcwd: 79, readlink: 89, sysinfo: 99, getuid: 102, getgid: 104,
  geteuid: 107, getegid: 108, getppid: 110, prctl: 157, arch_prctl: 158, gettid: 186, futex: 202,
  set_tid_address: 218, exit_group: 231, openat: 257, newfstatat: 262, readlinkat: 267, set_robust_list: 273,
  prlimit64: 302, getrandom: 318, rseq: 334,
} as const;

const NOTHING_TO_DO: ReadonlySet<number> = new Set([
  Call.mprotect, Call.munmap, Call.rt_sigaction, Call.rt_sigprocmask, Call.madvise, Call.fcntl, Call.prctl,
  Call.set_tid_address, Call.set_robust_list, Call.getuid, Call.getgid, Call.geteuid, Call.getegid, Call.getppid,
]);
const NO_SUCH_FILE: ReadonlySet<number> = new Set([
  Call.open, Call.openat, Call.stat, Call.lstat, Call.access, Call.readlink, Call.readlinkat,
]);
const NOT_HERE: ReadonlySet<number> = new Set([Call.uname, Call.getcwd, Call.sysinfo, Call.prlimit64, Call.rseq]);

const ENOENT = 2;
const EBADF = 9;
const ENOTTY = 25;
const ESPIPE = 29;
const ENOSYS = 38;

export interface Program {
  readonly file: Uint8Array;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly stdin?: Uint8Array | undefined;
  /** A program that takes longer is broken. */
  readonly instructionsMax?: number;
}

export interface Outcome {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
  readonly instructions: number;
}

const pageUp = (address: number): number => Math.ceil(address / PAGE_BYTES) * PAGE_BYTES;
const pageDown = (address: number): number => Math.floor(address / PAGE_BYTES) * PAGE_BYTES;

class Toy {
  readonly #space: Space;
  readonly #context: Context;
  readonly #program: Program;
  readonly #output: [Uint8Array[], Uint8Array[]] = [[], []];
  #breakStart = 0;
  #breakEnd = 0;
  #mapEnd = MMAP_START;
  #stdinAt = 0;
  #exitCode: number | undefined;

  constructor(machine: Machine, program: Program) {
    this.#space = machine.createSpace({ reserve: () => 0 });
    this.#context = this.#space.createContext();
    this.#program = program;
  }

  run(): Outcome {
    const auxiliary = this.#load();
    this.#makeStack(auxiliary);
    const limit = this.#program.instructionsMax ?? 3e9;
    while (this.#exitCode === undefined) {
      const stop = this.#space.run(this.#context, FUEL);
      if (stop === Stop.syscall) this.#answer();
      else if (stop === Stop.fault) this.#fail(`fault ${JSON.stringify(this.#space.fault)}`);
      if (this.#space.executed > limit) this.#fail(`more than ${limit} instructions`);
    }
    const [stdout, stderr] = this.#output;
    const outcome = {
      stdout: concatBytes(stdout),
      stderr: concatBytes(stderr),
      exitCode: this.#exitCode,
      instructions: this.#space.executed,
    };
    this.#space.dispose();
    return outcome;
  }

  #fail(what: string): never {
    const { rip } = this.#context;
    const at = rip - BIAS;
    const bytes = toHex(this.#space.bytes.slice(at, at + 16));
    throw new Error(`${this.#program.argv.join(" ")}: ${what} at 0x${rip.toString(16)} (${bytes})`);
  }

  #map(start: number, end: number, access: number): void {
    if (!this.#space.grow(end)) throw new Error("the toy is out of memory");
    this.#space.setAccess(start, end, access);
  }

  /** Maps the segments; answers the auxiliary vector's part about the program. */
  #load(): number[] {
    const { file } = this.#program;
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const programHeaders = Number(view.getBigUint64(32, true));
    const count = view.getUint16(56, true);
    let headersAddress = 0;
    for (let index = 0; index < count; index++) {
      const at = programHeaders + index * view.getUint16(54, true);
      if (view.getUint32(at, true) !== 1) continue;
      const [offset, address] = [Number(view.getBigUint64(at + 8, true)), Number(view.getBigUint64(at + 16, true))];
      const [inFile, inMemory] = [Number(view.getBigUint64(at + 32, true)), Number(view.getBigUint64(at + 40, true))];
      const flags = view.getUint32(at + 4, true);
      const end = pageUp(address + inMemory);
      this.#map(pageDown(address), end, (flags & 1) === 0 ? READ_WRITE : ALL & ~(flags & 2 ? 0 : 2));
      this.#space.bytes.set(file.subarray(offset, offset + inFile), address - BIAS);
      if (offset === 0) headersAddress = address + programHeaders;
      this.#breakStart = Math.max(this.#breakStart, end);
    }
    this.#breakEnd = this.#breakStart;
    const entry = Number(view.getBigUint64(24, true));
    this.#context.rip = entry;
    // AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_ENTRY, AT_UID.. AT_EGID, AT_SECURE, AT_CLKTCK
    return [3, headersAddress, 4, 56, 5, count, 6, PAGE_BYTES, 9, entry, 11, 0, 12, 0, 13, 0, 14, 0, 23, 0, 17, 100];
  }

  #makeStack(auxiliary: readonly number[]): void {
    this.#map(STACK_TOP - STACK_BYTES, STACK_TOP, READ_WRITE);
    let at = STACK_TOP - 64;
    const random = at;
    this.#space.bytes.fill(0x5a, random - BIAS, random - BIAS + 16);
    const place = (text: string): number => {
      const bytes = encodeUtf8(`${text}\0`);
      at -= bytes.length;
      this.#space.bytes.set(bytes, at - BIAS);
      return at;
    };
    const argv = this.#program.argv.map(place);
    const environment = this.#program.environment.map(place);
    const name = place("/program");
    const words = [
      argv.length, ...argv, 0, ...environment, 0,
      ...auxiliary, 25, random, 31, name, 0, 0,
    ];
    at = (at - words.length * 8) & ~15;
    words.forEach((word, index) => this.#space.view.setBigUint64(at - BIAS + index * 8, BigInt(word), true));
    this.#context.setRegister(4, BigInt(at));
  }

  #answer(): void {
    const context = this.#context;
    const [a, b, c] = [context.integer(7), context.integer(6), context.integer(2)];
    const result = this.#systemCall(context.integer(0), a, b, c);
    if (result === undefined) this.#fail(`system call ${context.integer(0)}(${a}, ${b}, ${c})`);
    context.setInteger(0, result);
  }

  #systemCall(number: number, a: number, b: number, c: number): number | undefined {
    if (NOTHING_TO_DO.has(number)) return 0;
    if (NO_SUCH_FILE.has(number)) return -ENOENT;
    if (NOT_HERE.has(number)) return -ENOSYS;
    switch (number) {
      case Call.read: return this.#read(a, b, c);
      case Call.write: return this.#write(a, b, c);
      case Call.writev: return this.#writeVector(a, b, c);
      case Call.close: return a < 3 ? 0 : -EBADF;
      case Call.fstat: return this.#status(b);
      case Call.newfstatat: return this.#status(c);
      case Call.lseek: return -ESPIPE;
      case Call.ioctl: return -ENOTTY;
      case Call.mmap: return this.#allocate(b, a);
      case Call.mremap: return this.#moveAllocation(a, b, c);
      case Call.brk: return this.#setBreak(a);
      case Call.getpid: case Call.gettid: return PID;
      case Call.arch_prctl: return this.#setBase(a, b);
      // Only FUTEX_WAKE: nobody waits.
      case Call.futex: return (b & 127) === 1 ? 0 : undefined;
      case Call.getrandom: this.#space.bytes.fill(0x5a, a - BIAS, a - BIAS + b); return b;
      case Call.exit: case Call.exit_group: this.#exitCode = a & 255; return 0;
      default: return undefined;
    }
  }

  #read(file: number, address: number, count: number): number {
    const { stdin } = this.#program;
    if (file !== 0 || stdin === undefined) return file === 0 ? 0 : -EBADF;
    const piece = stdin.subarray(this.#stdinAt, this.#stdinAt + count);
    this.#space.bytes.set(piece, address - BIAS);
    this.#stdinAt += piece.length;
    return piece.length;
  }

  #write(file: number, address: number, count: number): number {
    if (file !== 1 && file !== 2) return -EBADF;
    this.#output[file - 1]?.push(this.#space.bytes.slice(address - BIAS, address - BIAS + count));
    return count;
  }

  #writeVector(file: number, vector: number, count: number): number {
    let total = 0;
    for (let index = 0; index < count; index++) {
      const at = vector - BIAS + index * 16;
      const length = Number(this.#space.view.getBigUint64(at + 8, true));
      const written = this.#write(file, Number(this.#space.view.getBigUint64(at, true)), length);
      if (written < 0) return written;
      total += written;
    }
    return total;
  }

  #allocate(size: number, hint: number): number {
    const start = hint === 0 ? this.#mapEnd : hint;
    this.#map(start, start + pageUp(size), ALL);
    this.#mapEnd = Math.max(this.#mapEnd, start + pageUp(size));
    return start;
  }

  #moveAllocation(old: number, size: number, wanted: number): number {
    if (wanted <= size) return old;
    const start = this.#allocate(wanted, 0);
    const { bytes } = this.#space;
    bytes.copyWithin(start - BIAS, old - BIAS, old - BIAS + size);
    return start;
  }

  #setBreak(wanted: number): number {
    if (wanted < this.#breakStart || wanted > STACK_TOP - 2 * STACK_BYTES) return this.#breakEnd;
    if (pageUp(wanted) > pageUp(this.#breakEnd)) this.#map(pageUp(this.#breakEnd), pageUp(wanted), READ_WRITE);
    this.#breakEnd = wanted;
    return wanted;
  }

  #setBase(code: number, address: number): number {
    if (code === 0x1002) this.#context.fsBase = BigInt(address);
    else if (code === 0x1001) this.#context.gsBase = BigInt(address);
    else return -22;
    return 0;
  }

  /** Every file is a pipe. */
  #status(address: number): number {
    this.#space.bytes.fill(0, address - BIAS, address - BIAS + 144);
    this.#space.view.setUint32(address - BIAS + 24, 0o010600, true);
    return 0;
  }
}

export function runOnToy(machine: Machine, program: Program): Outcome {
  return new Toy(machine, program).run();
}

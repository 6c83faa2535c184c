/**
 * The contract between the processor and the kernel that owns it. The processor knows no Linux: it
 * runs instructions in an address space until something happens that is not its business, and says
 * what. The kernel knows no instruction: it maps pages, starts threads, and answers stops.
 *
 * Vocabulary. A *space* is one address space: one WebAssembly.Memory and everything translated from
 * it. A *context* is the registers of one thread. Guest addresses are plain numbers, below 2^32 but for windows; guest
 * address 0x10000 is byte 0 of the memory (so that page zero cannot be reached), and everything below
 * SPACE_START belongs to the processor itself (page map, translations, register file).
 *
 * Rules. Single owner, synchronous: one context runs at a time, and nothing here awaits. Whoever
 * changes bytes of a page that may hold code (the kernel writing into a file mapping, ptrace) calls
 * `codeChanged`; stores by guests are noticed by the processor.
 *
 * Example:
 *   context.setRegister(RAX, 0n); context.rip = entry;
 *   for (;;) {
 *     const stop = space.run(context, fuel);
 *     if (stop === Stop.syscall) kernel.syscall(context);
 *     else if (stop === Stop.fuel) break;
 *     else kernel.fault(context, space.fault);
 *   }
 */

/** Linear byte = guest address - BIAS. */
export const BIAS = 0x1_0000;
/** Lowest guest address the kernel may map: static non-PIE executables start exactly here. */
export const SPACE_START = 0x40_0000;
/** One past the highest guest address: the last 64 KiB of 32 bits fall outside any memory. */
export const SPACE_END = 0xffff_0000;
export const PAGE_BYTES = 4096;

/** Why `run` returned. A plain number: this is the hottest border there is. */
export const Stop = {
  /** `syscall` was executed; rip is behind it, rcx and r11 are set as the manual says. */
  syscall: 0,
  /** The fuel is used up; the context can go on at any time. */
  fuel: 1,
  /** See `Space.fault`; rip is at the instruction (behind it for breakpoint), which had no effect. */
  fault: 2,
} as const;
export type Stop = (typeof Stop)[keyof typeof Stop];

/** Vector numbers of the Intel SDM, volume 3, table 6-1. */
export const Vector = {
  divideError: 0,
  debug: 1,
  breakpoint: 3,
  overflow: 4,
  invalidOpcode: 6,
  /** A stack access to an address that is not canonical (SIGBUS in Linux; others are #GP, SIGSEGV). */
  stackFault: 12,
  generalProtection: 13,
  pageFault: 14,
  x87FloatingPoint: 16,
  alignmentCheck: 17,
  simdFloatingPoint: 19,
  /** `int $0x80`: the 32-bit system call gate. */
  interrupt80: 128,
} as const;
export type Vector = (typeof Vector)[keyof typeof Vector];

export interface Fault {
  readonly vector: Vector;
  /**
   * Of a page fault: the first byte that could not be reached; else 0. Sign-extended, so it is exact for
   * every canonical address: one of the upper half is negative (BigInt.asUintN(64, BigInt(address))).
   */
  readonly address: number;
  readonly isWrite: boolean;
  readonly isFetch: boolean;
  /** The page is mapped but does not allow it (SEGV_ACCERR), else it is not mapped (SEGV_MAPERR). */
  readonly isPresent: boolean;
  /** Beyond 4 GiB and in no window, or half in one: a page fault, or not canonical, then #GP or #SS. */
  readonly isBeyond: boolean;
}

/** Bits of the page map. */
export const PageAccess = { none: 0, read: 1, write: 2, execute: 4 } as const;

/**
 * [start, end) beyond 4 GiB, or below SPACE_START, shows the pages from `low` on, whose access counts. Through it the
 * guest reads and writes, slowly; instructions are not fetched there.
 */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly low: number;
}
/** So many at a time: an access elsewhere faults, and the kernel may open another window instead of one. */
export const WINDOWS_MAX = 8;

/** Registers of one thread, in the processor's own format; valid for one space at a time. */
export interface Context {
  /** 0..15 in encoding order: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8..r15. */
  register(number: number): bigint;
  setRegister(number: number, value: bigint): void;
  /** The register as a signed number, exact within 2^53: arguments of system calls, without bigint. */
  integer(number: number): number;
  /** `value` is a whole number within 2^53. */
  setInteger(number: number, value: number): void;
  /** Sign-extended like Fault.address: negative after a jump to the upper half. */
  rip: number;
  /** As pushf shows it: reserved bits and IF included. */
  rflags: number;
  fsBase: bigint;
  gsBase: bigint;
  /** 512 bytes as fxsave64 writes them: x87, MXCSR, xmm0..15. */
  saveFpu(target: Uint8Array): void;
  /** As fxrstor64; false (and unchanged) when reserved MXCSR bits are set. */
  restoreFpu(source: Uint8Array): boolean;
  /** Everything, into a new context of `space` (clone, fork). */
  clone(space: Space): Context;
  dispose(): void;
}

/** A straight run of instructions and how often it ran to its end. */
export interface HotBlock {
  readonly address: number;
  /** Of guest code. */
  readonly sizeBytes: number;
  /** Steps of the interpreter: instructions, but for fused pairs and a jump at its end. */
  readonly uops: number;
  readonly executions: number;
  /** Row numbers of the instruction table; 0xffff for a step that is none. */
  readonly rows: readonly number[];
}

export interface Space {
  /** All bytes, at (guest address - BIAS). A new view after each growth: do not keep it over `grow`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** One past the highest guest address that has bytes. */
  readonly end: number;
  /**
   * Makes addresses below `end` exist, zero-filled; false when the host refuses. Whoever writes bytes of a
   * page gives it access some time before `dispose`: pages that never had any are not cleared for the next.
   */
  grow(end: number): boolean;
  /** Sets the access of whole pages [start, end); forgets translations where execute goes away. */
  setAccess(start: number, end: number, access: number): void;
  access(address: number): number;
  /** The windows, whole pages, apart from each other; a clone has the same. */
  setWindows(windows: readonly Window[]): void;
  /** Bytes of [start, end) were changed other than by a guest's store. */
  codeChanged(start: number, end: number): void;
  createContext(): Context;
  /**
   * With `isExact` the status flags are right behind a fault as well, which costs about a fifth of the speed; at
   * first (and with false) those that the program writes again before it reads them may be stale there. For
   * whoever shows a faulting program's registers to somebody. Forgets all translations.
   */
  noteFlags(isExact: boolean): void;
  /**
   * While it is set, `run` with fuel for none runs one instruction (of a repeated one perhaps some turns), and one
   * without effect counts. For debuggers; forgets all translations whenever it is called.
   */
  stepSingly(isSingle: boolean): void;
  /** Runs `context` for about `fuel` instructions at most. */
  run(context: Context, fuel: number): Stop;
  /** Of the last `Stop.fault`. */
  readonly fault: Fault;
  /** Instructions executed in this space so far, about: for cpu accounting and profiles. */
  readonly executed: number;
  /** What ran most of the code that is translated now: for profiles and for a compiler. */
  hotBlocks(countMax: number): readonly HotBlock[];
  /**
   * A space with the same bytes in the given page ranges and the same translations (fork). The ranges
   * must hold every page that has access. Throws a RangeError when the host has no memory for it, as
   * createSpace does.
   */
  clone(ranges: readonly (readonly [start: number, end: number])[], options: SpaceOptions): Space;
  /** The memory goes back to the machine's pool. */
  dispose(): void;
}

export interface SpaceOptions {
  /**
   * Gives the processor pages of the space to keep translations in when the low range is full: the
   * start of `sizeBytes` bytes the kernel will not map, or 0.
   */
  reserve(sizeBytes: number): number;
}

export interface Identity {
  readonly vendor: string;
  /** "model name". */
  readonly brand: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** Of the time stamp counter. */
  readonly counterHz: number;
  readonly cacheLineBytes: number;
  readonly physicalBits: number;
  readonly linearBits: number;
}

export interface Machine {
  createSpace(options: SpaceOptions): Space;
  /** As cpuid answers, for /proc/cpuinfo: flags by Linux's names, and who it says it is. */
  readonly features: readonly string[];
  readonly identity: Identity;
  dispose(): void;
}

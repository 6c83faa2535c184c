/**
 * Where the processor keeps its things in the low range of a space's memory: below guest address
 * SPACE_START the kernel maps nothing. One hard idea: constant addresses. A register is a load from
 * a constant plus a 16-bit field of the uop; the generator writes this table into AssemblyScript, the
 * TypeScript side reads the same numbers. All are linear bytes (guest address - BIAS).
 */

export const LAYOUT = {
  /** Sixteen general registers of eight bytes, in encoding order. */
  REG: 0x100,
  /** A base register that is always zero, and one that is 2^32 (constants with bit 31 set). */
  ZERO: 0x180,
  HIGH: 0x188,
  FS_BASE: 0x190,
  GS_BASE: 0x198,
  RIP: 0x1a0,
  /** The lazy flags record: first operand (or bits), result, kind * 4 + log2 of the size. */
  FLAG_A: 0x1a8,
  FLAG_R: 0x1b0,
  FLAG_K: 0x1b8,
  /** What of rflags is not a status flag: DF, NT, AC, ID. */
  SYSTEM_FLAGS: 0x1bc,
  MXCSR: 0x1c0,
  /** Set by an operation that raises; see FAULT. */
  PENDING: 0x1c8,
  /** Selectors of es, cs, ss, ds, fs and gs, 16 bits each; cs and ss are constants. */
  SELECTORS: 0x1d0,
  XMM: 0x200,
  /** x87 state as assembly/f80.ts lays it out: 32 bytes of words, then eight registers of 16. */
  X87: 0x300,
  ST: 0x320,
  CONTEXT: 0x100,
  /** Upper halves of ymm0 to ymm15, as far from XMM as they are. */
  YMMH: 0x3a0,
  CONTEXT_END: 0x4a0,
  /** vector u32, isWrite u8, isFetch u8, isPresent u8, isBeyond u8, address u64. */
  FAULT: 0x4a0,
  /** The decoder's record of one instruction. */
  INSN: 0x4c0,
  /** Ranges beyond 4 GiB, or below SPACE_START, shown by pages: linear start u64, bytes u64, linear start of those u64. */
  WINDOWS: 0x500,
  WINDOWS_END: 0x5c0,
  /** Cells of the translator: see STATE below. */
  STATE: 0x600,
  /** What is left of it when the loop is left. */
  FUEL: 0x6e0,
  /** A uop whose immediate is put right before its general form runs. */
  COPY: 0x6c0,
  /** Sixteen bytes each, for operations. */
  SCRATCH: 0x700,
  /** A copy of what is half in a window. */
  BOUNCE: 0xfc0,
  BOUNCE_END: 0x1000,
  /** Static data of the module (tables) starts here. */
  DATA: 0x1000,
  DATA_END: 0x20000,
  /** Buckets of the block hash: u32 each, by pc. */
  HASH: 0x20000,
  HASH_BUCKETS: 0x4000,
  /** Direct-mapped targets of indirect jumps: pc u32, uop u32. */
  JUMP: 0x30000,
  JUMP_ENTRIES: 0x2000,
  /** Buckets of blocks by page. */
  PAGES: 0x40000,
  PAGE_BUCKETS: 0x1000,
  /** Second arena. */
  ARENA_LOW: 0x44000,
  ARENA_LOW_END: 0x100000,
  /** One byte per linear page: PageAccess bits and HAS_CODE. */
  MAP: 0x100000,
  /** First arena. */
  ARENA: 0x200000,
  ARENA_END: 0x3f0000,
} as const;

/** Bit of the page map: a translation was made from this page. */
export const HAS_CODE = 8;

/** Bit of the page map: the page had access once, so its bytes may not be zero. */
export const TOUCHED = 16;

/** Byte offsets of the translator's cells at LAYOUT.STATE. */
export const STATE = {
  /** Next free byte of the arena in use, its end, and which it is: 0, 1, then the reserved ones. */
  FREE: 0,
  FREE_END: 4,
  ARENA_NUMBER: 8,
  FLUSHES: 12,
  /** Count of reserved arenas, and the linear start of each. */
  RESERVED: 16,
  /** Executed instructions, 64 bits. */
  EXECUTED: 0x80,
  /** Forces every operation through its cold form: for tests. */
  FORCE_COLD: 0x88,
  /** Flags are noted wherever an instruction may raise. */
  EXACT_FLAGS: 0x8c,
  /** Instructions of AVX exist: as CR4.OSXSAVE and XCR0 have it. */
  HAS_AVX: 0x8e,
  /** Of the time stamp counter: the last reading, 64 bits. */
  COUNTER: 0x90,
  /** Every block is one instruction: for single steps. */
  ONE_BY_ONE: 0x98,
  BYTES: 0xc0,
} as const;

/** Size of a reserved arena. */
export const RESERVED_BYTES = 0x40_0000;

/** Byte offsets in the decoder's record at LAYOUT.INSN. */
export const INSN = {
  ROW: 0,
  LENGTH: 2,
  OPERAND_SIZE: 3,
  REX: 4,
  SEGMENT: 5,
  REP: 6,
  PREFIXES: 7,
  MODRM: 8,
  HAS_MODRM: 9,
  SIB: 10,
  OPCODE: 11,
  DISP: 12,
  IMM: 16,
  IMM2: 24,
  PC: 32,
  /** VEX.vvvv as a register number, VEX.L, and whether there is a VEX prefix. */
  VVVV: 36,
  VEX_L: 37,
  VEX: 38,
} as const;

/**
 * Byte offsets in a uop of 32 bytes. A compiler reads ROW, the operand fields and the block header; the
 * handler number is the interpreter's own business.
 */
export const UOP = {
  HANDLER: 0,
  ROW: 2,
  /** Uop of the target of a direct branch (at first a link stub). */
  TARGET: 4,
  /** Addresses of the first and second operand's register (or ah..bh byte). */
  D: 8,
  S: 10,
  BASE: 12,
  INDEX: 14,
  DISP: 16,
  SCALE: 20,
  LENGTH: 21,
  /** Position in its block: header = uop - 32 * (POSITION + 1). */
  POSITION: 22,
  /** size log2 (2 bits; of VEX vectors L), address size 32 (1), segment (2), rep (2), memory operand (1). */
  MODE: 23,
  IMM: 24,
  /** Of a conditional branch: uop of the next instruction. */
  NEXT: 28,
  /** Addresses of the registers that VEX.vvvv and the upper half of an immediate byte name. */
  V: 28,
  L: 30,
  BYTES: 32,
} as const;

/** Byte offsets in a block header, one slot before the block's first uop. */
export const BLOCK = {
  PC: 0,
  /** Bytes of guest code. */
  LENGTH: 4,
  COUNT: 6,
  NEXT_IN_HASH: 8,
  NEXT_IN_PAGE: 12,
  NEXT_IN_PAGE_2: 16,
  /** 1: dropped, its uops are `resume` stubs. */
  DROPPED: 20,
  /** Executions, counted at the block's end. */
  EXECUTIONS: 24,
} as const;

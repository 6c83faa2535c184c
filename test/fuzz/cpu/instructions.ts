/**
 * Makes instructions from the rows, with a state in which they mostly do something: the hard idea is to
 * choose bytes first, then the registers so that the address falls where it should (in a page, across
 * two, into a read-only one, or nowhere).
 */
import type { Row } from "../../../runtime/cpu/spec/row.ts";
import { operationOf } from "../../../runtime/cpu/spec/tables.ts";
import { VEX_MAP } from "../../../runtime/cpu/spec/row.ts";
import { isExact } from "./float-state.ts";
import type { Random } from "./random.ts";

export const DATA = 0x0100_0000;
export const PAGE = 4096;
/** readable and writable, twice; read-only; a hole; writable; nothing behind. */
export const ACCESS: readonly number[] = [3, 3, 1, 0, 3];
export const CODE = 0x0140_0000;

export interface Instruction {
  readonly row: Row;
  readonly code: readonly number[];
  readonly rip: number;
  /** Register numbers that must have these values. */
  readonly pinned: ReadonlyMap<number, bigint>;
  readonly fsBase: bigint;
  readonly gsBase: bigint;
  /** Of the memory operand, when it is known. */
  readonly address: bigint | undefined;
}

const EDGES: readonly bigint[] = [
  0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn, 0xffff_ffff_8000_0000n,
];

export function randomValue(random: Random): bigint {
  switch (random.below(6)) {
    case 0: return random.pick(EDGES);
    case 1: return BigInt(random.below(256));
    case 2: return BigInt(random.next());
    case 3: return BigInt.asUintN(64, -BigInt(random.below(1 << 16)));
    case 4: return BigInt(DATA + random.below(ACCESS.length * PAGE));
    default: return random.bits64();
  }
}

/** An address in the data pages: mostly plain, sometimes over an edge. */
export function randomAddress(random: Random): bigint {
  switch (random.below(12)) {
    case 0: return BigInt(DATA + PAGE - random.below(16));
    case 1: return BigInt(DATA + 2 * PAGE - random.below(16));
    case 2: return BigInt(DATA + 3 * PAGE - random.below(16));
    case 3: return BigInt(DATA + 4 * PAGE - random.below(16));
    case 4: return BigInt(DATA + 5 * PAGE - random.below(16));
    case 5: return random.oneIn(4) ? randomValue(random) : BigInt(DATA + 2 * PAGE + random.below(PAGE));
    default: return BigInt(DATA + random.below(2 * PAGE - 64) & (random.oneIn(2) ? ~15 : ~0));
  }
}

/** VEX's W, R, X and B as the REX byte that says the same. */
export function vexRegisters(random: Random, row: Row): number {
  const rex = 0x40 | (random.oneIn(3) ? 0 : random.below(16));
  return row.rexW === undefined ? rex : row.rexW === 1 ? rex | 8 : rex & ~8;
}

/** The VEX prefix; vvvv names `register` where the row has one there. Of two bytes if it may be. */
export function vexPrefix(random: Random, row: Row, rex: number, register: number, isShort: boolean): number[] {
  const namesRegister = row.operands.some(({ kind }) => kind === "B" || kind === "H");
  const vvvv = namesRegister ? ~register & 15 : 15;
  const isWide = row.vexL === undefined ? random.oneIn(2) : row.vexL === 1;
  const tail = (vvvv << 3) | (isWide ? 4 : 0) | ["np", "p66", "pf3", "pf2"].indexOf(row.prefix);
  if (row.map === VEX_MAP + 1 && (rex & 11) === 0 && isShort) return [0xc5, (rex & 4 ? 0 : 0x80) | tail];
  return [0xc4, ((~rex & 7) << 5) | (row.map - VEX_MAP), ((rex & 8) << 4) | tail];
}

class Encoder {
  readonly #random: Random;
  readonly #row: Row;
  readonly pinned = new Map<number, bigint>();
  fsBase = 0n;
  gsBase = 0n;
  address: bigint | undefined;
  #rex = 0;
  #segment = 0;
  #is67 = false;
  #is66 = false;

  constructor(random: Random, row: Row) {
    this.#random = random;
    this.#row = row;
  }

  encode(rip: number): number[] {
    const random = this.#random;
    const row = this.#row;
    const prefixes: number[] = [];
    if (row.map >= VEX_MAP) this.#rex = vexRegisters(random, row);
    else if (random.oneIn(3)) this.#rex = 0x40 | random.below(16);
    if (row.rexW === 1) this.#rex |= 0x48;
    if (row.rexW === 0) this.#rex &= ~8;
    if ((this.#rex & 0xf) === 0 && random.oneIn(2)) this.#rex = 0;
    if (row.map < VEX_MAP) this.#mandatory(prefixes);
    if (/^(movs|stos|lods|cmps|scas)$/.test(row.operation)) this.#string(prefixes);
    if (row.hasModrm && random.oneIn(10)) {
      this.#segment = 1 + random.below(2);
      prefixes.push(this.#segment === 1 ? 0x64 : 0x65);
      this.fsBase = BigInt(random.below(1 << 20));
      this.gsBase = BigInt(random.below(1 << 20));
    }
    if (row.hasModrm && random.oneIn(20)) {
      this.#is67 = true;
      prefixes.push(0x67);
    }
    const bytes = [...prefixes];
    if (row.map >= VEX_MAP) bytes.push(...vexPrefix(random, row, this.#rex, random.below(16), random.oneIn(2)));
    else {
      if (this.#rex !== 0) bytes.push(this.#rex);
      if (row.map > 0) bytes.push(0x0f);
      if (row.map > 1) bytes.push(row.map === 2 ? 0x38 : 0x3a);
    }
    bytes.push(row.opcode + (row.plusR ? random.below(8) : 0));
    const tail = row.hasModrm ? this.#modrm() : [];
    const immediate = this.#immediates();
    const length = bytes.length + tail.length + immediate.length;
    if (row.hasModrm && !row.ignoresMod) this.#aim(tail, rip + length);
    return [...bytes, ...tail, ...immediate];
  }

  #mandatory(prefixes: number[]): void {
    const { prefix, stack } = this.#row;
    // In front of a mandatory F2 or F3 it is still the operand size.
    this.#is66 = /^(any|pf2|pf3)$/.test(prefix) && stack !== "f64" && this.#random.oneIn(5);
    if (this.#is66 || prefix === "p66") prefixes.push(0x66);
    if (prefix === "pf3") prefixes.push(0xf3);
    if (prefix === "pf2") prefixes.push(0xf2);
  }

  #string(prefixes: number[]): void {
    const random = this.#random;
    if (random.oneIn(2)) {
      prefixes.push(random.oneIn(2) ? 0xf3 : 0xf2);
      this.pinned.set(1, BigInt(random.oneIn(8) ? 0 : random.below(random.oneIn(4) ? 120 : 20)));
    }
    this.pinned.set(6, randomAddress(random));
    this.pinned.set(7, random.oneIn(3) ? BigInt(DATA + random.below(2 * PAGE)) : randomAddress(random));
    if (random.oneIn(4)) this.pinned.set(7, (this.pinned.get(6) ?? 0n) + BigInt(random.below(17) - 8));
  }

  #modrm(): number[] {
    const random = this.#random;
    const { modrmMask, modrmValue } = this.#row;
    const modrm = (random.below(256) & ~modrmMask & 0xff) | modrmValue;
    if (this.#row.ignoresMod) return [modrm];
    if (modrm < 0xc0) return this.#memory(modrm);
    // A row that must have memory, and one that may but did not get it.
    if ((modrmMask & 0x100) !== 0) return this.#memory(modrm & 0x3f | (random.below(3) << 6));
    return [modrm];
  }

  #memory(modrm: number): number[] {
    const random = this.#random;
    const mod = modrm >> 6;
    const bytes = [modrm];
    let base = modrm & 7;
    if (base === 4) {
      const sib = random.below(256);
      bytes.push(sib);
      base = sib & 7;
    }
    const isWide = mod === 2 || (mod === 0 && base === 5);
    const count = mod === 1 ? 1 : isWide ? 4 : 0;
    for (let index = 0; index < count; index++) bytes.push(0);
    if (count === 1) bytes[bytes.length - 1] = random.below(256);
    if (count === 4) {
      const value = random.below(0x20000) - 0x10000;
      for (let index = 0; index < 4; index++) bytes[bytes.length - 4 + index] = (value >> (index * 8)) & 255;
    }
    return bytes;
  }

  /** Chooses registers (or the displacement) so that the address is a wanted one. */
  #aim(tail: number[], next: number): void {
    const modrm = tail[0] ?? 0;
    if (modrm >= 0xc0) return;
    const target = randomAddress(this.#random);
    const wanted = target - (this.#segment === 1 ? this.fsBase : this.#segment === 2 ? this.gsBase : 0n);
    const mod = modrm >> 6;
    const hasSib = (modrm & 7) === 4;
    const sib = hasSib ? (tail[1] ?? 0) : 0;
    const displacementAt = hasSib ? 2 : 1;
    const view = new DataView(Uint8Array.from([...tail, 0, 0, 0, 0]).buffer);
    const baseLow = hasSib ? sib & 7 : modrm & 7;
    const hasBase = !(mod === 0 && baseLow === 5);
    const base = baseLow | ((this.#rex & 1) << 3);
    const indexNumber = ((sib >> 3) & 7) | ((this.#rex & 2) << 2);
    const hasIndex = hasSib && indexNumber !== 4;
    let displacement = 0n;
    if (mod === 1) displacement = BigInt(view.getInt8(displacementAt));
    if (mod === 2) displacement = BigInt(view.getInt32(displacementAt, true));
    let rest = wanted - displacement;
    if (hasIndex && !(hasBase && indexNumber === base)) {
      const value = this.pinned.get(indexNumber) ?? BigInt(this.#random.below(256)) - 64n;
      this.pinned.set(indexNumber, BigInt.asUintN(64, value));
      rest -= value << BigInt(sib >> 6);
    }
    if (!(hasIndex && hasBase && indexNumber === base)) this.address = this.#is67 ? undefined : target;
    if (hasBase) {
      // With base and index the same register, only luck aims.
      this.pinned.set(base, BigInt.asUintN(64, rest));
      return;
    }
    const isRelative = !hasSib;
    const value = Number(BigInt.asIntN(32, rest - (isRelative ? BigInt(next) : 0n)));
    for (let index = 0; index < 4; index++) tail[displacementAt + index] = (value >> (index * 8)) & 255;
  }

  #immediates(): number[] {
    const bytes: number[] = [];
    const random = this.#random;
    const isWide = (this.#rex & 8) !== 0;
    for (const { kind, size } of this.#row.operands) {
      if (kind === "J") {
        // Not into the instruction itself: around it lie breakpoints.
        const distance = (16 + random.below(80)) * (random.oneIn(2) ? 1 : -1);
        for (let index = 0; index < (size === "b" ? 1 : 4); index++) bytes.push((distance >> (index * 8)) & 255);
      } else if (kind === "O") {
        const address = randomAddress(random);
        for (let index = 0n; index < 8n; index++) bytes.push(Number((address >> (index * 8n)) & 255n));
      } else if (kind === "L") {
        bytes.push(random.below(256));
      } else if (kind === "I") {
        const width = size === "b" ? 1 : size === "w" ? 2 : size === "v" && isWide ? 8 : this.#is66 && !isWide ? 2 : 4;
        const value = randomValue(random);
        for (let index = 0n; index < BigInt(width); index++) bytes.push(Number((value >> (index * 8n)) & 255n));
      }
    }
    return bytes;
  }

  get is67(): boolean {
    return this.#is67;
  }
}

/** Operations that a single step on the host cannot answer, or answers differently each time: programs do. */
export const IN_PROGRAMS: ReadonlySet<string> = new Set([
  "syscall", "int3", "int1", "int", "cpuid", "rdtsc", "rdtscp", "movToSegment", "popSegment",
]);

export function fuzzable(rows: readonly Row[]): Row[] {
  return rows.filter((row) => !IN_PROGRAMS.has(row.operation) && isExact(row));
}

export function makeInstruction(random: Random, row: Row): Instruction {
  const rip = CODE + 0x200 + random.below(0x400);
  const encoder = new Encoder(random, row);
  const code = encoder.encode(rip);
  const { pinned } = encoder;
  // A stack that is mostly there.
  if (!pinned.has(4) && random.below(8) !== 0) pinned.set(4, BigInt(DATA + 256 + random.below(PAGE)) & ~7n);
  // Nothing on the host may set the trap flag: these pages have none (withoutTrapFlags).
  if (row.operation === "popf") pinned.set(4, BigInt(DATA + (2 + random.below(3)) * PAGE + (random.below(PAGE) & ~7)));
  if (row.operation === "xlat") pinned.set(3, randomAddress(random) - 100n);
  if (/^(enter|leave)$/.test(row.operation)) pinned.set(5, randomAddress(random));
  if (/Indirect$/.test(row.operation) && random.below(4) !== 0) {
    for (let number = 0; number < 16; number++) if (!pinned.has(number)) pinned.set(number, BigInt(CODE + random.below(0x200)));
  }
  if (/^sh[lr]d$/.test(row.operation) && code.includes(0x66)) {
    // A count above 16 leaves everything undefined.
    pinned.set(1, BigInt(random.below(17)));
    if (row.operands[2]?.kind === "I") code[code.length - 1] = random.below(17);
  }
  return { row, code, rip, pinned, fsBase: encoder.fsBase, gsBase: encoder.gsBase, address: encoder.address };
}

/** Clears what popf would take for TF in every eight bytes of the pages from the third on. */
export function withoutTrapFlags(content: Uint8Array): void {
  for (let at = 2 * PAGE + 1; at < content.length; at += 8) content[at] = (content[at] ?? 0) & 0xfe;
}

/** Whether the instruction may end elsewhere than behind itself. */
export function jumps(row: Row): boolean {
  return operationOf(row.operation).ends && row.operation !== "popf";
}

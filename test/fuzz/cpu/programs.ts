/**
 * Random programs of straight code, forward branches, counted loops, calls and computed jumps. The hard
 * idea: the manual leaves some flags open after some instructions, so the writer keeps the set of flags
 * that are open at each place (and at each jump's target), and puts a compare before whoever reads one.
 */
import type { Row } from "../../../runtime/cpu/spec/row.ts";
import { operationOf } from "../../../runtime/cpu/spec/tables.ts";
import { isImage } from "./float-state.ts";
import { CODE, fuzzable, jumps, PAGE } from "./instructions.ts";
import { PROGRAM_EXIT, refusal } from "./native/native-runner.ts";
import { encodeStep, little, pointerValue, POINTERS } from "./program-step.ts";
import type { Random } from "./random.ts";
import { openFlags, STATUS } from "./fuzz.ts";

export interface Program {
  /** Of the code page. */
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Where the exit lies. */
  readonly end: number;
  readonly instructions: number;
  /** Flags nobody can know in front of the instruction at this address. */
  readonly openFlags: ReadonlyMap<number, number>;
  /** Reads or writes MXCSR's sticky bits. */
  readonly isExact: boolean;
}

const FLAGS = { c: 1, p: 4, a: 0x10, z: 0x40, s: 0x80, o: 0x800 } as const;
const LETTERS = Object.entries(FLAGS);
const DIRECTION = 0x400;
/** What a condition code reads, by its upper three bits. */
const OF_CONDITION: readonly number[] = [
  FLAGS.o, FLAGS.c, FLAGS.z, FLAGS.c | FLAGS.z, FLAGS.s, FLAGS.p, FLAGS.s | FLAGS.o, FLAGS.z | FLAGS.s | FLAGS.o,
];
const BREAKPOINT = 0xcc;
/** Enough for what may still come when a program is to end. */
const ROOM = 700;

function maskOf(letters: string): number {
  return LETTERS.reduce((mask, [letter, bit]) => (letters.includes(letter) ? mask | bit : mask), 0);
}

function readFlags(row: Row): number {
  if (/^(jcc|setcc|cmov)$/.test(row.operation)) return OF_CONDITION[(row.opcode >> 1) & 7] ?? STATUS;
  return maskOf(operationOf(row.operation).reads);
}

/** Rows by what they are drawn for. */
export class RowMenu {
  readonly #general: Row[];
  readonly #vector: Row[];
  readonly #float: Row[];
  readonly #common: Row[];

  constructor(rows: readonly Row[]) {
    const good = fuzzable(rows).filter(
      (row) =>
        !jumps(row) && !isImage(row) && !/^(v?r(cp|sqrt)[ps]s|enter|leave|prefetchw|popf)$/.test(row.operation) &&
        !row.mnemonics.some((mnemonic) => /^(rdssp|endbr)/.test(mnemonic)),
    );
    this.#float = good.filter(({ feature }) => feature === "fpu" || feature === "mmx");
    this.#vector = good.filter(({ feature }) => /^(sse|pni|ssse3|aes|pclmul|sha_ni|avx|fma|f16c)/.test(feature));
    this.#general = good.filter((row) => !this.#float.includes(row) && !this.#vector.includes(row));
    this.#common = this.#general.filter(({ operation }) =>
      /^(mov|add|sub|and|or|xor|cmp|test|lea|push|pop|inc|dec|neg|not|sh[lr]|sar|imul2|cmov|setcc|mov[sz]x.*)$/.test(operation));
  }

  /** `flavour` 0: mostly vectors, 1: mostly floats, else general. */
  pick(random: Random, flavour: number): Row {
    for (;;) {
      const isSpecial = flavour < 2 && !random.oneIn(3);
      const list = isSpecial ? (flavour === 0 ? this.#vector : this.#float) : random.oneIn(2) ? this.#common : this.#general;
      const row = random.pick(list);
      // These mostly end a program.
      if (/^(i?div|movs|stos|lods|cmps|scas|xlat|bt[src]?|vgather.*)$/.test(row.operation) && !random.oneIn(5)) continue;
      return row;
    }
  }
}

/** A jump whose target is not yet known. */
interface Fixup {
  readonly at: number;
  readonly size: 1 | 4;
  readonly openFlags: number;
  /** Steps until its target. */
  steps: number;
}

export class ProgramWriter {
  readonly #random: Random;
  readonly #menu: RowMenu;
  readonly #bytes = new Uint8Array(PAGE).fill(BREAKPOINT);
  readonly #flavour: number;
  #at: number;
  #count = 0;
  #open = 0;
  #isExact = false;
  #fixups: Fixup[] = [];
  readonly #openFlags = new Map<number, number>();

  constructor(random: Random, menu: RowMenu) {
    this.#random = random;
    this.#menu = menu;
    this.#flavour = random.below(5);
    this.#at = random.below(64);
  }

  write(length: number): Program {
    const start = this.#at;
    while (this.#count < length && this.#at < PAGE - ROOM) this.#part();
    this.#settle();
    const end = this.#at;
    this.#put(PROGRAM_EXIT);
    return {
      bytes: this.#bytes, start: CODE + start, end: CODE + end, instructions: this.#count, openFlags: this.#openFlags,
      isExact: this.#isExact,
    };
  }

  #put(bytes: readonly number[]): void {
    this.#openFlags.set(CODE + this.#at, this.#open);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** An instruction of our own making. */
  #emit(...bytes: number[]): void {
    this.#put(bytes);
    this.#count++;
  }

  #part(): void {
    const random = this.#random;
    switch (random.below(32)) {
      case 0:
      case 1:
      case 2:
      case 3: this.#branch(); break;
      case 4:
      case 10: this.#loop(); break;
      case 5: this.#call(); break;
      case 6: this.#repoint(); break;
      case 7: this.#flagsThroughStack(); break;
      case 8: this.#frame(); break;
      case 9: this.#computedJump(); break;
      default: this.#step();
    }
  }

  /** Before an instruction that reads `flags`. */
  #define(flags: number): void {
    if ((this.#open & flags) === 0) return;
    const modrm = 0xc0 | (this.#random.below(3) << 3) | this.#random.below(3);
    this.#emit(...(this.#random.oneIn(2) ? [0x48, 0x39, modrm] : [0x39, modrm]));
    this.#open = 0;
  }

  #step(): void {
    const random = this.#random;
    const row = this.#menu.pick(random, this.#flavour);
    if (/mxcsr$/.test(row.operation)) this.#isExact = true;
    this.#define(readFlags(row));
    if (row.operation === "div" && !random.oneIn(4)) {
      this.#emit(0x31, 0xd2);
      this.#open = FLAGS.a;
    }
    let bytes = encodeStep(random, row, CODE + this.#at);
    while (bytes.length > 15 || refusal(bytes) !== undefined) bytes = encodeStep(random, row, CODE + this.#at);
    this.#emit(...bytes);
    const facts = operationOf(row.operation);
    if (!facts.maybe) this.#open &= ~maskOf(facts.writes);
    this.#open |= openFlags(row);
    this.#arrive();
  }

  /** Places the targets that are due. */
  #arrive(): void {
    for (const fixup of this.#fixups) fixup.steps--;
    const isFar = this.#fixups.some(({ size, at }) => size === 1 && this.#at - at > 90);
    this.#place((fixup) => isFar || fixup.steps <= 0);
  }

  #settle(): void {
    this.#place(() => true);
  }

  #place(isDue: (fixup: Fixup) => boolean): void {
    for (const fixup of this.#fixups.filter(isDue)) {
      const distance = this.#at - fixup.at - fixup.size;
      this.#bytes.set(little(distance, fixup.size), fixup.at);
      this.#open |= fixup.openFlags;
    }
    this.#fixups = this.#fixups.filter((fixup) => !isDue(fixup));
  }

  /** `opcode` and a displacement to a place up to four steps on. */
  #jump(opcode: readonly number[], size: 1 | 4, steps: number): void {
    this.#put(opcode);
    this.#fixups.push({ at: this.#at, size, openFlags: this.#open, steps });
    this.#put(little(0, size));
    this.#count++;
  }

  #branch(): void {
    const random = this.#random;
    const steps = 1 + random.below(4);
    const kind = random.below(12);
    if (kind === 0) {
      if (random.oneIn(2)) this.#jump([0xeb], 1, steps);
      else this.#jump([0xe9], 4, steps);
    }
    if (kind === 1) {
      const opcode = 0xe0 + random.below(4);
      if (opcode < 0xe2) this.#define(FLAGS.z);
      this.#jump([opcode], 1, steps);
    }
    if (kind < 2) return;
    const condition = random.below(16);
    if (kind < 9) this.#compare();
    this.#define(OF_CONDITION[condition >> 1] ?? STATUS);
    if (random.oneIn(2)) this.#jump([0x70 + condition], 1, steps);
    else this.#jump([0x0f, 0x80 + condition], 4, steps);
  }

  /** cmp or test in any form, or what else loops end with; without stores when it is to be quiet. */
  #compare(wanted = /^(cmp|test|sub|and|add|dec|inc)$/): void {
    for (;;) {
      const row = this.#menu.pick(this.#random, 9);
      if (!wanted.test(row.operation)) continue;
      const bytes = encodeStep(this.#random, row, CODE + this.#at);
      if (bytes.length > 15 || refusal(bytes) !== undefined) continue;
      this.#emit(...bytes);
      this.#open = (this.#open & ~maskOf(operationOf(row.operation).writes)) | openFlags(row);
      return;
    }
  }

  #loop(): void {
    const random = this.#random;
    this.#settle();
    this.#emit(0x41, 0xbf, ...little(1 + random.below(random.oneIn(8) ? 90 : 9), 4));
    const head = this.#at;
    const openAtHead = this.#open;
    for (let steps = 1 + random.below(8); steps > 0; steps--) {
      if (random.oneIn(4)) this.#branch();
      else this.#step();
    }
    this.#settle();
    // What is open at the end must have been open at the head.
    this.#define(STATUS & ~openAtHead);
    if (random.oneIn(2)) this.#emit(0x41, 0xff, 0xcf);
    else this.#emit(0x41, 0x83, 0xef, 0x01);
    this.#open &= FLAGS.c;
    if (random.oneIn(3)) this.#emit(0x0f, 0x85, ...little((head - this.#at - 6) >>> 0, 4));
    else if (head - this.#at - 2 >= -128) this.#emit(0x75, (head - this.#at - 2) & 255);
    else this.#emit(0x0f, 0x85, ...little((head - this.#at - 6) >>> 0, 4));
  }

  /** A function, and a call of it that jumps over it when it is back. */
  #call(): void {
    const random = this.#random;
    this.#settle();
    this.#emit(0xe8, ...little(2, 4));
    const open = this.#open;
    this.#jump([0xeb], 1, 1000);
    for (let steps = random.below(4); steps > 0; steps--) this.#quietStep();
    if (random.oneIn(2)) this.#emit(0xc3);
    else this.#emit(0xc2, 8 * random.below(3), 0);
    this.#open |= open;
    this.#settle();
  }

  /** A step that leaves the stack alone. */
  #quietStep(): void {
    this.#emit(0x48, 0x8d, 0x40, this.#random.below(256));
    if (this.#random.oneIn(2)) this.#compare(/^(cmp|test)$/);
  }

  #repoint(): void {
    const random = this.#random;
    const number = random.pick(POINTERS);
    if (random.oneIn(4)) this.#emit(0x41, 0xbd, ...little(random.below(8) * 16, 4));
    else if (random.oneIn(4)) this.#emit(...this.#stackPointer());
    else this.#emit(...(number > 7 ? [0x41] : []), 0xb8 | (number & 7), ...little(pointerValue(random), 4));
    this.#arrive();
  }

  #stackPointer(): number[] {
    return [0xbc, ...little(pointerValue(this.#random) & ~7, 4)];
  }

  /** popf of known bits, or pushf and lahf of defined ones. */
  #flagsThroughStack(): void {
    const random = this.#random;
    if (random.oneIn(2)) {
      this.#emit(0x68, ...little(random.next() & (STATUS | (random.oneIn(4) ? DIRECTION : 0)), 4));
      this.#emit(0x9d);
      this.#open = 0;
    } else {
      this.#define(STATUS);
      this.#emit(...(random.oneIn(2) ? [0x9f] : [0x9c]));
    }
    this.#arrive();
  }

  #frame(): void {
    this.#emit(0x55);
    this.#emit(0x48, 0x89, 0xe5);
    for (let steps = this.#random.below(3); steps > 0; steps--) this.#quietStep();
    this.#emit(0xc9);
    this.#arrive();
  }

  /** lea of an address behind, then a jump there. */
  #computedJump(): void {
    const random = this.#random;
    this.#settle();
    const number = random.pick([0, 1, 2]);
    this.#put([0x48, 0x8d, 0x05 | (number << 3)]);
    this.#fixups.push({ at: this.#at, size: 4, openFlags: this.#open, steps: 1000 });
    this.#put(little(0, 4));
    this.#count++;
    this.#emit(0xff, 0xe0 | number);
    const open = this.#open;
    for (let bytes = random.below(9); bytes > 0; bytes--) this.#put([BREAKPOINT]);
    this.#settle();
    this.#open = open;
  }
}

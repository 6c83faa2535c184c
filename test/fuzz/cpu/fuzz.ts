/**
 * The differential fuzzer: the same instruction on the host's processor and on ours, then registers,
 * flags that are defined, memory and fault compared. A batch is one seed; a mismatch prints the seed
 * and the number of the case, which is enough to see it again.
 */
import { InterpreterMachine } from "../../../runtime/cpu/interpreter/machine.ts";
import { InterpreterSpace } from "../../../runtime/cpu/interpreter/space.ts";
import { InterpreterContext } from "../../../runtime/cpu/interpreter/context.ts";
import { BIAS, Stop, Vector } from "../../../runtime/cpu/machine.ts";
import type { Fault } from "../../../runtime/cpu/machine.ts";
import { LAYOUT } from "../../../runtime/cpu/spec/layout.ts";
import { operationOf } from "../../../runtime/cpu/spec/tables.ts";
import type { Row } from "../../../runtime/cpu/spec/row.ts";
import { ACCESS, CODE, DATA, jumps, makeInstruction, PAGE, randomValue, withoutTrapFlags } from "./instructions.ts";
import type { Instruction } from "./instructions.ts";
import {
  drawFloatState, floatDifference, FXSAVE_BYTES, isImage, isOwnByte, makeLoadable,
} from "./float-state.ts";
import { Cases, Mode, refusal } from "./native/native-runner.ts";
import type { Answers, NativeRunner } from "./native/native-runner.ts";
import { Random } from "./random.ts";
import { compareVectors, drawUpper, fillIndices, fillVector, hasForeignMxcsr, setExactness, XMM_AT } from "./vector-state.ts";

const FLAG_BITS: Readonly<Record<string, number>> = {
  c: 1,
  p: 4,
  a: 0x10,
  z: 0x40,
  s: 0x80,
  o: 0x800,
};
export const STATUS = 0x8d5;
const DIRECTION = 0x400;
const IMAGE = 0x800;
/** Of the runner's `struct area`. */
export const AREA = 0x3000_0000;

export interface Mismatch {
  readonly seed: number;
  readonly index: number;
  readonly instruction: Instruction;
  readonly differences: readonly string[];
}

interface Case {
  readonly instruction: Instruction;
  readonly registers: BigUint64Array;
  readonly rflags: number;
  readonly fxsave: Uint8Array;
  readonly upper: Uint8Array;
}

/** Flags whose value the manual leaves open for this instruction. */
export function openFlags(row: Row): number {
  let mask = 0;
  const isByOne = row.operands.some(({ kind }) => kind === "1");
  for (const letter of operationOf(row.operation).undefined) {
    if (letter === "o" && isByOne) continue;
    mask |= FLAG_BITS[letter] ?? 0;
  }
  // Counts beyond the width leave CF open as well, of the double shifts everything.
  if (/^sh[lr]/.test(row.operation)) mask |= isByOne ? 0 : 1;
  return mask;
}

function makeCase(random: Random, rows: readonly Row[]): Case {
  for (;;) {
    const instruction = makeInstruction(random, random.pick(rows));
    if (refusal(instruction.code) !== undefined || instruction.code.length > 15) continue;
    const registers = new BigUint64Array(16);
    for (let number = 0; number < 16; number++) {
      registers[number] = instruction.pinned.get(number) ?? randomValue(random);
    }
    const rflags = 0x202 | (random.next() & STATUS) | (random.oneIn(4) ? DIRECTION : 0);
    const fxsave = new Uint8Array(FXSAVE_BYTES);
    drawFloatState(random, instruction.row, fxsave);
    const upper = drawUpper(random);
    if (instruction.row.operation.startsWith("vgather") && !random.oneIn(4)) {
      fillIndices(random, fxsave, XMM_AT);
      fillIndices(random, upper, 0);
    }
    return { instruction, registers, rflags, fxsave, upper };
  }
}

/** Ours, set up like the runner's memory. */
export class Subject {
  readonly #space: InterpreterSpace;
  readonly #context: InterpreterContext;
  readonly content: Uint8Array;

  constructor(module: WebAssembly.Module, content: Uint8Array, isCold: boolean) {
    const machine = new InterpreterMachine({ module, counterNs: () => 0 });
    const space = machine.createSpace({ reserve: () => 0 });
    if (!(space instanceof InterpreterSpace)) throw new Error("not an interpreter");
    const context = space.createContext();
    if (!(context instanceof InterpreterContext)) throw new Error("not an interpreter");
    space.grow(CODE + PAGE);
    ACCESS.forEach((access, page) =>
      space.setAccess(DATA + page * PAGE, DATA + (page + 1) * PAGE, access),
    );
    space.setAccess(CODE, CODE + PAGE, 5);
    space.activate(context);
    space.core.enableAvx(true);
    space.core.forceCold(isCold);
    space.bytes.set(content, DATA - BIAS);
    space.bytes.fill(0xcc, CODE - BIAS, CODE - BIAS + PAGE);
    this.#space = space;
    this.#context = context;
    this.content = content;
  }

  /** Runs one case; answers what differs from the host's answer. */
  compare(one: Case, answers: Answers): string[] {
    const space = this.#space;
    const { bytes, view } = space;
    const { instruction, registers } = one;
    const at = instruction.rip - BIAS;
    bytes.set(instruction.code, at);
    space.codeChanged(CODE, CODE + PAGE);
    bytes.set(new Uint8Array(registers.buffer), LAYOUT.REG);
    view.setBigUint64(LAYOUT.RIP, BigInt(instruction.rip), true);
    view.setBigUint64(LAYOUT.FS_BASE, instruction.fsBase, true);
    view.setBigUint64(LAYOUT.GS_BASE, instruction.gsBase, true);
    space.core.setRflags(one.rflags);
    bytes.set(one.fxsave, IMAGE);
    space.core.restoreImage(IMAGE);
    bytes.set(one.upper, LAYOUT.YMMH);
    setExactness(view, one.fxsave);
    const stop = space.run(this.#context, 1);
    const differences = this.#differences(one, answers, stop);
    bytes.fill(0xcc, at, at + instruction.code.length);
    return differences;
  }

  #differences(one: Case, answers: Answers, firstStop: Stop): string[] {
    const space = this.#space;
    const differences: string[] = [];
    if (hasForeignMxcsr(answers.fxsave)) return differences;
    const differ = (
      what: string,
      ours: bigint | number | string,
      theirs: bigint | number | string,
    ): void => {
      if (ours !== theirs) differences.push(`${what}: ours ${hex(ours)}, host ${hex(theirs)}`);
    };
    // The breakpoint behind the instruction (or at the jump's target) is the end; fuel may come first.
    let stop = firstStop;
    if (stop === Stop.fuel) stop = space.run(this.#context, 1);
    const fault = space.fault;
    if (firstStop !== Stop.fuel && isForeign(fault)) {
      this.#compareMemory(one, undefined, differences);
      return differences;
    }
    let rip = space.view.getBigUint64(LAYOUT.RIP, true);
    const isElsewhere = fault.isFetch && rip !== BigInt(one.instruction.rip);
    const isDone = stop === Stop.fault && (fault.vector === Vector.breakpoint || isElsewhere);
    if (isDone && fault.vector === Vector.breakpoint) rip -= 1n;
    differ("done", String(isDone), String(answers.isDone));
    if (!isDone && !answers.isDone) {
      differ("vector", fault.vector, answers.trap);
      if (fault.vector === Vector.pageFault && one.instruction.row.operation !== "enter") {
        const address = space.view.getBigUint64(LAYOUT.FAULT + 8, true);
        const distance = BigInt.asIntN(64, address - answers.cr2);
        // Of an image the processor may touch another byte first.
        const isWithin = isImage(one.instruction.row) && distance < 512n && distance > -512n;
        if (!isWithin) differ("fault address", address, answers.cr2);
        differ("fault is write", Number(fault.isWrite), (answers.error >> 1) & 1);
        if (!fault.isBeyond && !isWithin) differ("fault is present", Number(fault.isPresent), answers.error & 1);
      }
    }
    differ("rip", rip, answers.rip);
    for (let number = 0; number < 16; number++) {
      differ(
        `register ${number}`,
        space.view.getBigUint64(LAYOUT.REG + number * 8, true),
        answers.register(number),
      );
    }
    const undefinedMask = isDone ? openFlags(one.instruction.row) : 0;
    differ("flags", space.core.rflags() & ~undefinedMask, answers.rflags & ~undefinedMask);
    const image = floatDifference(space.saveImage(), answers.fxsave);
    if (image !== undefined) differences.push(image);
    differences.push(...compareVectors(space.view, one.fxsave, answers, one.instruction.row));
    // Of enter the processor may have written a part when it faults.
    const isUnknown = isImage(one.instruction.row) && one.instruction.address === undefined;
    const mayBePartial = isUnknown || (!isDone && one.instruction.row.operation === "enter");
    this.#compareMemory(one, mayBePartial ? undefined : answers, differences);
    return differences;
  }

  #compareMemory({ instruction }: Case, answers: Answers | undefined, differences: string[]): void {
    const start = DATA - BIAS;
    const ours = Buffer.from(this.#space.bytes.buffer, start, this.content.length);
    const expected = Buffer.from(answers === undefined ? ours : this.content);
    if (answers !== undefined && answers.dirtyLength > 0)
      expected.set(answers.dirtyBytes, answers.dirtyStart - DATA);
    if (Buffer.compare(ours, expected) !== 0) {
      const { row, code, address } = instruction;
      const offset = Number((address ?? 0n) - BigInt(DATA));
      const first = ours.findIndex(
        (byte, index) => byte !== expected[index] && !isOwnByte(row, code, index - offset),
      );
      if (first !== -1)
        differences.push(
          `memory at ${hex(DATA + first)}: ours ${ours.toString("hex", first, first + 16)}, ` +
            `host ${expected.toString("hex", first, first + 16)}`,
        );
    }
    ours.set(this.content);
  }
}

/** A wild address in the runner's own page, which is there on the host only. */
export function isForeign({ vector, address }: Fault): boolean {
  return vector === Vector.pageFault && address >= AREA && address < AREA + PAGE;
}

export function hex(value: bigint | number | string): string {
  return typeof value === "string" ? value : `0x${value.toString(16)}`;
}

export function makeContent(random: Random): Uint8Array {
  const content = new Uint8Array(ACCESS.length * PAGE);
  for (let index = 0; index < content.length; index++)
    content[index] = random.oneIn(3) ? 0 : random.next();
  // Every other sixteen bytes a vector: floats, strings, small counts.
  const view = new DataView(content.buffer);
  for (let at = 0; at < content.length; at += 32) fillVector(random, view, at);
  makeLoadable(content);
  withoutTrapFlags(content);
  return content;
}

/** One batch of `count` cases from `seed`. */
export async function fuzzBatch(
  runner: NativeRunner,
  subjects: readonly Subject[],
  rows: readonly Row[],
  seed: number,
  count: number,
): Promise<Mismatch[]> {
  const random = new Random(seed);
  const cases = new Cases(count);
  const list: Case[] = [];
  for (let index = 0; index < count; index++) {
    const one = makeCase(random, rows);
    list.push(one);
    cases.select(index);
    one.registers.forEach((value, number) => cases.setRegister(number, value));
    cases.rflags = one.rflags;
    cases.fsBase = one.instruction.fsBase;
    cases.gsBase = one.instruction.gsBase;
    cases.setCode(
      one.instruction.rip,
      one.instruction.code,
      jumps(one.instruction.row) ? Mode.step : Mode.direct,
    );
    cases.fxsave.set(one.fxsave);
    cases.upper.set(one.upper);
  }
  const answers = await runner.run(cases);
  const mismatches: Mismatch[] = [];
  list.forEach((one, index) => {
    answers.select(index);
    for (const subject of subjects) {
      const differences = subject.compare(one, answers);
      if (differences.length > 0) {
        mismatches.push({ seed, index, instruction: one.instruction, differences });
        break;
      }
    }
  });
  return mismatches;
}

export function describeMismatch({ seed, index, instruction, differences }: Mismatch): string {
  const code = instruction.code.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const operands = instruction.row.operands.map(({ text }) => text).join(",");
  return `seed ${seed} case ${index}: ${code}  (${instruction.row.mnemonics.join("/")} ${operands})\n  ${differences.join("\n  ")}`;
}

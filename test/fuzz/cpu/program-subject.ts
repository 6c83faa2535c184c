/**
 * Whole programs on the host and on ours: state before, state after. The hard idea: one program runs with
 * several states in the same space, sometimes with little fuel at a time, so that linked blocks, fused
 * pairs and dropped flags are all in play; a difference then names the seed and the program.
 */
import { InterpreterContext } from "../../../runtime/cpu/interpreter/context.ts";
import { InterpreterMachine } from "../../../runtime/cpu/interpreter/machine.ts";
import { InterpreterSpace } from "../../../runtime/cpu/interpreter/space.ts";
import { BIAS, Stop, Vector } from "../../../runtime/cpu/machine.ts";
import { LAYOUT } from "../../../runtime/cpu/spec/layout.ts";
import { floatDifference, FXSAVE_BYTES } from "./float-state.ts";
import { AREA, hex, isForeign, STATUS } from "./fuzz.ts";
import { ACCESS, CODE, DATA, PAGE, randomValue } from "./instructions.ts";
import { Cases, SIGALRM } from "./native/native-runner.ts";
import type { Answers, NativeRunner } from "./native/native-runner.ts";
import { Random as FloatRandom } from "./native/random.ts";
import { fillImage } from "./native/x87-cases.ts";
import { COUNTER, INDEX, pointerValue, POINTERS } from "./program-step.ts";
import { ProgramWriter } from "./programs.ts";
import type { Program, RowMenu } from "./programs.ts";
import { Random } from "./random.ts";
import { compareVectors, drawUpper, fillVectors, hasForeignMxcsr, setExactness } from "./vector-state.ts";

const DIRECTION = 0x400;
const IMAGE = 0x800;
const STATES = 3;
/** More than any program executes. */
const FUEL = 1 << 20;
const RSP = 4;
/** Where the exit's jump reads: the runner's, and not there on ours (the code must be the same, it may be read). */
const EXIT_CELL = AREA + 0x98;

export interface ProgramState {
  readonly registers: BigUint64Array;
  readonly rflags: number;
  readonly fxsave: Uint8Array;
  readonly upper: Uint8Array;
  readonly fsBase: bigint;
  readonly gsBase: bigint;
  /** At a time. */
  readonly fuel: number;
}

export interface ProgramMismatch {
  readonly seed: number;
  readonly index: number;
  readonly program: Program;
  readonly differences: readonly string[];
}

export function drawState(random: Random, program: Program): ProgramState {
  const registers = new BigUint64Array(16);
  for (let number = 0; number < 16; number++) registers[number] = randomValue(random);
  for (const number of POINTERS) registers[number] = BigInt(pointerValue(random));
  registers[INDEX] = BigInt(random.below(8) * 16);
  registers[COUNTER] = 0n;
  // The stack lies in the page behind the hole.
  registers[RSP] = BigInt(DATA + 4 * PAGE + 0x800 + random.below(64) * 8);
  const fxsave = new Uint8Array(FXSAVE_BYTES);
  const view = new DataView(fxsave.buffer);
  view.setUint16(0, 0x37f, true);
  fillVectors(random, fxsave);
  fillImage(new FloatRandom(random.next()), fxsave, {});
  if (!random.oneIn(4)) {
    // All x87 exceptions masked, none pending.
    view.setUint16(0, view.getUint16(0, true) | 0x3f, true);
    view.setUint16(2, view.getUint16(2, true) & 0x7f00, true);
  }
  if (program.isExact) fxsave[416] = 1;
  return {
    registers, fxsave,
    upper: drawUpper(random),
    rflags: 0x202 | (random.next() & STATUS) | (random.oneIn(16) ? DIRECTION : 0),
    fsBase: BigInt(random.below(256) * 16),
    gsBase: BigInt(random.below(256) * 16),
    fuel: random.oneIn(3) ? 1 + random.below(40) : FUEL,
  };
}

/** How a subject translates: as usual, with flags that are exact behind a fault, or general forms only (and exact). */
export type Translation = "usual" | "exact" | "cold";

export class ProgramSubject {
  readonly #space: InterpreterSpace;
  readonly #context: InterpreterContext;
  readonly #content: Uint8Array;
  readonly #translation: Translation;

  constructor(module: WebAssembly.Module, content: Uint8Array, translation: Translation) {
    const space = new InterpreterMachine({ module, counterNs: () => 0 }).createSpace({ reserve: () => 0 });
    if (!(space instanceof InterpreterSpace)) throw new Error("not an interpreter");
    const context = space.createContext();
    if (!(context instanceof InterpreterContext)) throw new Error("not an interpreter");
    space.grow(CODE + PAGE);
    ACCESS.forEach((access, page) => { space.setAccess(DATA + page * PAGE, DATA + (page + 1) * PAGE, access); });
    space.setAccess(CODE, CODE + PAGE, 5);
    space.activate(context);
    space.core.enableAvx(true);
    space.core.forceCold(translation === "cold");
    space.noteFlags(translation !== "usual");
    this.#translation = translation;
    this.#space = space;
    this.#context = context;
    this.#content = content;
  }

  load(program: Program): void {
    this.#space.bytes.set(program.bytes, CODE - BIAS);
    this.#space.codeChanged(CODE, CODE + PAGE);
  }

  run(program: Program, state: ProgramState, answers: Answers): string[] {
    this.#start(program, state);
    let stop: Stop = Stop.fuel;
    for (let spent = 0; stop === Stop.fuel && spent < FUEL; spent += state.fuel) {
      stop = this.#space.run(this.#context, state.fuel);
    }
    return hasForeignMxcsr(answers.fxsave) ? [] : this.#differences(program, state, answers, stop);
  }

  /** Registers, flags and rip wherever the program stops when it has fuel for a block at a time. */
  trace(program: Program, state: ProgramState, stopsMax: number): string[] {
    this.#start(program, state);
    const stops: string[] = [];
    for (let stop: Stop = Stop.fuel; stop === Stop.fuel && stops.length < stopsMax; ) {
      stop = this.#space.run(this.#context, 0);
      const { rip, rflags } = this.#context;
      const flags = rflags & ~(program.openFlags.get(rip) ?? STATUS);
      const registers = Array.from({ length: 16 }, (_, number) => hex(this.#context.register(number)));
      stops.push([`stop ${stop} at ${hex(rip)} flags ${hex(flags)}`, ...registers].join(" "));
    }
    return stops;
  }

  #start(program: Program, state: ProgramState): void {
    const space = this.#space;
    const { bytes, view } = space;
    bytes.set(this.#content, DATA - BIAS);
    bytes.set(new Uint8Array(state.registers.buffer), LAYOUT.REG);
    view.setBigUint64(LAYOUT.RIP, BigInt(program.start), true);
    view.setBigUint64(LAYOUT.FS_BASE, state.fsBase, true);
    view.setBigUint64(LAYOUT.GS_BASE, state.gsBase, true);
    space.core.setRflags(state.rflags);
    bytes.set(state.fxsave, IMAGE);
    space.core.restoreImage(IMAGE);
    bytes.set(state.upper, LAYOUT.YMMH);
    setExactness(view, state.fxsave);
  }

  #differences(program: Program, state: ProgramState, answers: Answers, stop: Stop): string[] {
    const space = this.#space;
    const { fault, view } = space;
    const differences: string[] = [];
    const differ = (what: string, ours: bigint | number | string, theirs: bigint | number | string): void => {
      if (ours !== theirs) differences.push(`${what}: ours ${hex(ours)}, host ${hex(theirs)}`);
    };
    const rip = view.getBigUint64(LAYOUT.RIP, true);
    const isDone = stop === Stop.fault && rip === BigInt(program.end) && fault.address === EXIT_CELL;
    if (!isDone && stop === Stop.fault && isForeign(fault)) return [];
    const where = isDone ? "true" : `stop ${stop} vector ${fault.vector} address ${hex(fault.address)} at ${hex(rip)}`;
    if (isDone !== answers.isDone) differ("done", where, `${answers.isDone} trap ${answers.trap} at ${hex(answers.rip)}`);
    if (!isDone && !answers.isDone) {
      differ("stop", stop, Stop.fault);
      differ("vector", fault.vector, answers.trap);
      differ("rip", rip, answers.rip);
      if (fault.vector === Vector.pageFault) {
        differ("fault address", view.getBigUint64(LAYOUT.FAULT + 8, true), answers.cr2);
        differ("fault is write", Number(fault.isWrite), (answers.error >> 1) & 1);
        if (!fault.isBeyond) differ("fault is present", Number(fault.isPresent), answers.error & 1);
      }
    }
    for (let number = 0; number < 16; number++) {
      differ(`register ${number}`, view.getBigUint64(LAYOUT.REG + number * 8, true), answers.register(number));
    }
    // Behind a fault the usual translation's may be stale (README, Quirks).
    const isExact = isDone || this.#translation !== "usual";
    const mask = isExact ? (STATUS | DIRECTION) & ~(program.openFlags.get(Number(rip)) ?? STATUS) : DIRECTION;
    differ("flags", space.core.rflags() & mask, answers.rflags & mask);
    const image = floatDifference(space.saveImage(), answers.fxsave);
    if (image !== undefined) differences.push(image);
    differences.push(...compareVectors(view, state.fxsave, answers, undefined));
    this.#compareMemory(answers, differences);
    return differences;
  }

  #compareMemory(answers: Answers, differences: string[]): void {
    const length = this.#content.length;
    const ours = Buffer.from(this.#space.bytes.buffer, DATA - BIAS, length);
    const expected = Buffer.from(this.#content);
    const dirty = answers.dirtyBytes;
    const start = answers.dirtyStart - DATA;
    if (answers.dirtyLength > 0) expected.set(dirty, start);
    // Beyond what the runner tells, anything goes.
    const told = start + dirty.length;
    if (answers.dirtyLength > dirty.length) ours.copy(expected, told, told, start + answers.dirtyLength);
    if (Buffer.compare(ours, expected) === 0) return;
    const first = ours.findIndex((byte, index) => byte !== expected[index]);
    differences.push(
      `memory at ${hex(DATA + first)}: ours ${ours.toString("hex", first, first + 16)}, ` +
        `host ${expected.toString("hex", first, first + 16)}`,
    );
  }
}

export interface ProgramBatch {
  readonly seed: number;
  readonly programs: number;
  /** Instructions of each, about. */
  readonly length: number;
}

export interface BatchResult {
  readonly instructions: number;
  readonly runs: number;
  readonly faults: number;
  /** Runs the host did not end in time: not compared. */
  readonly endless: number;
  readonly mismatches: readonly ProgramMismatch[];
}

/** Writes, runs and compares the programs of one seed. */
/** One of each, for a run that compares them. */
export function allTranslations(module: WebAssembly.Module, content: Uint8Array): ProgramSubject[] {
  return (["usual", "exact", "cold"] as const).map((translation) => new ProgramSubject(module, content, translation));
}

export async function runPrograms(
  runner: NativeRunner, subjects: readonly ProgramSubject[], menu: RowMenu, batch: ProgramBatch,
): Promise<BatchResult> {
  const random = new Random(batch.seed);
  const programs = Array.from({ length: batch.programs }, () => new ProgramWriter(random, menu).write(batch.length));
  const pages = new Uint8Array(programs.length * PAGE);
  programs.forEach(({ bytes }, index) => { pages.set(bytes, index * PAGE); });
  runner.setPrograms(pages);
  const cases = new Cases(programs.length * STATES);
  const states = programs.flatMap((program) => Array.from({ length: STATES }, () => drawState(random, program)));
  states.forEach((state, index) => {
    cases.select(index);
    state.registers.forEach((value, number) => cases.setRegister(number, value));
    cases.rflags = state.rflags;
    cases.fsBase = state.fsBase;
    cases.gsBase = state.gsBase;
    const program = Math.floor(index / STATES);
    cases.setProgram(programs[program]?.start ?? 0, program);
    cases.fxsave.set(state.fxsave);
    cases.upper.set(state.upper);
  });
  const answers = await runner.run(cases);
  const mismatches: ProgramMismatch[] = [];
  const counts = { faults: 0, endless: 0 };
  states.forEach((state, index) => {
    const number = Math.floor(index / STATES);
    const program = programs[number];
    if (program === undefined) return;
    answers.select(index);
    if (index % STATES === 0) for (const subject of subjects) subject.load(program);
    if (answers.signal === SIGALRM) counts.endless++;
    if (!answers.isDone) counts.faults++;
    if (answers.signal === SIGALRM || mismatches.some(({ index: other }) => other === number)) return;
    for (const subject of subjects) {
      const differences = subject.run(program, state, answers);
      if (differences.length === 0) continue;
      mismatches.push({ seed: batch.seed, index: number, program, differences: [`state ${index % STATES}`, ...differences] });
      break;
    }
  });
  const instructions = programs.reduce((sum, program) => sum + program.instructions, 0);
  return { instructions, runs: states.length, ...counts, mismatches };
}

export function describeProgramMismatch({ seed, index, program, differences }: ProgramMismatch): string {
  const code = Buffer.from(program.bytes.subarray(program.start - CODE, program.end - CODE)).toString("hex");
  return `seed ${seed} program ${index} at ${hex(program.start)}: ${code}\n  ${differences.join("\n  ")}`;
}

/**
 * x87 instructions run twice, here and on the host, from the same random register file. The hard idea:
 * a case is an instruction plus an fxsave image, so the oracle needs no knowledge of x87 at all, and a
 * mismatch prints both images.
 */
import type { Assembly } from "./assembly.ts";
import { TEST_MEMORY } from "./assembly.ts";
import type { Answers, NativeRunner } from "./native-runner.ts";
import { Cases } from "./native-runner.ts";
import { Random, randomF80, randomFloat } from "./random.ts";

const DATA = 0x1000_0000;
const CODE = 0x2000_0000;
const OPERAND = DATA + 0x100;
const RDI = 7;
const FAULT = 0x8000_0000;
const UNDEFINED = 0x4000_0000;
const FLAGS = 0x8d5;
const STATE = TEST_MEMORY;
const IMAGE = TEST_MEMORY + 0x400;
const MEMORY = TEST_MEMORY + 0x800;

/** An escape instruction: opcode D8..DF and its modrm byte; `isShort` puts 66 before it. */
export interface Escape {
  readonly opcode: number;
  readonly modrm: number;
  readonly isShort?: boolean;
}

export interface Comparison {
  readonly cases: number;
  /** One line for each mismatch, at most a handful. */
  readonly mismatches: string[];
}

/** Which states a run draws. */
export interface Drawing {
  /** Draw control words whose exceptions are all masked. */
  readonly isMasked?: boolean;
  /** Instead of random numbers in ST(0) and ST(1). */
  readonly operands?: (random: Random, view: DataView, at: number) => void;
  /** What of the mismatches is to be forgiven: gives both images, true = equal. */
  readonly isClose?: (ours: Uint8Array, native: Uint8Array) => boolean;
}

const hex = (bytes: Uint8Array): string =>
  [...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
const describeImage = (image: Uint8Array): string =>
  `cw=${hex(image.subarray(0, 2))} sw=${hex(image.subarray(2, 4))} tags=${hex(image.subarray(4, 5))} ` +
  [0, 1, 2]
    .map((index) => `st${index}=${hex(image.subarray(32 + index * 16, 42 + index * 16))}`)
    .join(" ");

export class X87Comparer {
  readonly #assembly: Assembly;
  readonly #runner: NativeRunner;

  constructor(assembly: Assembly, runner: NativeRunner) {
    this.#assembly = assembly;
    this.#runner = runner;
    runner.setPages({ base: DATA, access: [3], content: new Uint8Array(4096), code: CODE });
  }

  async compare(
    escapes: readonly Escape[],
    count: number,
    seed: number,
    drawing: Drawing = {},
  ): Promise<Comparison> {
    const random = new Random(seed);
    const cases = new Cases(count);
    const chosen: Escape[] = [];
    for (let index = 0; index < count; index++) {
      const escape = random.pick(escapes);
      chosen.push(escape);
      cases.select(index);
      fillImage(random, cases.fxsave, drawing);
      const prefix = escape.isShort === true ? [0x66] : [];
      cases
        .setCode(CODE, [...prefix, escape.opcode, escape.modrm])
        .setRegister(RDI, BigInt(OPERAND));
      cases.rflags = random.next() & FLAGS;
      if (escape.modrm < 0xc0)
        for (const patch of operandPatches(random, escape))
          cases.addPatch(OPERAND + patch.at, patch.bytes);
    }
    const answers = await this.#runner.run(cases);
    const mismatches: string[] = [];
    for (let index = 0; index < count && mismatches.length < 8; index++) {
      const escape = chosen[index];
      if (escape === undefined) break;
      const input = cases.bytes.subarray(index * 1088, (index + 1) * 1088);
      const problem = this.#judge(escape, input, answers.select(index), drawing);
      if (problem !== undefined)
        mismatches.push(
          `${escape.opcode.toString(16)} ${escape.modrm.toString(16)}${escape.isShort === true ? " (66)" : ""}: ${problem}`,
        );
    }
    return { cases: count, mismatches };
  }

  #judge(escape: Escape, input: Uint8Array, answer: Answers, drawing: Drawing): string | undefined {
    const { bytes } = this.#assembly;
    const inputView = new DataView(input.buffer, input.byteOffset, input.byteLength);
    bytes.set(input.subarray(320, 320 + 512), IMAGE);
    this.#assembly.call("f80RestoreImage")(STATE, IMAGE);
    bytes.fill(0, MEMORY, MEMORY + 128);
    const patches = inputView.getUint32(164, true);
    for (let index = 0; index < patches; index++) {
      const at = 192 + index * 32;
      const offset = inputView.getUint32(at, true) - OPERAND;
      bytes.set(
        input.subarray(at + 8, at + 8 + inputView.getUint32(at + 4, true)),
        MEMORY + offset,
      );
    }
    const before = bytes.slice(MEMORY, MEMORY + 128);
    const rflags = inputView.getUint32(128, true) | 0x202;
    const isMemory = escape.modrm < 0xc0;
    const op = isMemory
      ? ((escape.opcode & 7) << 3) | ((escape.modrm >> 3) & 7) | (escape.isShort === true ? 64 : 0)
      : ((escape.opcode & 7) << 6) | (escape.modrm & 63);
    const result =
      (isMemory
        ? this.#assembly.call("f80Memory")(STATE, op, MEMORY)
        : this.#assembly.call("f80Register")(STATE, op, rflags)) >>> 0;
    const trap = result === FAULT ? 16 : result === UNDEFINED ? 6 : 1;
    if (answer.trap !== trap)
      return `vector ${trap}, not ${answer.trap}; from ${describeImage(input.subarray(320))}`;
    if (trap !== 1) return undefined;
    if (!isMemory && result !== answer.rflags)
      return `flags ${result.toString(16)}, not ${answer.rflags.toString(16)}`;
    this.#assembly.call("f80SaveImage")(STATE, IMAGE);
    const ours = bytes.slice(IMAGE, IMAGE + 160);
    const native = answer.fxsave.slice(0, 160);
    const memory = isMemory
      ? judgeMemory(escape, before, bytes.subarray(MEMORY, MEMORY + 128), answer)
      : undefined;
    if (memory === undefined && (isSame(ours, native) || drawing.isClose?.(ours, native) === true))
      return undefined;
    return `${memory ?? ""}\n  from ${describeImage(input.subarray(320))} memory ${hex(before.subarray(0, 10))}\n  ours ${describeImage(ours)}\n  host ${describeImage(native)}`;
  }
}

/** Opcode and pointers are not compared: processors differ in when they keep them. */
function isSame(ours: Uint8Array, native: Uint8Array): boolean {
  for (let index = 0; index < 160; index++) {
    if (index >= 5 && index < 32) continue;
    if (index >= 32 && (index & 15) >= 10) continue;
    if (ours[index] !== native[index]) return false;
  }
  return true;
}

function judgeMemory(
  escape: Escape,
  before: Uint8Array,
  after: Uint8Array,
  answer: Answers,
): string | undefined {
  const native = before.slice();
  if (answer.dirtyLength > 0) native.set(answer.dirtyBytes, answer.dirtyStart - OPERAND);
  const ours = after.slice();
  const row = (escape.modrm >> 3) & 7;
  const isEnvironment = (escape.opcode === 0xd9 || escape.opcode === 0xdd) && row === 6;
  if (isEnvironment)
    for (const image of [ours, native])
      image.fill(0, escape.isShort === true ? 6 : 12, escape.isShort === true ? 14 : 28);
  return hex(ours) === hex(native) ? undefined : `memory ${hex(ours)}\n     not ${hex(native)}`;
}

/** Draws the x87 part of an fxsave image. */
export function fillImage(random: Random, image: Uint8Array, drawing: Drawing): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const masks = drawing.isMasked === true || !random.chance(3) ? 0x3f : random.next() & 0x3f;
  view.setUint16(
    0,
    masks | 0x40 | (random.pick([0, 2, 3, 3, 3, 3]) << 8) | (random.below(4) << 10),
    true,
  );
  const pending = random.chance(24)
    ? random.next() & 0x3f
    : random.next() & ~view.getUint16(0, true) & 0;
  const sticky = random.chance(2) ? 0 : random.next() & masks;
  let status = (random.next() & 0x7f00) | pending | sticky;
  if ((status & ~masks & 0x3f) !== 0) status |= 0x8080;
  view.setUint16(2, status, true);
  // Mostly ST(0)..ST(3) in use and the rest free, so that pushes and operands both work.
  const top = (status >> 11) & 7;
  const relative = random.chance(6) ? random.next() & 0xff : random.pick([0x0f, 0x03, 0x1f]);
  image[4] = ((relative << top) | (relative >> (8 - top))) & 0xff;
  for (let index = 0; index < 8; index++) {
    const at = 32 + index * 16;
    if (drawing.operands !== undefined && index < 2) drawing.operands(random, view, at);
    else randomF80(random, view, at);
  }
  if (random.chance(8)) image.copyWithin(48, 32, 42);
  if (random.chance(8) && drawing.operands === undefined) nearExponents(random, view);
}

/** ST(1) within a few powers of two of ST(0). */
function nearExponents(random: Random, view: DataView): void {
  const exponent = view.getUint16(40, true) & 0x7fff;
  const near = Math.max(1, Math.min(0x7ffe, exponent + random.below(7) - 3));
  view.setUint16(56, near | (random.chance(2) ? 0x8000 : 0), true);
  view.setBigUint64(48, view.getBigUint64(48, true) | (1n << 63n), true);
}

interface Patch {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A memory operand of the kind the instruction reads, at most 96 bytes of it. */
function operandPatches(random: Random, escape: Escape): Patch[] {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  const row = (escape.modrm >> 3) & 7;
  const group = escape.opcode & 7;
  const isImage = (group === 1 || group === 5) && row === 4;
  if (isImage) {
    const pieces = [0, 1, 2, 3].map((piece) => ({ at: piece * 24, bytes: random.bytes(24) }));
    return pieces;
  }
  if (group === 0 || (group === 1 && row < 4))
    view.setUint32(0, Number(randomFloat(random, 23, 8)), true);
  else if (group === 4 || (group === 5 && row < 4))
    view.setBigUint64(0, randomFloat(random, 52, 11), true);
  else if (group === 3 && row === 5) randomF80(random, view, 0);
  else if (group === 7 && row === 4 && random.chance(2))
    bytes.forEach((_, index) => {
      bytes[index] = (random.below(10) << 4) | random.below(10);
    });
  else view.setBigUint64(0, random.significand(), true);
  if (group === 7 && row === 4) bytes[9] = random.next() & 0xff;
  return [{ at: 0, bytes }];
}

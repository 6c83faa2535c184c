/**
 * Vector functions against the host's instructions, row by row of vector-table.ts. The hard idea is
 * MXCSR: with MXCSR_EXACT every flag must agree, on the fast path only IE, ZE and OE are promised.
 */
import type { Assembly } from "./assembly.ts";
import { TEST_MEMORY } from "./assembly.ts";
import type { Answers, NativeRunner } from "./native-runner.ts";
import { Cases, INPUT_BYTES } from "./native-runner.ts";
import { Random, randomFloat } from "./random.ts";
import type { VectorRow } from "./vector-table.ts";
import { vectorRows, wrapperOf } from "./vector-table.ts";

const DATA = 0x1000_0000;
const CODE = 0x2000_0000;
const [RAX, RCX, RDX] = [0, 1, 2] as const;
const [TARGET, FIRST, SECOND, MXCSR] = [
  TEST_MEMORY,
  TEST_MEMORY + 16,
  TEST_MEMORY + 32,
  TEST_MEMORY + 48,
] as const;
const FLAGS = 0x8d5;
const EXACT = 0x8000_0000;
const TRAP = 0x4000_0000;
const XMM = 160;
/** IE, ZE and OE: what the fast path keeps. */
const KEPT = 0x0d;
const ESTIMATE_ERROR = 1.5 / 4096;
/** The smallest normal f32: hosts differ in whether an estimate that small is zero. */
const SMALLEST = 2 ** -126;

const hex = (bytes: Uint8Array): string =>
  [...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

export class VectorComparer {
  readonly #assembly: Assembly;
  readonly #runner: NativeRunner;

  constructor(assembly: Assembly, runner: NativeRunner) {
    this.#assembly = assembly;
    this.#runner = runner;
    runner.setPages({ base: DATA, access: [3], content: new Uint8Array(4096), code: CODE });
  }

  /** Mismatches of one row, a handful at most. */
  async compare(index: number, count: number, seed: number): Promise<string[]> {
    const row = vectorRows[index];
    if (row === undefined) throw new Error(`no row ${index}`);
    const random = new Random(seed);
    const cases = new Cases(count);
    const immediates = new Uint8Array(count);
    const isExact = new Uint8Array(count);
    for (let number = 0; number < count; number++) {
      cases.select(number);
      isExact[number] = random.below(2);
      fillOperands(random, row, cases, isExact[number] === 1);
      immediates[number] = random.next() & 0xff;
      if (row.operands === "integer" && random.chance(2)) immediates[number] = random.below(20);
      cases.setCode(CODE, row.hasImmediate ? [...row.code, immediates[number] ?? 0] : row.code);
    }
    const answers = await this.#runner.run(cases);
    const call = this.#assembly.call(wrapperOf(index));
    const wrapper = (...values: (number | bigint)[]): bigint => BigInt(call(...values));
    const mismatches: string[] = [];
    for (let number = 0; number < count && mismatches.length < 4; number++) {
      const input = cases.bytes.subarray(number * INPUT_BYTES, (number + 1) * INPUT_BYTES);
      const problem = this.#judge(
        row,
        wrapper,
        input,
        immediates[number] ?? 0,
        isExact[number] === 1,
        answers.select(number),
      );
      if (problem !== undefined) {
        mismatches.push(
          `${row.name} imm ${immediates[number] ?? 0}: ${problem}\n  xmm1=${hex(input.subarray(320 + XMM + 16, 320 + XMM + 32))} xmm2=${hex(input.subarray(320 + XMM + 32, 320 + XMM + 48))} mxcsr=${hex(input.subarray(344, 346))} exact=${isExact[number]}`,
        );
      }
    }
    return mismatches;
  }

  #judge(
    row: VectorRow,
    wrapper: (...values: (number | bigint)[]) => bigint,
    input: Uint8Array,
    imm: number,
    isExact: boolean,
    answer: Answers,
  ): string | undefined {
    const { bytes, view } = this.#assembly;
    const inputView = new DataView(input.buffer, input.byteOffset, input.byteLength);
    const mxcsr = inputView.getUint32(344, true);
    bytes.set(input.subarray(320 + XMM, 320 + XMM + 48), TARGET);
    view.setUint32(MXCSR, isExact ? (mxcsr | EXACT) >>> 0 : mxcsr, true);
    const registers = [RAX, RCX, RDX].map((register) => inputView.getBigUint64(register * 8, true));
    const returned = BigInt.asUintN(64, wrapper(TARGET, FIRST, SECOND, MXCSR, imm, ...registers));
    const after = view.getUint32(MXCSR, true);
    const trap = (after & TRAP) !== 0 ? 19 : 1;
    if (trap !== answer.trap) return `vector ${trap}, not ${answer.trap}`;
    const nativeMxcsr = new DataView(answer.fxsave.buffer, answer.fxsave.byteOffset).getUint32(
      24,
      true,
    );
    const compared = isExact ? 0xffff : 0xffc0 | KEPT;
    if (((after ^ nativeMxcsr) & compared) !== 0)
      return `mxcsr ${(after & 0xffff).toString(16)}, not ${nativeMxcsr.toString(16)}`;
    if (trap === 19) return undefined;
    return compareResult(row, returned, bytes.subarray(TARGET, TARGET + 16), answer);
  }
}

function compareResult(
  row: VectorRow,
  returned: bigint,
  target: Uint8Array,
  answer: Answers,
): string | undefined {
  const xmm = (number: number): Uint8Array =>
    answer.fxsave.subarray(XMM + number * 16, XMM + number * 16 + 16);
  if (row.result === "general") {
    return returned === answer.register(RAX)
      ? undefined
      : `rax ${returned.toString(16)}, not ${answer.register(RAX).toString(16)}`;
  }
  if (row.result !== "vector") {
    const flags = Number(returned);
    if (flags !== (answer.rflags & FLAGS))
      return `flags ${flags.toString(16)}, not ${(answer.rflags & FLAGS).toString(16)}`;
  }
  if (row.result === "flags") return undefined;
  if (row.result === "index") {
    const index = BigInt(target[0] ?? 0);
    return index === answer.register(RCX) ? undefined : `ecx ${index}, not ${answer.register(RCX)}`;
  }
  const native = xmm(row.result === "mask" ? 0 : 1);
  if (hex(target) === hex(native) || (row.isEstimate && areClose(target, native))) return undefined;
  return `${hex(target)}, not ${hex(native)}`;
}

function areClose(ours: Uint8Array, native: Uint8Array): boolean {
  const a = new Float32Array(Uint8Array.from(ours).buffer);
  const b = new Float32Array(Uint8Array.from(native).buffer);
  return [...a].every((value, lane) => {
    const other = b[lane] ?? 0;
    return (
      Object.is(value, other) ||
      Math.abs(value - other) <= Math.max(SMALLEST, Math.abs(other) * ESTIMATE_ERROR)
    );
  });
}

function fillOperands(random: Random, row: VectorRow, cases: Cases, isExact: boolean): void {
  const { fxsave } = cases;
  const view = new DataView(fxsave.buffer, fxsave.byteOffset, fxsave.byteLength);
  const masks = !isExact || random.chance(2) ? 0x1f80 : random.next() & 0x1f80;
  const modes = isExact ? random.next() & 0xe040 & (random.chance(2) ? 0x6000 : 0xffff) : 0;
  view.setUint32(24, masks | modes | (random.chance(2) ? 0 : random.next() & (masks >> 7)), true);
  for (let number = 0; number < 3; number++)
    fillVector(random, row.operands, view, XMM + number * 16);
  if (random.chance(6)) fxsave.copyWithin(XMM + 32, XMM + 16, XMM + 32);
  const isString = row.result === "index" || row.result === "mask";
  const length = (): bigint =>
    isString && !random.chance(4) ? BigInt(random.below(40) - 20) : random.significand();
  cases
    .setRegister(RAX, length())
    .setRegister(RDX, length())
    .setRegister(RCX, random.significand());
  cases.rflags = random.next() & FLAGS;
}

function fillVector(
  random: Random,
  operands: VectorRow["operands"],
  view: DataView,
  at: number,
): void {
  if (operands === "f32") {
    for (let lane = 0; lane < 16; lane += 4)
      view.setUint32(at + lane, Number(randomFloat(random, 23, 8)), true);
  } else if (operands === "f64") {
    for (let lane = 0; lane < 16; lane += 8)
      view.setBigUint64(at + lane, randomFloat(random, 52, 11), true);
  } else if (operands === "integer" || random.chance(3)) {
    view.setBigUint64(at, random.significand(), true);
    view.setBigUint64(at + 8, random.significand(), true);
  } else {
    // Few different small bytes, zeros among them: strings, shift counts and bit tests that hit.
    const limit = random.pick([2, 4, 20, 70]);
    const isCount = random.chance(3);
    for (let byte = 0; byte < 16; byte++)
      view.setUint8(at + byte, isCount && byte > 0 ? 0 : random.below(limit));
  }
}

/**
 * The opcode map swept: every opcode with every ModRM byte, mandatory prefix and REX.W, not only those the
 * rows know. The host says which of them exist, how long they are and which exception they raise; what it
 * executes and we do not is exactly what cpuid does not advertise. A seeded part runs in `npm test`;
 * CPU_SWEEP=1 sweeps all two million (some minutes).
 */
import { expect, test } from "vitest";
import { InterpreterMachine } from "../../../runtime/cpu/interpreter/machine.ts";
import { InterpreterSpace } from "../../../runtime/cpu/interpreter/space.ts";
import type { Context } from "../../../runtime/cpu/machine.ts";
import { BIAS, Stop, Vector } from "../../../runtime/cpu/machine.ts";
import { INSN, LAYOUT } from "../../../runtime/cpu/spec/layout.ts";
import { ROWS } from "../../../runtime/cpu/spec/rows.ts";
import { operationOf } from "../../../runtime/cpu/spec/tables.ts";
import { interpreterModule } from "../../support/cpu-module.ts";
import type { Answers } from "./native/native-runner.ts";
import { Cases, hostFeatures, missingForNative, Mode, NativeRunner, refusal } from "./native/native-runner.ts";
import { Random } from "./random.ts";

const PAGE = 4096;
const DATA = 0x0100_0000;
const CODE = 0x0140_0000;
const AT = CODE + 0x400;
const OPERAND = BigInt(DATA + 0x800);
const RCX = 1;
/** SIB, displacement and immediate of whatever needs them: base rax, +32. */
const TAIL = [0x20, 0x20, 0, 0, 0, 0, 0, 0];
const PREFIXES = [[], [0x66], [0xf3], [0xf2], [0x66, 0xf2]];
const MAPS = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const NO_OPCODE = new Set([0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x62, 0xc4, 0xc5, 0xd5]);
const VEX = 0xc4;
const SAMPLE = process.env["CPU_SWEEP"] === "1" ? 1 : 60;
const SEED = Number(process.env["CPU_FUZZ_SEED"] ?? 1);
const BATCH = 8000;

function isOpcode(map: number, opcode: number): boolean {
  if (map === 0) return !NO_OPCODE.has(opcode) && (opcode & 0xf0) !== 0x40;
  return map !== 1 || (opcode !== 0x38 && opcode !== 0x3a);
}

/** VEX of three bytes: every map, opcode, mandatory prefix, W and L; vvvv names a register or none. */
function* sweepVex(random: Random): Generator<readonly number[]> {
  for (let choice = 0; choice < 3 * 256 * 4 * 2 * 2 * 256; choice++) {
    if (!random.oneIn(SAMPLE)) continue;
    const modrm = choice & 255;
    const opcode = (choice >> 8) & 255;
    const [pp, l, w, map] = [(choice >> 16) & 3, (choice >> 18) & 1, (choice >> 19) & 1, 1 + (choice >> 20)];
    const vvvv = random.oneIn(2) ? 15 : random.below(15);
    const code = [VEX, 0xe0 | map, (w << 7) | (vvvv << 3) | (l << 2) | pp, opcode, modrm, ...TAIL];
    if (refusal(code) === undefined) yield code;
  }
}

function* sweep(random: Random): Generator<readonly number[]> {
  for (const [map, escape] of MAPS.entries()) {
    for (let opcode = 0; opcode < 256; opcode++) {
      if (!isOpcode(map, opcode)) continue;
      for (const prefix of PREFIXES) {
        for (const rex of [[], [0x48]]) {
          for (let modrm = 0; modrm < 256; modrm++) {
            if (!random.oneIn(SAMPLE)) continue;
            const code = [...prefix, ...rex, ...escape, opcode, modrm, ...TAIL];
            if (refusal(code) === undefined) yield code;
          }
        }
      }
    }
  }
}

/** What became of an instruction: its length, or the vector it raised. */
type Outcome = `${number} bytes` | `vector ${number}` | "jumped";

/** As the native runner starts a case: x87 and MXCSR as the processor resets them. */
const FLOAT_STATE = new Uint8Array(512);
FLOAT_STATE.set([0x7f, 0x03], 0);
FLOAT_STATE.set([0x80, 0x1f], 24);

/** How a jump to wherever ends: at a breakpoint, or where nothing is mapped. */
const JUMPED: ReadonlySet<number> = new Set([Vector.breakpoint, Vector.pageFault]);

class Subject {
  readonly #space: InterpreterSpace;
  readonly #context: Context;

  constructor(module: WebAssembly.Module) {
    const machine = new InterpreterMachine({ module, counterNs: () => 0 });
    const space = machine.createSpace({ reserve: () => 0 });
    if (!(space instanceof InterpreterSpace)) throw new Error("not an interpreter");
    this.#space = space;
    this.#context = space.createContext();
    space.grow(CODE + PAGE);
    space.setAccess(DATA, DATA + PAGE, 3);
    space.core.enableAvx(true);
    space.setAccess(CODE, CODE + PAGE, 5);
    space.bytes.fill(0xcc, CODE - BIAS, CODE - BIAS + PAGE);
  }

  run(code: readonly number[]): Outcome {
    const space = this.#space;
    const at = AT - BIAS;
    space.bytes.set(code, at);
    const isKnown = space.core.decode(at) === 0;
    const length = space.view.getUint8(LAYOUT.INSN + INSN.LENGTH);
    const row = ROWS[space.view.getUint16(LAYOUT.INSN + INSN.ROW, true)];
    if (isKnown) space.bytes.fill(0xcc, at + length, at + 15);
    space.codeChanged(CODE, CODE + PAGE);
    space.bytes.fill(0, DATA - BIAS, DATA - BIAS + PAGE);
    for (let number = 0; number < 16; number++) this.#context.setRegister(number, number === RCX ? 1n : OPERAND);
    this.#context.restoreFpu(FLOAT_STATE);
    space.bytes.fill(0, LAYOUT.YMMH, LAYOUT.YMMH + 256);
    this.#context.rip = AT;
    this.#context.rflags = 0x202;
    const stop = space.run(this.#context, 1);
    space.bytes.fill(0xcc, at, at + 15);
    const isJump = isKnown && row !== undefined && operationOf(row.operation).ends;
    if (isJump && JUMPED.has(space.fault.vector)) return "jumped";
    if (stop === Stop.fault && space.fault.vector !== Vector.breakpoint) return `vector ${space.fault.vector}`;
    return `${length} bytes`;
  }
}

function nativeOutcome(answers: Answers): Outcome {
  if (!answers.isDone) return `vector ${answers.trap}`;
  const length = Number(answers.rip) - AT;
  return length > 0 && length <= 15 ? `${length} bytes` : "jumped";
}

/**
 * What a host may execute and cpuid here does not advertise, by mandatory prefix and opcode: SSE4a's movntss,
 * extrq and insertq; clwb and clflushopt; gfni, movdiri, movdir64b, enqcmd, key locker, rao; invpcid.
 */
const NOT_ADVERTISED = new RegExp(
  "^((66 )?f[23] 0f 2b|(66|(66 )?f2) 0f 7[89]|66 0f ae|66 0f 38 (82|cf|f8)|0f 38 f9|" +
    "66 0f 3a c[ef]|f[23] 0f 38 (d[8c-f]|f[8a])|((66|f[23]) )?0f 38 fc) ",
);
/**
 * With VEX, by map and opcode: masks of AVX-512; VNNI, IFMA and the like; gfni; with L, VAES and VPCLMULQDQ, and
 * vpermq and vpermpd with W clear, which only AMD's processors take.
 */
const VEX_NOT_ADVERTISED = new RegExp(
  "^[01] (1 (4[1-7ab]|9[0-389])|2 (5[0-3]|b[45]|b[01]|72|cf|d[2a3]|cb|c[cd])|3 (3[0-3]|c[ef]|de)) |" +
    "^1 (2 d[c-f]|3 (0[01]|44)) ",
);
const isNotAdvertised = (code: readonly number[]): boolean =>
  code[0] === VEX ? VEX_NOT_ADVERTISED.test(placeOfVex(code)) : NOT_ADVERTISED.test(hex(code.filter((byte) => byte !== 0x48)));

/** L, map and opcode. */
function placeOfVex([, head = 0, tail = 0, opcode = 0]: readonly number[]): string {
  return `${((tail >> 2) & 1).toString()} ${(head & 31).toString()} ${opcode.toString(16).padStart(2, "0")} `;
}

/** Prefix and opcode, so that a difference is told once. */
function opcodeOf(code: readonly number[]): string {
  return hex(code.slice(0, code.length - TAIL.length - 1));
}

const hex = (code: readonly number[]): string => code.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

const NEEDED = ["sse4_2", "aes", "pclmulqdq", "movbe", "popcnt", "cx16", "lahf_lm"];
const isMissing = missingForNative() !== undefined || NEEDED.some((name) => !hostFeatures().has(name));

test.skipIf(isMissing)("every opcode exists here as on the host, or is not advertised", async () => {
  const subject = new Subject(await interpreterModule());
  const runner = await NativeRunner.start();
  runner.setPages({ base: DATA, access: [3], content: new Uint8Array(PAGE), code: CODE });
  /** One example of each kind. */
  const different = new Map<string, string>();
  let count = 0;
  const compare = async (codes: readonly (readonly number[])[]): Promise<void> => {
    const cases = new Cases(codes.length);
    codes.forEach((code, index) => {
      cases.select(index);
      for (let number = 0; number < 16; number++) cases.setRegister(number, number === RCX ? 1n : OPERAND);
      cases.rflags = 0x202;
      cases.setCode(AT, code, Mode.step);
    });
    const answers = await runner.run(cases);
    codes.forEach((code, index) => {
      const theirs = nativeOutcome(answers.select(index));
      const ours = subject.run(code);
      count++;
      const hasJumped = ours === "jumped" && theirs !== "vector 6" && theirs !== "vector 13";
      if (ours === theirs || hasJumped) return;
      if (ours === "vector 6" && isNotAdvertised(code)) return;
      const kind = `${opcodeOf(code)} ${ours} ${theirs}`;
      if (!different.has(kind)) different.set(kind, `${hex(code)}: ours ${ours}, host ${theirs}`);
    });
  };
  let codes: (readonly number[])[] = [];
  for (const codesOf of [sweep, sweepVex]) {
    for (const code of codesOf(new Random(SEED))) {
      codes.push(code);
      if (codes.length < BATCH) continue;
      await compare(codes);
      codes = [];
    }
  }
  await compare(codes);
  await runner.stop();
  expect([...different.values()].slice(0, 60)).toEqual([]);
  expect(count).toBeGreaterThan(10_000);
}, 3_600_000);

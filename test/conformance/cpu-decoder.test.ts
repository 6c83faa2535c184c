/**
 * The decoder against objdump: length, name and every operand (registers, sizes, segments, displacements,
 * immediates, targets) of each instruction, over the text of real programs and over a sweep of all rows.
 * The hard idea: objdump's spelling is brought to the row's by a few rules here, each about a way of
 * writing, so whatever is left over is a difference in decoding.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { InterpreterSpace } from "../../runtime/cpu/interpreter/space.ts";
import { BIAS } from "../../runtime/cpu/machine.ts";
import { INSN, LAYOUT } from "../../runtime/cpu/spec/layout.ts";
import { ROWS } from "../../runtime/cpu/spec/rows.ts";
import { makeInstruction } from "../fuzz/cpu/instructions.ts";
import { Random } from "../fuzz/cpu/random.ts";
import { interpreterModule } from "../support/cpu-module.ts";
import { DecodedInstruction } from "../support/intel-syntax.ts";

const PROGRAMS = ["/bin/busybox", "/bin/dash", "/lib/x86_64-linux-gnu/libc.so.6"].filter((path) => existsSync(path));
const hasObjdump = spawnSync("objdump", ["--version"]).status === 0;
const START = 0x40_0000;
const DECODED = 0;
const PER_ROW = Number(process.env["CPU_DECODER_COUNT"] ?? 40);
const SEED = Number(process.env["CPU_FUZZ_SEED"] ?? 1);
/** Room of one instruction of the sweep: the longest, and enough behind it for objdump to find its feet. */
const SLOT_BYTES = 32;
const NOP = 0x90;

/** Prefixes as objdump prints them before the mnemonic. */
const PREFIX = /^(rep[a-z]*|lock|bnd|data16|[c-gs]s|notrack|addr32|xacquire|xrelease|rex[.A-Z]*) /;

interface Instruction {
  readonly address: bigint;
  readonly bytes: readonly number[];
  readonly mnemonic: string;
  readonly operands: string;
}

/** Of cmpps and its kin; the first eight are SSE's. */
const PREDICATES =
  ("eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true eq_os lt_oq le_oq unord_s neq_us nlt_uq nle_uq " +
    "ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us").split(" ");
const EVEX = 0x62;

/** Ways of writing: what objdump prints, and what the rows would; the first that matches is used. */
const SPELLINGS: readonly (readonly [objdump: RegExp, row: string])[] = [
  // A target that has a symbol is printed without 0x.
  [/^((?:j|call|loop)\S*) ([0-9a-f]+)$/, "$1 0x$2"],
  // The operand is not in the bytes.
  [/^xlat .*/, "xlat "],
  [/^(pblendvb|blendvp[sd]|sha256rnds2) (.*),xmm0$/, "$1 $2"],
  [/^(fneni|fndisi|fnsetpm)\(.*$/, "$1 "],
  [/^(fldenv|fnstenv|frstor|fnsave)w /, "$1 "],
  // Predicates and halves with names of their own.
  ...PREDICATES.map(
    (name, index) => [new RegExp(`^(v?)cmp${name}([ps][sd]) (.*)$`), `$1cmp$2 $3,0x${index.toString(16)}`] as const,
  ),
  // With L, which does not matter to scalars, it prints a ymm register.
  [/^(vmovs[sd]) ymm(\d+),(xmm\d+,xmm\d+)$/, "$1 xmm$2,$3"],
  ...["lqlq", "hqlq", "lqhq", "hqhq"].map(
    (name, halves) =>
      [new RegExp(`^(v?)pclmul${name}dq (.*)$`), `$1pclmulqdq $2,0x${["0", "1", "10", "11"][halves] ?? ""}`] as const,
  ),
];

/**
 * objdump's own mistakes: 66 in front of F2 or F3 makes it print an mm register as an xmm one, and it takes
 * the constants 2 and 3 of pclmulqdq for 0x10 and 0x11.
 */
function isMisprinted(mnemonic: string, bytes: readonly number[]): boolean {
  if (/^v?pclmulqdq$/.test(mnemonic)) return bytes.at(-1) === 2 || bytes.at(-1) === 3;
  return bytes[0] === 0x66 && /^(movdq2q|movq2dq)$/.test(mnemonic);
}

/** What other processors made of opcodes that are prefetches and nops here: the operands are not looked at. */
const NOPS = /^(prefetchwt1|prefetchit\d|cldemote|bnd\w+|rdssp[dq])$/;

/** objdump's text as the rows have it. */
function spelling(text: string): { mnemonic: string; operands: string } {
  const [name = "", ...rest] = text.split(/\s+/);
  const line = `${name} ${rest.join(" ")}`;
  const [objdump, row] = SPELLINGS.find(([pattern]) => pattern.test(line)) ?? [/$/, ""];
  const [mnemonic = "", operands = ""] = line.replace(objdump, row).split(/(?<=^\S+) /);
  return { mnemonic, operands };
}

/** objdump prints a prefix that fwait (9b) does not need as an instruction of its own. */
const isLonePrefix = (hex: string): boolean => /^((66|67|64|65) )*4[0-9a-f]$/.test(hex);

/** Instructions of a disassembly; bytes that objdump calls bad are left out. */
function disassemble(options: readonly string[]): Instruction[] {
  const text = execFileSync("objdump", ["-M", "intel", "-w", "--insn-width=15", ...options], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  return text.split("\n").flatMap((line): Instruction[] => {
    const [, at, hex, rest] = /^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.+)$/.exec(line) ?? [];
    if (at === undefined || hex === undefined || rest === undefined || rest.includes("(bad)")) return [];
    if (isLonePrefix(hex)) return [];
    let words = rest.replace(/\s*(#|<).*$/, "").trim();
    while (PREFIX.test(words)) words = words.replace(PREFIX, "").trim();
    const bytes = hex.split(" ").map((byte) => Number.parseInt(byte, 16));
    return [{ address: BigInt(`0x${at}`), bytes, ...spelling(words) }];
  });
}

const known = new Set(ROWS.flatMap((row) => row.mnemonics));

class Decoder {
  readonly #space: InterpreterSpace;

  constructor(module: WebAssembly.Module) {
    const space = new InterpreterMachine({ module, counterNs: () => 0 }).createSpace({ reserve: () => 0 });
    if (!(space instanceof InterpreterSpace)) throw new Error("not an interpreter");
    space.grow(START + 0x2000);
    space.setAccess(START, START + 0x2000, 5);
    space.core.enableAvx(true);
    this.#space = space;
  }

  /** What is wrong; undefined: nothing. */
  check({ address, bytes, mnemonic, operands }: Instruction): string | undefined {
    const space = this.#space;
    space.bytes.fill(NOP, START - BIAS, START - BIAS + 16);
    space.bytes.set(bytes, START - BIAS);
    const answer = space.core.decode(START - BIAS);
    const row = ROWS[space.view.getUint16(LAYOUT.INSN + INSN.ROW, true)];
    const code = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const theirs = `${mnemonic} ${operands}`;
    if (answer !== DECODED || row === undefined) {
      return known.has(mnemonic) && bytes[0] !== EVEX ? `${code}: ${theirs} not decoded` : undefined;
    }
    const ours = new DecodedInstruction(space.view, row, address);
    if (NOPS.test(mnemonic) || isMisprinted(mnemonic, bytes)) return undefined;
    if (ours.length !== bytes.length) return `${code}: ${theirs} is ${bytes.length} bytes, not ${ours.length}`;
    const text = ours.operands.join(",");
    // 90 is xchg of eax with itself by the opcode map.
    const isNop = /^(nop|pause)$/.test(mnemonic) && operands === "";
    if (isNop && /^xchg (\w+),\1$/.test(`${ours.mnemonic} ${text}`)) return undefined;
    if (ours.mnemonic !== mnemonic || text !== operands) return `${code}: ${theirs}, not ${ours.mnemonic} ${text}`;
    return undefined;
  }
}

test.skipIf(!hasObjdump || PROGRAMS.length === 0).each(PROGRAMS)(
  "instructions in %s are those of objdump",
  async (path) => {
    const decoder = new Decoder(await interpreterModule());
    const seen = new Set<string>();
    const instructions = disassemble(["-d", "-j", ".text", path]).filter(({ bytes }) => {
      const code = String.fromCharCode(...bytes);
      return !seen.has(code) && seen.add(code);
    });
    const wrong = instructions.flatMap((one) => decoder.check(one) ?? []);
    expect(wrong.slice(0, 30)).toEqual([]);
    expect(instructions.length).toBeGreaterThan(5_000);
  },
  120_000,
);

test.skipIf(!hasObjdump)("instructions of every row are those of objdump", async () => {
  const random = new Random(SEED);
  const codes = ROWS.flatMap((row) => Array.from({ length: PER_ROW }, () => makeInstruction(random, row).code));
  const image = new Uint8Array(codes.length * SLOT_BYTES).fill(NOP);
  codes.forEach((code, index) => { image.set(code, index * SLOT_BYTES); });
  const folder = mkdtempSync(join(tmpdir(), "cpu-decoder-"));
  try {
    const file = join(folder, "sweep.bin");
    writeFileSync(file, image);
    const decoder = new Decoder(await interpreterModule());
    const instructions = disassemble(["-D", "-b", "binary", "-m", "i386:x86-64", file]).filter(
      ({ address }) => address % BigInt(SLOT_BYTES) === 0n,
    );
    const wrong = instructions.flatMap((one) => decoder.check(one) ?? []);
    expect(wrong.slice(0, Number(process.env["CPU_DECODER_SHOWN"] ?? 60))).toEqual([]);
    expect(instructions.length).toBeGreaterThan(0.9 * codes.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

/**
 * The decoder against objdump over the text of a real program: every instruction it knows has the length
 * objdump says, and what it does not know is only what the support table says is missing.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { InterpreterSpace } from "../../runtime/cpu/interpreter/space.ts";
import { BIAS } from "../../runtime/cpu/machine.ts";
import { INSN, LAYOUT } from "../../runtime/cpu/spec/layout.ts";
import { ROWS } from "../../runtime/cpu/spec/rows.ts";
import { interpreterModule } from "../support/cpu-module.ts";

const PROGRAMS = ["/bin/busybox", "/bin/dash", "/lib/x86_64-linux-gnu/libc.so.6"].filter((path) => existsSync(path));
const hasObjdump = spawnSync("objdump", ["--version"]).status === 0;
const START = 0x40_0000;
const DECODED = 0;

/** Prefixes as objdump prints them before the mnemonic. */
const PREFIX = /^(rep[a-z]*|lock|bnd|data16|[c-gs]s|notrack|addr32|rex[.A-Z]*)$/;

interface Instruction {
  readonly bytes: readonly number[];
  readonly mnemonic: string;
}

/** Instructions of the text section; bytes that objdump calls bad are left out. */
function disassemble(path: string): Instruction[] {
  const text = execFileSync("objdump", ["-d", "-M", "intel", "-w", "-j", ".text", path], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  return text.split("\n").flatMap((line): Instruction[] => {
    const [, hex, rest] = /^\s*[0-9a-f]+:\t([0-9a-f ]+?)\s*\t(.+)$/.exec(line) ?? [];
    if (hex === undefined || rest === undefined || rest.startsWith("(bad)")) return [];
    const words = rest.split(/\s+/).filter((word) => !PREFIX.test(word));
    return [{ bytes: hex.split(" ").map((byte) => Number.parseInt(byte, 16)), mnemonic: words[0] ?? "" }];
  });
}

/** Mnemonics objdump spells otherwise than the row. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["movs", "movs"], ["nop", "xchg"], ["pause", "xchg"], ["tzcnt", "bsf"], ["lzcnt", "bsr"], ["movabs", "mov"],
]);

test.skipIf(!hasObjdump || PROGRAMS.length === 0).each(PROGRAMS)(
  "lengths and names in %s are those of objdump",
  async (path) => {
    const machine = new InterpreterMachine({ module: await interpreterModule(), counterNs: () => 0 });
    const space = machine.createSpace({ reserve: () => 0 });
    if (!(space instanceof InterpreterSpace)) throw new Error("not an interpreter");
    space.grow(START + 0x2000);
    space.setAccess(START, START + 0x2000, 5);
    const known = new Set(ROWS.flatMap((row) => row.mnemonics));
    const wrong = new Set<string>();
    let count = 0;
    for (const { bytes, mnemonic } of disassemble(path)) {
      space.bytes.fill(0x90, START - BIAS, START - BIAS + 16);
      space.bytes.set(bytes, START - BIAS);
      const answer = space.core.decode(START - BIAS);
      const row = ROWS[space.view.getUint16(LAYOUT.INSN + INSN.ROW, true)];
      const code = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      const names = row?.mnemonics ?? [];
      const isNamed = names.includes(mnemonic) || names.includes(SPELLINGS.get(mnemonic) ?? "");
      if (answer !== DECODED) {
        if (known.has(mnemonic)) wrong.add(`${code}: ${mnemonic} not decoded`);
        continue;
      }
      count++;
      const length = space.view.getUint8(LAYOUT.INSN + INSN.LENGTH);
      if (length !== bytes.length) wrong.add(`${code}: ${mnemonic} is ${bytes.length} bytes, not ${length}`);
      else if (!isNamed) wrong.add(`${code}: ${mnemonic}, not ${names.join("/")}`);
    }
    expect([...wrong].slice(0, 30)).toEqual([]);
    expect(count).toBeGreaterThan(10_000);
  },
  120_000,
);

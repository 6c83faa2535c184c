/**
 * Our x87 against the host's: every escape instruction, random and special operands, all rounding and
 * precision modes, masked and unmasked exceptions, empty and full stacks. SLIPWAY_SEED replays a seed,
 * SLIPWAY_COUNT sets the cases for each instruction (evidence runs take 20,000).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileAssembly } from "../fuzz/cpu/native/assembly.ts";
import { NativeRunner, missingForNative } from "../fuzz/cpu/native/native-runner.ts";
import { X87Comparer } from "../fuzz/cpu/native/x87-cases.ts";
import type { Escape } from "../fuzz/cpu/native/x87-cases.ts";

const missing = missingForNative();
const SEED = Number(process.env["SLIPWAY_SEED"] ?? 1);
const COUNT = Number(process.env["SLIPWAY_COUNT"] ?? 150);

/** fsin and its kin are not exact: cpu-f80-transcendental.test.ts. fnstsw ax is the interpreter's. */
const NOT_HERE = new Set([0xd9f0, 0xd9f1, 0xd9f2, 0xd9f3, 0xd9f9, 0xd9fb, 0xd9fe, 0xd9ff, 0xdfe0]);

function memoryForms(opcode: number): Escape[] {
  const rows = [0, 1, 2, 3, 4, 5, 6, 7];
  const plain = rows.map((row) => ({ opcode, modrm: row << 3 | 7 }));
  const images = opcode === 0xd9 || opcode === 0xdd ? [4, 6].map((row) => ({ opcode, modrm: row << 3 | 7, isShort: true })) : [];
  return [...plain, ...images];
}

function registerForms(opcode: number): Escape[] {
  return Array.from({ length: 64 }, (_, index) => ({ opcode, modrm: 0xc0 | index }))
    .filter(({ modrm }) => !NOT_HERE.has(opcode << 8 | modrm));
}

describe.skipIf(missing !== undefined)("x87 as the host's", () => {
  let runner: NativeRunner;
  let comparer: X87Comparer;

  beforeAll(async () => {
    runner = await NativeRunner.start();
    comparer = new X87Comparer(await compileAssembly('export * from "./f80";'), runner);
  });
  afterAll(() => runner.stop());

  test.each([0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf])("escape %i with a memory operand", async (opcode) => {
    const forms = memoryForms(opcode);
    const { mismatches } = await comparer.compare(forms, COUNT * forms.length, SEED * 64 + opcode);
    expect(mismatches).toEqual([]);
  }, 600_000);

  test.each([0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf])("escape %i with registers", async (opcode) => {
    const forms = registerForms(opcode);
    const { mismatches } = await comparer.compare(forms, Math.ceil(COUNT / 3) * forms.length, SEED * 64 + 32 + opcode);
    expect(mismatches).toEqual([]);
  }, 600_000);
});

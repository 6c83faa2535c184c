/**
 * Random programs on the host's processor and on ours: a small seeded run. The large ones are made by
 * `node test/fuzz/cpu-evidence.mjs`.
 */
import { expect, test } from "vitest";
import { ROWS } from "../../../runtime/cpu/spec/rows.ts";
import { interpreterModule } from "../../support/cpu-module.ts";
import { makeContent } from "./fuzz.ts";
import { ACCESS, CODE, DATA } from "./instructions.ts";
import { missingForNative, NativeRunner } from "./native/native-runner.ts";
import { allTranslations, describeProgramMismatch, drawState, ProgramSubject, runPrograms } from "./program-subject.ts";
import { ProgramWriter, RowMenu } from "./programs.ts";
import { Random } from "./random.ts";

const SEED = Number(process.env["CPU_FUZZ_SEED"] ?? 1);
const BATCHES = Number(process.env["CPU_FUZZ_BATCHES"] ?? 4);

test.skipIf(missingForNative() !== undefined)(
  "programs of forty instructions end as they do on the host's processor",
  async () => {
    const module = await interpreterModule();
    const content = makeContent(new Random(SEED));
    const runner = await NativeRunner.start();
    runner.setPages({ base: DATA, access: ACCESS, content, code: CODE });
    const subjects = allTranslations(module, content);
    const menu = new RowMenu(ROWS);
    const mismatches: string[] = [];
    const sums = { instructions: 0, runs: 0, faults: 0, endless: 0 };
    for (let batch = 0; batch < BATCHES; batch++) {
      const result = await runPrograms(runner, subjects, menu, { seed: SEED * 1000 + batch, programs: 300, length: 40 });
      mismatches.push(...result.mismatches.map(describeProgramMismatch));
      for (const name of ["instructions", "runs", "faults", "endless"] as const) sums[name] += result[name];
    }
    await runner.stop();
    if (process.env["CPU_FUZZ_SHOW"] !== undefined) process.stderr.write(`${JSON.stringify(sums)}\n`);
    expect(mismatches.slice(0, 10).join("\n")).toBe("");
    // The programs are worth running: most get to their end.
    expect(sums.faults).toBeLessThan(sums.runs / 2);
    expect(sums.endless).toBeLessThan(sums.runs / 100);
  },
  600_000,
);

test("registers and flags are the same wherever the fuel ends, hot and cold", async () => {
  const module = await interpreterModule();
  const content = makeContent(new Random(SEED));
  const hot = new ProgramSubject(module, content, "exact");
  const cold = new ProgramSubject(module, content, "cold");
  const random = new Random(SEED + 500);
  const menu = new RowMenu(ROWS);
  let stops = 0;
  for (let count = 0; count < 150 * BATCHES; count++) {
    const program = new ProgramWriter(random, menu).write(40);
    const state = drawState(random, program);
    hot.load(program);
    cold.load(program);
    const trace = hot.trace(program, state, 60);
    expect(trace, Buffer.from(program.bytes).toString("hex", program.start & 4095, program.end & 4095)).toEqual(
      cold.trace(program, state, 60),
    );
    stops += trace.length;
  }
  expect(stops).toBeGreaterThan(1000);
});

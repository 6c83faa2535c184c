/**
 * Every vector function of the processor against the host's instruction: random and special operands,
 * every immediate, all MXCSR modes, masked and unmasked exceptions. SLIPWAY_SEED replays a seed,
 * SLIPWAY_COUNT sets the cases for each row (evidence runs take 20,000).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileAssembly } from "../fuzz/cpu/native/assembly.ts";
import { NativeRunner, hostFeatures, missingForNative } from "../fuzz/cpu/native/native-runner.ts";
import { VectorComparer } from "../fuzz/cpu/native/vector-cases.ts";
import { vectorEntry, vectorRows } from "../fuzz/cpu/native/vector-table.ts";

const missing = missingForNative();
const lacks = ["sse4_2", "aes", "pclmulqdq"].some((name) => missing === undefined && !hostFeatures().has(name));
const SEED = Number(process.env["SLIPWAY_SEED"] ?? 1);
const COUNT = Number(process.env["SLIPWAY_COUNT"] ?? 150);

describe.skipIf(missing !== undefined || lacks)("vector operations as the host's", () => {
  let runner: NativeRunner;
  let comparer: VectorComparer;

  beforeAll(async () => {
    runner = await NativeRunner.start();
    comparer = new VectorComparer(await compileAssembly(vectorEntry()), runner);
  });
  afterAll(() => runner.stop());

  test.each(vectorRows.map(({ name }, index) => ({ name, index })))("$name", async ({ index }) => {
    expect(await comparer.compare(index, COUNT, SEED * 1000 + index)).toEqual([]);
  }, 600_000);
});

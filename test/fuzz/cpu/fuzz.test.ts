/**
 * A small seeded run for `npm test`. For a large one:
 *   CPU_FUZZ_SEED=1 CPU_FUZZ_COUNT=10000000 npx vitest run --config test/vitest.config.mts test/fuzz/cpu/fuzz
 * and CPU_FUZZ_OPERATION=shld to look at one operation only.
 */
import { expect, test } from "vitest";
import { ROWS } from "../../../runtime/cpu/spec/rows.ts";
import { interpreterModule } from "../../support/cpu-module.ts";
import { describeMismatch, fuzzBatch, makeContent, Subject } from "./fuzz.ts";
import type { Mismatch } from "./fuzz.ts";
import { ACCESS, CODE, DATA, fuzzable } from "./instructions.ts";
import { missingForNative, NativeRunner } from "./native/native-runner.ts";
import { Random } from "./random.ts";

const SEED = Number(process.env["CPU_FUZZ_SEED"] ?? 1);
const COUNT = Number(process.env["CPU_FUZZ_COUNT"] ?? 60_000);
const OPERATION = process.env["CPU_FUZZ_OPERATION"];
const BATCH = 4000;
const MISMATCHES_MAX = 20;

test.skipIf(missingForNative() !== undefined)(
  "instructions do what the host's processor does, hot and cold",
  async () => {
    const module = await interpreterModule();
    const content = makeContent(new Random(SEED));
    const runner = await NativeRunner.start();
    runner.setPages({ base: DATA, access: ACCESS, content, code: CODE });
    const subjects = [new Subject(module, content, false), new Subject(module, content, true)];
    const rows = fuzzable(ROWS).filter((row) => OPERATION === undefined || row.operation === OPERATION);
    const mismatches: Mismatch[] = [];
    for (let done = 0; done < COUNT && mismatches.length < MISMATCHES_MAX; done += BATCH) {
      mismatches.push(...(await fuzzBatch(runner, subjects, rows, SEED + done, BATCH)));
    }
    await runner.stop();
    expect(mismatches.slice(0, MISMATCHES_MAX).map(describeMismatch).join("\n")).toBe("");
  },
  24 * 3600 * 1000,
);

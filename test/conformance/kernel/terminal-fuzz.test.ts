/**
 * The line discipline beside Linux' own: seeded cases of settings, keys, writes and reads, on a real pty and on
 * ours, step by step. SEED and CASES in the environment run others.
 */
import { spawnSync } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { Errno } from "../../../runtime/kernel/abi/errno.ts";
import { Pty } from "../../../runtime/kernel/tty/pty.ts";
import type { Step } from "./terminal-cases.ts";
import { FIXED_CASES, makeCase } from "./terminal-cases.ts";
import { runSteps } from "./terminal-steps.ts";

const ORACLE = new URL("terminal-oracle.py", import.meta.url).pathname;
const SEED = Number(process.env["SEED"] ?? 20_261_121);
const CASES = Number(process.env["CASES"] ?? 25);
const hasPython = spawnSync("python3", ["-c", "import termios"]).status === 0;

/** Milliseconds Linux gets to bring what was typed to the discipline; on a busy machine it may need more. */
const SETTLE_MS = 1;
const SETTLE_AGAIN_MS = 40;

function runNatively(cases: readonly (readonly Step[])[], settleMs: number): readonly (readonly unknown[])[] {
  const { stdout, stderr, status } = spawnSync("python3", [ORACLE, String(settleMs)], {
    input: JSON.stringify(cases),
    maxBuffer: 1 << 28,
  });
  expect(status, stderr.toString()).toBe(0);
  return JSON.parse(stdout.toString()) as readonly (readonly unknown[])[]; // What the oracle prints.
}

test.skipIf(!hasPython)(
  `${CASES} cases from seed ${SEED} give what Linux gives (needs python3)`,
  () => {
    const cases: (readonly Step[])[] = [...FIXED_CASES];
    for (let index = 0; index < CASES; index++) cases.push(makeCase(SEED + index));
    const native = runNatively(cases, SETTLE_MS);
    for (const [index, steps] of cases.entries()) {
      const ours = runSteps(steps);
      if (isDeepStrictEqual(ours, native[index])) continue;
      const [again = []] = runNatively([steps], SETTLE_AGAIN_MS);
      const name = index < FIXED_CASES.length ? `case ${index}` : `seed ${SEED + index - FIXED_CASES.length}`;
      expect(
        steps.map((step, at) => [...step, ours[at]]),
        name,
      ).toEqual(steps.map((step, at) => [...step, again[at]]));
    }
  },
  300_000,
);

test("a pair without a master refuses what is written", () => {
  const pty = new Pty(0, () => 0);
  pty.masterClosed();
  expect(pty.write(Uint8Array.of(1))).toBe(-Errno.EIO);
});

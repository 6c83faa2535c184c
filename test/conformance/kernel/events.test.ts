/** Signals, timers, readiness, seccomp, inotify, and wakes under load: the same programs natively and under our kernel. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

test
  .skipIf(!hasCompiler || !isRoot)
  .each(["signals", "signal-registers", "timers", "readiness", "seccomp", "inotify", "event-stress"])(
  "%s.c prints what it prints natively",
  async (name) => {
    const program = compile(name);
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(runNatively(program).stdout.split("\n"));
    expect(guest.status).toBe(0);
  },
  30_000,
);

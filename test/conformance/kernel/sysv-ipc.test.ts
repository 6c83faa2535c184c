/** System V IPC: the same programs natively, in ipc and mount namespaces of their own, and under our kernel. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

test.skipIf(!hasCompiler || !isRoot).each(["sysv-shm", "sysv-sem", "sysv-msg"])(
  "%s.c prints what it prints natively",
  async (name) => {
    const program = compile(name);
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(runNatively(program, [], ["-i", "-m"]).stdout.split("\n"));
    expect(guest.status).toBe(0);
  },
  30_000,
);

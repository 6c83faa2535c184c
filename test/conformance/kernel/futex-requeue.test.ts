/** Requeueing to mutexes that inherit priorities: the same program natively and under our kernel. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

test.skipIf(!hasCompiler || !isRoot)(
  "futex-requeue-pi.c prints what it prints natively",
  async () => {
    const program = compile("futex-requeue-pi", ["-pthread"]);
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(runNatively(program).stdout.split("\n"));
    expect(guest.status).toBe(0);
  },
  20_000,
);

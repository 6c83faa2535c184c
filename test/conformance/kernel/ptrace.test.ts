/** ptrace(2) and its quieter relatives: the same programs natively, in namespaces of their own, and here. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

test.skipIf(!hasCompiler || !isRoot).each(["ptrace", "other-memory"])(
  "%s.c prints what it prints natively",
  async (name) => {
    const program = compile(name);
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(runNatively(program, [], ["-m", "-p", "-f"]).stdout.split("\n"));
    expect(guest.status).toBe(0);
  },
  20_000,
);

/** What processes ask and do, natively and here: the same static program, the same lines. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

const TOPICS = [
  ["process-questions"],
  ["memory"],
  ["shared-memory"],
  ["shared-files"],
  ["futex"],
  ["threads"],
  ["exec"],
] as const;

test.skipIf(!hasCompiler || !isRoot).each(TOPICS)(
  "%s: the same lines as on Linux",
  async (name) => {
    const program = compile(name);
    const native = runNatively(program);
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(native.stdout.split("\n"));
    expect(guest.status).toBe(native.status);
  },
  60_000,
);

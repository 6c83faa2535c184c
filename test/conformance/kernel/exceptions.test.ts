/** What the processor raises, as signals; and code that changes: natively and here. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

const PROGRAMS = [
  { name: "exceptions", what: "every exception is the signal, code and address it is on Linux" },
  { name: "changing-code", what: "code that changed by a store, a system call, fork or mmap is what runs" },
];

test.skipIf(!hasCompiler || !isRoot).each(PROGRAMS)("$what", async ({ name }) => {
  const program = compile(name);
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runNatively(program).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

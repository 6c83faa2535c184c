/** Credentials, capabilities and what exec makes of them: the same program natively and here. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

test.skipIf(!hasCompiler || !isRoot)("ids, capabilities and securebits change as on Linux", async () => {
  const program = compile("identity");
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runNatively(program).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

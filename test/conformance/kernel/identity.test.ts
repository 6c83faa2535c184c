/** Credentials, capabilities and what exec makes of them: the same program natively and here. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

const TOPICS = [
  ["ids, capabilities and securebits change", "identity"],
  ["a process that has become another reaches its descriptors", "own-descriptors"],
  ["the login uid is set, inherited and kept", "login-uid"],
] as const;

test.skipIf(!hasCompiler || !isRoot).each(TOPICS)("%s as on Linux", async (_, name) => {
  const program = compile(name);
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runNatively(program).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

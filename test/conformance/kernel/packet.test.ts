/** Packet sockets on the loopback: the same program natively, in a network namespace of its own, and here. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

test.skipIf(!hasCompiler || !isRoot)("packet.c prints what it prints natively", async () => {
  const program = compile("packet");
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runNatively(program, [], ["-n"]).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

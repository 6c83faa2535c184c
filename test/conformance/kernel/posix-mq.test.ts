/** POSIX message queues: the same program natively, in ipc and mount namespaces of its own, and under our kernel. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

test.skipIf(!hasCompiler || !isRoot)(
  "posix-mq.c prints what it prints natively",
  async () => {
    const program = compile("posix-mq");
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(runNatively(program, [], ["-i", "-m"]).stdout.split("\n"));
    expect(guest.status).toBe(0);
  },
  20_000,
);

/** The first process of a pid namespace, natively and here. */
import { expect, it } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

it.skipIf(!hasCompiler || !isRoot)(
  "an init takes what it waits for and dies of nothing from inside (needs gcc, root)",
  async () => {
    const program = compile("init-signals");
    const native = runNatively(program, [], ["-f", "-p", "--kill-child"]);
    const here = await runInKernel(program);
    expect(here.stdout).toEqual(native.stdout);
    expect(native.stdout).toContain("caught: 15\n");
    expect(here.status & 0x7f).toBe(11);
  },
);

/**
 * Terminals natively and here: the same static program, the same lines. Natively it mounts a devpts of its own
 * in a mount namespace; here it has a container's.
 */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runNatively } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

test.skipIf(!hasCompiler || !isRoot).each(["terminals", "job-control"])(
  "%s: the same lines as on Linux",
  async (name) => {
    const program = compile(name);
    const native = runNatively(program, [], ["-m"]);
    const host = await KernelHost.start();
    copyIn(host.files, program, "/program");
    const guest = await host.run({ args: ["/program"], isContainer: true });
    expect(guest.stdout.split("\n")).toEqual(native.stdout.split("\n"));
    expect(guest.status).toBe(native.status);
  },
  60_000,
);

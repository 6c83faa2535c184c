/** What processes ask and do, natively and here: the same static program, the same lines. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

const TOPICS = [
  ["process-questions"],
  ["memory"],
  ["wide-arguments"],
  ["beyond"],
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

test.skipIf(!hasCompiler)("resident pages are counted by kind, as on Linux", async () => {
  const program = compile("resident");
  const host = await KernelHost.start();
  copyIn(host.files, program, "/program");
  const guest = await host.run({ args: ["/program"], isContainer: true });
  expect(guest.stdout.split("\n")).toEqual(spawnSync(program).stdout.toString().split("\n"));
});

test.skipIf(!hasCompiler)("a directory of /proc stands for its process, as a pidfd does", async () => {
  const program = compile("pidfd-of-proc");
  const host = await KernelHost.start();
  copyIn(host.files, program, "/program");
  const { stdout } = await host.run({ args: ["/program"], isContainer: true });
  const native = spawnSync(program, { timeout: 10_000 });
  expect(stdout.split("\n")).toEqual(native.stdout.toString().split("\n"));
});

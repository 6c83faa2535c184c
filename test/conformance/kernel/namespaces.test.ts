/** Mounts and namespaces: the same programs natively, in a root of their own, and here. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runInOwnRoot } from "../../support/differential.ts";

test.skipIf(!hasCompiler || !isRoot)(
  "unshare, setns and clone make and enter namespaces as on Linux",
  async () => {
    const program = compile("namespaces");
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(runInOwnRoot(program).stdout.split("\n"));
    expect(guest.status).toBe(0);
  },
);

test.skipIf(!hasCompiler || !isRoot)("mount, umount2 and pivot_root answer as on Linux", async () => {
  const program = compile("mounts");
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runInOwnRoot(program).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

test.skipIf(!hasCompiler || !isRoot)(
  "a sandbox gets a root of its own and loses the old one as on Linux",
  async () => {
    const program = compile("sandbox-root");
    const guest = await runInKernel(program);
    expect(guest.stdout.split("\n")).toEqual(runInOwnRoot(program).stdout.split("\n"));
    expect(guest.status).toBe(0);
  },
);

test.skipIf(!hasCompiler || !isRoot)("the mount calls of Linux 5.2 answer as on Linux", async () => {
  const program = compile("mount-api");
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runInOwnRoot(program).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

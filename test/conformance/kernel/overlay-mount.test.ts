/** Overlays mounted by programs: the same program natively, in a root of its own, and here with the backend's type. */
import { expect, test } from "vitest";
import { registerOverlay } from "../../../runtime/backends/emulated/pod/overlay-mount.ts";
import { compile, hasCompiler, isRoot, runInKernel, runInOwnRoot } from "../../support/differential.ts";
import { KernelHost } from "../../support/kernel-host.ts";

test.skipIf(!hasCompiler || !isRoot)("mount -t overlay answers as on Linux", async () => {
  const program = compile("overlay-mount");
  const host = await KernelHost.start();
  registerOverlay(host.kernel);
  const guest = await runInKernel(program, [], host);
  expect(guest.stdout.split("\n")).toEqual(runInOwnRoot(program).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

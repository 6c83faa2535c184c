/** Sockets: the same static programs natively (in a network namespace of their own) and under our kernel. */
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

const TOPICS = ["unix-stream", "unix-dgram", "tcp", "udp", "netlink", "socket-options"] as const;

test.skipIf(!hasCompiler || !isRoot).each(TOPICS)("%s answers as on Linux", async (topic) => {
  const program = compile(topic);
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runNatively(program, [], ["-n"]).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

test.skipIf(!hasCompiler || !isRoot)("/proc/net shows sockets as on Linux", async () => {
  const program = compile("proc-net");
  const host = await KernelHost.start();
  copyIn(host.files, program, "/program");
  const guest = await host.run({ args: ["/program"], isContainer: true });
  const native = runNatively(program, [], ["-n", "-m"]);
  expect(guest.stdout.split("\n")).toEqual(native.stdout.split("\n"));
});

/** Limits of control groups as a container meets them: memory.max with its OOM killer, pids.max. */
import { expect, test } from "vitest";
import { compile, hasCompiler } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

const MIB = 1024 * 1024;
const KILLED = 9;

async function hostWith(limits: { machineBytes?: number; memoryBytes?: number; pids?: number }): Promise<KernelHost> {
  const { machineBytes } = limits;
  const host = await KernelHost.start(undefined, machineBytes === undefined ? {} : { memoryBytes: machineBytes });
  copyIn(host.files, compile("limits"), "/limits");
  if (limits.memoryBytes !== undefined) host.cgroup.memoryMax = limits.memoryBytes;
  if (limits.pids !== undefined) host.cgroup.pidsMax = limits.pids;
  return host;
}

test.skipIf(!hasCompiler)("memory beyond memory.max kills the process that has most", async () => {
  const host = await hostWith({ memoryBytes: 24 * MIB });
  expect(await host.run({ args: ["/limits", "memory", "16"] })).toMatchObject({
    status: 0,
    stdout: "there\n",
  });
  expect(await host.run({ args: ["/limits", "memory", "32"] })).toMatchObject({ status: KILLED, stdout: "" });
  expect(host.cgroup.events).toMatchObject({ oom: 1, oomKill: 1 });
  expect(await host.run({ args: ["/limits", "child", "32"] })).toMatchObject({
    status: 0,
    stdout: "signal 9\nthe parent lives\n",
  });
  expect(host.cgroup.events).toMatchObject({ oom: 2, oomKill: 2 });
  expect(host.cgroup.memoryBytes).toBe(0);
  expect(host.cgroup.memoryPeakBytes).toBeLessThanOrEqual(24 * MIB);
});

test.skipIf(!hasCompiler)("without a limit the machine's own memory is the limit", async () => {
  const host = await hostWith({ machineBytes: 24 * MIB });
  expect(await host.run({ args: ["/limits", "child", "32"] })).toMatchObject({
    status: 0,
    stdout: "signal 9\nthe parent lives\n",
  });
  expect(host.cgroup.events).toMatchObject({ oomKill: 1 });
  expect(host.kernel.rootCgroup.events).toMatchObject({ oom: 1, oomKill: 1 });
  expect(host.kernel.rootCgroup.memoryPeakBytes).toBeLessThanOrEqual(24 * MIB);
});

test.skipIf(!hasCompiler)(
  "fork answers EAGAIN at pids.max, and a fork bomb can be ended",
  async () => {
    const host = await hostWith({ pids: 20 });
    expect(await host.run({ args: ["/limits", "fork"] })).toMatchObject({
      status: 0,
      stdout: "19 children, EAGAIN\n0 left\n",
    });
    expect(await host.run({ args: ["/limits", "bomb"] })).toMatchObject({ status: 0, stdout: "over 1\n" });
    expect([host.cgroup.pids, host.cgroup.pidsPeak, host.cgroup.memoryBytes]).toEqual([0, 20, 0]);
  },
  30_000,
);

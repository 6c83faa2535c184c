/** What passes to and from the disk is counted by control group (io.stat), and held back by io.max; cpu.weight shares. */
import { expect, test } from "vitest";
import type { Clock } from "../../../layers/base/clock.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import { Cgroup } from "../../../runtime/kernel/cgroup.ts";
import { ioFiles } from "../../../runtime/kernel/fs/cgroup/io-files.ts";
import { compile, hasCompiler } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

const KIB = 1024;

function fileOf(host: KernelHost, name: string): string {
  const file = ioFiles(host.kernel, host.cgroup)[name];
  // None of these asks who reads.
  return file?.type === "file" ? String(file.text?.(undefined as never)) : "";
}

function write(host: KernelHost, text: string): string {
  try {
    ioFiles(host.kernel, host.cgroup)["io.max"]?.write?.(text, undefined as never);
    return "";
  } catch (thrown) {
    return String(thrown);
  }
}

test.skipIf(!hasCompiler)("io.stat counts the bytes and transfers of a file on the disk", async () => {
  const host = await KernelHost.start();
  copyIn(host.files, compile("disk"), "/disk");
  expect(fileOf(host, "io.stat")).toBe("");
  await host.run({ args: ["/disk", "write", String(256 * KIB), "1"] });
  const { readBytes, writtenBytes, writes } = host.cgroup.io;
  expect([writtenBytes, writes]).toEqual([256 * KIB, 4]);
  expect(await host.run({ args: ["/disk", "read", String(128 * KIB), "1"] })).toMatchObject({ status: 0 });
  expect(host.cgroup.io.readBytes - readBytes).toBeGreaterThanOrEqual(128 * KIB);
  const { io } = host.cgroup;
  expect(fileOf(host, "io.stat")).toBe(
    `8:0 rbytes=${io.readBytes} wbytes=${256 * KIB} rios=${io.reads} wios=4 dbytes=0 dios=0\n`,
  );
  expect(host.kernel.rootCgroup.io.writtenBytes).toBe(256 * KIB);
});

test.skipIf(!hasCompiler)("io.max makes whoever is over it wait", async () => {
  const host = await KernelHost.start();
  copyIn(host.files, compile("disk"), "/disk");
  expect(write(host, "8:0 wbps=1048576 wiops=max")).toBe("");
  expect(fileOf(host, "io.max")).toBe("8:0 rbps=max wbps=1048576 riops=max wiops=max\n");
  const slow = await host.run({ args: ["/disk", "write", String(512 * KIB), "450"] });
  expect(slow.stdout).toBe("waited\n");
  expect(write(host, "8:0 wbps=max")).toBe("");
  expect(fileOf(host, "io.max")).toBe("");
  expect((await host.run({ args: ["/disk", "write", String(512 * KIB), "450"] })).stdout).toBe("at once\n");
});

test.each([
  ["8:0 foo=1", "EINVAL"],
  ["sda rbps=1", "EINVAL"],
  ["8:0 rbps=0", "ERANGE"],
  ["1:3 rbps=1", "ENODEV"],
])("io.max takes what Linux takes: %s", async (written, name) => {
  expect(write(await KernelHost.start(), written)).toContain(name);
});

test.skipIf(!hasCompiler)("two busy groups share the processor by their weights", async () => {
  // A clock that goes on by being looked at: what the host does meanwhile does not count.
  let nowMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => (nowMs += 0.05) };
  const host = await KernelHost.start(undefined, { clock });
  copyIn(host.files, compile("disk"), "/disk");
  const [light, heavy] = [new Cgroup("light", host.cgroup), new Cgroup("heavy", host.cgroup)];
  [light.cpuWeight, heavy.cpuWeight] = [100, 300];
  await Promise.all([light, heavy].map((cgroup) => host.run({ args: ["/disk", "spin", "300"], cgroup })));
  expect(heavy.cpuNs / light.cpuNs).toBeGreaterThan(2);
  expect(heavy.cpuNs / light.cpuNs).toBeLessThan(4.5);
});

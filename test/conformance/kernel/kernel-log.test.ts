/** What dmesg(1) tells of programs that were killed, in the kernel's own sentences. */
import { expect, test } from "vitest";
import { compile, hasCompiler } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

test.skipIf(!hasCompiler)("a program that no memory is left for is named", async () => {
  const host = await KernelHost.start();
  copyIn(host.files, compile("limits"), "/limits");
  host.cgroup.memoryMax = 24 * 1024 * 1024;
  await host.run({ args: ["/limits", "memory", "32"] });
  const start = String.raw`<3>\[ +\d+\.\d{6}\] Memory cgroup out of memory: Killed process \d+ \(limits\) `;
  const sizes = String.raw`total-vm:\d+kB, anon-rss:\d+kB, file-rss:0kB, shmem-rss:0kB, UID:0 oom_score_adj:0`;
  expect(host.kernel.log.text).toMatch(new RegExp(`^${start}${sizes}$`, "m"));
  host.kernel.log.clear();
  expect(host.kernel.log.text).toBe("");
});

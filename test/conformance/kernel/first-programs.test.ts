/** The first programs: static, from the host's own packages, natively and under our kernel. */
import { existsSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

const BUSYBOX = "/bin/busybox";
const isMissing = !existsSync(BUSYBOX);

test
  .skipIf(isMissing)
  .each([
    [["echo", "hello", "world"]],
    [["sh", "-c", "echo $((6 * 7)); for i in 1 2 3; do echo $i; done"]],
    [["uname", "-s"]],
  ])("busybox %j does what it does natively", async (args) => {
  const host = await KernelHost.start();
  copyIn(host.files, BUSYBOX, "/bin/busybox");
  const guest = await host.run({ args: [BUSYBOX, ...args] });
  const native = spawnSync(BUSYBOX, args, { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
  expect({ status: guest.status, stdout: guest.stdout, stderr: guest.stderr }).toEqual({
    status: (native.status ?? 0) << 8,
    stdout: native.stdout.toString(),
    stderr: native.stderr.toString(),
  });
});

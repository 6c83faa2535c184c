/** A host that allows few memories, as a browser does: processes go beyond that, and the end is ENOMEM. */
import { existsSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { copyIn, KernelHost } from "../support/kernel-host.ts";
import type { GuestResult } from "../support/kernel-host.ts";

const BUSYBOX = "/bin/busybox";
const { Memory } = WebAssembly;

afterEach(() => {
  WebAssembly.Memory = Memory;
});

/** From now on the host gives `countMax` memories. */
function allow(countMax: number): void {
  let count = 0;
  const refusing = function (descriptor: WebAssembly.MemoryDescriptor): WebAssembly.Memory {
    count += 1;
    if (count > countMax) throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    return new Memory(descriptor);
  };
  WebAssembly.Memory = refusing as unknown as typeof WebAssembly.Memory;
}

async function shell(script: string): Promise<GuestResult> {
  const host = await KernelHost.start();
  copyIn(host.files, BUSYBOX, "/bin/busybox");
  return host.run({ args: [BUSYBOX, "sh", "-c", script], isContainer: true });
}

test.skipIf(!existsSync(BUSYBOX))("a hundred processes in twelve memories, all of them answer", async () => {
  allow(12);
  const start = "for i in $(busybox seq 100); do { busybox cat /fifo$i; echo $((i * i)); } & done";
  const { stdout, stderr } = await shell(
    `for i in $(busybox seq 100); do busybox mkfifo /fifo$i; done; ${start}
     for i in $(busybox seq 100); do echo line $i > /fifo$i; done; wait; set -- /proc/[0-9]*; echo $#`,
  );
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1);
  const expected = [...numbers.flatMap((number) => [`line ${number}`, String(number * number)]), "1"];
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n").sort()).toEqual(expected.sort());
});

test.skipIf(!existsSync(BUSYBOX))("where the host has no memory left, exec and fork say so and the shell goes on", async () => {
  allow(2);
  const { stdout, stderr } = await shell("/bin/busybox true; echo $?; (echo one; (echo two); echo three); echo four $?");
  expect({ stdout, stderr }).toEqual({
    stdout: "126\none\nfour 2\n",
    stderr: "sh: /bin/busybox: Cannot allocate memory\nsh: can't fork: Cannot allocate memory\n",
  });
});

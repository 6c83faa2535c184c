/** Our strace beside the real one, on the same static busybox: the same lines when addresses and numbers are put aside. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isRoot } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

const BUSYBOX = "/usr/bin/busybox";
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const SCRIPT =
  "echo one > /f; read x < /f; (exit 3); /busybox ls -l /f > /out; /busybox cat /missing; /busybox sh -c 'kill -TERM $$'; exit 4";
const CASES = [
  ["echo", "hello"],
  ["cat", "/missing"],
  ["sh", "-c", SCRIPT],
];
const hasTools = existsSync(BUSYBOX) && spawnSync("strace", ["-V"]).status === 0;

function nativeTrace(args: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), "slipway-strace-"));
  try {
    chmodSync(root, 0o755);
    copyFileSync(BUSYBOX, join(root, "busybox"));
    const output = join(root, "trace");
    writeFileSync(output, "");
    spawnSync("strace", ["-f", "-o", output, "chroot", root, "/busybox", ...args], { env: { PATH } });
    const text = readFileSync(output, "utf8");
    return text.slice(text.lastIndexOf("\n", text.indexOf('execve("/busybox"')) + 1);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function guestTrace(args: readonly string[]): Promise<string> {
  const host = await KernelHost.start();
  copyIn(host.files, BUSYBOX, "/busybox");
  let text = "";
  await host.run({ args: ["/busybox", ...args], env: [`PATH=${PATH}`], strace: (line) => (text += line) });
  return text;
}

/** Lines of each process in the order of births, unfinished ones joined, without what differs between machines. */
function normalised(trace: string): readonly string[] {
  const processes = new Map<string, string[]>();
  for (const line of trace.trimEnd().split("\n")) {
    const [, pid = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const lines = processes.get(pid) ?? [];
    processes.set(pid, lines);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    if (resumed === null) lines.push(text.replace(/ <unfinished \.\.\.>$/, ""));
    else lines.push((lines.pop() ?? "") + (resumed[1] ?? ""));
  }
  const plain = (line: string): string =>
    line
      .replace(/"(\\x[0-9a-f]{2})+"/g, "BYTES")
      .replace(/0x[0-9a-f]{4,}/g, "ADDRESS")
      .replace(/nodename="[^"]*"/, "nodename=NAME")
      .replace(/(getp?pid\(\)|F_DUPFD_CLOEXEC, 10\)|rt_sigreturn\(.*\)) += .*/, "$1")
      .replace(/(set_tid_address\(.*\)|clone\(.*\)|wait4\(.*\)) += \d+/, "$1 = N")
      .replace(/(close|dup2)\(1[01],?/, "$1(SAVED")
      .replace(/read\(1[01],/, "read(SAVED")
      .replace(/si_pid=\w+/, "si_pid=PID")
      .replace(/kill\(\w+,/, "kill(PID,")
      .replace(/st_size=\d+/, "st_size=N")
      .replace(/\) += /, ") = ")
      .replace(/^(write|read)\((.*), "-rw.*/, "$1($2 LISTING");
  // The clock is a call here and none (vdso) on Linux.
  return [...processes.values()]
    .flat()
    .filter((line) => !line.startsWith("time("))
    .map(plain);
}

test.skipIf(!hasTools || !isRoot).each(CASES)("busybox %s %s is traced as strace does", async (...args) => {
  expect(normalised(await guestTrace(args))).toEqual(normalised(nativeTrace(args)));
});

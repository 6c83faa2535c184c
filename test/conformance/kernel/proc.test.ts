/** /proc, /sys and the cgroup tree as a container sees them, read by busybox's own tools. */
import { existsSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";
import type { GuestResult } from "../../support/kernel-host.ts";

const BUSYBOX = "/bin/busybox";
const isMissing = !existsSync(BUSYBOX);

async function inContainer(script: string): Promise<GuestResult> {
  const host = await KernelHost.start();
  copyIn(host.files, BUSYBOX, "/bin/busybox");
  return host.run({ args: [BUSYBOX, "sh", "-c", script], isContainer: true });
}

/** Names of fields, without their numbers. */
function fieldsOf(text: string): readonly string[] {
  return text.split("\n").map((line) => line.replace(/[:\s].*$/, ""));
}

test.skipIf(isMissing)("a container sees its own processes, from 1 on", async () => {
  const { stdout } = await inContainer(
    "busybox ps -o pid,ppid,args; busybox readlink /proc/self/exe; echo /proc/[0-9]*",
  );
  expect(stdout).toMatch(
    /^PID   PPID  COMMAND\n    1     0 \S+ sh -c .*\n    2     1 busybox ps -o pid,ppid,args\n\/bin\/busybox\n\/proc\/1\n$/,
  );
});

test.skipIf(isMissing)("status and stat have the fields that Linux has, in its order", async () => {
  const { stdout } = await inContainer(
    "busybox cat /proc/self/status; echo ==; busybox wc -w < /proc/self/stat",
  );
  const [status = "", stat = ""] = stdout.split("==\n");
  const native = spawnSync("cat", ["/proc/self/status"]).stdout.toString();
  const optional = new Set(["Kthread", "Seccomp_filters", "untag_mask"]);
  const named = (text: string): readonly string[] => fieldsOf(text).filter((name) => !optional.has(name));
  expect(named(status)).toEqual(named(native));
  expect(stat.trim()).toBe("52");
});

test.skipIf(isMissing)("limits are laid out as natively", async () => {
  const { stdout } = await inContainer("busybox cat /proc/self/limits");
  const native = spawnSync("cat", ["/proc/self/limits"]).stdout.toString();
  const names = (text: string): readonly string[] =>
    text.split("\n").map((line) => line.slice(0, 26) + line.slice(68));
  expect(names(stdout)).toEqual(names(native));
});

test.skipIf(isMissing)("docker's masked and read-only paths are masked and read-only", async () => {
  const { stdout, stderr } = await inContainer(
    "echo x > /proc/sys/kernel/hostname; echo $?; busybox ls /sys/firmware; busybox mkdir /sys/fs/cgroup/x; echo $?; busybox grep -c ro, /proc/mounts",
  );
  expect(stdout).toBe("1\n1\n9\n");
  expect(stderr).toContain("/proc/sys/kernel/hostname: Read-only file system");
});

test.skipIf(isMissing)("limits of the container are files of its cgroup", async () => {
  const host = await KernelHost.start();
  copyIn(host.files, BUSYBOX, "/bin/busybox");
  host.cgroup.memoryMax = 64 * 1024 * 1024;
  host.cgroup.pidsMax = 20;
  const script =
    "cd /sys/fs/cgroup; busybox cat memory.max pids.max cpu.max cgroup.procs cgroup.controllers /proc/self/cgroup";
  const { stdout } = await host.run({ args: [BUSYBOX, "sh", "-c", script], isContainer: true });
  expect(stdout).toBe("67108864\n20\nmax 100000\n1\ncpuset cpu io memory pids\n0::/\n");
});

test.skipIf(isMissing)("a descriptor is opened again through its magic link", async () => {
  const { stdout } = await inContainer(
    "echo one > /dev/fd/1 2>/dev/null || echo two > /proc/self/fd/1; echo three | busybox cat /proc/self/fd/0",
  );
  expect(stdout).toMatch(/^(one|two)\nthree\n$/);
});

test.skipIf(isMissing)("a process counts what it reads and writes, in Linux' own lines", async () => {
  const script =
    'busybox seq 2000 > /big; busybox awk \'BEGIN { while ((getline l < "/big") > 0); while ((getline l < "/proc/self/io") > 0) print l }\'';
  const { stdout } = await inContainer(script);
  const native = spawnSync("cat", ["/proc/self/io"]).stdout.toString();
  expect(fieldsOf(stdout)).toEqual(fieldsOf(native));
  const read = Number(/^rchar: (\d+)$/m.exec(stdout)?.[1]);
  expect(read).toBeGreaterThanOrEqual(8893);
  expect(read).toBeLessThan(20_000);
});

test.skipIf(isMissing)("groups are made, limited, filled and frozen where the tree is writable", async () => {
  const host = await KernelHost.start();
  copyIn(host.files, BUSYBOX, "/bin/busybox");
  const script = [
    "busybox mount -o remount,rw /sys/fs/cgroup; cd /sys/fs/cgroup; busybox mkdir shell work; echo $$ > shell/cgroup.procs",
    "echo '+pids +memory' > cgroup.subtree_control; busybox cat cgroup.subtree_control; echo 1 > work/pids.max",
    "busybox sh -c 'echo $$ > work/cgroup.procs; read path < /proc/self/cgroup; echo $path; busybox true & echo forked' 2>&1",
    "busybox cat work/pids.events; busybox sleep 9 & echo $! > work/cgroup.procs; echo 1 > work/cgroup.freeze",
    "busybox cat work/cgroup.events; busybox rmdir work; echo 1 > work/cgroup.kill; wait $!; echo $?; busybox rmdir work; busybox ls -d work",
  ].join("; ");
  const { stdout } = await host.run({ args: [BUSYBOX, "sh", "-c", script], isContainer: true });
  expect(stdout.split("\n")).toEqual([
    "memory pids",
    "0::/work",
    "sh: can't fork: Resource temporarily unavailable",
    "max 1",
    "populated 1",
    "frozen 1",
    "137",
    "",
  ]);
});

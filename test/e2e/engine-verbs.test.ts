/**
 * Docker's verbs on linux/amd64, typed into the real docker command: one `slipway engine`, Debian's busybox and
 * Debian itself. What is compared with a real dockerd is in linux-dockerd.test.ts; here are the verbs one by one.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CommandResult } from "../support/docker-cli.ts";
import { DockerCli, hasDockerCli } from "../support/docker-cli.ts";
import { EngineProcess, hasBuiltCommand } from "../support/engine-process.ts";
import { IMAGES, hasImage } from "../support/site.ts";

const canRun = hasDockerCli && hasBuiltCommand && hasImage("busybox") && hasImage("debian");
const DEBIAN = "debian:bookworm-slim";

describe.skipIf(!canRun)(
  "docker's verbs on linux/amd64 (needs docker 28, the build and npm run images)",
  { timeout: 90_000 },
  () => {
    const directory = mkdtempSync(join(tmpdir(), "slipway-verbs-"));
    const args = ["-H", "tcp://127.0.0.1:0", "--data-root", join(directory, "data"), "--mirror", IMAGES];
    let engine: EngineProcess;
    let docker: DockerCli;

    async function open(): Promise<void> {
      engine = await EngineProcess.start(args);
      docker = new DockerCli(engine.host);
    }

    beforeAll(async () => {
      await open();
      await ok("pull", "-q", "busybox");
      await ok("pull", "-q", DEBIAN);
    });

    afterAll(async () => {
      await engine.stop("SIGKILL");
      docker.dispose();
      rmSync(directory, { recursive: true, force: true });
    });

    /** stdout of a command that must succeed. */
    async function ok(...command: string[]): Promise<string> {
      const result = await docker.run(command);
      expect(result, command.join(" ")).toEqual({ ...result, exitCode: 0 });
      return result.stdout;
    }

    async function refused(...command: string[]): Promise<CommandResult> {
      const result = await docker.run(command);
      expect(result.exitCode, command.join(" ")).not.toBe(0);
      return result;
    }

    /** Asks until `docker inspect` says so: the docker command has no wait for these. */
    async function until(name: string, format: string, expected: string): Promise<void> {
      let seen = "";
      for (let attempt = 0; attempt < 100 && seen !== expected; attempt++) {
        seen = (await ok("inspect", "-f", format, name)).trim();
      }
      expect(seen).toBe(expected);
    }

    async function untilLogged(name: string, text: string): Promise<void> {
      for (let attempt = 0; attempt < 100; attempt++) if ((await ok("logs", name)).includes(text)) return;
      throw new Error(`${name} did not say ${text}`);
    }

    test("restart policies: on-failure counts to its end, always goes on until it is stopped", async () => {
      await ok(
        "run",
        "-d",
        "--name",
        "fails",
        "--restart",
        "on-failure:2",
        DEBIAN,
        "sh",
        "-c",
        "echo try; exit 3",
      );
      await ok("run", "-d", "--name", "always", "--restart", "always", "busybox", "sh", "-c", "sleep 0.1");
      await until("fails", "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}", "exited 2 3");
      expect(await ok("logs", "fails")).toBe("try\ntry\ntry\n");
      await until("always", "{{ge .RestartCount 1}}", "true");
      await ok("stop", "always");
      expect(await ok("inspect", "-f", "{{.State.Status}}", "always")).toBe("exited\n");
    });

    test("stop: the signal asked for, its grace, then SIGKILL", async () => {
      const script = 'trap "echo usr1; exit 9" USR1; echo up; while :; do sleep 0.05; done';
      await ok("run", "-d", "--name", "polite", "--stop-signal", "USR1", "busybox", "sh", "-c", script);
      await ok("run", "-d", "--name", "deaf", "--stop-timeout", "1", "busybox", "sleep", "1000");
      await untilLogged("polite", "up");
      await ok("stop", "polite", "deaf");
      expect(await ok("inspect", "-f", "{{.State.ExitCode}}", "polite", "deaf")).toBe("9\n137\n");
      expect(await ok("logs", "--tail", "1", "polite")).toBe("usr1\n");
    });

    test("--init: pid 1 reaps orphans, forwards signals, and ends as the program ended", async () => {
      const script = 'echo $PPID; (sleep 0.05 &); sleep 0.2; grep -l "^State:.Z" /proc/[0-9]*/status; exit 7';
      const result = await docker.run(["run", "--rm", "--init", "busybox", "sh", "-c", script]);
      expect(result).toMatchObject({ exitCode: 7, stdout: "1\n" });
      const missing = await docker.run(["run", "--rm", "--init", "busybox", "nope"]);
      expect(missing).toMatchObject({
        exitCode: 127,
        stderr: "[FATAL tini (2)] exec nope failed: No such file or directory\n",
      });
      await ok("run", "-d", "--init", "--name", "inited", "busybox", "sleep", "1000");
      expect(await ok("top", "inited", "-o", "pid,args")).toMatch(
        /^PID +COMMAND\n1 +\/sbin\/docker-init -- sleep 1000\n2 +sleep 1000\n$/,
      );
      await ok("stop", "inited");
      expect(await ok("inspect", "-f", "{{.State.ExitCode}}", "inited")).toBe("143\n");
    });

    test("a program beyond --memory is killed, and everybody is told", async () => {
      const result = await docker.run([
        "run",
        "--name",
        "eater",
        "-m",
        "32m",
        DEBIAN,
        "perl",
        "-e",
        '$x = "a" x 99_000_000',
      ]);
      expect(result.exitCode).toBe(137);
      expect(await ok("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", "eater")).toBe(
        "true 137\n",
      );
      const events = await ok(
        "events",
        "--since",
        "1h",
        "--until",
        "-1s",
        "--filter",
        "container=eater",
        "--format",
        "{{.Action}}",
      );
      expect(events.trim().split("\n").slice(-2)).toEqual(["oom", "die"]);
    });

    test("what the machine lacks is named: calls that are not there, an instruction it does not have", async () => {
      // Docker's own seccomp profile would answer both before the kernel is asked.
      const unconfined = ["--name", "lacks", "--security-opt", "seccomp=unconfined"];
      await ok("create", ...unconfined, DEBIAN, "sh", "-c", "perl -e 'syscall(1023); syscall(176, 0, 0)'; exec /avx512");
      const program = join(directory, "avx512");
      writeFileSync(program, elfOf(ADD_512_BITS), { mode: 0o755 });
      await ok("cp", program, "lacks:/avx512");
      expect((await docker.run(["start", "-a", "lacks"])).exitCode).toBe(128 + 4);
      const [inspected] = JSON.parse(await ok("inspect", "lacks")) as { Diagnostics?: object }[];
      expect(inspected?.Diagnostics).toEqual({
        MissingCalls: { syscall_1023: 1, delete_module: 1 },
        IllegalInstructions: [expect.stringMatching(/^avx512 at 0x400078: 62 f1 7c 48 58 c1/)],
      });
      const [clean] = JSON.parse(await ok("inspect", await ok("run", "-d", DEBIAN, "true").then((id) => id.trim()))) as object[];
      expect(clean).not.toHaveProperty("Diagnostics");
    });

    test("commit: the files and the configuration of a running container, as an image", async () => {
      await ok("run", "-d", "--name", "source", DEBIAN, "sleep", "1000");
      await ok("commit", "source", "unchanged");
      expect(await ok("history", "--format", "{{.Size}}", "unchanged")).toMatch(/^0B\n/);
      await ok("exec", "source", "sh", "-c", "echo data > /root/kept; rm /etc/issue");
      await ok(
        "commit",
        "-m",
        "why",
        "-c",
        'CMD ["sh", "-c", "cat /root/kept; ls /etc/issue"]',
        "source",
        "made:1",
      );
      expect(await docker.run(["run", "--rm", "made:1"])).toMatchObject({ exitCode: 2, stdout: "data\n" });
      expect(await ok("history", "--format", "{{.CreatedBy}} {{.Size}} {{.Comment}}", "made:1")).toMatch(
        /^sleep 1000 5B why\n/,
      );
      expect(await ok("inspect", "-f", "{{.State.Status}}", "source")).toBe("running\n");
      await ok("rm", "-f", "source");
    });

    test("exec, cp both ways, diff, export, update, rename, pause, stats of a running container", async () => {
      await ok("run", "-d", "--name", "first", "busybox", "sleep", "1000");
      await ok("rename", "first", "busy");
      await ok("exec", "-d", "busy", "sh", "-c", "echo behind > /tmp/behind");
      expect(
        await ok("exec", "-u", "1000", "-w", "/tmp", "-e", "A=b", "busy", "sh", "-c", "id -u; pwd; echo $A"),
      ).toBe("1000\n/tmp\nb\n");
      writeFileSync(join(directory, "file"), "from outside\n");
      await ok("cp", join(directory, "file"), "busy:/root/in");
      await ok("cp", "busy:/root/in", join(directory, "out"));
      expect(readFileSync(join(directory, "out"), "utf8")).toBe("from outside\n");
      const tar = execFileSync("tar", ["-C", directory, "-c", "file"]);
      execFileSync("docker", ["cp", "-", "busy:/root"], { env: docker.environment, input: tar });
      expect(await ok("exec", "busy", "cat", "/root/file")).toBe("from outside\n");
      expect(await ok("diff", "busy")).toBe("C /root\nA /root/file\nA /root/in\nC /tmp\nA /tmp/behind\n");
      const exported = execFileSync("docker", ["export", "busy"], {
        env: docker.environment,
        maxBuffer: 1 << 26,
      });
      expect(execFileSync("tar", ["-xO", "root/in"], { input: exported }).toString()).toBe("from outside\n");
      await ok(
        "update",
        "--memory",
        "64m",
        "--memory-swap",
        "64m",
        "--cpus",
        "0.5",
        "--pids-limit",
        "20",
        "busy",
      );
      expect(await ok("exec", "busy", "sh", "-c", "cd /sys/fs/cgroup; cat memory.max pids.max cpu.max")).toBe(
        "67108864\n20\n50000 100000\n",
      );
      const stats = await ok("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}} {{.PIDs}}", "busy");
      expect(stats).toMatch(/^busy [\d.]+[KM]iB \/ 64MiB 1\n$/);
      await ok("pause", "busy");
      expect((await refused("exec", "busy", "true")).stderr).toContain("Container busy is paused");
      await ok("unpause", "busy");
      await ok("rm", "-f", "busy");
    });

    test("logs: -f to the end, --tail, -t; env files; wait; prune", async () => {
      writeFileSync(join(directory, "env"), "A=file\nB=two words\n");
      const script = "echo $A/$B/$C; sleep 0.2; echo late";
      await ok(
        "run",
        "-d",
        "--name",
        "talker",
        "--env-file",
        join(directory, "env"),
        "-e",
        "C=3",
        "busybox",
        "sh",
        "-c",
        script,
      );
      expect(await ok("logs", "-f", "talker")).toBe("file/two words/3\nlate\n");
      expect(await ok("wait", "talker")).toBe("0\n");
      expect(await ok("logs", "--tail", "1", "-t", "talker")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z late\n$/);
      expect(await ok("container", "prune", "-f")).toContain("Deleted Containers:");
      expect(await ok("ps", "-aq", "--filter", "status=exited")).toBe("");
    });

    test("what was closed is there after the engine is killed, and the container goes on with it", async () => {
      const script =
        "cat /root/n; i=0; while :; do i=$((i+1)); echo $i > /root/next; mv /root/next /root/n; echo $i; done";
      await ok("create", "--name", "writer", "busybox", "sh", "-c", script);
      let before = "";
      for (let round = 0; round < 2; round++) {
        const lines = linesOf(docker.start(["start", "-a", "writer"]));
        const first = await lines.next();
        if (before !== "") expect(first).toBe(before);
        for (let count = Math.random() * 10; count > 0; count--) await lines.next();
        await engine.stop("SIGKILL");
        docker.dispose();
        await open();
        expect(await ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "writer")).toBe(
          "exited 255\n",
        );
        await ok("cp", "writer:/root/n", join(directory, "n"));
        before = readFileSync(join(directory, "n"), "utf8").trim();
        // The file may be ahead of what was said, by what the engine had not passed on; never behind.
        expect(Number(before)).toBeGreaterThanOrEqual(Number(lines.last));
      }
      await ok("rm", "writer");
    });
  },
);

/** What a command says, line by line. */
function linesOf(child: ChildProcessWithoutNullStreams): { next(): Promise<string>; readonly last: string } {
  const reader = createInterface(child.stdout)[Symbol.asyncIterator]();
  let last = "0";
  return {
    async next(): Promise<string> {
      const step = await reader.next();
      if (step.done !== true) last = step.value;
      return last;
    },
    get last(): string {
      return last;
    },
  };
}

/** vaddps zmm0, zmm0, zmm1: AVX-512, which our processor does not have and CPUID does not promise. */
const ADD_512_BITS = [0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc1];

/** The least ELF: one segment, the code behind the headers (elf(5)). */
function elfOf(code: readonly number[]): Uint8Array {
  const [base, headers] = [0x400000n, 120];
  const bytes = new Uint8Array(headers + code.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint32(16, 0x003e0002, true); // ET_EXEC, EM_X86_64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, base + BigInt(headers), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 5, true); // R and X
  view.setBigUint64(80, base, true);
  view.setBigUint64(88, base, true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, 0x1000n, true);
  bytes.set(code, headers);
  return bytes;
}

/**
 * Processes of the WASI backend in Node: how they start and fail to, how they end, what they read and
 * write, what limits them, and that nothing is left of them.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import type { Task } from "../../runtime/backends/backend.ts";
import type { WasiBackend } from "../../runtime/backends/wasi/wasi-backend.ts";
import { nodeBackend, run, taskSpec } from "./wasi-backend-support.ts";
import { toolboxModule } from "./wasi-toolbox-module.ts";

// Machines that test are shared: nothing here is timed but by its own assertions.
vi.setConfig({ testTimeout: 120_000 });

const hasClang = spawnSync("clang", ["--version"]).status === 0;
const MIB = 1024 * 1024;

let scratch = "";
let backend: WasiBackend;

beforeAll(async () => {
  if (!hasClang) return;
  scratch = mkdtempSync(join(tmpdir(), "slipway-wasi-"));
  const module = await toolboxModule();
  const image = join(scratch, "image");
  for (const folder of ["bin", "etc", "tmp", "data"])
    mkdirSync(join(image, folder), { recursive: true });
  cpSync(module, join(image, "bin/toolbox"));
  for (const name of [
    "cat",
    "echo",
    "exit",
    "crash",
    "spin",
    "alloc",
    "sleep",
    "yes",
    "tty",
    "args",
    "ls",
    "touch",
    "env",
    "seq",
    "append",
  ]) {
    symlinkSync("toolbox", join(image, "bin", name));
  }
  writeFileSync(join(image, "etc/motd"), "Welcome.\n");
  writeFileSync(
    join(image, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:\n",
  );
  writeFileSync(join(image, "bin/script"), "#!/bin/echo run by\nnothing\n");
  writeFileSync(join(image, "bin/elf"), Buffer.from("\x7fELF\x02\x01\x01", "latin1"));
  writeFileSync(
    join(image, "bin/broken"),
    Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 200, 1]),
  );
  writeFileSync(join(image, "bin/component"), Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
  backend = await nodeBackend(scratch);
});

afterAll(() => {
  if (!hasClang) return;
  backend.dispose();
  rmSync(scratch, { recursive: true });
});

const layers = ["image"];
const go = (...args: string[]) => run(backend, { args, layers });

/** What a person with a terminal does: types, and reads what the screen shows. */
async function atTerminal(
  args: readonly string[],
  use: (screen: Screen) => Promise<void>,
): Promise<{ exitCode: number; screen: string }> {
  const task = await backend.create(taskSpec({ args, layers, hasTerminal: true, hasStdin: true }));
  const screen = new Screen(task);
  await task.start();
  await use(screen);
  const { exitCode } = await task.exited;
  await screen.ended;
  task.dispose();
  await task.closed();
  return { exitCode, screen: screen.text };
}

class Screen {
  text = "";
  readonly ended: Promise<void>;
  readonly #task: Task;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(task: Task) {
    this.#task = task;
    this.#writer = task.stdin.getWriter();
    this.ended = this.#read();
  }

  async #read(): Promise<void> {
    for await (const bytes of this.#task.stdout as ReadableStream<Uint8Array> &
      AsyncIterable<Uint8Array>)
      this.text += decodeUtf8(bytes);
  }

  type(keys: string): Promise<void> {
    return this.#writer.write(encodeUtf8(keys));
  }

  async shows(expected: string): Promise<void> {
    await expect.poll(() => this.text, { timeout: 10_000, interval: 5 }).toContain(expected);
  }
}

describe.skipIf(!hasClang)("starting", () => {
  test("a program is found in PATH and keeps its name", async () => {
    expect(await go("args", "x")).toMatchObject({ exitCode: 0, stdout: "0: args\n1: x\n" });
  });

  test("a program is found by a path relative to the working directory", async () => {
    expect(
      await run(backend, { args: ["../bin/echo", "here"], layers, workingDirectory: "/etc" }),
    ).toMatchObject({ stdout: "here\n" });
  });

  test("a script runs its interpreter", async () => {
    expect(await go("script", "argument")).toMatchObject({
      stdout: "run by /bin/script argument\n",
    });
  });

  test.each([
    [["nope"], 127, 'exec: "nope": executable file not found in $PATH'],
    [["/bin/nope"], 127, 'exec: "/bin/nope": stat /bin/nope: no such file or directory'],
    [["/etc"], 126, 'exec: "/etc": is a directory'],
    [["/etc/motd"], 126, "exec /etc/motd: exec format error"],
    [["elf"], 126, "exec /bin/elf: exec format error"],
    [
      ["/bin/component"],
      126,
      "exec /bin/component: exec format error (a WebAssembly component; only core modules run here)",
    ],
    [["echo", "a\0b"], 126, 'exec: "echo": invalid argument'],
  ])("%j fails with %i", async (args, exitCode, message) => {
    await expect(go(...args)).rejects.toMatchObject({
      kind: "invalidParameter",
      message,
      data: { exitCode },
    });
  });

  test("a damaged module is an exec format error with the reason", async () => {
    const failure = {
      message: expect.stringContaining("exec /bin/broken: exec format error: "),
      data: { exitCode: 126 },
    };
    await expect(go("broken")).rejects.toMatchObject(failure);
  });

  test("an unknown user is refused in Docker's words", async () => {
    const message = "unable to find user ghost: no matching entries in passwd file";
    await expect(run(backend, { args: ["echo"], layers, user: "ghost" })).rejects.toMatchObject({
      kind: "invalidParameter",
      message,
    });
  });

  test("environment: exactly what was given, with the user's HOME when there is none", async () => {
    const env = ["PATH=/bin", "A=1", "B=x=y", "EMPTY="];
    expect((await run(backend, { args: ["env"], layers, env, user: "user" })).stdout).toBe(
      `${env.join("\n")}\nHOME=/home/user\n`,
    );
  });

  test("arguments that are no text arrive as their bytes, and never break the start", async () => {
    const stdout = "0: args\n1: \\xff\\xfe\n2: \n3: \\xef\\xbf\\xbd\n";
    expect(await go("args", "\udcff\udcfe", "", "\ud800")).toMatchObject({ exitCode: 0, stdout });
  });

  test("without isolation nothing starts and the reason says what to do", async () => {
    const { WasiBackend: Backend } = await import("../../runtime/backends/wasi/wasi-backend.ts");
    const isolated = new Backend({
      spawnPod: () => Promise.reject(new Error("never")),
      isIsolated: false,
    });
    expect(isolated.unavailable()).toContain("Cross-Origin-Opener-Policy: same-origin");
    await expect(isolated.create(taskSpec({ args: ["echo"], layers }))).rejects.toMatchObject({
      kind: "unavailable",
    });
  });
});

describe.skipIf(!hasClang)("ending", () => {
  test.each([
    ["abort", 134, "wasm trap: unreachable\n    at abort"],
    ["memory", 139, "wasm trap: memory access out of bounds\n"],
    ["divide", 136, "wasm trap: divide by zero\n"],
    ["stack", 139, "wasm trap: "],
  ])("a trap by %s exits with %i, says why, and loses no output", async (how, exitCode, why) => {
    const result = await go("crash", how);
    expect(result).toMatchObject({ exitCode, stdout: "before\n", isOomKilled: false });
    expect(result.stderr).toContain(why);
  });

  test.each([
    [9, 137],
    [15, 143],
    [2, 130],
    [1, 129],
  ])("signal %i stops a tight loop at once: %i", async (signal, exitCode) => {
    const task = await backend.create(taskSpec({ args: ["spin"], layers }));
    await task.start();
    const reader = task.stdout.getReader();
    // The newline may come as a piece of its own.
    let spoken = "";
    while (!spoken.endsWith("\n"))
      spoken += decodeUtf8((await reader.read()).value ?? new Uint8Array());
    expect(spoken).toBe("spinning\n");
    const started = performance.now();
    await task.kill(signal);
    expect((await task.exited).exitCode).toBe(exitCode);
    const killedMs = performance.now() - started;
    expect((await reader.read()).done).toBe(true);
    task.dispose();
    await task.closed();
    expect(killedMs).toBeLessThan(2000);
  });

  test("signals that a process ignores by default do nothing; those that stop it are refused", async () => {
    const result = await run(backend, { args: ["sleep", "0.2"], layers }, async (task) => {
      await task.kill(28);
      await task.kill(18);
      await expect(task.kill(19)).rejects.toMatchObject({ kind: "notImplemented" });
      await expect(task.pause()).rejects.toMatchObject({ kind: "notImplemented" });
    });
    expect(result.exitCode).toBe(0);
  });

  test("killing what has exited is a conflict", async () => {
    await run(backend, { args: ["echo"], layers }, async (task) => {
      await task.exited;
      await expect(task.kill(9)).rejects.toMatchObject({ kind: "conflict" });
    });
  });
});

describe.skipIf(!hasClang)("streams", () => {
  test("eight megabytes reach a slow reader whole, and the guest waits meanwhile", async () => {
    const task = await backend.create(taskSpec({ args: ["seq", "1100000"], layers }));
    await task.start();
    const reader = task.stdout.getReader();
    let sizeBytes = 0;
    let last = "";
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      sizeBytes += step.value.length;
      last = decodeUtf8(step.value.subarray(-8));
      if (sizeBytes < MIB) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([sizeBytes, last]).toEqual([7_688_896, "1100000\n"]);
    expect((await task.exited).exitCode).toBe(0);
    task.dispose();
    await task.closed();
  });

  test("an endless writer nobody reads is held up, not buffered, and can be killed", async () => {
    const task = await backend.create(taskSpec({ args: ["yes"], layers }));
    await task.start();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = await task.statistics();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const after = await task.statistics();
    // Waiting in fd_write: no processor time passes.
    expect(Number(after.cpuUsageNs - before.cpuUsageNs)).toBeLessThan(50e6);
    await task.kill(9);
    await task.stdout.cancel();
    expect((await task.exited).exitCode).toBe(137);
    task.dispose();
    await task.closed();
  });

  test("stdin streams and its end is end-of-file", async () => {
    const stdin = Uint8Array.from({ length: 300_000 }, (_, index) => index & 0xff);
    const { stdout } = await run(backend, { args: ["cat"], layers, stdin });
    expect(Buffer.from(stdout, "latin1").equals(stdin)).toBe(true);
  });

  test("what is written to stdin before the start is not lost", async () => {
    const task = await backend.create(taskSpec({ args: ["cat"], layers, hasStdin: true }));
    const writer = task.stdin.getWriter();
    const written = writer.write(encodeUtf8("early")).then(() => writer.close());
    await new Promise((resolve) => setTimeout(resolve, 20));
    await task.start();
    await written;
    expect(decodeUtf8(await collectBytes(task.stdout, MIB))).toBe("early");
    expect((await task.exited).exitCode).toBe(0);
    task.dispose();
    await task.closed();
  });

  test("without stdin the guest reads end-of-file at once", async () => {
    expect(await go("cat")).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("devices: null, zero, and the standard streams by name", async () => {
    expect(
      await run(backend, {
        args: ["cat", "/dev/null", "/dev/stdin"],
        layers,
        stdin: encodeUtf8("in"),
      }),
    ).toMatchObject({ exitCode: 0, stdout: "in" });
  });
});

describe.skipIf(!hasClang)("a terminal", () => {
  test("is one, echoes, edits, and ends at ^D", async () => {
    const { exitCode, screen } = await atTerminal(["cat"], async (terminal) => {
      await terminal.type("helo\x7flo\r");
      await terminal.shows("helo\b \blo\r\nhello\r\n");
      await terminal.type("wipe me\x15kept\r");
      await terminal.shows("kept\r\nkept\r\n");
      await terminal.type("\x04");
    });
    expect({ exitCode, ends: screen.endsWith("kept\r\nkept\r\n") }).toEqual({
      exitCode: 0,
      ends: true,
    });
  });

  test("isatty is true for all three, and false for pipes", async () => {
    expect(await atTerminal(["tty"], async () => undefined)).toEqual({
      exitCode: 0,
      screen: "1 1 1\r\n",
    });
    expect(await go("tty")).toMatchObject({ exitCode: 1, stdout: "0 0 0\n" });
  });

  test("^C stops a tight loop with 130", async () => {
    const { exitCode, screen } = await atTerminal(["spin"], async (terminal) => {
      await terminal.shows("spinning\r\n");
      await terminal.type("\x03");
    });
    expect({ exitCode, screen }).toEqual({ exitCode: 130, screen: "spinning\r\n^C" });
  });

  test("^\\ exits with 131; a resize is accepted", async () => {
    const task = await backend.create(
      taskSpec({ args: ["sleep", "20"], layers, hasTerminal: true }),
    );
    await task.start();
    await task.resize({ columns: 100, rows: 30 });
    const writer = task.stdin.getWriter();
    await writer.write(Uint8Array.of(0x1c));
    const screen = collectBytes(task.stdout, MIB);
    expect((await task.exited).exitCode).toBe(131);
    expect(decodeUtf8(await screen)).toBe("^\\");
    task.dispose();
    await task.closed();
  });
});

describe.skipIf(!hasClang)("limits and numbers", () => {
  test("memory beyond the limit is refused inside the guest", async () => {
    const result = await run(backend, { args: ["alloc", "64"], layers, memoryBytes: 16 * MIB });
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toMatch(/^refused after 1[0-5] MiB\n$/);
    expect(
      (await run(backend, { args: ["alloc", "10"], layers, memoryBytes: 16 * MIB })).stdout,
    ).toBe("got 10 MiB\n");
  });

  test("a module that starts with more than the limit is killed as out of memory", async () => {
    expect(await run(backend, { args: ["echo"], layers, memoryBytes: 65_536 })).toMatchObject({
      exitCode: 137,
      isOomKilled: true,
    });
  });

  test("statistics show memory, processor time and limit; top shows the process", async () => {
    await run(
      backend,
      { args: ["alloc", "20", "30"], layers, memoryBytes: 64 * MIB },
      async (task) => {
        await expect
          .poll(async () => (await task.statistics()).memoryUsageBytes)
          .toBeGreaterThan(20 * MIB);
        const { memoryLimitBytes, pids, cpuUsageNs } = await task.statistics();
        expect({ memoryLimitBytes, pids }).toEqual({ memoryLimitBytes: 64 * MIB, pids: 1 });
        expect(Number(cpuUsageNs)).toBeGreaterThan(0);
        expect(await task.top([])).toMatchObject({
          rows: [["root", "1", "0", "00:00:00", "alloc 20 30"]],
        });
        await task.kill(9);
      },
    );
    await run(backend, { args: ["spin"], layers }, async (task) => {
      await expect
        .poll(async () => Number((await task.statistics()).cpuUsageNs))
        .toBeGreaterThan(50e6);
      await task.kill(9);
    });
  });
});

describe.skipIf(!hasClang)("files", () => {
  test("reading a directory fails as on Linux", async () => {
    expect(await go("cat", "/etc")).toMatchObject({
      exitCode: 1,
      stderr: "cat: /etc: Is a directory\n",
    });
  });

  test("mounts cover the image and leave no trace in it", async () => {
    const mounts = [
      { kind: "file", target: "/etc/hosts", content: "127.0.0.1 localhost\n" },
      { kind: "file", target: "/run/secrets/key", content: "k" },
      { kind: "tmpfs", target: "/tmp", options: ["size=1m"] },
    ] as const;
    let changed: unknown;
    const result = await run(
      backend,
      { args: ["cat", "/etc/hosts", "/run/secrets/key"], layers, mounts },
      async (task) => {
        await task.exited;
        changed = await task.files.stat("/run").catch((thrown: unknown) => thrown);
      },
    );
    expect(result.stdout).toBe("127.0.0.1 localhost\nk");
    expect(changed).toMatchObject({ name: "run" });
    expect((await run(backend, { args: ["ls", "/tmp", "/etc"], layers, mounts })).stdout).toBe(
      "hosts\nmotd\npasswd\n",
    );
  });

  test("a read-only root refuses writing and lets a tmpfs be written", async () => {
    const mounts = [{ kind: "tmpfs", target: "/tmp", options: [] }] as const;
    const spec = { args: ["touch", "/etc/new", "/tmp/new"], layers, isReadOnly: true, mounts };
    expect(await run(backend, spec)).toMatchObject({
      exitCode: 1,
      stderr: "touch: /etc/new: Read-only file system\n",
    });
  });

  test("an archive can be put into and taken out of a running container", async () => {
    await run(backend, { args: ["sleep", "20"], layers }, async (task) => {
      const archive = await task.files.readArchive("/etc");
      await task.files.writeArchive("/tmp", archive, { noOverwriteDirNonDir: false });
      expect(await task.files.stat("/tmp/etc/motd")).toMatchObject({ name: "motd", sizeBytes: 9 });
      await expect(task.files.stat("/nowhere")).rejects.toMatchObject({ kind: "notFound" });
      const cat = await task.exec({
        ...taskSpec({ args: ["cat", "/tmp/etc/motd"], layers }).process,
      });
      const output = collectBytes(cat.stdout, MIB);
      await cat.start();
      expect((await cat.exited).exitCode).toBe(0);
      expect(decodeUtf8(await output)).toBe("Welcome.\n");
      await task.kill(15);
    });
  });
});

/** Threads of this process; 0 where the host does not say. */
function threadCount(): number {
  return existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0;
}

describe.skipIf(!hasClang)("lives", () => {
  test("exec fails to start as run does, and several may run at once", async () => {
    await run(backend, { args: ["sleep", "30"], layers }, async (task) => {
      const missing = await task.exec(taskSpec({ args: ["nope"], layers }).process);
      await expect(missing.start()).rejects.toMatchObject({ data: { exitCode: 127 } });
      const codes = await Promise.all(
        [3, 4, 5].map(async (code) => {
          const process = await task.exec(
            taskSpec({ args: ["exit", String(code)], layers }).process,
          );
          await process.start();
          return (await process.exited).exitCode;
        }),
      );
      expect(codes).toEqual([3, 4, 5]);
      await task.kill(9);
    });
  });

  test("a task that was never started, or failed to start, can be disposed", async () => {
    const task = await backend.create(taskSpec({ args: ["echo"], layers }));
    task.dispose();
    await task.closed();
    expect(await go("echo", "next")).toMatchObject({ stdout: "next\n" });
  });

  test("fifty containers one after the other leave no workers behind", async () => {
    await go("echo", "first");
    const threads = threadCount();
    for (let index = 0; index < 50; index++)
      expect((await go("echo", String(index))).stdout).toBe(`${index}\n`);
    await expect.poll(() => backend.podCount).toBeLessThanOrEqual(1);
    // The one pod, or the one that took its place, has its own thread and three of the SDK's.
    await expect.poll(threadCount).toBeLessThanOrEqual(threads + 4);
  });

  test("containers run at the same time in pods of their own", async () => {
    const runs = await Promise.all(
      ["1", "2", "3"].map((code) => run(backend, { args: ["exit", code], layers })),
    );
    expect(runs.map((result) => result.exitCode)).toEqual([1, 2, 3]);
    await expect.poll(() => backend.podCount).toBeLessThanOrEqual(1);
  });
});

/**
 * The kernel as oracle: a Python process (`overlay-kernel.py`) in a mount namespace of its own runs
 * operations on tmpfs and on overlayfs. Names what is missing when it cannot be had.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { DumpedNode, Operation } from "./overlay-operations.ts";

const SCRIPT = new URL("overlay-kernel.py", import.meta.url).pathname;

/** Why there is no oracle here, or undefined. */
export function missingForKernel(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x86-64";
  if (process.getuid?.() !== 0) return "needs root (mount)";
  if (!/\boverlay$/m.test(readFileSync("/proc/filesystems", "utf8"))) return "needs overlayfs in the kernel";
  if (spawnSync("python3", ["--version"]).status !== 0) return "needs python3";
  if (spawnSync("unshare", ["--mount", "true"]).status !== 0) return "needs the right to unshare mounts";
  return undefined;
}

export class Kernel {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #base: string;

  private constructor(base: string) {
    this.#base = base;
    this.#process = spawn("python3", [SCRIPT, base]);
    this.#process.stderr.pipe(process.stderr);
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  static async start(): Promise<Kernel> {
    const kernel = new Kernel(mkdtempSync(join(tmpdir(), "slipway-overlay-")));
    await kernel.#answer();
    return kernel;
  }

  /** Ends the process, and with it every mount and file. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.on("exit", resolve));
    this.#process.stdin.end();
    await ended;
    rmdirSync(this.#base);
  }

  run(directory: string, operations: readonly Operation[]): Promise<string[]> {
    return this.#ask({ request: "run", directory, operations }) as Promise<string[]>;
  }

  dump(directory: string): Promise<DumpedNode[]> {
    return this.#ask({ request: "dump", directory }) as Promise<DumpedNode[]>;
  }

  /** Hexadecimal contents of all files by path. */
  contents(directory: string): Promise<Record<string, string>> {
    return this.#ask({ request: "contents", directory }) as Promise<Record<string, string>>;
  }

  async mount(options: {
    directory: string;
    upper: string;
    work: string;
    lowers: readonly string[];
    index: "on" | "off";
  }): Promise<void> {
    await this.#ask({ request: "mount", ...options });
  }

  async unmount(directory: string): Promise<void> {
    await this.#ask({ request: "unmount", directory });
  }

  async clear(): Promise<void> {
    await this.#ask({ request: "clear" });
  }

  async #ask(request: object): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.#answer();
  }

  async #answer(): Promise<unknown> {
    const step = await this.#answers.next();
    if (step.done === true) throw new Error("the kernel's side has ended");
    const answer = JSON.parse(step.value) as { answer?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.answer;
  }
}

/** `slipway engine` as a process of its own, as a person starts it: built code, a directory, a port. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

export const hasBuiltCommand = existsSync(join(ROOT, ".build/runtime/bridge/command.js"));

export class EngineProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  /** As docker's -H takes it. */
  readonly host: string;

  private constructor(child: ChildProcessWithoutNullStreams, host: string) {
    this.#child = child;
    this.host = host;
  }

  static async start(args: readonly string[]): Promise<EngineProcess> {
    const child = spawn(process.execPath, [join(ROOT, "runtime/bridge/slipway.mjs"), "engine", ...args]);
    let output = "";
    const host = await new Promise<string>((resolve, reject) => {
      const read = (text: Buffer): void => {
        output += text.toString();
        const ready = /ready at (\S+)/.exec(output)?.[1];
        if (ready !== undefined) resolve(ready);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("exit", (code) => reject(new Error(`slipway engine ended with ${code ?? "a signal"}: ${output}`)));
    });
    return new EngineProcess(child, host);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it by `signal`; the exit code, or null when the signal was what ended it. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    return ended;
  }
}

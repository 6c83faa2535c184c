/** Runs the real docker command against an address and gives back what it said. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whether there is a docker command that speaks 1.50 (28.x): older ones say different things. */
export const hasDockerCli = /version 28\./.test(
  spawnSync("docker", ["--version"], { encoding: "utf8" }).stdout || "",
);

/** No docker command may take longer: a hang is a failure, not a slow test. */
const COMMAND_MS_MAX = 20_000;

export class DockerCli {
  readonly #config = mkdtempSync(join(tmpdir(), "slipway-docker-config-"));
  /** For programs that start docker themselves. */
  readonly environment: NodeJS.ProcessEnv;

  constructor(host: string) {
    this.environment = {
      PATH: process.env["PATH"],
      HOME: this.#config,
      DOCKER_HOST: host,
      DOCKER_CONFIG: this.#config,
      TZ: "UTC",
      SHELL: "/bin/sh",
    };
  }

  start(args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn("docker", [...args], { env: this.environment });
  }

  async run(args: readonly string[], stdin = ""): Promise<CommandResult> {
    const child = this.start(args);
    const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_MS_MAX);
    const output = finished(child);
    child.stdin.on("error", () => undefined); // The command ended without reading.
    child.stdin.end(stdin);
    const result = await output;
    clearTimeout(timer);
    return result;
  }

  dispose(): void {
    rmSync(this.#config, { recursive: true, force: true });
  }
}

export function finished(child: ChildProcessWithoutNullStreams): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ exitCode: code ?? -1, stdout, stderr }));
  });
}

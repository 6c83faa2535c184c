/** One command line, run by the real docker client and by ours, against the same server. */
import { execFileSync, spawn } from "node:child_process";
import { systemClock } from "../../../layers/base/clock.ts";
import { disposable } from "../../../layers/base/disposable.ts";
import { streamOf } from "../../../layers/base/streams.ts";
import { runDocker } from "../../../runtime/cli/docker.ts";
import type { DockerIo, Terminal } from "../../../runtime/cli/io.ts";
import type { KeyValue } from "../../../runtime/client/docker-config.ts";
import { DockerConfigStore, MemoryKeyValue } from "../../../runtime/client/docker-config.ts";
import { EngineClient } from "../../../runtime/client/engine-client.ts";
import type { NodeTransport } from "./node-transport.ts";

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The version of the docker client on this machine; undefined when there is none. */
export function realDockerVersion(): string | undefined {
  try {
    return /version ([^,]+)/.exec(execFileSync("docker", ["--version"], { encoding: "utf8" }))?.[1];
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}

/** The version whose output ours is. */
export const WANTED_VERSION = "28.2.2";

export async function runReal(
  host: string,
  args: readonly string[],
  stdin = "",
  env: Record<string, string> = {},
): Promise<Outcome> {
  const child = spawn("docker", args, {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/root", DOCKER_HOST: host, ...env },
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (piece: Buffer) => (text.stdout += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (text.stderr += piece.toString()));
  // The client may end before it has read all of its stdin.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const exitCode = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  return { ...text, exitCode };
}

/** What the real client shows on a terminal of `columns`, stdout and stderr in one. */
export async function runOnTerminal(host: string, line: string, columns: number): Promise<string> {
  const command = `stty cols ${columns} rows 40; exec docker ${line}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/root", DOCKER_HOST: host, SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (piece: Buffer) => (text += piece.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  return text;
}

export interface OurOptions {
  /** Given: all three streams are a terminal this wide. */
  readonly columns?: number;
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  readonly config?: KeyValue;
}

/** `both` is stdout and stderr in the order they were written. */
export async function runOurs(
  transport: NodeTransport,
  args: readonly string[],
  options: OurOptions = {},
): Promise<Outcome & { both: string }> {
  const text = { stdout: "", stderr: "", both: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const sink = (name: "stdout" | "stderr"): DockerIo["stdout"] => ({
    write: async (bytes) => {
      const piece = decoders[name].decode(bytes, { stream: true });
      text[name] += piece;
      text.both += piece;
    },
  });
  const isTerminal = options.columns !== undefined;
  const exitCode = await runDocker(args, {
    stdin: streamOf(new TextEncoder().encode(options.stdin ?? "")),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    isTerminal: { stdin: isTerminal, stdout: isTerminal, stderr: isTerminal },
    ...(isTerminal ? { terminal: terminalOf(options.columns ?? 0) } : {}),
    onSignal: () => disposable(() => undefined),
    env: options.env ?? {},
    config: new DockerConfigStore(options.config ?? new MemoryKeyValue()),
    client: new EngineClient(transport),
    clock: systemClock,
  });
  return { ...text, exitCode };
}

function terminalOf(columns: number): Terminal {
  return {
    size: () => ({ columns, rows: 40 }),
    onResize: () => disposable(() => undefined),
    setRaw: () => undefined,
    setEcho: () => undefined,
  };
}

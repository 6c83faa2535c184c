/** Node's own WASI as the oracle: the same program on a folder of this machine, in a child process. */
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readTar } from "../../layers/tar/archive.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { collectBytes } from "../../layers/base/streams.ts";

export interface OracleRun {
  readonly module: string;
  readonly root: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly stdin: Uint8Array | undefined;
}

export interface OracleResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const SCRIPT = fileURLToPath(new URL("wasi-oracle.mjs", import.meta.url));
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export function runOracle(run: OracleRun): OracleResult {
  const guestEnv = Object.fromEntries(run.env.map((variable) => variable.split("=", 2)));
  const done = spawnSync(process.execPath, ["--no-warnings", SCRIPT, run.module, run.root, ...run.args], {
    env: { GUEST_ENV: JSON.stringify(guestEnv) },
    input: run.stdin ?? new Uint8Array(),
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: "latin1",
  });
  return { exitCode: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** A tree as lines: path, type and content or link target, sorted. */
export function treeOfDirectory(directory: string, prefix = ""): string[] {
  const lines: string[] = [];
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    const shown = `${prefix}${name}`;
    const status = lstatSync(path);
    if (status.isDirectory()) lines.push(`${shown}/`, ...treeOfDirectory(path, `${shown}/`));
    else if (status.isSymbolicLink()) lines.push(`${shown} -> ${readlinkSync(path)}`);
    else lines.push(`${shown}: ${contentLine(readFileSync(path))}`);
  }
  return lines.sort();
}

export async function treeOfArchive(archive: ByteStream): Promise<string[]> {
  const contents = new Map<string, string>();
  for await (const entry of readTar(archive)) {
    const { header } = entry;
    const name = header.name.replace(/^\.\//, "").replace(/\/$/, "");
    if (name === "" || name === ".") continue;
    const bytes = await collectBytes(entry.body(), OUTPUT_BYTES_MAX);
    if (header.type === "directory") contents.set(name, "/");
    else if (header.type === "symlink") contents.set(name, ` -> ${header.linkName}`);
    else if (header.type === "hardlink") contents.set(name, contents.get(header.linkName.replace(/^\.\//, "")) ?? ": ?");
    else contents.set(name, `: ${contentLine(bytes)}`);
  }
  return [...contents].map(([name, content]) => name + content).sort();
}

function contentLine(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  return text.length <= 200 ? JSON.stringify(text) : `${text.length} bytes ending in ${JSON.stringify(text.slice(-40))}`;
}

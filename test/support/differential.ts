/**
 * One C program, natively and under our kernel: compiled once into .build, by the hash of its source. The
 * native run happens in a root of its own (chroot into a scratch directory), as the guest's does.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyIn, KernelHost } from "./kernel-host.ts";
import type { GuestResult } from "./kernel-host.ts";

const CACHE = new URL("../../.build/kernel-programs", import.meta.url).pathname;
export const PROGRAMS = new URL("../conformance/kernel/programs", import.meta.url).pathname;

/** A program that waits for ever fails its test instead of holding all of them. */
const NATIVE_MS_MAX = 50_000;

export const hasCompiler = spawnSync("gcc", ["--version"]).status === 0;
export const isRoot = process.getuid?.() === 0;

/** Of a program, and of the headers it may include. */
function sourceDigest(source: string, flags: readonly string[]): string {
  const hash = createHash("sha256").update(readFileSync(source)).update(flags.join(" "));
  for (const name of readdirSync(PROGRAMS).sort())
    if (name.endsWith(".h")) hash.update(readFileSync(join(PROGRAMS, name)));
  return hash.digest("hex").slice(0, 16);
}

/** The static program of programs/<name>.c. */
export function compile(name: string, flags: readonly string[] = []): string {
  const source = join(PROGRAMS, `${name}.c`);
  const digest = sourceDigest(source, flags);
  const target = join(CACHE, `${name}-${digest}`);
  if (existsSync(target)) return target;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  const result = spawnSync("gcc", ["-static", "-O1", "-w", "-o", unfinished, source, ...flags]);
  if (result.status !== 0) throw new Error(`gcc ${name}: ${result.stderr.toString()}`);
  renameSync(unfinished, target);
  return target;
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
}

/** In an empty directory as its root; in namespaces of its own with `unshare` ("-m", "-U", …). */
export function runNatively(program: string, args: readonly string[] = [], unshare: readonly string[] = []): Outcome {
  const root = mkdtempSync(join(tmpdir(), "slipway-native-"));
  try {
    copyFileSync(program, join(root, "program"));
    chmodSync(root, 0o755);
    const enter = ["chroot", root, "/program", ...args];
    const [command = "", ...rest] = unshare.length === 0 ? enter : ["unshare", ...unshare, ...enter];
    const limit = { timeout: NATIVE_MS_MAX, killSignal: "SIGKILL" } as const;
    const { status, stdout } = spawnSync(command, rest, { ...limit, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
    return { status: (status ?? 0) << 8, stdout: stdout.toString() };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** With a root filesystem and a mount namespace of its own: the program includes own-root.h. */
export function runInOwnRoot(program: string): Outcome {
  const root = mkdtempSync(join(tmpdir(), "slipway-native-"));
  try {
    const { status, stdout } = spawnSync(program, ["enter", root], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
    return { status: (status ?? 0) << 8, stdout: stdout.toString() };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export async function runInKernel(program: string, args: readonly string[] = [], host?: KernelHost): Promise<GuestResult> {
  const kernelHost = host ?? (await KernelHost.start());
  copyIn(kernelHost.files, program, "/program");
  return kernelHost.run({ args: ["/program", ...args], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] });
}

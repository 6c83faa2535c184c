/**
 * A case on real Linux: in namespaces of its own, on the kernel's overlayfs over the tree, its streams
 * pipes. What it changed is the overlay's upper directory, read when it has ended.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../layers/base/assert.ts";
import type { Outcome, ProgramCase } from "./case.ts";
import { argumentsOf, ENVIRONMENT, isIgnoredIn, TIMEOUT_MS } from "./case.ts";
import { hostChanges } from "./changes.ts";

/** Mounts as a container's; then the program is process 1. $1 is the scratch directory, $2 the trees. */
const ENTER = `
set -e
cd "$1"
mount -t overlay overlay -o "lowerdir=$2,upperdir=upper,workdir=work" merged
mount -t proc proc merged/proc
mount -t tmpfs -o mode=755 tmpfs merged/dev
cd merged/dev
mknod -m 666 null c 1 3; mknod -m 666 zero c 1 5; mknod -m 666 full c 1 7
mknod -m 666 random c 1 8; mknod -m 666 urandom c 1 9; mknod -m 666 tty c 5 0
ln -s /proc/self/fd fd; ln -s /proc/self/fd/0 stdin; ln -s /proc/self/fd/1 stdout; ln -s /proc/self/fd/2 stderr
mkdir pts shm; mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts pts; ln -s pts/ptmx ptmx
mount -t tmpfs -o mode=1777 tmpfs shm
cd ../..
hostname test
renice -n 0 -p $$ > /dev/null
ip link set lo up
shift 2
exec setsid chroot --groups=0 merged "$@"
`;

/** Streams are pipes, as in the guest: Node alone would give sockets. */
const PIPED = `
{ cat | "$@" 2>&1 >&3 3>&- | cat >&2; exit \${PIPESTATUS[1]}; } 3>&1 | cat
exit \${PIPESTATUS[0]}`;

/** What a native run needs of this machine, or undefined when all is there. */
export function missingForNative(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  const { status } = spawnSync("unshare", ["-mpf", "--mount-proc", "true"]);
  return status === 0 ? undefined : "namespaces";
}

export async function runNatively(trees: readonly string[], scratch: string, programCase: ProgramCase): Promise<Outcome> {
  mkdirSync(scratch, { recursive: true });
  const directory = mkdtempSync(join(scratch, "native-"));
  for (const name of ["upper", "work", "merged"]) mkdirSync(join(directory, name));
  try {
    const enter = [
      "unshare",
      "-mpfiun",
      "--kill-child",
      "sh",
      "-c",
      ENTER,
      "sh",
      directory,
      trees.join(":"),
      ...argumentsOf(programCase),
    ];
    const { status, stdout, stderr } = await collect(["--norc", "-c", PIPED, "bash", ...enter], programCase);
    return {
      status,
      stdout,
      stderr,
      changes: hostChanges(join(directory, "upper"), isIgnoredIn(programCase)),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function collect(
  args: readonly string[],
  { stdin = "", timeoutMs }: ProgramCase,
): Promise<Omit<Outcome, "changes">> {
  return new Promise((resolve, reject) => {
    const env = Object.fromEntries(ENVIRONMENT.map((entry) => entry.split("=", 2)));
    const child = spawn("bash", args, { env, detached: true });
    // All of it, not bash alone: what holds the pipes keeps this waiting.
    const timer = setTimeout(() => process.kill(-must(child.pid, "it was spawned"), "SIGKILL"), timeoutMs ?? TIMEOUT_MS);
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (piece: Buffer) => stdout.push(piece));
    child.stderr.on("data", (piece: Buffer) => stderr.push(piece));
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      const text = (pieces: Buffer[]): string => Buffer.concat(pieces).toString("latin1");
      resolve({ status: code ?? -1, stdout: text(stdout), stderr: text(stderr) });
    });
    child.stdin.on("error", () => undefined); // The program need not read it.
    child.stdin.end(stdin);
  });
}

/** A session on real Linux: on the kernel's overlayfs over the tree, with a devpts of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Session } from "./scripts.ts";
import { ENVIRONMENT } from "./scripts.ts";

const PROGRAM = new URL("native-terminal.py", import.meta.url).pathname;
const SCRATCH = new URL("../../../.cache/programs", import.meta.url).pathname;
const ROWS = 24;
const COLUMNS = 80;

/** $1 is the scratch directory, $2 the tree, $3 the driver. */
const ENTER = `
set -e
cd "$1"
mount -t overlay overlay -o "lowerdir=$2,upperdir=upper,workdir=work" merged
mount -t proc proc merged/proc
mount -t tmpfs -o mode=755 tmpfs merged/dev
cd merged/dev
mknod -m 666 null c 1 3; mknod -m 666 zero c 1 5; mknod -m 666 random c 1 8; mknod -m 666 urandom c 1 9
mknod -m 666 tty c 5 0
ln -s /proc/self/fd fd; ln -s /proc/self/fd/0 stdin; ln -s /proc/self/fd/1 stdout; ln -s /proc/self/fd/2 stderr
mkdir pts shm; mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts pts; ln -s pts/ptmx ptmx
mount -t tmpfs -o mode=1777 tmpfs shm
cd ../..
hostname test
exec python3 "$3"
`;

/** What the screen was sent before each step and at the end, and the exit code. */
export interface Shown {
  readonly pieces: readonly Uint8Array[];
  readonly status: number;
}

export function runNatively(tree: string, { args, steps, rows = ROWS, columns = COLUMNS }: Session): Shown {
  mkdirSync(SCRATCH, { recursive: true });
  const directory = mkdtempSync(join(SCRATCH, "terminal-"));
  for (const name of ["upper", "work", "merged"]) mkdirSync(join(directory, name));
  try {
    const input = JSON.stringify({
      root: join(directory, "merged"),
      args,
      env: ENVIRONMENT,
      rows,
      columns,
      steps,
    });
    const enter = ["-mpfiun", "--kill-child", "sh", "-c", ENTER, "sh", directory, tree, PROGRAM];
    const { stdout, stderr, status } = spawnSync("unshare", enter, { input, maxBuffer: 1 << 28 });
    if (status !== 0) throw new Error(`the native run failed: ${stderr.toString()}`);
    const answer = JSON.parse(stdout.toString()) as { shown: string[]; status: number }; // What the driver prints.
    return { pieces: answer.shown.map((piece) => Buffer.from(piece, "hex")), status: answer.status };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

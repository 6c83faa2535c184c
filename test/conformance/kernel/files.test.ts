/**
 * Files: programs that print what each call answers, natively on a tmpfs of their own and here. The native
 * run is root's in a mount namespace, so it is skipped where that is not allowed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile, hasCompiler, isRoot, runInKernel } from "../../support/differential.ts";

const ON_TMPFS = 'mount -t tmpfs -o mode=755 tmpfs "$1" && cp "$2" "$1/program" && exec chroot "$1" /program';
const mayMount = isRoot && spawnSync("unshare", ["-m", "true"]).status === 0;
const isMissing = !hasCompiler || !mayMount;

function runOnTmpfs(program: string): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), "slipway-files-"));
  try {
    const { status, stdout } = spawnSync("unshare", ["-m", "sh", "-c", ON_TMPFS, "sh", root, program], {
      input: "",
    });
    return [...stdout.toString().split("\n"), `status ${status}`];
  } finally {
    rmSync(root, { recursive: true });
  }
}

test.skipIf(isMissing).each(["file-names", "file-contents", "file-attributes", "file-locks", "file-pipes"])(
  "%s: every call answers as on Linux",
  async (name) => {
    const program = compile(name);
    const guest = await runInKernel(program);
    expect([...guest.stdout.split("\n"), `status ${guest.status >> 8}`]).toEqual(runOnTmpfs(program));
    // What it asks for on purpose and nobody has.
    expect(Object.keys(guest.missing).filter((call) => call !== "fcntl 9999")).toEqual([]);
  },
  60_000,
);

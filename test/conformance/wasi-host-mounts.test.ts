/** Programs whose files are served by the SDK's host mounts (WASIX): they see and change the same tree. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { nodeBackend, run } from "./wasi-backend-support.ts";
import { treeOfArchive } from "./wasi-oracle.ts";

const hasClang = spawnSync("clang", ["--version"]).status === 0;

interface Compiler {
  readonly compileWasi: (
    sources: readonly string[],
    output: string,
    flags: readonly string[],
  ) => void;
}

test.skipIf(!hasClang)(
  "a WASIX program reads, writes, makes, renames and removes in the container's tree",
  { timeout: 120_000 },
  async () => {
    const scratch = mkdtempSync(join(tmpdir(), "slipway-wasix-"));
    const image = join(scratch, "image");
    for (const folder of ["bin", "etc", "data"])
      mkdirSync(join(image, folder), { recursive: true });
    const { compileWasi } = (await import(
      new URL("../fixtures/images/wasi-toolbox/compile.mjs", import.meta.url).href
    )) as Compiler;
    compileWasi(
      [fileURLToPath(new URL("wasi-host-mounts.c", import.meta.url))],
      join(image, "bin/prog"),
      ["-Wno-unused-result"],
    );
    writeFileSync(join(image, "etc/motd"), "Welcome.\n");
    writeFileSync(join(image, "data/old"), "old");
    writeFileSync(join(image, "data/gone"), "gone");
    const backend = await nodeBackend(scratch);
    let tree: string[] = [];
    const result = await run(
      backend,
      { args: ["prog", "x"], layers: ["image"], workingDirectory: "/data" },
      async (task) => {
        await task.exited;
        tree = (await treeOfArchive(await task.files.export())).filter((line) =>
          line.startsWith("data"),
        );
      },
    );
    backend.dispose();
    rmSync(scratch, { recursive: true });
    expect(result).toMatchObject({
      exitCode: 6,
      stdout: "main 2 in /data\nread Welcome.\n2 names in /data\n",
      stderr: "",
    });
    expect(tree).toEqual([
      "data/",
      "data/made/",
      'data/made/new: "old"',
      'data/written: "by wasix"',
    ]);
  },
);

/**
 * Every tool of the tool box, run under Node's own WASI and under our backend with the same arguments,
 * environment, standard input and files: same output, exit code and resulting files.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import type { WasiBackend } from "../../runtime/backends/wasi/wasi-backend.ts";
import { nodeBackend, run } from "./wasi-backend-support.ts";
import { runOracle, treeOfArchive, treeOfDirectory } from "./wasi-oracle.ts";
import { toolboxModule } from "./wasi-toolbox-module.ts";

// Machines that test are shared: nothing here is timed but by its own assertions.
vi.setConfig({ testTimeout: 120_000 });

const hasClang = spawnSync("clang", ["--version"]).status === 0;
const ENV = ["PATH=/bin", "HOME=/root", "LANG=C.UTF-8", "EMPTY="];

let scratch = "";
let module = "";
let backend: WasiBackend;

beforeAll(async () => {
  if (!hasClang) return;
  scratch = mkdtempSync(join(tmpdir(), "slipway-wasi-"));
  module = await toolboxModule();
  const image = join(scratch, "image");
  for (const folder of ["bin", "etc", "tmp", "root", "data/sub"]) mkdirSync(join(image, folder), { recursive: true });
  writeFileSync(join(image, "etc/motd"), "Welcome.\nSecond line\n");
  writeFileSync(join(image, "data/lines"), "pear\napple\nfig\napple pie\n");
  writeFileSync(join(image, "data/binary"), Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) & 0xff)));
  writeFileSync(join(image, "data/sub/deep"), "deep");
  symlinkSync("../etc/motd", join(image, "data/link"));
  symlinkSync("nowhere", join(image, "data/dangling"));
  symlinkSync("sub", join(image, "data/subdir"));
  cpSync(module, join(image, "bin/toolbox"));
  backend = await nodeBackend(scratch);
});

afterAll(() => {
  if (!hasClang) return;
  backend.dispose();
  rmSync(scratch, { recursive: true });
});

interface Case {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly cwd?: string;
}

const CASES: readonly Case[] = [
  { args: ["cat", "/etc/motd"] },
  { args: ["cat", "etc/motd", "/data/lines"] },
  { args: ["cat"], stdin: "from stdin\n" },
  { args: ["cat", "/data/binary"] },
  { args: ["cat", "/data/link"] },
  { args: ["cat", "/data/dangling"] },
  { args: ["cat", "/missing", "/etc/motd"] },
  { args: ["cat", "motd"], cwd: "/etc" },
  { args: ["cat", "../etc/motd"], cwd: "/data" },
  { args: ["head", "-n", "2", "/data/lines"] },
  { args: ["wc", "/data/lines", "/data/binary"] },
  { args: ["wc"], stdin: "a b\nc\n" },
  { args: ["sort", "/data/lines"] },
  { args: ["sort", "-r"], stdin: "b\na\nc" },
  { args: ["grep", "apple", "/data/lines"] },
  { args: ["grep", "kiwi", "/data/lines"] },
  { args: ["grep", "x", "/missing"] },
  { args: ["sha256sum", "/data/binary", "/etc/motd"] },
  { args: ["sha256sum"], stdin: "" },
  { args: ["tee", "/tmp/a", "/tmp/b"], stdin: "twice\n" },
  { args: ["tee", "-a", "/etc/motd"], stdin: "more\n" },
  { args: ["ls", "/data"] },
  { args: ["ls", "-l", "/data"] },
  { args: ["ls", "-l", "/data/link", "/data/dangling", "/data/binary"] },
  { args: ["ls", "/data/subdir"] },
  { args: ["ls", "/missing"] },
  { args: ["ls"], cwd: "/data" },
  { args: ["echo", "a", "", "  b", "\"q\"", "ünï", "-n"] },
  { args: ["echo", "-n", "no newline"] },
  { args: ["args", "", "x y", "é", "\t\n", "日本"] },
  { args: ["env"] },
  { args: ["pwd"] },
  { args: ["pwd"], cwd: "/data/sub" },
  { args: ["touch", "/tmp/new", "/etc/motd"] },
  { args: ["touch", "-d", "1700000000", "/tmp/dated"] },
  { args: ["touch", "/missing/new"] },
  { args: ["touch", "/new-at-root"] },
  { args: ["mkdir", "/tmp/d", "/tmp/d/e", "/top"] },
  { args: ["mkdir", "/data"] },
  { args: ["mkdir", "-p", "/tmp/x/y/z", "/data/sub"] },
  { args: ["rmdir", "/tmp"] },
  { args: ["rmdir", "/data"] },
  { args: ["rm", "/etc/motd", "/data/link"] },
  { args: ["rm", "/data"] },
  { args: ["rm", "-r", "/data"] },
  { args: ["cp", "/data/binary", "/tmp/copy"] },
  { args: ["cp", "/data/lines", "/data/link"] },
  { args: ["cp", "/missing", "/tmp/copy"] },
  { args: ["mv", "/data/lines", "/tmp/moved"] },
  { args: ["mv", "/data", "/renamed"] },
  { args: ["mv", "/etc/motd", "/data/lines"] },
  { args: ["mv", "/data/sub", "/etc/motd"] },
  { args: ["ln", "-s", "target", "/tmp/symbolic"] },
  { args: ["ln", "/etc/motd", "/tmp/hard"] },
  { args: ["ln", "/etc/motd", "/data/lines"] },
  { args: ["readlink", "/data/link"] },
  { args: ["readlink", "/etc/motd"] },
  { args: ["stat", "/data/link", "/data/binary", "/data", "/missing"] },
  { args: ["truncate", "5", "/data/lines"] },
  { args: ["truncate", "100000", "/tmp/sparse"] },
  { args: ["seq", "3", "7"] },
  { args: ["seq", "200000"] },
  { args: ["true"] },
  { args: ["false"] },
  { args: ["exit", "42"] },
  { args: ["exit", "255"] },
  { args: ["sleep", "0.01"] },
  { args: ["alloc", "20"] },
  { args: ["tty"] },
  { args: ["many", "200", "/tmp/many"] },
  { args: ["append", "/tmp/log", "one", "two"] },
  { args: ["append", "/etc/motd", "three"] },
  { args: ["nonsense"] },
];

describe.skipIf(!hasClang)("the tool box behaves as under Node's own WASI", () => {
  test.each(CASES.map((one) => [`${one.args.join(" ")}${one.cwd === undefined ? "" : ` in ${one.cwd}`}`, one] as const))(
    "%s",
    async (_name, { args, stdin, cwd }) => {
      const root = join(scratch, "oracle");
      execFileSync("cp", ["-a", join(scratch, "image"), root]);
      const env = cwd === undefined ? ENV : [...ENV, `PWD=${cwd}`];
      const input = stdin === undefined ? undefined : encodeUtf8(stdin);
      const expected = runOracle({ module, root, args: ["/bin/toolbox", ...args], env, stdin: input });
      const wanted = { ...expected, tree: treeOfDirectory(root) };
      rmSync(root, { recursive: true });

      let tree: string[] = [];
      const spec = { args: ["/bin/toolbox", ...args], layers: ["image"], env: ENV, workingDirectory: cwd ?? "/" };
      const { stdout, stderr, exitCode } = await run(
        backend,
        { ...spec, ...(input === undefined ? {} : { stdin: input }) },
        async (task) => {
          await task.exited;
          tree = await treeOfArchive(await task.files.export());
        },
      );
      expect({ exitCode, stdout, stderr, tree }).toEqual(wanted);
    },
  );
});

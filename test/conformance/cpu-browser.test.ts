/**
 * The processor in real browsers: the same static programs, the same output as on the host. What differs
 * between engines is how they compile one function of hundreds of kilobytes; that it is right is the same
 * WebAssembly's business, so a few programs are enough.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers, withBrowserPage } from "../support/browser-page.ts";
import { interpreterFile } from "../support/cpu-module.ts";
import type { ProgramsInBrowser, RunInBrowser } from "./cpu-browser-worker.ts";

const SOURCES = new URL("cpu-programs/", import.meta.url).pathname;
const hasCompiler =
  process.platform === "linux" && process.arch === "x64" && spawnSync("gcc", ["--version"]).status === 0;
const NAMES = ["library", "floats", "rounding"];
const ARGV = ["program", "an argument"];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-browser-programs-"));
  if (!hasCompiler) return;
  for (const name of NAMES) {
    const source = join(SOURCES, `${name}.c`);
    execFileSync("gcc", ["-O2", "-w", "-frounding-math", "-static", "-o", join(folder, name), source, "-lm"]);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

for (const browser of browsers()) {
  const isSkipped = browser.missing !== undefined || !hasCompiler;
  describe.skipIf(isSkipped)(`in ${browser.name} (needs the browser and gcc)`, () => {
    test("static programs print what they print on the host", async () => {
      const files = NAMES.map((name) => join(folder, name));
      const order: ProgramsInBrowser = {
        module: readFileSync(await interpreterFile()).toString("base64"),
        programs: files.map((path) => ({ file: readFileSync(path).toString("base64"), argv: ARGV })),
      };
      const runs = await withBrowserPage({ browser: browser.name, isIsolated: false }, (page) =>
        page.runWorker<RunInBrowser[]>("test/conformance/cpu-browser-worker.ts", order),
      );
      const native = files.map((path) => {
        const env = { GREETING: "hello", LC_ALL: "C" };
        const child = spawnSync(path, ARGV.slice(1), { argv0: "program", env, encoding: "utf8", maxBuffer: 1 << 26 });
        return { stdout: child.stdout, stderr: child.stderr, exitCode: child.status };
      });
      expect(runs.map(({ stdout, stderr, exitCode }) => ({ stdout, stderr, exitCode }))).toEqual(native);
      if (process.env["CPU_SPEED"] === "1") {
        console.log(browser.name, runs.map(({ instructions, durationMs }) => Math.round(instructions / durationMs / 1000)));
      }
    }, 180_000);
  });
}

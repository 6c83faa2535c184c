/** The WASI backend in real browsers, in the product's own workers, on OPFS: a smaller run of the same. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers, withBrowserPage } from "../support/browser-page.ts";
import { toolboxModule } from "./wasi-toolbox-module.ts";

const hasClang = spawnSync("clang", ["--version"]).status === 0;
const SDK = fileURLToPath(new URL("../", import.meta.resolve("@wasmer/sdk/browser")));
const TOOLS = ["echo", "seq", "many", "cat", "args", "ls", "ln", "crash", "alloc", "spin"];
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

let scratch = "";
let layer = Buffer.alloc(0);

beforeAll(async () => {
  if (!hasClang) return;
  scratch = mkdtempSync(join(tmpdir(), "slipway-wasi-"));
  const image = join(scratch, "image");
  for (const folder of ["bin", "etc", "tmp"]) mkdirSync(join(image, folder), { recursive: true });
  cpSync(await toolboxModule(), join(image, "bin/toolbox"));
  for (const name of TOOLS) symlinkSync("toolbox", join(image, "bin", name));
  writeFileSync(join(image, "etc/motd"), "Welcome.\n");
  execFileSync("tar", ["-C", image, "-cf", join(scratch, "layer.tar"), "."]);
  layer = readFileSync(join(scratch, "layer.tar"));
});

afterAll(() => {
  if (hasClang) rmSync(scratch, { recursive: true });
});

/** The SDK's files and the layer, with the headers isolation asks for. */
function serve(request: IncomingMessage, response: ServerResponse): boolean {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const isLayer = path === "/layer.tar";
  if (!isLayer && !path.startsWith("/sdk/")) return false;
  const body = isLayer ? layer : readFileSync(join(SDK, normalize(path.slice("/sdk".length))));
  response.writeHead(200, {
    "Content-Type": MEDIA_TYPES[extname(path)] ?? "application/octet-stream",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
  });
  response.end(body);
  return true;
}

describe.each(browsers())("$name", (browser) => {
  test.skipIf(browser.missing !== undefined || !hasClang)(
    "runs the tool box as Node does",
    { timeout: 120_000 },
    async () => {
      const diffID = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
      await withBrowserPage({ browser: browser.name, serve }, async (page) => {
        const logged: string[] = [];
        page.page.on("console", (message) => logged.push(message.text()));
        const result = await page.runWorker<Record<string, unknown>>(
          "test/conformance/wasi-browser-worker.ts",
          {
            sdkBaseUrl: `${page.origin}/sdk/`,
            layerUrl: `${page.origin}/layer.tar`,
            diffID,
          },
          { startsWorkers: true },
        );
        expect(result["warmMs"]).toBeGreaterThan(0);
        const aborted = expect.stringMatching(
          /^wasm trap: unreachable.*\n {4}at abort /,
        ) as unknown;
        expect(result).toMatchObject({
          first: { exitCode: 0, stdout: "hello\n", stderr: "" },
          big: { exitCode: 0, sizeBytes: 7_688_896, ends: true },
          many: { exitCode: 0, stdout: "200 files, sum 19900\n", changes: 202 },
          stdin: { exitCode: 0, stdout: "typed" },
          args: { stdout: "0: args\n1: \n2: \\xc3\\xa9\n3: \\xff\n" },
          list: {
            exitCode: 0,
            stdout: expect.stringMatching(/^d .* bin\nd .* dev\nd .* etc\nd .* tmp\n$/) as unknown,
          },
          link: { exitCode: 0, changes: [{ kind: 1, path: "/motd" }] },
          trap: { exitCode: 134, stdout: "before\n", stderr: aborted },
          memory: { exitCode: 139, stdout: "before\n" },
          limit: {
            exitCode: 1,
            stdout: expect.stringMatching(/^refused after 1[0-5] MiB\n$/) as unknown,
          },
          spin: { exitCode: 137, stdout: "spinning\n" },
          terminal: { exitCode: 0, stdout: "ab\b \bc\r\nac\r\n" },
          interrupt: { exitCode: 130 },
          missing: 'exec: "nope": executable file not found in $PATH',
        });
        expect(result["pods"]).toBeLessThanOrEqual(1);
      });
    },
  );
});

// `npm start`: everything, on a fresh clone too. Installs and builds what is missing or outdated, makes
// the demo images that take seconds, serves page, proxy and mirror, and makes the slower images while
// the page can already be used. Arguments are passed to `slipway serve` (such as --port 9000).
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../..", import.meta.url).pathname;
process.chdir(root);

function step(title, command, args) {
  console.log(`${title} …`);
  const { status } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    console.error(`${title} failed`);
    process.exit(1);
  }
}

function newestMtime(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(
    info.mtimeMs,
    ...readdirSync(path)
      .filter((name) => name !== "node_modules")
      .map((name) => newestMtime(join(path, name))),
  );
}

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const installed = "node_modules/.package-lock.json";
if (!existsSync(installed) || newestMtime("package-lock.json") > newestMtime(installed)) {
  step("installing packages", npm, ["ci", "--no-audit", "--no-fund"]);
}
const sources = Math.max(
  ...["layers", "runtime", "web", "public", "package.json", "tsconfig.json"].map(newestMtime),
);
if (newestMtime(".build/site/index.html") < sources)
  step("building", npm, ["run", "--silent", "build"]);

const images = (args) => [join(root, "test/fixtures/images/build.mjs"), "--demo", ...args];
spawnSync(process.execPath, images(["--quick"]), { stdio: ["ignore", "inherit", "inherit"] });

const given = process.argv.slice(2);
const mirror =
  given.includes("--mirror") || !existsSync(".images/oci-layout") ? [] : ["--mirror", ".images"];
const serve = spawn(
  process.execPath,
  ["runtime/bridge/slipway.mjs", "serve", ...mirror, ...given],
  { stdio: "inherit" },
);
const slower = spawn(process.execPath, images([]), { stdio: ["ignore", "inherit", "inherit"] });
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    serve.kill(signal);
    slower.kill(signal);
  });
}
serve.on("exit", (code) => {
  slower.kill();
  process.exit(code ?? 1);
});

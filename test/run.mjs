// `npm test`: everything CI checks, in one command. Installs what is missing, builds, then runs the
// checks and the tests and closes with one line of counts. A check (types, lint, boundaries, build)
// counts as one test. What the machine cannot run is skipped by name (see the list of skips).
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { PACKAGES, ensurePackages } from "./support/debian-packages.mjs";

const root = new URL("..", import.meta.url).pathname;
process.chdir(root);

function run(title, command, args) {
  const started = Date.now();
  console.log(`\n== ${title}`);
  const { status } = spawnSync(command, args, { stdio: "inherit", env: process.env });
  console.log(`== ${title}: ${status === 0 ? "ok" : "FAILED"} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  return status === 0;
}

if (!existsSync("node_modules/.package-lock.json")) run("npm ci", "npm", ["ci", "--no-audit", "--no-fund"]);
const bin = (name) => `node_modules/.bin/${name}`;

const needed = [...new Set([...PACKAGES.tests, ...PACKAGES.images])];
const { missing, reason } = ensurePackages(needed);
if (missing.length > 0) console.log(`skipping what needs ${missing.join(", ")}: ${reason}`);

let passed = 0;
let failed = 0;
const check = (title, command, args) => (run(title, command, args) ? passed++ : failed++);

check("types", bin("tsc"), ["-b"]);
check("lint", bin("eslint"), ["--config", "test/tidy/eslint.config.mjs", "--max-warnings", "0", "."]);
check("boundaries", bin("depcruise"), ["--config", "test/tidy/boundaries.mjs", "layers", "runtime", "web", "test"]);
check("processor build", process.execPath, ["runtime/cpu/build.mjs"]);
check("page build", bin("vite"), ["build", "--config", "web/vite.config.mts", "--logLevel", "warn"]);
check("demo images", process.execPath, ["test/fixtures/images/build.mjs", "--quick"]);

const report = ".build/test-report.json";
rmSync(report, { force: true });
run("tests", process.execPath, [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--config",
  "test/vitest.config.mts",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);

let skipped = 0;
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, "utf8"));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  // A file that could not even be loaded has no tests to fail.
  failed += result.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  const skips = result.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => ["pending", "skipped", "todo"].includes(test.status))
      .map((test) => `${file.name.replace(root, "")}: ${test.fullName}`),
  );
  skipped = skips.length;
  if (skipped > 0) console.log(`\nskipped:\n${skips.map((line) => `  ${line}`).join("\n")}`);
} else {
  failed += 1;
}
console.log(`\n${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

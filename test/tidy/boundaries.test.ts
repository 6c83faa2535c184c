import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { rooms } from "./boundaries.mjs";
import { root, trackedFiles } from "./sources.ts";

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** Sources that are not modules of the import graph: run by other tools. */
const isGraphSource = (path: string): boolean =>
  /^(layers|runtime|web)\/.*\.ts$/.test(path) &&
  !path.endsWith(".test.ts") &&
  !path.startsWith("runtime/cpu/assembly/");

test("every tracked source lies in a listed room", () => {
  const homeless = trackedFiles()
    .filter(isGraphSource)
    .filter((path) => !Object.keys(rooms).some((room) => path === room || path.startsWith(room)));
  expect(homeless).toEqual([]);
});

test("the import table holds, and the cruiser saw every module", () => {
  const report = execFileSync(
    `${root}node_modules/.bin/depcruise`,
    ["--config", "test/tidy/boundaries.mjs", "--output-type", "json", "layers", "runtime", "web"],
    { cwd: root, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
  );
  const cruise = JSON.parse(report) as Cruise;
  expect(
    cruise.summary.violations.map((found) => `${found.rule.name}: ${found.from} -> ${found.to}`),
  ).toEqual([]);
  const seen = new Set(cruise.modules.map((module) => module.source));
  expect(
    trackedFiles()
      .filter(isGraphSource)
      .filter((path) => !seen.has(path)),
  ).toEqual([]);
}, 120_000);

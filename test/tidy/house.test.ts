import { expect, test } from "vitest";
import { isGenerated, isSource, isTest, readText, trackedFiles } from "./sources.ts";

const LINES_MAX = 500;
const COLUMNS_MAX = 130;

/** Files longer than the limit, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {
  "runtime/cpu/assembly/f80-instructions.ts": "one short function per x87 instruction",
  "test/conformance/wasi-process.test.ts": "one case after the other on one running backend",
};

/** Top-level layout is fixed (DESIGN.md section 2). */
const TOP_LEVEL = new Set([
  "LICENSE",
  "README.md",
  "layers",
  "package-lock.json",
  "package.json",
  "public",
  "runtime",
  "test",
  "tsconfig.json",
  "web",
]);

const files = trackedFiles();
const sources = files.filter(isSource);

test("the top level holds only what the design lists", () => {
  const strangers = new Set(
    files
      .map((path) => path.split("/")[0] ?? "")
      .filter((name) => !name.startsWith(".") && !TOP_LEVEL.has(name)),
  );
  expect([...strangers]).toEqual([]);
});

test("no file is longer than the limit", () => {
  const long = sources.filter((path) => {
    const text = readText(path);
    return (
      text.split("\n").length - 1 > LINES_MAX &&
      !isGenerated(text) &&
      LONG_FILES[path] === undefined
    );
  });
  expect(long).toEqual([]);
});

test("no line is far beyond the column limit", () => {
  const wide = sources.flatMap((path) => {
    const text = readText(path);
    if (isGenerated(text) || path.includes("/fixtures/") || path.startsWith("runtime/cpu/assembly/")) return [];
    return text
      .split("\n")
      .map((line, index) => ({ line, at: `${path}:${index + 1}` }))
      .filter(({ line }) => line.length > COLUMNS_MAX && !/https?:|["'`].{80,}["'`]/.test(line))
      .map(({ at }) => at);
  });
  expect(wide).toEqual([]);
});

test("every source file opens with what it is for", () => {
  const bare = sources.filter((path) => {
    if (path.endsWith(".test.ts")) return false;
    return !/^(#!.*\n)?(\/\*\*|\/\/ |\/\*)/.test(readText(path));
  });
  expect(bare).toEqual([]);
});

test("there are no drawers", () => {
  const drawers = files.filter((path) =>
    /(^|[/-])(utils?|helpers?|misc|common|stuff)(\.|\/|$)/.test(path),
  );
  expect(drawers).toEqual([]);
});

test("names are kebab-case", () => {
  const odd = sources.filter(
    (path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(path.split("/").at(-1) ?? ""),
  );
  expect(odd).toEqual([]);
});

test("nothing is left over: no TODO, focused test, debugger or placeholder", () => {
  const leftovers = sources
    .filter((path) => !path.startsWith("test/tidy/"))
    .filter(
      (path) =>
        /\b(TODO|FIXME|XXX|HACK)\b|\b(test|it|describe)\.only\(|^\s*debugger;/m.test(
          readText(path),
        ) || path.endsWith("placeholder.ts"),
    );
  expect(leftovers).toEqual([]);
});

test("nothing names this machine or a package registry's host", () => {
  // Spelled in pieces so that this file does not find itself.
  const forbidden = ["/wo" + "rk/", "registry.npm" + "js.org", "deb.deb" + "ian.org"];
  const found = files.filter((path) => {
    if (/\.(png|ico|woff2|wasm)$/.test(path)) return false;
    const text = readText(path);
    return forbidden.some((name) => text.includes(name));
  });
  expect(found).toEqual([]);
});

test("every room has a door plate", () => {
  const rooms = new Set(
    sources.filter((path) => !isTest(path)).map((path) => path.split("/").slice(0, 2).join("/")),
  );
  const bare = [...rooms].filter(
    (room) =>
      !room.includes(".") && !files.includes(`${room}/README.md`) && room.startsWith("layers/"),
  );
  expect(bare).toEqual([]);
});

test("generated tables name their generator and are committed", () => {
  const ledger = readText("runtime/api/OPERATIONS.md");
  expect(isGenerated(ledger)).toBe(true);
});

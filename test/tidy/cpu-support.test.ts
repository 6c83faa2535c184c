/** The processor's README says what the rows say. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FEATURES } from "../../runtime/cpu/spec/features.ts";
import { generate } from "../../runtime/cpu/spec/generate.ts";
import { ROWS } from "../../runtime/cpu/spec/rows.ts";
import { isExact } from "../fuzz/cpu/float-state.ts";
import { fuzzable, IN_PROGRAMS } from "../fuzz/cpu/instructions.ts";
import { supportTable, withSupportTable } from "./generate-cpu-support.ts";

const ROOM = new URL("../../runtime/cpu/", import.meta.url);

test("the support table in runtime/cpu/README.md is fresh", () => {
  const assembly = new URL("assembly/", ROOM);
  const files = readdirSync(assembly);
  const sources = new Map(files.map((name) => [name, readFileSync(new URL(name, assembly), "utf8")]));
  const missing = new Set(generate({ rows: ROWS, sources, isChecked: true }).missing);
  const inPrograms = new Set(ROWS.filter(({ operation }) => IN_PROGRAMS.has(operation)));
  const close = new Set(ROWS.filter((row) => !isExact(row)));
  const table = supportTable({
    rows: ROWS, missing, fuzzed: new Set(fuzzable(ROWS)), inPrograms, close, features: FEATURES,
  });
  const readme = new URL("README.md", ROOM);
  const fresh = withSupportTable(readFileSync(readme, "utf8"), table);
  if (process.env["UPDATE_LEDGERS"] === "1") writeFileSync(readme, fresh);
  expect(readFileSync(readme, "utf8"), "stale: run again with UPDATE_LEDGERS=1").toBe(fresh);
});

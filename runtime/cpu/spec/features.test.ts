/** What cpuid says and what the rows implement are the same. */
import { expect, test } from "vitest";
import { FEATURES, SWITCHED_OFF, WITHOUT_ROWS } from "./features.ts";
import { OPERATIONS } from "./operations.ts";
import { ROWS } from "./rows.ts";

test("every feature of a row is advertised or switched off, and every advertised feature has rows", () => {
  const implemented = new Set(ROWS.map(({ feature }) => feature));
  implemented.delete("x86-64");
  expect([...implemented, ...WITHOUT_ROWS].sort()).toEqual([...FEATURES, ...SWITCHED_OFF].sort());
});

test("no operation has facts but no row", () => {
  const used = new Set(ROWS.map(({ operation }) => operation));
  expect([...OPERATIONS.keys()].filter((name) => !used.has(name))).toEqual([]);
});

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { licencesText } from "./generate-licences.ts";
import { readText, root } from "./sources.ts";

const PATH = "public/licences.txt";

test("public/licences.txt is fresh", () => {
  const fresh = licencesText(root);
  if (process.env["UPDATE_LEDGERS"] === "1") writeFileSync(root + PATH, fresh);
  expect(readText(PATH), "stale: run again with UPDATE_LEDGERS=1").toBe(fresh);
});

test("the wasmer SDK's display clause is told", () => {
  expect(licencesText(root)).toContain('display "Wasmer" on the user interface');
  expect(readText("README.md")).toContain("Wasmer");
});

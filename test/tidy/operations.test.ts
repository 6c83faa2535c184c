/** The ledger of API operations is what the table says, and the table is the whole API. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { OperationRow } from "../../runtime/api/operations.ts";
import { OPERATIONS } from "../../runtime/api/operations.ts";
import { routeOf } from "../../runtime/api/routes/index.ts";
import { operationsLedger } from "./generate-operations.ts";

const LEDGER = new URL("../../runtime/api/OPERATIONS.md", import.meta.url);
/** Operations in moby's docs/api/v1.50.yaml. */
const OPERATIONS_IN_DEFINITION = 107;

it("runtime/api/OPERATIONS.md is fresh", () => {
  const ledger = operationsLedger(OPERATIONS);
  if (process.env["UPDATE_LEDGERS"] === "1") writeFileSync(LEDGER, ledger);
  expect(readFileSync(LEDGER, "utf8"), "stale: run again with UPDATE_LEDGERS=1").toBe(ledger);
});

it("names every operation once, and exactly the answered ones have a route", () => {
  const rows: readonly OperationRow[] = OPERATIONS;
  expect(new Set(rows.map((row) => row.id)).size).toBe(OPERATIONS_IN_DEFINITION);
  expect(new Set(rows.map((row) => `${row.method} ${row.path}`)).size).toBe(OPERATIONS_IN_DEFINITION);
  const routed = rows.filter((row) => routeOf(row.id) !== undefined).map((row) => row.id);
  expect(routed).toEqual(rows.filter((row) => row.state !== "501").map((row) => row.id));
});

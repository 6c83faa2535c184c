/** The ledger of system calls is what the kernel's table says. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SYSCALL_NAMES } from "../../runtime/kernel/abi/syscall-names.ts";
import { SYSCALLS } from "../../runtime/kernel/syscalls/table.ts";
import { syscallsLedger } from "./generate-syscalls.ts";

const LEDGER = new URL("../../runtime/kernel/SYSCALLS.md", import.meta.url);

it("runtime/kernel/SYSCALLS.md is fresh", () => {
  const ledger = syscallsLedger(SYSCALLS.rows, SYSCALL_NAMES);
  if (process.env["UPDATE_LEDGERS"] === "1") writeFileSync(LEDGER, ledger);
  expect(readFileSync(LEDGER, "utf8"), "stale: run again with UPDATE_LEDGERS=1").toBe(ledger);
});

it("every row has Linux' name for its number, and says what it lacks when it lacks something", () => {
  for (const { number, name, level, note, handler } of SYSCALLS.rows) {
    expect([number, name]).toEqual([number, SYSCALL_NAMES.get(number)]);
    expect(level === "partial", name).toBe(note !== undefined && handler !== undefined);
  }
});

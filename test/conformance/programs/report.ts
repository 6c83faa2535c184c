/** Runs cases natively and in the guest and says what differs: the body of report.mjs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProgramHarness } from "./harness.ts";
import type { Verdict } from "./harness.ts";
import type { LedgerRow } from "./ledger.ts";
import { rowOf, writeLedger } from "./ledger.ts";
import { CASES } from "./tables/index.ts";

const SAVED = new URL("../../../.build/programs", import.meta.url).pathname;

export async function report(args: readonly string[]): Promise<number> {
  const texts = args.filter((argument) => !argument.startsWith("--"));
  const chosen = CASES.filter(({ name }) => texts.length === 0 || texts.some((text) => name.includes(text)));
  const harness = new ProgramHarness();
  const rows = new Map<string, LedgerRow>();
  for (const { name, ...rest } of chosen) {
    const verdict = await harness.run({ name, ...rest }, args.includes("--trace"));
    rows.set(name, rowOf(verdict));
    say(name, verdict);
    if (args.includes("--save")) save(name, verdict);
    if (process.env["UPDATE_LEDGERS"] === "1") writeLedger(rows);
  }
  const failed = [...rows.values()].filter(({ result }) => result === "FAIL").length;
  console.log(`${rows.size - failed} of ${rows.size}`);
  return failed === 0 ? 0 : 1;
}

function say(name: string, { guest, reason, agreement }: Verdict): void {
  const time = guest === undefined ? "" : `${(guest.ms / 1000).toFixed(1)} s`;
  const counted = agreement === undefined ? "" : `, ${agreement.equal} of ${agreement.of} outcomes`;
  console.log(`${reason === undefined ? "ok  " : "FAIL"} ${name} ${time}${counted}`);
  if (reason !== undefined) console.log(`     ${reason}`);
}

/** All of both runs, to compare with other tools. */
function save(name: string, { native, guest }: Verdict): void {
  mkdirSync(SAVED, { recursive: true });
  const base = join(SAVED, name.replace(/[^\w]+/g, "-"));
  for (const [side, outcome] of Object.entries({ native, guest })) {
    if (outcome === undefined) continue;
    writeFileSync(`${base}.${side}.stdout`, outcome.stdout, "latin1");
    writeFileSync(`${base}.${side}.stderr`, outcome.stderr, "latin1");
    writeFileSync(`${base}.${side}.files`, `${outcome.changes.join("\n")}\n`);
  }
  if (guest?.trouble !== undefined) console.log(`     ${guest.trouble}`);
  console.log(`     ${base}.*`);
}

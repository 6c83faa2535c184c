// `node test/conformance/programs/report.mjs [--update] [TEXT…]`: runs the cases whose names contain one of
// the texts, natively and in the guest, and prints what differs. --update writes PROGRAMS.md and the ledger.
import { runnerImport } from "vite";

const entry = new URL("report.ts", import.meta.url).pathname;
const { module } = await runnerImport(entry, { configFile: false, logLevel: "error" });
process.exitCode = await module.report(process.argv.slice(2));

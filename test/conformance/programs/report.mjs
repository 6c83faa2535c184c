// `[UPDATE_LEDGERS=1] node test/conformance/programs/report.mjs [--save] [--trace] [TEXT…]`: runs the cases
// whose names contain one of the texts, natively and in the guest, and prints what differs. --save keeps all
// of both runs in .build/programs, --trace prints the guest's calls; UPDATE_LEDGERS=1 notes it in PROGRAMS.md.
import { runnerImport } from "vite";

const entry = new URL("report.ts", import.meta.url).pathname;
const { module } = await runnerImport(entry, { configFile: false, logLevel: "error" });
process.exitCode = await module.report(process.argv.slice(2));

// `node test/fuzz/cpu-evidence.mjs [--count N] [--seed S] [--kind programs|single]`: the large run of the
// processor's fuzzer, one process, which can be interrupted and goes on where it was. Prints one line at
// its end (and each mismatch); exit code 1 when there was one.
import { parseArgs } from "node:util";
import { runnerImport } from "vite";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000000" },
    seed: { type: "string", default: "1" },
    kind: { type: "string", default: "programs" },
  },
});
const path = new URL("cpu/evidence.ts", import.meta.url).pathname;
const { module } = await runnerImport(path, { configFile: false, logLevel: "error" });
process.exitCode = await module.default({ count: Number(values.count), seed: Number(values.seed), kind: values.kind });

/** Runs the cases of snapshots on OPFS in a browser's worker. */
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { answer } from "../support/browser-worker.ts";
import type { CaseOutcome } from "./opfs-place.ts";
import { runCase } from "./opfs-place.ts";
import { snapshotsCases } from "./snapshots.ts";

answer(async (): Promise<readonly CaseOutcome[]> => {
  const outcomes: CaseOutcome[] = [];
  for (const { name, run } of snapshotsCases) {
    const outcome = await runCase(name, "snapshots-case", (storages) =>
      run({ storages, createHasher: createWasmHasher }),
    );
    outcomes.push(outcome);
  }
  return outcomes;
});

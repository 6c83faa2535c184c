/** Runs the Storage suite on OPFS and IndexedDB in a worker; answers the outcome of each case. */
import { answer } from "../support/browser-worker.ts";
import type { CaseOutcome } from "./opfs-place.ts";
import { runCase } from "./opfs-place.ts";
import { storageCases } from "./storage.ts";

answer(async (): Promise<readonly CaseOutcome[]> => {
  const outcomes: CaseOutcome[] = [];
  for (const [index, { name, run }] of storageCases.entries()) {
    outcomes.push(await runCase(name, `storage-case-${index}`, run));
  }
  return outcomes;
});

/** Runs the Storage suite on OPFS and IndexedDB in a worker; answers the outcome of each case. */
import { messageOf } from "../../layers/base/errors.ts";
import { OpfsStorage } from "../../layers/content/opfs-storage.ts";
import { answer } from "../support/browser-worker.ts";
import type { StoragePlace } from "./storage.ts";
import { storageCases } from "./storage.ts";

export interface CaseOutcome {
  readonly name: string;
  readonly error: string | undefined;
  readonly durationMs: number;
}

answer(async (): Promise<readonly CaseOutcome[]> => {
  const outcomes: CaseOutcome[] = [];
  for (const [index, { name, run }] of storageCases.entries()) {
    const folder = `case-${index}`;
    const opened: OpfsStorage[] = [];
    const place: StoragePlace = {
      async open() {
        const storage = new OpfsStorage(folder);
        opened.push(storage);
        return storage;
      },
      clearFiles: () => removeFolder(folder),
    };
    const start = performance.now();
    let error: string | undefined;
    try {
      await run(place);
    } catch (thrown) {
      error = `${messageOf(thrown)} ${thrown instanceof Error ? (thrown.stack ?? "") : ""}`;
    }
    for (const storage of opened) await storage.close();
    await removeFolder(folder);
    outcomes.push({ name, error, durationMs: performance.now() - start });
  }
  return outcomes;
});

async function removeFolder(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for await (const entry of root.keys()) if (entry === name) await root.removeEntry(name, { recursive: true });
}

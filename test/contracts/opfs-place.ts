/** A place for the suites of Storage and ContentStore in OPFS and IndexedDB, in a browser's worker. */
import { messageOf } from "../../layers/base/errors.ts";
import { OpfsStorage } from "../../layers/content/opfs-storage.ts";
import type { Storage } from "../../layers/content/storage.ts";
import type { StoragePlace } from "./storage.ts";

/** What became of one case of a suite in the browser. */
export interface CaseOutcome {
  readonly name: string;
  readonly error: string | undefined;
}

/** Runs `run` on a place named `folder`, and removes the place. */
export async function runCase(
  name: string,
  folder: string,
  run: (place: StoragePlace) => Promise<void>,
): Promise<CaseOutcome> {
  const opened: OpfsStorage[] = [];
  const place: StoragePlace = {
    open(): Promise<Storage> {
      const storage = new OpfsStorage(folder);
      opened.push(storage);
      return Promise.resolve(storage);
    },
    clearFiles: () => removeFolder(folder),
  };
  const error = await run(place).then(
    () => undefined,
    (thrown: unknown) => `${messageOf(thrown)}\n${thrown instanceof Error ? (thrown.stack ?? "") : ""}`,
  );
  for (const storage of opened) await storage.close();
  await removeFolder(folder);
  return { name, error };
}

async function removeFolder(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for await (const entry of root.keys()) {
    if (entry === name) await root.removeEntry(name, { recursive: true });
  }
}

/** Places for the suites of Storage and ContentStore in Node, removed after each test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import { NodeStorage } from "../../layers/content/node/node-storage.ts";
import type { Storage } from "../../layers/content/storage.ts";
import type { StoragePlace } from "./storage.ts";

const endings: (() => Promise<void> | void)[] = [];

/** For `afterEach`: closes what was opened and removes the places. */
export async function endPlaces(): Promise<void> {
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end();
}

/** Runs `end` before places made earlier are removed, after those made later. */
export function atEnd(end: () => void): void {
  endings.push(end);
}

function placeOf(open: () => Storage, clearFiles: () => void): StoragePlace {
  return {
    open(): Promise<Storage> {
      const storage = open();
      endings.push(() => storage.close());
      return Promise.resolve(storage);
    },
    clearFiles(): Promise<void> {
      clearFiles();
      return Promise.resolve();
    },
  };
}

export function memoryPlace(quotaBytes?: number): StoragePlace {
  const place = new MemoryPlace(quotaBytes === undefined ? {} : { quotaBytes });
  return placeOf(
    () => new MemoryStorage(place),
    () => place.files.clear(),
  );
}

export function nodePlace(directory = temporaryDirectory()): StoragePlace {
  return placeOf(
    () => new NodeStorage(directory),
    () => rmSync(join(directory, "files"), { recursive: true }),
  );
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "slipway-storage-"));
  endings.unshift(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

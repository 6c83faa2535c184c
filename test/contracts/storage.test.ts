/** Every Storage against its contract suite: one line each. Browsers: storage-browser.test.ts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, test } from "vitest";
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import { NodeStorage } from "../../layers/content/node/node-storage.ts";
import type { Storage } from "../../layers/content/storage.ts";
import type { StoragePlace } from "./storage.ts";
import { storageCases } from "./storage.ts";

const endings: (() => Promise<void> | void)[] = [];

function placeOf(open: () => Storage, clearFiles: () => void): StoragePlace {
  return {
    async open() {
      const storage = open();
      endings.push(() => storage.close());
      return storage;
    },
    async clearFiles() {
      clearFiles();
    },
  };
}

function memoryPlace(): StoragePlace {
  const place = new MemoryPlace();
  return placeOf(() => new MemoryStorage(place), () => place.files.clear());
}

function nodePlace(): StoragePlace {
  const directory = mkdtempSync(join(tmpdir(), "slipway-storage-"));
  endings.unshift(() => rmSync(directory, { recursive: true }));
  return placeOf(
    () => new NodeStorage(directory),
    () => rmSync(join(directory, "files"), { recursive: true }),
  );
}

const implementations: readonly (readonly [name: string, makePlace: () => StoragePlace])[] = [
  ["memory", memoryPlace],
  ["a directory in Node", nodePlace],
];

afterEach(async () => {
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end();
});

describe.each(implementations)("Storage in %s", (_, makePlace) => {
  test.each(storageCases)("$name", ({ run }) => run(makePlace()));
});

/** Every Storage of Node against its contract suite: one line each. Browsers: storage-browser.test.ts. */
import { afterEach, describe, test } from "vitest";
import type { StoragePlace } from "./storage.ts";
import { storageCases } from "./storage.ts";
import { endPlaces, memoryPlace, nodePlace } from "./storage-places.ts";

const implementations: readonly (readonly [name: string, makePlace: () => StoragePlace])[] = [
  ["memory", () => memoryPlace()],
  ["a directory in Node", () => nodePlace()],
];

afterEach(endPlaces);

describe.each(implementations)("Storage in %s", (_, makePlace) => {
  test.each(storageCases)("$name", ({ run }) => run(makePlace()));
});

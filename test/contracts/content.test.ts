/** The content store over every Storage and hasher of Node: one line each. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, test } from "vitest";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { fails } from "../support/check.ts";
import type { ContentPlace } from "./content.ts";
import { checkQuota, contentCases, digestOf } from "./content.ts";
import { atEnd, endPlaces, memoryPlace, nodePlace, temporaryDirectory } from "./storage-places.ts";

const MIB = 1024 * 1024;

const implementations: readonly (readonly [name: string, makePlace: () => ContentPlace])[] = [
  ["memory with hash-wasm", () => ({ storages: memoryPlace(), createHasher: createWasmHasher })],
  ["a directory with node:crypto", () => ({ storages: nodePlace(), createHasher: createNodeHasher })],
];

afterEach(endPlaces);

describe.each(implementations)("ContentStore in %s", (_, makePlace) => {
  test.each(contentCases)("$name", ({ run }) => run(makePlace()));

  // OPFS refuses to clear a folder in which a file is open; these two places cannot.
  test("bytes cleared in mid-ingest are dataLoss, and the next ingest works", async () => {
    const place = makePlace();
    const bytes = new TextEncoder().encode("cleared under us");
    const digest = await digestOf(bytes, place);
    const store = new StorageContentStore((await place.storages.open()).files, place.createHasher);
    const ingest = await store.ingest({ digest });
    await ingest?.write(bytes);
    await place.storages.clearFiles();
    await fails(ingest?.commit() ?? Promise.resolve(), "dataLoss", /vanished/);
    const next = await store.ingest({ digest });
    await next?.write(bytes);
    await next?.commit();
  });
});

test("a full quota in memory loses nothing", () =>
  checkQuota({ storages: memoryPlace(2 * MIB), createHasher: createWasmHasher }, MIB));

const canMount = process.platform === "linux" && process.getuid?.() === 0;

test.skipIf(!canMount)("a full disk in Node loses nothing (needs root to mount a small disk)", async () => {
  const directory = join(temporaryDirectory(), "disk");
  mkdirSync(directory);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${2 * MIB}`, "slipway-test", directory]);
  atEnd(() => execFileSync("umount", [directory]));
  await checkQuota({ storages: nodePlace(directory), createHasher: createNodeHasher }, MIB);
});

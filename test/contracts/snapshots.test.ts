/** Snapshots on every Storage of Node; browsers: snapshots-browser.test.ts. */
import { afterEach, describe, test } from "vitest";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import type { SnapshotsHost } from "./snapshots.ts";
import { snapshotsCases } from "./snapshots.ts";
import { endPlaces, memoryPlace, nodePlace } from "./storage-places.ts";

const hosts: readonly (readonly [name: string, makeHost: () => SnapshotsHost])[] = [
  ["memory", () => ({ storages: memoryPlace(), createHasher: createWasmHasher })],
  ["a directory in Node", () => ({ storages: nodePlace(), createHasher: createNodeHasher })],
];

afterEach(endPlaces);

describe.each(hosts)("snapshots in %s", (_, makeHost) => {
  test.each(snapshotsCases)("$name", ({ run }) => run(makeHost()));
});

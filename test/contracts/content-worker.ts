/** Runs the ContentStore suite on OPFS with hash-wasm in a worker, or one of its special cases. */
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { OpfsStorage } from "../../layers/content/opfs-storage.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { answer } from "../support/browser-worker.ts";
import { checkQuota, contentCases } from "./content.ts";
import type { CaseOutcome } from "./opfs-place.ts";
import { runCase } from "./opfs-place.ts";

export type ContentOrder =
  | { readonly kind: "suite" }
  | { readonly kind: "quota"; readonly fillerBytes: number }
  /** Writes the beginning of a blob and then never ends: the test ends the worker or the tab. */
  | { readonly kind: "begin"; readonly digest: string; readonly text: string }
  /** Continues it; answers the offset it found and what the blob says in the end. */
  | { readonly kind: "finish"; readonly digest: string; readonly text: string };

answer((order: ContentOrder): Promise<unknown> => {
  switch (order.kind) {
    case "suite":
      return runSuite();
    case "quota":
      return runCase("quota", "quota", (storages) =>
        checkQuota({ storages, createHasher: createWasmHasher }, order.fillerBytes),
      );
    case "begin":
      return begin(order.digest, order.text);
    case "finish":
      return finish(order.digest, order.text);
  }
});

async function runSuite(): Promise<readonly CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const { name, run } of contentCases) {
    const outcome = await runCase(name, "content-case", (storages) =>
      run({ storages, createHasher: createWasmHasher }),
    );
    outcomes.push(outcome);
  }
  return outcomes;
}

function openStore(): StorageContentStore {
  return new StorageContentStore(new OpfsStorage("crash").files, createWasmHasher);
}

async function begin(digest: string, text: string): Promise<never> {
  const ingest = await openStore().ingest({ digest });
  await ingest?.write(new TextEncoder().encode(text));
  new BroadcastChannel("crash").postMessage("written");
  return new Promise<never>(() => undefined);
}

async function finish(digest: string, text: string): Promise<unknown> {
  const store = openStore();
  const ingest = await store.ingest({ digest });
  const offset = ingest?.offset;
  await ingest?.write(new TextEncoder().encode(text).subarray(offset));
  await ingest?.commit();
  return { offset, text: new TextDecoder().decode(await store.readAll(digest, 1000)) };
}

/** The station in a browser's worker: OPFS and hash-wasm. */
import { OpfsStorage } from "../../../layers/content/opfs-storage.ts";
import { createWasmHasher } from "../../../layers/oci/wasm-hasher.ts";
import { answer } from "../../support/browser-worker.ts";
import type { PullOrder, PullTimes } from "./station.ts";
import { pull } from "./station.ts";

answer(async (order: PullOrder): Promise<PullTimes> => {
  const name = `bench-${Math.round(performance.timeOrigin)}`;
  const storage = new OpfsStorage(name);
  const times = await pull(order, storage, createWasmHasher);
  await storage.close();
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(name, { recursive: true });
  return times;
});

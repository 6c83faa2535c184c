/** Entry of a pod's worker (browser): pods on the engine's OPFS storage. */
import { systemClock } from "../../layers/base/clock.ts";
import { OpfsStorage } from "../../layers/content/opfs-storage.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { hostPod } from "./pod-host.ts";

hostPod(async ({ storage: name }) => {
  const storage = new OpfsStorage(name);
  return new StorageSnapshotter({ storage, newHasher: createWasmHasher, clock: systemClock });
});

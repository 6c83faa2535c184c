/** Entry of a pod's thread: pods on the engine's storage directory. */
import { systemClock } from "../../../layers/base/clock.ts";
import { createNodeHasher } from "../../../layers/content/node/node-hasher.ts";
import { NodeStorage } from "../../../layers/content/node/node-storage.ts";
import { StorageSnapshotter } from "../../../layers/snapshots/storage-snapshotter.ts";
import { hostPod } from "./pod-host.ts";

hostPod(async ({ directory }) => {
  const storage = new NodeStorage(directory);
  return new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock });
});

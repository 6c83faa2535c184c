/** Entry of an emulated pod's thread: linux/amd64 containers on the engine's storage directory. */
import { parentPort, workerData } from "node:worker_threads";
import { must } from "../../../layers/base/assert.ts";
import { systemClock, systemRng } from "../../../layers/base/clock.ts";
import { createNodeHasher } from "../../../layers/content/node/node-hasher.ts";
import { NodeStorage } from "../../../layers/content/node/node-storage.ts";
import { StorageSnapshotter } from "../../../layers/snapshots/storage-snapshotter.ts";
import { EmulatedPod } from "../../backends/emulated/pod/emulated-pod.ts";
import { PodServer } from "../../backends/pod/pod-server.ts";
import type { EmulatedPodConfiguration } from "./spawn-emulated-pod.ts";
import { portOfMessagePort } from "./ports.ts";

const { directory, interpreter } = workerData as EmulatedPodConfiguration; // Given by emulatedPodSpawner.

const pod = new EmulatedPod({
  openSnapshotter: async () =>
    new StorageSnapshotter({ storage: new NodeStorage(directory), newHasher: createNodeHasher, clock: systemClock }),
  loadInterpreter: async () => interpreter,
  clock: systemClock,
  rng: systemRng,
  soon: (callback) => void setImmediate(callback),
});
new PodServer(portOfMessagePort(must(parentPort, "a pod is started by an engine")), pod);

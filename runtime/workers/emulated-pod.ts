/** Entry of an emulated pod's worker (browser): linux/amd64 containers on the engine's OPFS storage. */
import { systemClock, systemRng } from "../../layers/base/clock.ts";
import { OpfsStorage } from "../../layers/content/opfs-storage.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { EmulatedPod } from "../backends/emulated/pod/emulated-pod.ts";
import { PodServer } from "../backends/pod/pod-server.ts";
import { whenLineComes } from "./far-worker.ts";
import { portOfMessagePort } from "./ports.ts";
import type { EmulatedPodConfiguration } from "./spawn-emulated-pod.ts";
import { createSoon } from "./soon.ts";

whenLineComes((line) => {
  const begin = ({ data }: MessageEvent<EmulatedPodConfiguration>): void => {
    const pod = new EmulatedPod({
      openSnapshotter: async () =>
        new StorageSnapshotter({ storage: new OpfsStorage(data.storage), newHasher: createWasmHasher, clock: systemClock }),
      loadInterpreter: async () => data.interpreter,
      clock: systemClock,
      rng: systemRng,
      soon: createSoon(),
    });
    new PodServer(portOfMessagePort(line), pod);
  };
  line.addEventListener("message", begin, { once: true });
  line.start();
});

/**
 * Starts pods' threads (Node). Threads run compiled JavaScript: their entry files lie beside this one
 * once the tree is built.
 */
import { Worker as Thread } from "node:worker_threads";
import type { SpawnedPod } from "../../backends/pod/pod-client.ts";
import type { PodConfiguration } from "./pod-host.ts";
import { portOfWorker } from "./ports.ts";

export interface SpawnPodOptions {
  /** The engine's storage directory. */
  readonly directory: string;
  /** Other entry files than those beside this one: tests bundle their own. */
  readonly podUrl?: URL;
  readonly guestWorkerUrl?: URL;
}

/** What WasiBackend's `spawnPod` takes. */
export function podSpawner(options: SpawnPodOptions): () => Promise<SpawnedPod> {
  const podUrl = options.podUrl ?? new URL("./pod.js", import.meta.url);
  const configuration: PodConfiguration = {
    directory: options.directory,
    sdkBaseUrl: new URL("../", import.meta.resolve("@wasmer/sdk/browser")).href,
    guestWorkerUrl: (options.guestWorkerUrl ?? new URL("./guest-worker.js", import.meta.url)).href,
  };
  return async () => {
    const thread = new Thread(podUrl, { workerData: configuration });
    thread.on("error", () => undefined); // "exit" follows, which closes the port; an unheard "error" would end us.
    return { port: portOfWorker(thread), terminate: () => void thread.terminate() };
  };
}

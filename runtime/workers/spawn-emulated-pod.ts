/**
 * Starts emulated pods' workers (browser). The processor is compiled once per engine and handed to every
 * pod: the optimised code is then theirs as well.
 */
import type { SpawnedPod } from "../backends/pod/pod-client.ts";
import { FarWorker } from "./far-worker.ts";
import { portOfWorker } from "./ports.ts";

/** The first message on an emulated pod's line. */
export interface EmulatedPodConfiguration {
  /** Name of the storage, as OpfsStorage takes it. */
  readonly storage: string;
  readonly interpreter: WebAssembly.Module;
}

export interface SpawnEmulatedPodOptions {
  readonly storage: string;
  /** Absolute URL of interpreter.wasm. */
  readonly interpreterUrl: string;
}

/** What EmulatedBackend's `spawnPod` takes. */
export function emulatedPodSpawner(options: SpawnEmulatedPodOptions): () => Promise<SpawnedPod> {
  let interpreter: Promise<WebAssembly.Module> | undefined;
  return async () => {
    interpreter ??= WebAssembly.compileStreaming(fetch(options.interpreterUrl));
    const compiled = await interpreter.catch((thrown: unknown) => {
      interpreter = undefined; // The network may be back next time.
      throw thrown;
    });
    const worker = new FarWorker("emulatedPod");
    const configuration: EmulatedPodConfiguration = { storage: options.storage, interpreter: compiled };
    worker.postMessage(configuration);
    return { port: portOfWorker(worker), terminate: () => worker.terminate() };
  };
}

/**
 * Starts pods' workers (browser). The SDK's WebAssembly is compiled once per engine and handed to
 * every pod, because compiling 4.8 MB is a third of a pod's start.
 */
import type { SpawnedPod } from "../backends/pod/pod-client.ts";
import { FarWorker } from "./far-worker.ts";
import type { PodConfiguration } from "./pod-host.ts";
import { portOfWorker } from "./ports.ts";

export interface SpawnPodOptions {
  readonly storage: string;
  /** Absolute URL of the folder with the SDK's `dist` and `pkg`, ending in a slash. */
  readonly sdkBaseUrl: string;
}

/** What WasiBackend's `spawnPod` takes. */
export function podSpawner(options: SpawnPodOptions): () => Promise<SpawnedPod> {
  let sdkWasm: Promise<WebAssembly.Module> | undefined;
  return async () => {
    sdkWasm ??= WebAssembly.compileStreaming(fetch(new URL("pkg/wasmer_sdk_js_bg.wasm", options.sdkBaseUrl)));
    const compiled = await sdkWasm.catch((thrown: unknown) => {
      sdkWasm = undefined; // The network may be back next time.
      throw thrown;
    });
    const worker = new FarWorker("pod");
    const configuration: PodConfiguration = {
      storage: options.storage, sdkBaseUrl: options.sdkBaseUrl, sdkWasm: compiled,
    };
    worker.postMessage(configuration);
    return { port: portOfWorker(worker), terminate: () => worker.terminate() };
  };
}

/**
 * What every pod's worker does, whatever the storage below it (Node): answers the engine over the
 * thread's own port, and gives the SDK a `Worker` class that starts our guest workers as threads.
 */
import { readFile } from "node:fs/promises";
import { parentPort, workerData, Worker as Thread } from "node:worker_threads";
import { must } from "../../../layers/base/assert.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import type { Snapshotter } from "../../../layers/snapshots/snapshotter.ts";
import { isGuestMessage } from "../../backends/wasi/guest/bridge.ts";
import { PodServer } from "../../backends/pod/pod-server.ts";
import { WasiPod } from "../../backends/wasi/pod/wasi-pod.ts";
import { portOfMessagePort } from "./ports.ts";

/** A pod thread's workerData. */
export interface PodConfiguration {
  /** The engine's storage directory. */
  readonly directory: string;
  /** URLs, as text: of the SDK's package folder, and of the guest worker's entry. */
  readonly sdkBaseUrl: string;
  readonly guestWorkerUrl: string;
}

/** Serves pods for the life of this thread. `openSnapshotter` is called when files are first needed. */
export function hostPod(openSnapshotter: (configuration: PodConfiguration) => Promise<Snapshotter>): void {
  const configuration = workerData as PodConfiguration; // Given by podSpawner.
  const pod = new WasiPod({
    sdk: {
      baseUrl: configuration.sdkBaseUrl,
      loadWasm: () => readFile(new URL("pkg/wasmer_sdk_js_bg.wasm", configuration.sdkBaseUrl)),
    },
    openSnapshotter: () => openSnapshotter(configuration),
    clock: systemClock,
  });
  const hostCall = (...call: Parameters<WasiPod["hostCall"]>): unknown => pod.hostCall(...call);
  Object.assign(globalThis, {
    Worker: guestWorkerClass(pod, configuration.guestWorkerUrl),
    __wasmerHostFileSystem: hostCall,
  });
  new PodServer(portOfMessagePort(must(parentPort, "a pod is started by an engine")), pod);
}

/** What the SDK expects of a browser's Worker, on a thread. It starts none but guest workers. */
function guestWorkerClass(pod: WasiPod, guestWorkerUrl: string): unknown {
  return class GuestWorker {
    onmessage: ((event: { readonly data: unknown }) => void) | null = null;
    onerror: ((event: { readonly message: string }) => void) | null = null;
    readonly #thread = new Thread(new URL(guestWorkerUrl));

    constructor() {
      this.#thread.on("message", (data: unknown) => {
        if (isGuestMessage(data)) pod.answerGuest(data);
        else this.onmessage?.({ data });
      });
      this.#thread.on("error", (error) => this.onerror?.({ message: error.message }));
    }

    postMessage(message: unknown): void {
      this.#thread.postMessage(message);
    }

    terminate(): void {
      void this.#thread.terminate();
    }
  };
}

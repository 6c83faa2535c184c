/**
 * What every pod's worker does, whatever the storage below it (browser): answers the engine over the
 * line it was given, and has the page start the SDK's guest workers as the ones built with the site.
 */
import { systemClock } from "../../layers/base/clock.ts";
import type { Snapshotter } from "../../layers/snapshots/snapshotter.ts";
import { isGuestMessage } from "../backends/wasi/guest/bridge.ts";
import { PodServer } from "../backends/pod/pod-server.ts";
import { WasiPod } from "../backends/wasi/pod/wasi-pod.ts";
import { GUEST_WORKER_URL } from "../backends/wasi/pod/sdk.ts";
import { FarWorker, whenLineComes } from "./far-worker.ts";
import { portOfMessagePort } from "./ports.ts";

/** The first message on a pod's line. */
export interface PodConfiguration {
  /** Name of the storage, as OpfsStorage takes it. */
  readonly storage: string;
  /** Absolute URL of the folder with the SDK's `dist` and `pkg`, ending in a slash. */
  readonly sdkBaseUrl: string;
  readonly sdkWasm: WebAssembly.Module;
}

/** Serves pods for the life of this worker. `openSnapshotter` is called when files are first needed. */
export function hostPod(
  openSnapshotter: (configuration: PodConfiguration) => Promise<Snapshotter>,
): void {
  whenLineComes((line) => {
    const begin = ({ data }: MessageEvent<PodConfiguration>): void => {
      const pod = new WasiPod({
        sdk: { baseUrl: data.sdkBaseUrl, loadWasm: async () => data.sdkWasm },
        openSnapshotter: () => openSnapshotter(data),
        clock: systemClock,
      });
      replaceWorkerClass(pod);
      const hostCall = (...call: Parameters<WasiPod["hostCall"]>): unknown => pod.hostCall(...call);
      new PodServer(portOfMessagePort(line), pod);
      Object.defineProperty(globalThis, "__wasmerHostFileSystem", { value: hostCall });
    };
    line.addEventListener("message", begin, { once: true });
    line.start();
  });
}

/** The SDK says `new Worker(GUEST_WORKER_URL)`; what it gets is our guest worker, listened to first. */
function replaceWorkerClass(pod: WasiPod): void {
  const construct = (
    target: typeof Worker,
    [url, options]: [string | URL, WorkerOptions?],
  ): Worker | FarWorker => {
    if (url !== GUEST_WORKER_URL) return new target(url, options);
    const worker = new FarWorker("guest");
    worker.line.onmessage = (event: MessageEvent<unknown>): void => {
      if (isGuestMessage(event.data)) pod.answerGuest(event.data);
      else worker.onmessage?.(event);
    };
    return worker;
  };
  const value = new Proxy(Worker, { construct });
  Object.defineProperty(globalThis, "Worker", { value, configurable: true });
}

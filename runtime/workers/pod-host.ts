/**
 * What every pod's worker does, whatever the storage below it (browser): answers the engine over the
 * worker's own port, and starts the SDK's guest workers as the ones built with the site.
 */
import { systemClock } from "../../layers/base/clock.ts";
import type { Snapshotter } from "../../layers/snapshots/snapshotter.ts";
import { isGuestMessage } from "../backends/wasi/guest/bridge.ts";
import { PodServer } from "../backends/wasi/pod/pod-server.ts";
import { GUEST_WORKER_URL } from "../backends/wasi/pod/sdk.ts";
import { portOfParent } from "./ports.ts";

/** An interrupted loop ends within some milliseconds, on a loaded machine too. */
const GUESTS_END_MS = 100;

/** The first message of a pod's worker. */
export interface PodConfiguration {
  /** Name of the storage, as OpfsStorage takes it. */
  readonly storage: string;
  /** Absolute URL of the folder with the SDK's `dist` and `pkg`, ending in a slash. */
  readonly sdkBaseUrl: string;
  readonly sdkWasm: WebAssembly.Module;
}

/** Serves pods for the life of this worker. `openSnapshotter` is called when files are first needed. */
export function hostPod(openSnapshotter: (configuration: PodConfiguration) => Promise<Snapshotter>): void {
  const scope = self as unknown as DedicatedWorkerGlobalScope; // The library types a window as well.
  scope.addEventListener("message", (event: MessageEvent<PodConfiguration>) => {
    const configuration = event.data;
    const guests = new Set<Worker>();
    const server = new PodServer({
      port: portOfParent(scope),
      sdk: { baseUrl: configuration.sdkBaseUrl, loadWasm: async () => configuration.sdkWasm },
      openSnapshotter: () => openSnapshotter(configuration),
      clock: systemClock,
      endGuests: () => endWorkers(guests),
    });
    replaceWorkerClass(server, guests);
    const hostCall = (...call: Parameters<PodServer["hostCall"]>): unknown => server.hostCall(...call);
    Object.defineProperty(globalThis, "__wasmerHostFileSystem", { value: hostCall });
  }, { once: true });
}

/**
 * Firefox sometimes stalls for good when a worker is ended while a worker *below* it spins in a loop, so
 * those below are ended first, and given a moment in which to be gone.
 */
async function endWorkers(workers: ReadonlySet<Worker>): Promise<void> {
  for (const worker of workers) worker.terminate();
  await new Promise((resolve) => setTimeout(resolve, GUESTS_END_MS));
}

/** The SDK says `new Worker(GUEST_WORKER_URL)`; what it gets is our guest worker, listened to first. */
function replaceWorkerClass(server: PodServer, guests: Set<Worker>): void {
  const construct = (target: typeof Worker, [url, options]: [string | URL, WorkerOptions?]): Worker => {
    if (url !== GUEST_WORKER_URL) return new target(url, options);
    const worker = new Worker(new URL("./guest-worker.ts", import.meta.url), { type: "module" });
    guests.add(worker);
    worker.addEventListener("message", (event) => {
      if (!isGuestMessage(event.data)) return;
      event.stopImmediatePropagation();
      server.answerGuest(event.data);
    });
    return worker;
  };
  Object.defineProperty(globalThis, "Worker", { value: new Proxy(Worker, { construct }), configurable: true });
}

/**
 * Entry of the tab's engine worker: composes the engine out of what a browser offers, once this tab is
 * the owner, and passes calls on to the owner's until then. It holds the lock by which the page
 * notices its end before it says its first word.
 */
import { systemClock } from "../../layers/base/clock.ts";
import { must } from "../../layers/base/assert.ts";
import { isKind } from "../../layers/base/errors.ts";
import type { CallHandler } from "../../layers/base/peer.ts";
import { Peer } from "../../layers/base/peer.ts";
import { OpfsStorage } from "../../layers/content/opfs-storage.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { apiCallHandler } from "../api/peer-server.ts";
import { EmulatedBackend } from "../backends/emulated/emulated-backend.ts";
import { WasiBackend } from "../backends/wasi/wasi-backend.ts";
import { MessagePortPort } from "../client/message-port.ts";
import type {
  EngineWorkerMessage,
  EngineWorkerState,
  WorkerEnvironment,
} from "../client/worker-protocol.ts";
import { RETRY_CALL, STATE_CALL } from "../client/worker-protocol.ts";
import type { BrokerState, RunningEngine } from "./broker.ts";
import { EngineBroker } from "./broker.ts";
import { browserHost } from "./browser-host.ts";
import type { ComposedEngine } from "./compose-engine.ts";
import { composeEngine } from "./compose-engine.ts";
import { emulatedPodSpawner } from "./spawn-emulated-pod.ts";
import { podSpawner } from "./spawn-pod.ts";

/**
 * The tab that owned the engine is gone, but its file handles may outlive its lock by a moment: the
 * new owner tries again for this long before it believes a conflict.
 */
const TAKEOVER_MS = 5000;
const TAKEOVER_STEP_MS = 100;

async function compose(environment: WorkerEnvironment): Promise<ComposedEngine> {
  const storage = new OpfsStorage(environment.name);
  const spawnPod = podSpawner({ storage: environment.name, sdkBaseUrl: environment.wasmerSdkUrl });
  const wasi = new WasiBackend({ spawnPod, isIsolated: crossOriginIsolated });
  const { name, interpreterUrl } = environment;
  const emulated = new EmulatedBackend({ spawnPod: emulatedPodSpawner({ storage: name, interpreterUrl }) });
  try {
    const snapshots = new StorageSnapshotter({
      storage,
      newHasher: createWasmHasher,
      clock: systemClock,
    });
    await snapshots.sweep();
    const composed = await composeEngine({
      storage,
      snapshots,
      hasher: createWasmHasher,
      backends: [emulated, wasi],
      fetch: (input, init) => fetch(input, init),
      redirects: "follow",
      host: browserHost(),
      defaultSettings: environment.defaults,
    });
    // Ahead of need; a pod that cannot be made says so when a container asks for it.
    wasi.warm().catch(() => undefined);
    emulated.warm().catch(() => undefined);
    return composed;
  } catch (thrown) {
    emulated.dispose();
    wasi.dispose();
    await storage.close();
    throw thrown;
  }
}

async function startEngine(environment: WorkerEnvironment): Promise<RunningEngine> {
  const deadline = performance.now() + TAKEOVER_MS;
  for (;;) {
    try {
      const composed = await compose(environment);
      return { handler: apiCallHandler(composed.handler), dispose: () => void composed.close() };
    } catch (thrown) {
      if (!isKind(thrown, "conflict") || performance.now() > deadline) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, TAKEOVER_STEP_MS));
    }
  }
}

/** Settles when the lock is held, which it is from then on for as long as this worker lives. */
function holdForLife(lock: string): Promise<void> {
  return new Promise((held) => {
    const hold = (): Promise<void> => {
      held();
      return new Promise(() => undefined);
    };
    void navigator.locks.request(lock, hold);
  });
}

async function start({
  environment,
  control,
  aliveLock,
}: Extract<EngineWorkerMessage, { kind: "start" }>): Promise<EngineBroker> {
  await holdForLife(aliveLock);
  const answer: CallHandler = async (call) => {
    if (call.method !== RETRY_CALL) return broker.handle(call);
    broker.retry();
    return {};
  };
  const page = new Peer(new MessagePortPort(control), answer);
  const tell = (state: BrokerState): void => {
    const told: EngineWorkerState =
      state.kind === "failed"
        ? { kind: "failed", error: state.error.toJSON() }
        : { kind: state.kind };
    page.call(STATE_CALL, told).catch(() => undefined); // The page is closing.
  };
  tell({ kind: "starting" });
  const broker = new EngineBroker({
    name: environment.name,
    startEngine: () => startEngine(environment),
    onState: tell,
  });
  return broker;
}

let started: Promise<EngineBroker> | undefined;

self.addEventListener("message", (event: MessageEvent<EngineWorkerMessage>) => {
  const message = event.data;
  if (message.kind === "start") started ??= start(message);
  // Posted by the same page, after "start".
  if (message.kind === "client")
    new Peer(new MessagePortPort(message.port), async (call) =>
      (await must(started, "start comes first")).handle(call),
    );
});

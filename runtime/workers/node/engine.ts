/**
 * The engine headless in Node: a directory for storage, threads for pods. What `slipway engine` runs,
 * and the tests that drive the real docker command.
 */
import { availableParallelism, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../layers/base/clock.ts";
import { fail } from "../../../layers/base/errors.ts";
import { tryLock } from "../../../layers/content/node/file-lock.ts";
import { createNodeHasher } from "../../../layers/content/node/node-hasher.ts";
import { NodeStorage } from "../../../layers/content/node/node-storage.ts";
import { StorageSnapshotter } from "../../../layers/snapshots/storage-snapshotter.ts";
import { EmulatedBackend } from "../../backends/emulated/emulated-backend.ts";
import { WasiBackend } from "../../backends/wasi/wasi-backend.ts";
import type { EngineSettings } from "../../engine/settings.ts";
import type { ComposedEngine } from "../compose-engine.ts";
import { composeEngine } from "../compose-engine.ts";
import { emulatedPodSpawner } from "./spawn-emulated-pod.ts";
import { podSpawner } from "./spawn-pod.ts";

export interface NodeEngineOptions {
  /** Made when it is missing; one engine at a time. */
  readonly dataRoot: string;
  /** What applies until a person changes it. */
  readonly settings: Partial<EngineSettings>;
}

/** @throws SlipwayError conflict when another engine has the directory. */
export async function openNodeEngine(options: NodeEngineOptions): Promise<ComposedEngine> {
  const storage = new NodeStorage(options.dataRoot);
  const lock = tryLock(join(options.dataRoot, "engine.lock"));
  if (lock === undefined) {
    await storage.close();
    throw fail("conflict", `another engine is using ${options.dataRoot}`);
  }
  const wasi = new WasiBackend({ spawnPod: podSpawner({ directory: options.dataRoot }), isIsolated: true });
  const emulated = new EmulatedBackend({ spawnPod: emulatedPodSpawner({ directory: options.dataRoot }) });
  try {
    const snapshots = new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock });
    await snapshots.sweep();
    const composed = await composeEngine({
      storage,
      snapshots,
      hasher: createNodeHasher,
      backends: [emulated, wasi],
      fetch: (input, init) => fetch(input, init),
      redirects: "manual",
      host: {
        name: hostname(),
        operatingSystem: `Slipway (Node ${process.versions.node})`,
        cpus: availableParallelism(),
        memoryBytes: totalmem(),
      },
      defaultSettings: options.settings,
    });
    const close = async (): Promise<void> => {
      await composed.close();
      lock.dispose();
    };
    return { ...composed, close };
  } catch (thrown) {
    emulated.dispose();
    wasi.dispose();
    lock.dispose();
    await storage.close();
    throw thrown;
  }
}

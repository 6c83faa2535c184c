/**
 * Starts emulated pods' threads (Node). The processor is compiled once per engine and handed to every pod:
 * the optimised code is then theirs as well.
 */
import { readFile } from "node:fs/promises";
import { Worker as Thread } from "node:worker_threads";
import type { InterpreterModule } from "../../cpu/interpreter/machine.ts";
import { compileInterpreter } from "../../cpu/interpreter/machine.ts";
import type { SpawnedPod } from "../../backends/pod/pod-client.ts";
import { portOfWorker } from "./ports.ts";

/** A pod thread's workerData. */
export interface EmulatedPodConfiguration {
  /** The engine's storage directory. */
  readonly directory: string;
  readonly interpreter: InterpreterModule;
}

export interface SpawnEmulatedPodOptions {
  readonly directory: string;
  /** Other files than those beside this one: tests bundle their own. */
  readonly podUrl?: URL;
  readonly interpreterUrl?: URL;
}

/** What EmulatedBackend's `spawnPod` takes. */
export function emulatedPodSpawner(options: SpawnEmulatedPodOptions): () => Promise<SpawnedPod> {
  const podUrl = options.podUrl ?? new URL("./emulated-pod.js", import.meta.url);
  const interpreterUrl = options.interpreterUrl ?? new URL("../../cpu/interpreter.wasm", import.meta.url);
  let interpreter: Promise<InterpreterModule> | undefined;
  return async () => {
    interpreter ??= readFile(interpreterUrl).then((bytes) => compileInterpreter(new Uint8Array(bytes)));
    const workerData: EmulatedPodConfiguration = { directory: options.directory, interpreter: await interpreter };
    const thread = new Thread(podUrl, { workerData });
    thread.on("error", () => undefined); // "exit" follows, which closes the port; an unheard "error" would end us.
    return { port: portOfWorker(thread), terminate: () => void thread.terminate() };
  };
}

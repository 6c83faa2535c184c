/**
 * Runs images of platform wasi/wasm on @wasmer/sdk, one pod (a worker of its own) per container. This
 * is the room's door: the engine drives it through runtime/backends/backend.ts and knows nothing else.
 */
import type { Clock } from "../../../layers/base/clock.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { Backend, Task, TaskSpec } from "../backend.ts";
import type { SpawnedPod } from "../pod/pod-client.ts";
import { PodPool } from "../pod/pod-pool.ts";
import { PodTask } from "../pod/pod-task.ts";

/** wasi/wasm is what images say today; the others are what containerd's shims accepted before. */
const PLATFORMS = ["wasi/wasm", "wasip1/wasm", "wasi/wasm32", "wasm/wasm", "wasm32/wasi"] as const;

export interface WasiBackendOptions {
  /** Starts a pod's worker. */
  readonly spawnPod: () => Promise<SpawnedPod>;
  /** Whether this host has SharedArrayBuffer: in a browser, whether the page is cross-origin isolated. */
  readonly isIsolated: boolean;
  readonly clock?: Clock;
}

export class WasiBackend implements Backend {
  readonly name = "wasi";
  readonly platforms: readonly string[] = PLATFORMS;
  readonly #pods: PodPool;
  readonly #isIsolated: boolean;

  constructor(options: WasiBackendOptions) {
    this.#isIsolated = options.isIsolated;
    this.#pods = new PodPool(options.spawnPod, options.clock ?? systemClock);
  }

  /** Pods alive now, the spare included. */
  get podCount(): number {
    return this.#pods.size;
  }

  unavailable(): string | undefined {
    if (this.#isIsolated) return undefined;
    return "WASI images need shared memory, which the browser gives only to cross-origin isolated pages: serve this page "
      + "with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  }

  /** Makes the spare pod ahead of need, when the host is idle. */
  async warm(): Promise<void> {
    if (this.#isIsolated) await this.#pods.warm();
  }

  async create(spec: TaskSpec): Promise<Task> {
    const reason = this.unavailable();
    if (reason !== undefined) throw fail("unavailable", reason);
    if (Object.keys(spec.shares).length > 0) {
      throw fail("notImplemented", "a WASI container cannot share the namespaces of another");
    }
    const pod = await this.#pods.take();
    try {
      await pod.session(spec.id).call("create", spec);
    } catch (thrown) {
      this.#pods.giveBack(pod, true);
      throw thrown;
    }
    return new PodTask(pod, spec, (ended, isReusable) => this.#pods.giveBack(ended, isReusable));
  }

  dispose(): void {
    this.#pods.dispose();
  }
}

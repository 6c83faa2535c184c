/**
 * Runs images of platform linux/amd64 on our own kernel and processor, one pod (a worker of its own) per
 * container. It needs nothing special of the host: no shared memory, no isolation headers. This is the
 * room's door: the engine drives it through runtime/backends/backend.ts and knows nothing else.
 */
import type { Clock } from "../../../layers/base/clock.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import type { Backend, Task, TaskSpec } from "../backend.ts";
import type { SpawnedPod } from "../pod/pod-client.ts";
import { PodPool } from "../pod/pod-pool.ts";
import { PodTask } from "../pod/pod-task.ts";

export interface EmulatedBackendOptions {
  /** Starts a pod's worker. */
  readonly spawnPod: () => Promise<SpawnedPod>;
  readonly clock?: Clock;
}

export class EmulatedBackend implements Backend {
  readonly name = "emulated";
  readonly platforms: readonly string[] = ["linux/amd64"];
  readonly #pods: PodPool;

  constructor(options: EmulatedBackendOptions) {
    this.#pods = new PodPool(options.spawnPod, options.clock ?? systemClock);
  }

  /** Pods alive now, the spare included. */
  get podCount(): number {
    return this.#pods.size;
  }

  unavailable(): string | undefined {
    return undefined;
  }

  /** Makes the spare pod ahead of need, when the host is idle. */
  async warm(): Promise<void> {
    await this.#pods.warm();
  }

  async create(spec: TaskSpec): Promise<Task> {
    const pod = await this.#pods.take();
    try {
      await pod.call("create", spec);
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

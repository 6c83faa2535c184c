/**
 * Runs images of platform linux/amd64 on our own kernel and processor, one pod (a worker of its own) per
 * container, or per group of containers that share namespaces. It needs nothing special of the host: no shared
 * memory, no isolation headers. This is the room's door: the engine drives it through runtime/backends/backend.ts
 * and knows nothing else.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { Clock } from "../../../layers/base/clock.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import type { Backend, Task, TaskSpec } from "../backend.ts";
import type { PodClient, SpawnedPod } from "../pod/pod-client.ts";
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
  /** The pod of every container there is now. */
  readonly #podOf = new Map<string, PodClient>();

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
    const shared = this.#podShared(spec);
    if (shared !== undefined) this.#pods.share(shared);
    const pod = shared ?? (await this.#pods.take());
    try {
      await pod.session(spec.id).call("create", spec);
    } catch (thrown) {
      this.#pods.giveBack(pod, true);
      throw thrown;
    }
    this.#podOf.set(spec.id, pod);
    return new PodTask(pod, spec, (ended, isReusable) => {
      if (this.#podOf.get(spec.id) === ended) this.#podOf.delete(spec.id);
      this.#pods.giveBack(ended, isReusable);
    });
  }

  /** The pod of those whose namespaces it joins: they must live in one. */
  #podShared({ shares }: TaskSpec): PodClient | undefined {
    const donors = Object.values(shares).map((id: string) => {
      const pod = this.#podOf.get(id);
      if (pod === undefined || pod.isEnded) throw fail("conflict", `container ${id} is not running`);
      return pod;
    });
    if (new Set(donors).size > 1) {
      const what = "sharing namespaces of containers that do not share any with each other";
      throw fail(
        "notImplemented",
        `${what} is not implemented by Slipway: each sandbox has a kernel of its own`,
      );
    }
    return donors[0];
  }

  dispose(): void {
    this.#pods.dispose();
  }
}

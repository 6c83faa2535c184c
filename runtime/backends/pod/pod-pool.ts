/**
 * Pods: one per running container, or per group of them that share namespaces, and at most one spare, warm, so
 * that the next container starts at once. A pod whose containers ended in peace becomes the spare; one whose guest
 * was killed does not, because a killed guest's worker may be spinning in a loop for ever.
 */
import type { Disposable } from "../../../layers/base/disposable.ts";
import type { Clock } from "../../../layers/base/clock.ts";
import type { SpawnedPod } from "./pod-client.ts";
import { PodClient } from "./pod-client.ts";

/** How long after a container's start a spare is made, unless a pod has come back: starting is costly. */
const SPARE_DELAY_MS = 1500;
/** Containers one pod serves before it is replaced: bounds whatever the SDK leaves behind. */
const SERVED_MAX = 64;

export class PodPool implements Disposable {
  readonly #spawn: () => Promise<SpawnedPod>;
  readonly #clock: Clock;
  readonly #busy = new Set<PodClient>();
  #spare: Promise<PodClient> | undefined;
  #timer: Disposable | undefined;
  #isDisposed = false;

  constructor(spawn: () => Promise<SpawnedPod>, clock: Clock) {
    this.#spawn = spawn;
    this.#clock = clock;
  }

  /** Pods alive, the spare included. */
  get size(): number {
    return this.#busy.size + (this.#spare === undefined ? 0 : 1);
  }

  /** A pod for one container: the spare when there is one. */
  async take(): Promise<PodClient> {
    const spare = this.#spare;
    this.#spare = undefined;
    const pod = (await spare?.catch(() => undefined)) ?? (await this.#start());
    const usable = pod.isEnded ? await this.#start() : pod;
    usable.served += 1;
    usable.containers = 1;
    this.#busy.add(usable);
    usable.onEnd(() => this.#busy.delete(usable));
    this.#makeSpareLater();
    return usable;
  }

  /** One more container for a pod that has some. */
  share(pod: PodClient): void {
    pod.served += 1;
    pod.containers += 1;
  }

  /** One container of the pod is closed; with the last one the pod is given back. */
  giveBack(pod: PodClient, isReusable: boolean): void {
    if (!isReusable) pod.isSpoiled = true;
    pod.containers -= 1;
    if (pod.containers > 0) return;
    this.#busy.delete(pod);
    const isWanted = !pod.isSpoiled && !pod.isEnded && pod.served < SERVED_MAX && !this.#isDisposed;
    if (isWanted && this.#spare === undefined) {
      this.#keepSpare(Promise.resolve(pod));
      return;
    }
    pod.end();
    this.#makeSpareLater();
  }

  /** Makes the spare now, when the host has nothing better to do. */
  async warm(): Promise<void> {
    if (this.#spare === undefined && !this.#isDisposed) this.#keepSpare(this.#startWarm());
    await this.#spare;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
    for (const pod of this.#busy) pod.end();
    this.#spare?.then((pod) => pod.end()).catch(() => undefined); // It never started: nothing to end.
    this.#spare = undefined;
  }

  #makeSpareLater(): void {
    this.#timer?.dispose();
    if (this.#isDisposed) return;
    this.#timer = this.#clock.after(SPARE_DELAY_MS, () => {
      this.warm().catch(() => undefined); // The next container will start one itself, and hear why not.
    });
  }

  #keepSpare(spare: Promise<PodClient>): void {
    this.#spare = spare;
    const forget = (): void => {
      if (this.#spare === spare) this.#spare = undefined;
    };
    spare.then((pod) => pod.onEnd(forget), forget);
  }

  async #start(): Promise<PodClient> {
    return new PodClient(await this.#spawn());
  }

  async #startWarm(): Promise<PodClient> {
    const pod = await this.#start();
    try {
      await pod.session("").call("warm", null);
    } catch (thrown) {
      pod.end();
      throw thrown;
    }
    if (this.#isDisposed) pod.end();
    return pod;
  }
}

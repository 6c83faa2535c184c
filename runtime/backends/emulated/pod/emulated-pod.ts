/**
 * What an emulated pod's worker runs: one machine for its life, and a fresh kernel for each container. The
 * machine keeps what is costly to make: the compiled interpreter and memories that are touched already.
 */
import type { Clock, Rng } from "../../../../layers/base/clock.ts";
import type { Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import type { InterpreterModule } from "../../../cpu/interpreter/machine.ts";
import { InterpreterMachine } from "../../../cpu/interpreter/machine.ts";
import type { TaskSpec } from "../../backend.ts";
import type { PodContainer, PodHost } from "../../pod/pod-server.ts";
import { Container } from "./container.ts";

const NS_PER_MS = 1_000_000;

export interface EmulatedPodOptions {
  readonly openSnapshotter: () => Promise<Snapshotter>;
  /** The processor, compiled. */
  readonly loadInterpreter: () => Promise<InterpreterModule>;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Calls back as soon as the worker has heard its messages: a task, not a microtask, and without a clamp. */
  readonly soon: (callback: () => void) => void;
}

export class EmulatedPod implements PodHost {
  readonly #options: EmulatedPodOptions;
  #machine: Promise<InterpreterMachine> | undefined;
  #snapshotter: Promise<Snapshotter> | undefined;

  constructor(options: EmulatedPodOptions) {
    this.#options = options;
  }

  async warm(): Promise<void> {
    await Promise.all([this.#startMachine(), this.#storage()]);
  }

  async open(spec: TaskSpec): Promise<PodContainer> {
    const [machine, snapshotter] = await Promise.all([this.#startMachine(), this.#storage()]);
    const { clock, rng, soon } = this.#options;
    return Container.open(spec, { machine, snapshotter, clock, rng, soon });
  }

  #startMachine(): Promise<InterpreterMachine> {
    const { loadInterpreter, clock } = this.#options;
    this.#machine ??= loadInterpreter().then(
      (module) => new InterpreterMachine({ module, counterNs: () => clock.monotonicMs() * NS_PER_MS }),
    );
    return this.#machine;
  }

  #storage(): Promise<Snapshotter> {
    this.#snapshotter ??= this.#options.openSnapshotter();
    return this.#snapshotter;
  }
}

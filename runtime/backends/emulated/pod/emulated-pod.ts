/**
 * What an emulated pod's worker runs: one machine for its life, and a fresh kernel for each container. The
 * machine keeps what is costly to make: the compiled interpreter and memories that are touched already.
 */
import type { Clock, Rng } from "../../../../layers/base/clock.ts";
import { fail } from "../../../../layers/base/errors.ts";
import type { Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import type { InterpreterModule } from "../../../cpu/interpreter/machine.ts";
import { InterpreterMachine } from "../../../cpu/interpreter/machine.ts";
import type { TaskSpec } from "../../backend.ts";
import type { PodContainer, PodHost } from "../../pod/pod-server.ts";
import type { Donors } from "./container.ts";
import { Container } from "./container.ts";
import { Sandbox } from "./sandbox.ts";

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
  /** Those that are here now, by id. */
  readonly #containers = new Map<string, Container>();
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
    const donors = this.#donorsOf(spec);
    const [first] = [donors.pid, donors.ipc, donors.network].filter((donor) => donor !== undefined);
    const sandbox = first?.sandbox ?? new Sandbox({ machine, clock, rng, soon });
    const container = await Container.open(spec, snapshotter, sandbox, donors);
    this.#containers.set(spec.id, container);
    container.onClosing = () => this.#containers.delete(spec.id);
    return container;
  }

  #donorsOf({ shares }: TaskSpec): Donors {
    const donors: { -readonly [K in keyof Donors]: Container } = {};
    for (const kind of ["pid", "ipc", "network"] as const) {
      const id = shares[kind];
      if (id === undefined) continue;
      const donor = this.#containers.get(id);
      if (donor === undefined) throw fail("conflict", `container ${id} is not running`);
      donors[kind] = donor;
    }
    if (new Set(Object.values(donors).map(({ sandbox }) => sandbox)).size > 1) {
      throw fail("notImplemented", "the containers whose namespaces are joined do not share a kernel");
    }
    return donors;
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

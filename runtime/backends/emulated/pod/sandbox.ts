/**
 * One kernel and what keeps it running, for a container or for several that share namespaces. One hard idea: it
 * lives as long as the last of its containers, whichever came first: a network namespace outlives the container
 * that made it, as on Linux.
 */
import type { Clock, Rng } from "../../../../layers/base/clock.ts";
import { fail } from "../../../../layers/base/errors.ts";
import type { Machine } from "../../../cpu/machine.ts";
import { Cgroup } from "../../../kernel/cgroup.ts";
import { CONTROLLERS } from "../../../kernel/fs/cgroup/cgroupfs.ts";
import { Kernel } from "../../../kernel/kernel.ts";
import { SYSCALLS } from "../../../kernel/syscalls/table.ts";
import { registerOverlay } from "./overlay-mount.ts";
import { Pump } from "./pump.ts";

/** MemTotal of the machine: what a 32-bit WebAssembly memory can hold. */
export const MEMORY_BYTES = 4 * 1024 ** 3;

export interface SandboxParts {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly soon: (callback: () => void) => void;
}

/** What a sandbox asks of the containers in it. */
export interface Resident {
  /** Closed files, to the host: before anybody sees what a slice did. */
  handOver(): void;
  /** Our own mistake: the kernel threw. */
  crash(thrown: unknown): void;
}

export class Sandbox {
  readonly kernel: Kernel;
  readonly pump: Pump;
  readonly #residents = new Set<Resident>();
  readonly #dockerGroup: Cgroup;
  /** Prepared and not yet moved in. */
  #guests = 0;

  constructor({ machine, clock, rng, soon }: SandboxParts) {
    this.pump = new Pump(
      clock,
      soon,
      (thrown) => this.#each((resident) => resident.crash(thrown)),
      () => this.#each((resident) => resident.handOver()),
    );
    this.kernel = new Kernel({
      machine,
      clock,
      rng,
      syscalls: SYSCALLS,
      memoryBytes: MEMORY_BYTES,
      onWork: () => this.pump.wake(),
    });
    this.pump.attach(this.kernel);
    registerOverlay(this.kernel);
    this.#dockerGroup = dockerGroup(this.kernel);
  }

  /** The control group of one more container, which keeps the sandbox until `leave`. */
  enter(id: string): Cgroup {
    if ([...this.#dockerGroup.children].some(({ name }) => name === id)) {
      throw fail("conflict", `container ${id} is in the sandbox already`);
    }
    this.#guests += 1;
    return new Cgroup(id, this.#dockerGroup);
  }

  settle(resident: Resident): void {
    this.#residents.add(resident);
  }

  /** The container is over, or could not be made. */
  leave(cgroup: Cgroup, resident: Resident | undefined): void {
    if (resident !== undefined) this.#residents.delete(resident);
    cgroup.detach();
    this.#guests -= 1;
    if (this.#guests === 0) this.pump.dispose();
  }

  #each(act: (resident: Resident) => void): void {
    for (const resident of [...this.#residents]) act(resident);
  }
}

/** The daemon's own group, with every controller handed down: a container is /docker/ID. */
function dockerGroup({ rootCgroup }: Kernel): Cgroup {
  const group = new Cgroup("docker", rootCgroup);
  for (const name of CONTROLLERS) group.childControllers.add(name);
  return group;
}

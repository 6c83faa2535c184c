/**
 * A container on the emulated machine: its files, its kernel, its first process and those of `docker exec`.
 * What runc does on Linux is done here: mounts, user, capabilities, limits, the program's place.
 */
import type { Clock, Rng } from "../../../../layers/base/clock.ts";
import { fail, messageOf } from "../../../../layers/base/errors.ts";
import type { Mounted, Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import type { Machine } from "../../../cpu/machine.ts";
import { SI_USER, Signal, SIGNAL_MAX } from "../../../kernel/abi/signal.ts";
import { Cgroup } from "../../../kernel/cgroup.ts";
import { CONTROLLERS } from "../../../kernel/fs/cgroup/cgroupfs.ts";
import { Kernel } from "../../../kernel/kernel.ts";
import type { NetworkNamespace } from "../../../kernel/net/network-namespace.ts";
import type { Namespaces } from "../../../kernel/ns/namespaces.ts";
import { SYSCALLS } from "../../../kernel/syscalls/table.ts";
import type { SeccompFilter } from "../../../kernel/task/seccomp.ts";
import { endProcess, sendToProcess } from "../../../kernel/task/send-signal.ts";
import type {
  ContainerFiles, ExitStatus, PathChange, ProcessSpec, ProcessTable, ResourceLimits, TaskSpec, TaskStatistics,
} from "../../backend.ts";
import { filesOf } from "../../pod/container-files.ts";
import type { PodContainer } from "../../pod/pod-server.ts";
import { seccompFilterOf } from "../seccomp/container-filter.ts";
import { ContainerRoot } from "./container-root.ts";
import { GuestProcess } from "./guest-process.ts";
import { underInit } from "./init-program.ts";
import { processTable } from "./process-table.ts";
import { Pump } from "./pump.ts";
import { applyLimits } from "./resources.ts";
import { STRACE_ANNOTATION } from "./strace-output.ts";

const FIRST_PROCESS = 0;
/** MemTotal of the machine: what a 32-bit WebAssembly memory can hold. */
const MEMORY_BYTES = 4 * 1024 ** 3;

export interface ContainerParts {
  readonly machine: Machine;
  readonly snapshotter: Snapshotter;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly soon: (callback: () => void) => void;
}

export class Container implements PodContainer {
  readonly files: ContainerFiles;
  readonly kernel: Kernel;
  readonly cgroup: Cgroup;
  readonly namespaces: Namespaces;
  readonly root: ContainerRoot;
  readonly seccomp: SeccompFilter | undefined;
  readonly oomScoreAdjustment: number;
  readonly isTraced: boolean;
  readonly #spec: TaskSpec;
  readonly #mounted: Mounted;
  readonly #pump: Pump;
  readonly #processes: GuestProcess[] = [];

  private constructor(spec: TaskSpec, mounted: Mounted, cgroup: Cgroup, root: ContainerRoot, kernel: Kernel, pump: Pump) {
    this.#spec = spec;
    this.oomScoreAdjustment = spec.system.oomScoreAdjustment;
    this.#mounted = mounted;
    this.#pump = pump;
    this.kernel = kernel;
    this.root = root;
    this.cgroup = cgroup;
    this.update(spec.resources);
    this.namespaces = root.namespaces;
    this.seccomp = seccompFilterOf(spec);
    this.isTraced = ["1", "true"].includes(spec.annotations[STRACE_ANNOTATION] ?? "");
    const files = filesOf(root, mounted, spec.root.writable !== "");
    const ownChanges = async (): Promise<readonly PathChange[]> => root.ownChanges(await files.changes());
    this.files = {
      ...files,
      changes: ownChanges,
      exportDiff: async () => mounted.exportDiff(root.madeBesides(await ownChanges())),
    };
    this.#add(spec.hasInit ? underInit(spec.process) : spec.process);
  }

  static async open(spec: TaskSpec, parts: ContainerParts): Promise<Container> {
    const { machine, snapshotter, clock, rng, soon } = parts;
    const mounted = await snapshotter.mount({ layers: spec.root.layers, writable: spec.root.writable });
    let container: Container | undefined;
    const handOver = (): void => {
      mounted.handOver();
      container?.root.handOver();
    };
    const pump = new Pump(clock, soon, (thrown) => container?.crash(thrown), handOver);
    const kernel = new Kernel({
      machine, clock, rng, syscalls: SYSCALLS, memoryBytes: MEMORY_BYTES, onWork: () => pump.wake(),
    });
    pump.attach(kernel);
    try {
      const cgroup = new Cgroup(spec.id, dockerGroup(kernel));
      const root = await ContainerRoot.open({ kernel, cgroup, mounted, snapshotter }, spec);
      container = new Container(spec, mounted, cgroup, root, kernel, pump);
      return container;
    } catch (thrown) {
      pump.dispose();
      await mounted.unmount();
      throw thrown;
    }
  }

  process(number: number): GuestProcess {
    const found = this.#processes[number];
    if (found === undefined) throw fail("notFound", `no such process: ${number}`);
    return found;
  }

  exec(spec: ProcessSpec): number {
    if (this.process(FIRST_PROCESS).hasEnded) throw fail("conflict", `container ${this.#spec.id} is not running`);
    return this.#add(spec);
  }

  async start(number: number): Promise<number> {
    const pid = this.process(number).start();
    this.#pump.wake();
    return pid;
  }

  /** A signal from outside, by number; out of range is refused as kill(2) does. */
  signal(process: GuestProcess, signal: number): void {
    if (signal < 1 || signal > SIGNAL_MAX) throw fail("invalidParameter", `Invalid signal: ${signal}`);
    if (process.task === undefined || process.hasEnded) throw fail("conflict", `container ${this.#spec.id} is not running`);
    sendToProcess(process.task.process, { signal, code: SI_USER, pid: 0, uid: 0 });
    this.#pump.wake();
  }

  /** Something from outside has reached the kernel. */
  wake(): void {
    this.#pump.wake();
  }

  pause(): void {
    this.cgroup.isFrozen = true;
  }

  resume(): void {
    this.cgroup.isFrozen = false;
    for (const task of this.kernel.rootPids.tasks()) this.kernel.makeReady(task);
    this.#pump.wake();
  }

  update(limits: ResourceLimits): void {
    applyLimits(this.kernel, this.cgroup, limits);
  }

  top(psArguments: readonly string[]): ProcessTable {
    const { kernel, namespaces, root } = this;
    const view = { kernel, pids: namespaces.pidForChildren, userName: (uid: number) => root.userName(uid) };
    return processTable(view, psArguments);
  }

  statistics(): TaskStatistics {
    const { cgroup } = this;
    return {
      cpuUsageNs: BigInt(Math.round(cgroup.cpuNs)),
      memoryUsageBytes: cgroup.memoryBytes,
      memoryLimitBytes: Number.isFinite(cgroup.memoryMax) ? cgroup.memoryMax : MEMORY_BYTES,
      pids: cgroup.pids,
      pidsLimit: Number.isFinite(cgroup.pidsMax) ? cgroup.pidsMax : 0,
      networks: traffic(this.namespaces.network),
      readBytes: cgroup.io.readBytes,
      writtenBytes: cgroup.io.writtenBytes,
      blockDevice: { major: this.kernel.disk.major, minor: this.kernel.disk.minor },
    };
  }

  /** Kills what still runs, closes the files. The machine is as good as new. */
  async close(): Promise<boolean> {
    this.resume();
    for (const { task, hasEnded } of this.#processes) {
      if (task !== undefined && !hasEnded) endProcess(task.process, Signal.SIGKILL);
    }
    this.#pump.wake();
    await Promise.all(this.#processes.filter(({ isStarted }) => isStarted).map(({ ended }) => ended));
    this.#pump.dispose();
    await this.root.close();
    await this.#mounted.unmount();
    return !this.#processes.some(({ hasCrashed }) => hasCrashed);
  }

  /** Our own mistake: every process ends with the reason in State.Error. */
  crash(thrown: unknown): void {
    const status: ExitStatus = { exitCode: 137, isOomKilled: false, error: `the kernel failed: ${messageOf(thrown)}` };
    for (const process of this.#processes) process.crash(status);
  }

  #add(spec: ProcessSpec): number {
    this.#processes.push(new GuestProcess(this, spec, this.#processes.length === FIRST_PROCESS));
    return this.#processes.length - 1;
  }
}

/** What every interface but the loopback has carried, as docker stats counts. */
function traffic({ interfaces }: NetworkNamespace): TaskStatistics["networks"] {
  const outside = interfaces.filter(({ isLoopback }) => !isLoopback);
  return Object.fromEntries(
    outside.map(({ name, counters }) => [
      name,
      { receivedBytes: counters.rxBytes, sentBytes: counters.txBytes },
    ]),
  );
}

/** The daemon's own group, with every controller handed down: a container is /docker/ID. */
function dockerGroup({ rootCgroup }: Kernel): Cgroup {
  const group = new Cgroup("docker", rootCgroup);
  for (const name of CONTROLLERS) group.childControllers.add(name);
  return group;
}

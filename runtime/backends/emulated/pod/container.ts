/**
 * A container on the emulated machine: its files, its kernel, its first process and those of `docker exec`.
 * What runc does on Linux is done here: mounts, user, capabilities, limits, the program's place.
 */
import { fail, messageOf } from "../../../../layers/base/errors.ts";
import type { Mounted, Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import { SI_USER, Signal, SIGNAL_MAX } from "../../../kernel/abi/signal.ts";
import type { Cgroup } from "../../../kernel/cgroup.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { NetworkNamespace } from "../../../kernel/net/network-namespace.ts";
import type { Namespaces } from "../../../kernel/ns/namespaces.ts";
import type { SeccompFilter } from "../../../kernel/task/seccomp.ts";
import { endProcess, sendToProcess } from "../../../kernel/task/send-signal.ts";
import type { Task } from "../../../kernel/task/task.ts";
import type {
  ContainerFiles,
  Diagnostics,
  ExitStatus,
  PathChange,
  ProcessSpec,
  ProcessTable,
  ResourceLimits,
  TaskSpec,
  TaskStatistics,
} from "../../backend.ts";
import { filesOf } from "../../pod/container-files.ts";
import type { PodContainer } from "../../pod/pod-server.ts";
import { seccompFilterOf } from "../seccomp/container-filter.ts";
import type { DonorRoots } from "./container-root.ts";
import { ContainerRoot } from "./container-root.ts";
import { GuestProcess } from "./guest-process.ts";
import { underInit } from "./init-program.ts";
import { processTable } from "./ps/process-table.ts";
import type { Pump } from "./pump.ts";
import { applyLimits } from "./resources.ts";
import type { Resident, Sandbox } from "./sandbox.ts";
import { MEMORY_BYTES } from "./sandbox.ts";
import { STRACE_ANNOTATION } from "./strace-output.ts";

const FIRST_PROCESS = 0;

/** Those whose namespaces a container joins; all in one sandbox. */
export interface Donors {
  readonly pid?: Container;
  readonly ipc?: Container;
  readonly network?: Container;
}

export class Container implements PodContainer, Resident {
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
  readonly #sandbox: Sandbox;
  readonly #pump: Pump;
  readonly #processes: GuestProcess[] = [];
  /** Nobody joins its namespaces any more. */
  onClosing: () => void = () => undefined;

  private constructor(
    spec: TaskSpec,
    sandbox: Sandbox,
    cgroup: Cgroup,
    mounted: Mounted,
    root: ContainerRoot,
  ) {
    this.#spec = spec;
    this.#sandbox = sandbox;
    this.oomScoreAdjustment = spec.system.oomScoreAdjustment;
    this.#mounted = mounted;
    this.#pump = sandbox.pump;
    this.kernel = sandbox.kernel;
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
      writeArchive: async (...request) => {
        await files.writeArchive(...request).finally(() => root.noteChanges());
      },
      changes: ownChanges,
      exportDiff: async () => mounted.exportDiff(root.madeBesides(await ownChanges())),
    };
    this.#add(spec.hasInit ? underInit(spec.process) : spec.process);
  }

  /** Moves into `sandbox`, which is its donors' where it has any. */
  static async open(
    spec: TaskSpec,
    snapshotter: Snapshotter,
    sandbox: Sandbox,
    donors: Donors,
  ): Promise<Container> {
    const { kernel } = sandbox;
    const cgroup = sandbox.enter(spec.id);
    let mounted: Mounted | undefined;
    try {
      mounted = await snapshotter.mount({ layers: spec.root.layers, writable: spec.root.writable });
      const root = await ContainerRoot.open(
        { kernel, cgroup, mounted, snapshotter, donors: rootsOf(donors) },
        spec,
      );
      const container = new Container(spec, sandbox, cgroup, mounted, root);
      sandbox.settle(container);
      return container;
    } catch (thrown) {
      sandbox.leave(cgroup, undefined);
      await mounted?.unmount();
      throw thrown;
    }
  }

  get sandbox(): Sandbox {
    return this.#sandbox;
  }

  process(number: number): GuestProcess {
    const found = this.#processes[number];
    if (found === undefined) throw fail("notFound", `no such process: ${number}`);
    return found;
  }

  exec(spec: ProcessSpec): number {
    if (this.process(FIRST_PROCESS).hasEnded)
      throw fail("conflict", `container ${this.#spec.id} is not running`);
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
    if (process.task === undefined || process.hasEnded)
      throw fail("conflict", `container ${this.#spec.id} is not running`);
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
    const view = {
      kernel,
      tasks: tasksOf(kernel, this.cgroup),
      pids: namespaces.pidForChildren,
      userName: (uid: number) => root.userName(uid),
      groupName: (gid: number) => root.groupName(gid),
    };
    return processTable(view, psArguments);
  }

  statistics(): TaskStatistics {
    const { cgroup } = this;
    return {
      cpuUsageNs: BigInt(Math.round(cgroup.cpuNs)),
      throttling: {
        periods: cgroup.periods,
        throttledPeriods: cgroup.throttledPeriods,
        throttledNs: Math.round(cgroup.throttledNs),
      },
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

  diagnostics(): Diagnostics | undefined {
    const { missing, illegal } = this.cgroup.diagnostics;
    if (missing.size === 0 && illegal.length === 0) return undefined;
    return {
      missingCalls: Object.fromEntries(missing),
      illegalInstructions: illegal.map(
        ({ comm, rip, bytes }) => `${comm} at 0x${rip.toString(16)}: ${bytes}`,
      ),
    };
  }

  /** Kills what still runs, closes the files. The machine is as good as new. */
  async close(): Promise<boolean> {
    this.onClosing();
    this.resume();
    await this.#killAll();
    await Promise.all(this.#processes.filter(({ isStarted }) => isStarted).map(({ ended }) => ended));
    this.#sandbox.leave(this.cgroup, this);
    await this.root.close();
    await this.#mounted.unmount();
    return !this.#processes.some(({ hasCrashed }) => hasCrashed);
  }

  /** Closed files, to the host. */
  handOver(): void {
    this.#mounted.handOver();
    this.root.handOver();
  }

  /** Everything in its control group, whatever namespace it is in; settles when nothing of it is left. */
  async #killAll(): Promise<void> {
    if (this.#processes.some(({ hasCrashed }) => hasCrashed)) return;
    for (const task of tasksOf(this.kernel, this.cgroup)) endProcess(task.process, Signal.SIGKILL);
    if (this.cgroup.pids === 0) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.cgroup.pids > 0) return;
        this.kernel.exitListeners.delete(look);
        resolve();
      };
      this.kernel.exitListeners.add(look);
      this.#pump.wake();
    });
  }

  /** Our own mistake: every process ends with the reason in State.Error. */
  crash(thrown: unknown): void {
    const status: ExitStatus = {
      exitCode: 137,
      isOomKilled: false,
      error: `the kernel failed: ${messageOf(thrown)}`,
    };
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

function rootsOf(donors: Donors): DonorRoots {
  const { pid, ipc, network } = donors;
  return {
    ...(pid === undefined ? {} : { pid: pid.root }),
    ...(ipc === undefined ? {} : { ipc: ipc.root }),
    ...(network === undefined ? {} : { network: network.root }),
  };
}

/** The live tasks of a group and of those below it. */
export function tasksOf(kernel: Kernel, cgroup: Cgroup): readonly Task[] {
  const isBelow = (at: Cgroup | undefined): boolean =>
    at !== undefined && (at === cgroup || isBelow(at.parent));
  return kernel.rootPids.tasks().filter((task) => task.state !== "dead" && isBelow(task.cgroup));
}

/**
 * A container in its pod: the root filesystem, what is mounted over it, and the processes that run in
 * it. Starting is one at a time, because a guest's worker asks "which process am I?" and the answer is
 * the one being started.
 */
import type { Clock } from "../../../../layers/base/clock.ts";
import { fail, messageOf } from "../../../../layers/base/errors.ts";
import { ReadOnlyFilesystem } from "../../../../layers/fs/read-only.ts";
import { mkdirAll } from "../../../../layers/fs/walk.ts";
import type { Mounted, Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import type {
  ContainerFiles, ExitStatus, ProcessSpec, ProcessTable, ResourceLimits, TaskSpec, TaskStatistics,
} from "../../backend.ts";
import { filesOf } from "../../pod/container-files.ts";
import type { PodContainer } from "../../pod/pod-server.ts";
import { cannotStart } from "../../pod/start-failure.ts";
import { resolveUser } from "../../pod/users.ts";
import type { FileCalls, GuestCalls } from "../guest/file-calls.ts";
import type { CompiledModules } from "./compiled-modules.ts";
import { createDevices } from "./devices.ts";
import type { Traffic } from "./guest-files.ts";
import { GuestFiles } from "./guest-files.ts";
import { GuestProcess } from "./guest-process.ts";
import { HostMounts } from "./host-mounts.ts";
import { PAGE_BYTES, factsOf } from "./module-bytes.ts";
import { hasNoDev, mountOver } from "./mounts.ts";
import { findProgram } from "./program.ts";
import type { Sdk } from "./sdk.ts";
import { Tree } from "./tree.ts";

const FIRST_PROCESS = 0;
/** Processes that may run in one container at a time; each has a worker of its own. */
const PROCESSES_MAX = 32;

/** What the pod lends its container. */
export interface Machine {
  readonly sdk: () => Promise<Sdk>;
  readonly modules: CompiledModules;
  readonly clock: Clock;
}

export class Container implements PodContainer {
  readonly spec: TaskSpec;
  readonly mounted: Mounted;
  readonly tree: Tree;
  readonly files: ContainerFiles;
  readonly #machine: Machine;
  readonly #volumes: readonly Mounted[];
  readonly #processes = new Map<number, GuestProcess>();
  readonly #traffic: Traffic = { readBytes: 0, writtenBytes: 0 };
  readonly #hostMounts: HostMounts;
  /** Which process a guest's worker runs. */
  readonly #byWorker = new Map<string, GuestProcess>();
  #greeted: GuestProcess | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  #endedCpuMs = 0;

  private constructor(spec: TaskSpec, mounted: Mounted, volumes: readonly Mounted[], tree: Tree, machine: Machine) {
    this.spec = spec;
    this.mounted = mounted;
    this.tree = tree;
    this.#volumes = volumes;
    this.#machine = machine;
    this.files = filesOf(tree, mounted, spec.root.writable !== "");
    this.#hostMounts = new HostMounts(tree, new GuestFiles(tree, { uid: 0, gid: 0 }, machine.clock, this.#traffic));
    this.#add(spec.process);
  }

  static async open(spec: TaskSpec, snapshotter: Snapshotter, machine: Machine): Promise<Container> {
    const { clock } = machine;
    const mounted = await snapshotter.mount({ layers: spec.root.layers, writable: spec.root.writable });
    const volumes: Mounted[] = [];
    try {
      const root = mounted.filesystem;
      const cwd = spec.process.workingDirectory;
      if (!spec.root.isReadOnly && cwd !== "" && cwd !== "/") mkdirAll(root, cwd);
      const tree = new Tree(spec.root.isReadOnly ? new ReadOnlyFilesystem(root) : root);
      if (hasNoDev(spec.mounts)) tree.mount("/dev", createDevices(clock));
      for (const mount of spec.mounts) {
        const volume = await mountOver(tree, mount, snapshotter, clock);
        if (volume !== undefined) volumes.push(volume);
      }
      return new Container(spec, mounted, volumes, tree, machine);
    } catch (thrown) {
      await Promise.allSettled([mounted, ...volumes].map((open) => open.unmount()));
      throw thrown;
    }
  }

  process(number: number): GuestProcess {
    const found = this.#processes.get(number);
    if (found === undefined) throw fail("notFound", `no such process: ${number}`);
    return found;
  }

  /** Prepares one more process. */
  exec(spec: ProcessSpec): number {
    if (this.process(FIRST_PROCESS).hasEnded) throw fail("conflict", `container ${this.spec.id} is not running`);
    const running = [...this.#processes.values()].filter((process) => !process.hasEnded);
    if (running.length >= PROCESSES_MAX) throw fail("resourceExhausted", "too many processes in one WASI container");
    return this.#add(spec);
  }

  /** Finds the program, compiles it and lets it run. @throws SlipwayError with StartFailure. */
  start(number: number): Promise<number> {
    const started = this.#starting.then(() => this.#start(this.process(number)));
    this.#starting = started.catch(() => undefined); // Its own caller hears of it.
    return started;
  }

  /** A synchronous call of a guest's worker. @throws FsError */
  answer(method: keyof GuestCalls, args: readonly unknown[], worker: string): unknown {
    if (method === "hello") {
      const process = this.#greeted;
      if (process === undefined) throw new Error("a guest said hello and none was started");
      this.#byWorker.set(worker, process);
      return process.greeting(args[0] as SharedArrayBuffer, this.#environment(process.spec));
    }
    if (method === "host") return this.#hostMounts.call(args[0] as number, args[1] as string, args[2] as unknown[]);
    const files: FileCalls | undefined = this.#byWorker.get(worker)?.files;
    if (files === undefined) throw new Error(`worker ${worker} has no guest`);
    // Both ends are built from one interface; the bridge carries its parameters unchanged.
    return (files[method] as (...parameters: unknown[]) => unknown).apply(files, [...args]);
  }

  pause(): void {
    throw fail("notImplemented", "a WASI container cannot be paused: its program cannot be suspended");
  }

  resume(): void {
    throw fail("notImplemented", "a WASI container cannot be paused: its program cannot be suspended");
  }

  update(resources: ResourceLimits): void {
    if (resources.memoryBytes === this.spec.resources.memoryBytes) return; // The others have no meaning here.
    throw fail("notImplemented", "the memory limit of a running WASI program cannot be changed");
  }

  top(): ProcessTable {
    const alive = [...this.#processes.values()].filter((process) => process.isStarted && !process.hasEnded);
    const rows = alive.map((process) => [
      process.spec.user === "" ? "root" : process.spec.user,
      String(process.number + 1),
      process.number === FIRST_PROCESS ? "0" : "1",
      clockText(process.usage().cpuMs),
      process.args.join(" "),
    ]);
    return { titles: ["UID", "PID", "PPID", "TIME", "CMD"], rows };
  }

  /** The SDK refuses a module whose imports it does not have: nothing is missing once one runs. */
  diagnostics(): undefined {
    return undefined;
  }

  statistics(): TaskStatistics {
    const alive = [...this.#processes.values()].filter((process) => process.isStarted && !process.hasEnded);
    const usages = alive.map((process) => process.usage());
    const cpuMs = usages.reduce((sum, usage) => sum + usage.cpuMs, this.#endedCpuMs);
    return {
      cpuUsageNs: BigInt(Math.round(cpuMs * 1e6)),
      memoryUsageBytes: usages.reduce((sum, usage) => sum + usage.memoryBytes, 0),
      memoryLimitBytes: this.spec.resources.memoryBytes,
      pids: alive.length,
      pidsLimit: this.spec.resources.pids,
      networks: {},
      readBytes: this.#traffic.readBytes,
      writtenBytes: this.#traffic.writtenBytes,
    };
  }

  /** Kills what still runs, closes the filesystems. Whether the pod is as good as new. */
  async close(): Promise<boolean> {
    for (const process of this.#processes.values()) if (process.isStarted && !process.hasEnded) process.kill(9);
    await Promise.all([...this.#processes.values()].filter((process) => process.isStarted).map((process) => process.exited));
    for (const process of this.#processes.values()) process.files.dispose();
    await Promise.all([this.mounted, ...this.#volumes].map((mounted) => mounted.unmount()));
    return [...this.#processes.values()].every((process) => !process.wasKilled);
  }

  #add(spec: ProcessSpec): number {
    const number = this.#processes.size;
    const user = resolveUser((path) => this.tree.readText(path), spec.user);
    const files = new GuestFiles(this.tree, user, this.#machine.clock, this.#traffic);
    this.#processes.set(number, new GuestProcess(number, spec, files));
    return number;
  }

  async #start(process: GuestProcess): Promise<number> {
    const { modules } = this.#machine;
    const sdk = await this.#machine.sdk();
    if (process.isStarted || process.hasEnded) throw fail("conflict", "the process has been started already");
    const { spec } = process;
    const env = this.#environment(spec);
    if ([...spec.args, ...env].some((text) => text.includes("\0"))) {
      throw cannotStart(126, `exec: ${JSON.stringify(spec.args[0])}: invalid argument`);
    }
    const program = findProgram(this.tree, spec.args, env, spec.workingDirectory);
    const pagesMax = Math.floor(this.spec.resources.memoryBytes / PAGE_BYTES);
    const facts = factsOfProgram(program.bytes, program.path);
    process.args = program.args;
    if (pagesMax > 0 && facts.initialPages > pagesMax) {
      process.endUnstarted(KILLED_BY_LIMIT);
      return process.number + 1;
    }
    const compiled = await modules.compile(program.bytes, pagesMax, sdk).catch((thrown: unknown) => {
      throw cannotStart(126, `exec ${program.path}: exec format error: ${messageOf(thrown)}`);
    });
    const isServedBySdk = [...facts.imports].some((name) => name === "wasi_unstable" || name.startsWith("wasix_"));
    this.#greeted = process;
    // A module that imports nothing of WASI never asks who it is.
    const isSilent = ![...facts.imports].some((name) => name.startsWith("wasi"));
    const running = await sdk.run(compiled, {
      hasStdin: spec.hasStdin || spec.hasTerminal,
      mounts: isServedBySdk ? this.#hostMounts.mounts : [],
      args: isServedBySdk ? program.args.slice(1) : [],
      env: isServedBySdk ? Object.fromEntries(env.map(splitVariable)) : {},
      workingDirectory: spec.workingDirectory,
    });
    process.attach(running);
    void process.exited.then(() => (this.#endedCpuMs += process.usage().cpuMs));
    // The next start must not be greeted as this one.
    if (!isSilent) await Promise.race([process.greeted, running.ended]);
    return process.number + 1;
  }

  /** As given, with what runc adds: HOME of the user. And PWD, the only way a WASI program learns it. */
  #environment(spec: ProcessSpec): string[] {
    const env = [...spec.env];
    const has = (name: string): boolean => env.some((variable) => variable.startsWith(`${name}=`));
    if (!has("HOME")) env.push(`HOME=${resolveUser((path) => this.tree.readText(path), spec.user).home}`);
    if (!has("PWD") && spec.workingDirectory !== "/" && spec.workingDirectory !== "") env.push(`PWD=${spec.workingDirectory}`);
    return env;
  }
}

/** What the kernel's OOM killer leaves behind. */
const KILLED_BY_LIMIT: ExitStatus = { exitCode: 137, isOomKilled: true, error: undefined };

function factsOfProgram(bytes: Uint8Array, path: string): ReturnType<typeof factsOf> {
  try {
    return factsOf(bytes);
  } catch (thrown) {
    throw cannotStart(126, `exec ${path}: exec format error: ${messageOf(thrown)}`);
  }
}

function splitVariable(variable: string): [string, string] {
  const at = variable.indexOf("=");
  return at === -1 ? [variable, ""] : [variable.slice(0, at), variable.slice(at + 1)];
}

/** hh:mm:ss, as ps. */
function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

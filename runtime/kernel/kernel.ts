/**
 * The kernel of one pod: its tasks, its clock, its devices and filesystems, and the loop that runs guests.
 * One hard idea: it is synchronous and never waits. Whoever owns it calls `run` for a slice of time and
 * learns when to call again; everything from outside (terminal input, a signal, a connection) is a plain
 * call between two slices, after which `onWork` asks for the next.
 */
import type { Clock, Rng } from "../../layers/base/clock.ts";
import type { Machine } from "../cpu/machine.ts";
import { Cgroup } from "./cgroup.ts";
import { KernelLog, LogLevel } from "./kernel-log.ts";
import { RELEASE, VERSION } from "./abi/release.ts";
import { registerFilesystemTypes } from "./fs/filesystem-types.ts";
import type { Syscalls } from "./syscalls/row.ts";
import { PidNamespace } from "./task/pid-namespace.ts";
import type { Process } from "./task/process.ts";
import { runTask } from "./task/run.ts";
import { Scheduler } from "./task/scheduler.ts";
import type { Task } from "./task/task.ts";
import { fireCpuAlarms } from "./task/timers.ts";
import { registerTerminals } from "./tty/devices.ts";
import type { FilesystemType } from "./vfs/filesystem-type.ts";
import { DeviceTable } from "./vfs/devices.ts";
import { Disk } from "./vfs/disk.ts";
import { registerMemoryDevices } from "./vfs/memory-devices.ts";
import type { KernelFilesystem } from "./vfs/mount.ts";
import { Superblock } from "./vfs/mount.ts";

const NS_PER_MS = 1_000_000;
const MS_PER_S = 1000;

export interface KernelOptions {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly syscalls: Syscalls;
  /** MemTotal of /proc/meminfo, in bytes. */
  readonly memoryBytes: number;
  /** Somebody became ready outside `run`: call it again soon. */
  readonly onWork: () => void;
}

/** Why `run` came back. */
export type Idleness =
  /** The slice is used up and there is more to do. */
  | { readonly kind: "busy" }
  /** Nothing to do until then (undefined: until something comes from outside), in monotonic nanoseconds. */
  | { readonly kind: "idle"; readonly untilNs: number | undefined };

export class Kernel {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly syscalls: Syscalls;
  readonly memoryBytes: number;
  readonly rootPids = new PidNamespace(undefined);
  readonly rootCgroup = new Cgroup("", undefined);
  readonly scheduler = new Scheduler(this.rootCgroup);
  readonly devices = new DeviceTable();
  readonly disk = new Disk(this);
  readonly log = new KernelLog();
  readonly filesystemTypes = new Map<string, FilesystemType>();
  /** Wall-clock time of boot, and the monotonic clock then. */
  readonly bootNs: bigint;
  /** Sessions audit has numbered. */
  loginSessions = 0;
  /** Called with every process that ends, before it is reaped. */
  readonly exitListeners = new Set<(process: Process) => void>();
  /** The task whose call is being answered: for filesystems whose names depend on who asks (proc/self). */
  current: Task | undefined;
  readonly #options: KernelOptions;
  readonly #bootMs: number;
  readonly #throttled = new Set<Task>();
  #lastDevice = 20;
  #lastTemporary = 0;
  /** The turn of `current` is charged up to here. */
  #chargedNs = 0;
  #isRunning = false;

  constructor(options: KernelOptions) {
    this.#options = options;
    this.machine = options.machine;
    this.clock = options.clock;
    this.rng = options.rng;
    this.syscalls = options.syscalls;
    this.memoryBytes = options.memoryBytes;
    this.rootCgroup.memoryMax = options.memoryBytes;
    this.bootNs = options.clock.nowNs();
    this.#bootMs = options.clock.monotonicMs();
    registerMemoryDevices(this.devices);
    registerTerminals(this.devices);
    registerFilesystemTypes(this);
    this.note(LogLevel.notice, `Linux version ${RELEASE} (WebAssembly) ${VERSION}`);
    const kb = Math.floor(options.memoryBytes / 1024);
    this.note(LogLevel.info, `Memory: ${kb}K/${kb}K available`);
  }

  /** Nanoseconds since boot. */
  monotonicNs(): number {
    return Math.round((this.clock.monotonicMs() - this.#bootMs) * NS_PER_MS);
  }

  /** Nanoseconds since the epoch. */
  realtimeNs(): bigint {
    return this.clock.nowNs();
  }

  randomBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
    return this.rng.fill(new Uint8Array(sizeBytes));
  }

  /** A message for dmesg(1). */
  note(level: number, text: string): void {
    this.log.write(level, this.monotonicNs(), text);
  }

  /** A filesystem as something that can be mounted; `disk` when it is kept there. */
  superblock(filesystem: KernelFilesystem, source: string, disk?: Disk): Superblock {
    this.#lastDevice += 1;
    return new Superblock(filesystem, this.#lastDevice, source, disk);
  }

  /** Makes `task` run again: from a wake, a signal, or its birth. */
  makeReady(task: Task, isFirst = false): void {
    if (task.state === "dead") return;
    if (isFirst) this.scheduler.enqueueFirst(task);
    else this.scheduler.enqueue(task);
    if (!this.#isRunning) this.#options.onWork();
  }

  /** Runs guests for about `sliceMs`. */
  run(sliceMs: number): Idleness {
    const endMs = this.clock.monotonicMs() + sliceMs;
    this.#isRunning = true;
    try {
      for (;;) {
        this.scheduler.fireTimers(this.monotonicNs());
        const task = this.scheduler.dequeue();
        if (task === undefined) return { kind: "idle", untilNs: this.scheduler.nextTimerNs() };
        if (!this.#isThrottled(task)) this.#turn(task);
        if (this.clock.monotonicMs() >= endMs && this.scheduler.hasReady) return { kind: "busy" };
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** A number no other O_TMPFILE had. */
  nextTemporary(): number {
    this.#lastTemporary += 1;
    return this.#lastTemporary;
  }

  /** A process has become a zombie: whoever waits outside looks now. */
  onExit(process: Process): void {
    for (const listener of this.exitListeners) listener(process);
  }

  /** Charges the running task for its turn so far: before anybody looks at what it has used. */
  chargeTurn(): void {
    const { current } = this;
    if (current === undefined) return;
    const nowNs = this.monotonicNs();
    current.cpuNs += nowNs - this.#chargedNs;
    current.cgroup.chargeCpu(nowNs - this.#chargedNs);
    this.#chargedNs = nowNs;
  }

  /** Seconds since boot, for uptime and sysinfo. */
  uptimeSeconds(): number {
    return this.monotonicNs() / NS_PER_MS / MS_PER_S;
  }

  #turn(task: Task): void {
    this.#chargedNs = this.monotonicNs();
    this.current = task;
    runTask(task);
    this.chargeTurn();
    if (task.process.cpuAlarms.size > 0) fireCpuAlarms(task.process);
    this.current = undefined;
  }

  #isThrottled(task: Task): boolean {
    if (this.#throttled.has(task)) return true;
    const untilNs = task.cgroup.throttledUntilNs(this.monotonicNs());
    if (untilNs === 0) return false;
    this.#throttled.add(task);
    this.scheduler.addTimer(untilNs, () => {
      this.#throttled.delete(task);
      this.makeReady(task);
    });
    return true;
  }
}

/**
 * A case in our kernel: a root of an overlay over the tree, the mounts a container has, pipes as its
 * streams, and the program as process 1. What it changed is the overlay's upper filesystem.
 */
import { systemClock, systemRng } from "../../../layers/base/clock.ts";
import { concatBytes } from "../../../layers/base/bytes.ts";
import type { Filesystem } from "../../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../../layers/fs/memory.ts";
import { OverlayFilesystem } from "../../../layers/overlay/overlay.ts";
import { InterpreterMachine } from "../../../runtime/cpu/interpreter/machine.ts";
import { Signal } from "../../../runtime/kernel/abi/signal.ts";
import { Cgroup } from "../../../runtime/kernel/cgroup.ts";
import { createProcess } from "../../../runtime/kernel/container.ts";
import type { HostInput, HostOutput } from "../../../runtime/kernel/host-streams.ts";
import { createHostInput, createHostOutput } from "../../../runtime/kernel/host-streams.ts";
import { Kernel } from "../../../runtime/kernel/kernel.ts";
import type { Namespaces } from "../../../runtime/kernel/ns/namespaces.ts";
import { SYSCALLS } from "../../../runtime/kernel/syscalls/table.ts";
import { endProcess } from "../../../runtime/kernel/task/send-signal.ts";
import type { Task } from "../../../runtime/kernel/task/task.ts";
import { interpreterModule } from "../../support/cpu-module.ts";
import { ROOT_CREDENTIALS } from "../../support/kernel-host.ts";
import type { Outcome, ProgramCase } from "./case.ts";
import { argumentsOf, ENVIRONMENT, isIgnoredIn, TIMEOUT_MS } from "./case.ts";
import { guestChanges } from "./changes.ts";
import { traced } from "./trace.ts";
import { namespacesOf } from "./guest-mounts.ts";

const SLICE_MS = 20;
const MEMORY_BYTES = 4 * 1024 ** 3;
const PIECE_BYTES = 65_536;
const NOTHING = new Uint8Array(0);

export interface GuestOutcome extends Outcome {
  /** Why it did not end by itself. */
  readonly trouble: string | undefined;
  /** What it asked for in vain: calls, and instructions by their bytes. */
  readonly missing: readonly string[];
  readonly ms: number;
}

/** One processor and one view of the trees for all cases. */
export class GuestRunner {
  readonly #machine: InterpreterMachine;
  readonly #lowers: readonly Filesystem[];

  private constructor(machine: InterpreterMachine, lowers: readonly Filesystem[]) {
    this.#machine = machine;
    this.#lowers = lowers;
  }

  static async start(lowers: readonly Filesystem[]): Promise<GuestRunner> {
    const module = await interpreterModule();
    return new GuestRunner(
      new InterpreterMachine({ module, counterNs: () => performance.now() * 1e6 }),
      lowers,
    );
  }

  async run(programCase: ProgramCase, isTracing = false): Promise<GuestOutcome> {
    const started = performance.now();
    const upper = new MemoryFilesystem({ clock: systemClock });
    const kernel = new Kernel({
      machine: this.#machine,
      clock: systemClock,
      rng: systemRng,
      syscalls: isTracing ? traced(SYSCALLS) : SYSCALLS,
      memoryBytes: MEMORY_BYTES,
      onWork: () => undefined,
    });
    const superblock = kernel.superblock(new OverlayFilesystem(upper, this.#lowers), "overlay");
    const cgroup = new Cgroup("container", kernel.rootCgroup);
    const namespaces = namespacesOf(kernel, superblock, cgroup);
    const streams = new Streams(kernel, programCase.stdin ?? "");
    const task = this.#start(kernel, { cgroup, namespaces, streams, args: argumentsOf(programCase) });
    const trouble = await untilExit(kernel, task, streams, programCase.timeoutMs ?? TIMEOUT_MS);
    const { exitStatus = 0 } = task.process;
    const illegal = kernel.rootCgroup.diagnostics.illegal.map(({ comm, bytes }) => `instruction ${bytes} in ${comm}`);
    return {
      status: (exitStatus & 0x7f) === 0 ? exitStatus >> 8 : 128 + (exitStatus & 0x7f),
      stdout: streams.stdout,
      stderr: streams.stderr,
      trouble,
      changes: guestChanges(upper, isIgnoredIn(programCase)),
      missing: [...[...kernel.rootCgroup.diagnostics.missing].map(([name, count]) => `${name} x${count}`), ...illegal],
      ms: performance.now() - started,
    };
  }

  #start(kernel: Kernel, { cgroup, namespaces, streams, args }: StartRequest): Task {
    const { root } = namespaces.mount;
    const location = { mount: root, dentry: root.root };
    const task = createProcess(kernel, {
      namespaces,
      cgroup,
      root: location,
      workingDirectory: location,
      credentials: ROOT_CREDENTIALS,
      hasNoNewPrivileges: false,
      path: args[0] ?? "",
      args,
      env: ENVIRONMENT,
      streams: streams.descriptions,
    });
    kernel.makeReady(task);
    return task;
  }
}

interface StartRequest {
  readonly cgroup: Cgroup;
  readonly namespaces: Namespaces;
  readonly streams: Streams;
  readonly args: readonly string[];
}

/** Standard streams as pipes whose other ends are here. */
class Streams {
  readonly #input: HostInput;
  readonly #outputs: readonly HostOutput[];
  readonly #written: Uint8Array[][] = [[], []];
  #rest: Uint8Array;
  #isFed = false;

  constructor(kernel: Kernel, stdin: string) {
    this.#rest = new TextEncoder().encode(stdin);
    this.#input = createHostInput(kernel, () => this.#feed());
    this.#outputs = [0, 1].map((index) => createHostOutput(kernel, () => this.#drain(index)));
    this.#feed();
  }

  get descriptions(): readonly HostInput["description"][] {
    return [this.#input.description, ...this.#outputs.map(({ description }) => description)];
  }

  get stdout(): string {
    return this.#text(0);
  }

  get stderr(): string {
    return this.#text(1);
  }

  #text(index: number): string {
    this.#drain(index);
    return Buffer.from(concatBytes(this.#written[index] ?? [])).toString("latin1");
  }

  /** What is written is told back at once: taken off before it is offered. */
  #feed(): void {
    const offered = this.#rest;
    this.#rest = NOTHING;
    const left = offered.subarray(offered.length === 0 ? 0 : this.#input.write(offered));
    if (left.length > 0) this.#rest = left;
    else if (!this.#isFed) {
      this.#isFed = true;
      this.#input.close();
    }
  }

  #drain(index: number): void {
    const target = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const count = this.#outputs[index]?.read(target) ?? 0;
      if (count === 0) return;
      this.#written[index]?.push(target.slice(0, count));
    }
  }
}

/** Runs until process 1 is over; what went wrong when it does not come to that. */
async function untilExit(
  kernel: Kernel,
  task: Task,
  streams: Streams,
  timeoutMs: number,
): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs;
  const isOver = (): boolean => task.process.isZombie;
  let trouble: string | undefined;
  while (!isOver()) {
    const idleness = kernel.run(SLICE_MS);
    if (isOver()) break;
    const isStuck = idleness.kind === "idle" && idleness.untilNs === undefined;
    if (isStuck || performance.now() > deadline) {
      trouble ??= `${isStuck ? "nobody can go on" : "takes too long"}: ${describeTasks(kernel)}`;
      if (isStuck && task.process.exitStatus !== undefined) break;
      endProcess(task.process, Signal.SIGKILL);
    } else if (idleness.kind === "busy") await new Promise((resolve) => setImmediate(resolve));
    else
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, ((idleness.untilNs ?? 0) - kernel.monotonicNs()) / 1e6)),
      );
  }
  return trouble;
}

function describeTasks(kernel: Kernel): string {
  const lines = kernel.rootPids.tasks().map((task) => {
    const call = kernel.syscalls.get(task.syscallNumber)?.name ?? "";
    return `${task.comm} ${task.process.isZombie ? "zombie" : task.state} in ${call} ${task.parking?.blocked.options.reason ?? ""}`;
  });
  return lines.join("; ");
}

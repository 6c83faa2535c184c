/** A first process or an exec: made of its spec when it starts, watched until it ends. */
import { fail } from "../../../../layers/base/errors.ts";
import type { ByteStream } from "../../../../layers/base/streams.ts";
import { createProcess } from "../../../kernel/container.ts";
import { SyscallError } from "../../../kernel/task/syscall-error.ts";
import type { Process } from "../../../kernel/task/process.ts";
import type { SeccompFilter } from "../../../kernel/task/seccomp.ts";
import type { Task } from "../../../kernel/task/task.ts";
import type { ConsoleSize, Diagnostics, ExitStatus, ProcessSpec } from "../../backend.ts";
import type { PodContainerProcess } from "../../pod/pod-server.ts";
import type { Cgroup } from "../../../kernel/cgroup.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Namespaces } from "../../../kernel/ns/namespaces.ts";
import type { ContainerRoot } from "./container-root.ts";
import { limitsOf } from "./limits.ts";
import { execFailure, findProgram } from "./program.ts";
import type { StandardStreams } from "./streams.ts";
import { traceTo } from "./strace-output.ts";
import { openStreams } from "./terminal-streams.ts";

const SIGNALLED = 128;

/** What a process needs of the container it runs in. */
export interface ProcessHome {
  readonly kernel: Kernel;
  readonly cgroup: Cgroup;
  readonly namespaces: Namespaces;
  readonly root: ContainerRoot;
  /** What the calls of its processes go through; undefined is unconfined. */
  readonly seccomp: SeccompFilter | undefined;
  readonly oomScoreAdjustment: number;
  /** Calls are written to the error output as strace does. */
  readonly isTraced: boolean;
  /** What its programs lacked so far. */
  diagnostics(): Diagnostics | undefined;
  /** Sends it a signal from outside. */
  signal(process: GuestProcess, signal: number): void;
}

export class GuestProcess implements PodContainerProcess {
  readonly exited: Promise<ExitStatus>;
  /** Settles when the process is gone, whether or not its output was read. */
  readonly ended: Promise<void>;
  task: Task | undefined;
  hasEnded = false;
  hasCrashed = false;
  readonly #container: ProcessHome;
  readonly #spec: ProcessSpec;
  readonly #streams: StandardStreams;
  #settle: (status: ExitStatus) => void = () => undefined;
  #markEnded: () => void = () => undefined;

  /** The first process's terminal is the container's /dev/console as well. */
  constructor(container: ProcessHome, spec: ProcessSpec, isFirst: boolean) {
    this.#container = container;
    this.#spec = spec;
    this.#streams = openStreams(container.kernel, spec, container.root.location, isFirst);
    this.exited = new Promise((resolve) => (this.#settle = resolve));
    this.ended = new Promise((resolve) => (this.#markEnded = resolve));
  }

  get isStarted(): boolean {
    return this.task !== undefined;
  }

  get stdout(): ByteStream {
    return this.#streams.stdout;
  }

  get stderr(): ByteStream {
    return this.#streams.stderr;
  }

  /** @throws SlipwayError with StartFailure. */
  start(): number {
    if (this.isStarted || this.hasEnded) throw fail("conflict", "the process has been started already");
    const { kernel, root, cgroup, namespaces } = this.#container;
    const spec = this.#spec;
    if ([...spec.args, ...spec.env].some((text) => text.includes("\0"))) {
      throw fail("invalidParameter", `exec: ${JSON.stringify(spec.args[0])}: invalid argument`, {
        data: { exitCode: 126 },
      });
    }
    const { credentials, home } = root.identity(spec);
    const env = spec.env.some((variable) => variable.startsWith("HOME="))
      ? spec.env
      : [...spec.env, `HOME=${home}`];
    const workingDirectory = root.directory(spec.workingDirectory);
    const path = findProgram({ root: root.location, workingDirectory, who: credentials }, spec.args, env);
    try {
      this.task = createProcess(kernel, {
        namespaces,
        cgroup,
        root: root.location,
        workingDirectory,
        credentials,
        hasNoNewPrivileges: spec.noNewPrivileges,
        limits: limitsOf(spec.rlimits),
        path,
        args: spec.args,
        env,
        streams: this.#streams.descriptions,
        seccomp: this.#container.seccomp,
      });
    } catch (thrown) {
      if (thrown instanceof SyscallError) throw execFailure(path, thrown);
      throw thrown;
    }
    this.task.process.oomScoreAdjustment = this.#container.oomScoreAdjustment;
    this.#streams.attach(this.task);
    const [, , errors] = this.#streams.descriptions;
    if (this.#container.isTraced && errors !== undefined) traceTo(errors, this.task, path);
    kernel.exitListeners.add(this.#onExit);
    kernel.makeReady(this.task);
    return this.task.ownTid;
  }

  async input(bytes: Uint8Array): Promise<void> {
    await this.#streams.input(bytes);
  }

  closeInput(): void {
    this.#streams.closeInput();
  }

  resize(size: ConsoleSize): void {
    this.#streams.resize(size);
  }

  kill(signal: number): void {
    this.#container.signal(this, signal);
  }

  /** The machine under it failed. */
  crash(status: ExitStatus): void {
    if (this.hasEnded || !this.isStarted) return;
    this.hasEnded = true;
    this.hasCrashed = true;
    this.#markEnded();
    this.#settle(status);
  }

  readonly #onExit = (process: Process): void => {
    if (process !== this.task?.process) return;
    this.#container.kernel.exitListeners.delete(this.#onExit);
    this.hasEnded = true;
    this.#streams.hangUp();
    this.#markEnded();
    const status = process.exitStatus ?? 0;
    const signal = status & 0x7f;
    const exitCode = signal === 0 ? (status >> 8) & 0xff : SIGNALLED + signal;
    const isOomKilled = this.#container.cgroup.events.oomKill > 0;
    const diagnostics = this.#container.diagnostics();
    this.#settle({ exitCode, isOomKilled, error: undefined, ...(diagnostics === undefined ? {} : { diagnostics }) });
  };
}

/**
 * A container running in a pod, as the engine's Task. The root filesystem is the pod's while the task
 * lives; `dispose`, or waiting for `closed` after the exit, makes the pod close it; `closed` settles when
 * that is durable.
 */
import type { ByteStream } from "../../../layers/base/streams.ts";
import type {
  ContainerFiles, ConsoleSize, Diagnostics, ExitStatus, Process, ProcessSpec, ProcessTable, ResourceLimits, Task, TaskSpec,
  TaskStatistics,
} from "../backend.ts";
import type { PodClient, PodSession } from "./pod-client.ts";
import { PodProcess } from "./pod-process.ts";

const FIRST_PROCESS = 0;

export class PodTask implements Task {
  readonly files: ContainerFiles;
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ByteStream;
  readonly stderr: ByteStream;
  readonly exited: Promise<ExitStatus>;
  readonly #pod: PodSession;
  readonly #first: PodProcess;
  readonly #giveBack: (pod: PodClient, isReusable: boolean) => void;
  readonly #closed: Promise<void>;
  #markClosed: () => void = () => undefined;
  #isDisposed = false;

  /** The pod has answered "create" for `spec`. */
  constructor(pod: PodClient, spec: TaskSpec, giveBack: (pod: PodClient, isReusable: boolean) => void) {
    const session = pod.session(spec.id);
    this.#pod = session;
    this.#giveBack = giveBack;
    this.#first = new PodProcess(session, FIRST_PROCESS, spec.process.hasTerminal);
    this.stdin = this.#first.stdin;
    this.stdout = this.#first.stdout;
    this.stderr = this.#first.stderr;
    this.exited = this.#first.exited;
    this.files = filesOf(session);
    this.#closed = new Promise((resolve) => (this.#markClosed = resolve));
    pod.onEnd(() => this.#markClosed());
  }

  get pid(): number {
    return this.#first.pid;
  }

  start(): Promise<void> {
    return this.#first.start();
  }

  resize(size: ConsoleSize): Promise<void> {
    return this.#first.resize(size);
  }

  kill(signal: number): Promise<void> {
    return this.#first.kill(signal);
  }

  async pause(): Promise<void> {
    await this.#pod.call("pause", null);
  }

  async resume(): Promise<void> {
    await this.#pod.call("resume", null);
  }

  async exec(process: ProcessSpec): Promise<Process & { start(): Promise<void> }> {
    const { process: number } = await this.#pod.call("exec", process);
    return new PodProcess(this.#pod, number, process.hasTerminal);
  }

  top(psArguments: readonly string[]): Promise<ProcessTable> {
    return this.#pod.call("top", { psArguments });
  }

  statistics(): Promise<TaskStatistics> {
    return this.#pod.call("statistics", null);
  }

  diagnostics(): Promise<Diagnostics | undefined> {
    return this.#pod.call("diagnostics", null);
  }

  async update(resources: ResourceLimits): Promise<void> {
    await this.#pod.call("update", resources);
  }

  /** Whoever waits for this is done with the task's files: after the exit, waiting lets go of them. */
  closed(): Promise<void> {
    void this.exited.then(() => this.dispose());
    return this.#closed;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    void this.#close();
  }

  async #close(): Promise<void> {
    let isReusable = false;
    try {
      ({ isReusable } = await this.#pod.call("close", null));
    } catch {
      // The pod is gone or broken: what it had made durable is durable, and it is not used again.
    }
    this.#giveBack(this.#pod.pod, isReusable);
    this.#markClosed();
  }
}

function filesOf(pod: PodSession): ContainerFiles {
  return {
    stat: (path) => pod.call("filesStat", { path }),
    readArchive: (path) => pod.stream("filesRead", { path }),
    writeArchive: async (path, archive, { noOverwriteDirNonDir }) => {
      await pod.call("filesWrite", { path, noOverwriteDirNonDir }, { body: archive });
    },
    changes: () => pod.call("filesChanges", null),
    export: () => pod.stream("filesExport", null),
    exportDiff: () => pod.stream("filesExportDiff", null),
    writableSizeBytes: () => pod.call("filesSize", null),
  };
}

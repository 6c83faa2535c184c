/**
 * A backend whose programs are JavaScript functions: for tests of the engine and the API only. It keeps
 * the contract of backend.ts to the letter (two-step start, exit after the last output, a root
 * filesystem that is the task's until `closed`), so that what passes here passes with a real machine.
 */
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import { streamOf } from "../../layers/base/streams.ts";
import type {
  Backend,
  ConsoleSize,
  ContainerFiles,
  ExitStatus,
  Process,
  ProcessSpec,
  ProcessTable,
  ResourceLimits,
  Task,
  TaskSpec,
  TaskStatistics,
} from "../../runtime/backends/backend.ts";

export interface ProgramHost {
  readonly spec: TaskSpec;
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: ReadableStream<Uint8Array>;
  readonly out: (text: string | Uint8Array) => Promise<void>;
  readonly error: (text: string | Uint8Array) => Promise<void>;
  /** Aborts when the program is killed for good. */
  readonly killed: AbortSignal;
  /** Replaces the default action of a signal. */
  readonly onSignal: (signal: number, action: () => void) => void;
  readonly sleep: (ms: number) => Promise<void>;
  readonly size: () => ConsoleSize | undefined;
  readonly resources: () => ResourceLimits;
}

/** Returns the exit code; 0 without one. */
export type Program = (host: ProgramHost) => unknown;

const SIGKILL = 9;

export interface FakeBackendOptions {
  readonly name?: string;
  readonly platforms?: readonly string[];
  readonly programs?: Readonly<Record<string, Program>>;
  readonly unavailable?: string;
}

export class FakeBackend implements Backend {
  readonly name: string;
  readonly platforms: readonly string[];
  readonly programs: Readonly<Record<string, Program>>;
  readonly tasks: FakeTask[] = [];
  readonly #reason: string | undefined;

  constructor(options: FakeBackendOptions = {}) {
    this.name = options.name ?? "fake";
    this.platforms = options.platforms ?? ["linux/amd64"];
    this.programs = { ...BUILT_IN, ...options.programs };
    this.#reason = options.unavailable;
  }

  unavailable(): string | undefined {
    return this.#reason;
  }

  async create(spec: TaskSpec): Promise<Task> {
    const task = new FakeTask(spec, this.programs);
    this.tasks.push(task);
    return task;
  }

  dispose(): void {
    for (const task of this.tasks) task.dispose();
  }
}

class FakeProcess implements Process {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exited: Promise<ExitStatus>;
  pid = 0;
  size: ConsoleSize | undefined;
  readonly spec: ProcessSpec;
  readonly #program: Program | undefined;
  readonly #machine: FakeMachine;
  readonly #input = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 8 });
  readonly #out = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark: 8 });
  readonly #error = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark: 8 });
  readonly #killed = new AbortController();
  readonly #actions = new Map<number, () => void>();
  #settle: (status: ExitStatus) => void = () => undefined;
  #hasExited = false;

  constructor(spec: ProcessSpec, machine: FakeMachine) {
    this.spec = spec;
    this.size = spec.consoleSize;
    this.#machine = machine;
    this.#program = machine.programs[spec.args[0] ?? ""];
    this.stdin = this.#input.writable;
    this.stdout = this.#out.readable;
    this.stderr = spec.hasTerminal ? streamOf() : this.#error.readable;
    this.exited = new Promise((resolve) => (this.#settle = resolve));
    if (!spec.hasStdin) void this.#input.writable.close();
  }

  async start(): Promise<void> {
    const name = this.spec.args[0] ?? "";
    if (this.#program === undefined) {
      throw fail("invalidParameter", `exec: "${name}": executable file not found in $PATH`, {
        data: { exitCode: 127 },
      });
    }
    this.pid = 1000 + this.#machine.number;
    void this.#run(this.#program);
  }

  async kill(signal: number): Promise<void> {
    if (this.#hasExited) throw fail("conflict", "the process has exited");
    // Like pid 1 of a namespace: signals without a handler do nothing, but for SIGKILL.
    if (signal === SIGKILL) this.#killed.abort();
    else this.#actions.get(signal)?.();
  }

  async resize(size: ConsoleSize): Promise<void> {
    this.size = size;
    this.#actions.get(28)?.();
  }

  async #run(program: Program): Promise<void> {
    const out = this.#out.writable.getWriter();
    const error = this.spec.hasTerminal ? out : this.#error.writable.getWriter();
    const dead = new Promise<number>((resolve) => {
      this.#killed.signal.addEventListener("abort", () => resolve(128 + SIGKILL), { once: true });
    });
    const bytesOf = (text: string | Uint8Array): Uint8Array =>
      typeof text === "string" ? encodeUtf8(text) : text;
    const host: ProgramHost = {
      spec: this.#machine.spec,
      args: this.spec.args.slice(1),
      env: Object.fromEntries(
        this.spec.env.map((entry) => [
          entry.slice(0, entry.indexOf("=")),
          entry.slice(entry.indexOf("=") + 1),
        ]),
      ),
      stdin: this.#input.readable,
      out: (text) => out.write(bytesOf(text)),
      error: (text) => error.write(bytesOf(text)),
      killed: this.#killed.signal,
      onSignal: (signal, action) => this.#actions.set(signal, action),
      sleep: (ms) => sleep(ms, this.#killed.signal),
      size: () => this.size,
      resources: () => this.#machine.resources,
    };
    let failure: string | undefined;
    const code = Promise.resolve()
      .then(() => program(host))
      .then((result) => (typeof result === "number" ? result : 0))
      .catch((thrown: unknown) => {
        if (thrown instanceof OutOfMemory) return -1;
        failure = String(thrown);
        return 255;
      });
    const exitCode = await Promise.race([code, dead]);
    this.#hasExited = true;
    // Without a reader a close never settles; exit does not wait for who does not read.
    const closing = [out.close(), this.spec.hasTerminal ? undefined : error.close()];
    for (const one of closing) one?.catch(() => undefined);
    this.#settle({ exitCode: exitCode < 0 ? 137 : exitCode, isOomKilled: exitCode < 0, error: failure });
  }
}

/** Thrown by a program to be killed for its memory. */
export class OutOfMemory extends Error {}

let taskCount = 0;

/** What processes of one task share. */
class FakeMachine {
  readonly spec: TaskSpec;
  readonly programs: Readonly<Record<string, Program>>;
  readonly number = ++taskCount;
  resources: ResourceLimits;

  constructor(spec: TaskSpec, programs: Readonly<Record<string, Program>>) {
    this.spec = spec;
    this.programs = programs;
    this.resources = spec.resources;
  }
}

export class FakeTask implements Task {
  readonly files: ContainerFiles = new NoFiles();
  readonly signals: number[] = [];
  isPaused = false;
  isDisposed = false;
  readonly #machine: FakeMachine;
  readonly #first: FakeProcess;
  readonly #execs: FakeProcess[] = [];

  constructor(spec: TaskSpec, programs: Readonly<Record<string, Program>>) {
    this.#machine = new FakeMachine(spec, programs);
    this.#first = new FakeProcess(spec.process, this.#machine);
  }

  get stdin(): WritableStream<Uint8Array> {
    return this.#first.stdin;
  }
  get stdout(): ReadableStream<Uint8Array> {
    return this.#first.stdout;
  }
  get stderr(): ReadableStream<Uint8Array> {
    return this.#first.stderr;
  }
  get pid(): number {
    return this.#first.pid;
  }
  get exited(): Promise<ExitStatus> {
    return this.#first.exited;
  }

  start(): Promise<void> {
    return this.#first.start();
  }

  async kill(signal: number): Promise<void> {
    this.signals.push(signal);
    await this.#first.kill(signal);
  }

  resize(size: ConsoleSize): Promise<void> {
    return this.#first.resize(size);
  }

  async pause(): Promise<void> {
    this.isPaused = true;
  }

  async resume(): Promise<void> {
    this.isPaused = false;
  }

  async exec(process: ProcessSpec): Promise<Process & { start(): Promise<void> }> {
    const exec = new FakeProcess(process, this.#machine);
    this.#execs.push(exec);
    return exec;
  }

  async top(psArguments: readonly string[]): Promise<ProcessTable> {
    if (psArguments.includes("--bad")) throw fail("system", "ps: error: unknown option");
    const rows = [this.#first, ...this.#execs].map((process) => [
      "root",
      String(process.pid),
      "0",
      "0",
      "10:00",
      "?",
      "00:00:00",
      process.spec.args.join(" "),
    ]);
    return { titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], rows };
  }

  async statistics(): Promise<TaskStatistics> {
    return {
      cpuUsageNs: 1_000_000n,
      memoryUsageBytes: 4096,
      memoryLimitBytes: this.#machine.resources.memoryBytes,
      pids: 1 + this.#execs.length,
      pidsLimit: this.#machine.resources.pids,
      networks: {},
      readBytes: 0,
      writtenBytes: 0,
    };
  }

  async diagnostics(): Promise<undefined> {
    return undefined;
  }

  async update(resources: ResourceLimits): Promise<void> {
    this.#machine.resources = resources;
  }

  async closed(): Promise<void> {
    if (this.#first.pid !== 0) await this.#first.exited;
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** Programs here have no files. */
class NoFiles implements ContainerFiles {
  stat(path: string): Promise<never> {
    return Promise.reject(fail("notFound", `Could not find the file ${path} in container`));
  }
  readArchive(path: string): Promise<never> {
    return this.stat(path);
  }
  writeArchive(path: string): Promise<never> {
    return this.stat(path);
  }
  async changes(): Promise<readonly []> {
    return [];
  }
  async export(): Promise<ReadableStream<Uint8Array>> {
    return streamOf(new Uint8Array(1024));
  }
  exportDiff(): Promise<ReadableStream<Uint8Array>> {
    return this.export();
  }
  async writableSizeBytes(): Promise<number> {
    return 0;
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/** A few commands every test wants, named as in busybox. */
const BUILT_IN: Readonly<Record<string, Program>> = {
  true: () => 0,
  false: () => 1,
  echo: ({ args, out }) => out(`${args.join(" ")}\n`),
  cat: async ({ stdin, out }) => {
    for await (const piece of stdin) await out(piece);
  },
  env: ({ env, out }) =>
    out(
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    ),
  sleep: async ({ args, sleep: wait }) => wait(Number(args[0] ?? 0) * 1000),
  exit: ({ args }) => Number(args[0] ?? 0),
  oom: () => {
    throw new OutOfMemory();
  },
  /** Writes its arguments by turns to stdout and stderr. */
  both: async ({ args, out, error }) => {
    for (const [index, text] of args.entries()) await (index % 2 === 0 ? out : error)(`${text}\n`);
  },
  /** Upper-cases lines until end of input. */
  upper: async ({ stdin, out }) => {
    for await (const piece of stdin) await out(decodeUtf8(piece).toUpperCase());
  },
  /** Ignores SIGTERM. */
  stubborn: async ({ onSignal, out, sleep: wait }) => {
    onSignal(15, () => void out("no\n"));
    await out("ready\n");
    await wait(600_000);
  },
  /** Says so on SIGTERM and ends with 3. */
  polite: async ({ onSignal, out }) =>
    new Promise<number>((resolve) => {
      onSignal(15, () => void out("bye\n").then(() => resolve(3)));
      void out("ready\n");
    }),
};

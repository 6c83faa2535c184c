/**
 * One running program: the SDK's process with our terminal, signals and way of ending put around it.
 *
 * The hard idea is the end. A guest's last output is still in the pipes when it has exited, and after
 * a kill the SDK never closes them; so the end waits for end-of-file after an ordinary exit and for
 * silence after a kill, and only then is the exit told.
 */
import { encodeUtf8 } from "../../../../layers/base/bytes.ts";
import { fail } from "../../../../layers/base/errors.ts";
import type { ByteStream } from "../../../../layers/base/streams.ts";
import type { ConsoleSize, ExitStatus, ProcessSpec } from "../../backend.ts";
import type { Greeting } from "../guest/file-calls.ts";
import { readGauges } from "../guest/gauges.ts";
import { LineDiscipline } from "../terminal/line-discipline.ts";
import type { GuestFiles } from "./guest-files.ts";
import { Output } from "./output.ts";
import type { Ending, Running } from "./sdk.ts";
import { readTrap } from "./trap.ts";

const SIGKILL = 9;
/** Signals whose default action is to ignore: CHLD, CONT, URG, WINCH (signal(7), x86). */
const IGNORED_SIGNALS = new Set([0, 17, 18, 23, 28]);
/** Signals that stop: STOP, TSTP, TTIN, TTOU. */
const STOP_SIGNALS = new Set([19, 20, 21, 22]);
const SIGNAL_MAX = 64;
/** After a kill: pipes that deliver nothing for so long are empty. The SDK answers a read in under 1 ms. */
const SILENCE_MS = 25;

export class GuestProcess {
  readonly number: number;
  readonly spec: ProcessSpec;
  /** Until the program is found, as given; then with a script's interpreter. */
  args: readonly string[];
  readonly files: GuestFiles;
  readonly stdout: ByteStream;
  readonly stderr: ByteStream;
  readonly exited: Promise<ExitStatus>;
  /** Settles when the guest's worker has asked which process it is. */
  readonly greeted: Promise<void>;
  readonly #markGreeted: () => void;
  readonly #settle: (status: ExitStatus) => void;
  readonly #out = new Output();
  readonly #err = new Output();
  readonly #terminal: LineDiscipline | undefined;
  #running: Running | undefined;
  #gauges: SharedArrayBuffer | undefined;
  #killedBy: number | undefined;
  /** Input waits here for the start, and then one piece for the other. */
  #stdinQueue: Promise<void>;
  readonly #markAttached: () => void;
  #isStdinClosed = false;
  #hasEnded = false;

  constructor(number: number, spec: ProcessSpec, files: GuestFiles) {
    this.number = number;
    this.spec = spec;
    this.args = spec.args;
    this.files = files;
    this.stdout = this.#out.stream;
    this.stderr = this.#err.stream;
    let markGreeted: () => void = () => undefined;
    this.greeted = new Promise((resolve) => (markGreeted = resolve));
    this.#markGreeted = markGreeted;
    let markAttached: () => void = () => undefined;
    this.#stdinQueue = new Promise((resolve) => (markAttached = resolve));
    this.#markAttached = markAttached;
    let settle: (status: ExitStatus) => void = () => undefined;
    this.exited = new Promise((resolve) => (settle = resolve));
    this.#settle = settle;
    if (spec.hasTerminal) this.#terminal = this.#makeTerminal();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether it was killed while running: its worker may be spinning still. */
  get wasKilled(): boolean {
    return this.#killedBy !== undefined;
  }

  get isStarted(): boolean {
    return this.#running !== undefined;
  }

  greeting(gauges: SharedArrayBuffer, env: readonly string[]): Greeting {
    this.#gauges = gauges;
    this.#markGreeted();
    return { process: this.number, args: this.args, env, hasTerminal: this.spec.hasTerminal };
  }

  usage(): { memoryBytes: number; cpuMs: number } {
    return this.#gauges === undefined ? { memoryBytes: 0, cpuMs: 0 } : readGauges(this.#gauges);
  }

  /** Takes over the SDK's process. */
  attach(running: Running): void {
    this.#running = running;
    this.#markAttached();
    const end = this.#pump(running);
    void end.then((status) => this.#finish(status));
    if (this.#killedBy !== undefined) running.kill();
  }

  /** Ends without ever having run: the memory limit is below what the module starts with. */
  endUnstarted(status: ExitStatus): void {
    this.#finish(status);
  }

  /** Bytes from the engine: keys when there is a terminal. */
  async input(bytes: Uint8Array): Promise<void> {
    if (this.#terminal !== undefined) this.#terminal.input(bytes);
    else this.#feed(bytes);
    await this.#stdinQueue;
  }

  closeInput(): void {
    this.#stdinQueue = this.#stdinQueue
      .then(async () => {
        if (this.#isStdinClosed) return;
        this.#isStdinClosed = true;
        await this.#running?.closeStdin();
      })
      .catch(ignoreGone);
  }

  /** Accepted for its form: WASI gives a guest no way to ask for it. */
  resize(_size: ConsoleSize): void {
    if (!this.spec.hasTerminal) throw fail("invalidParameter", "the process has no terminal");
  }

  kill(signal: number): void {
    if (this.#hasEnded) throw fail("conflict", "process already finished");
    if (signal < 0 || signal > SIGNAL_MAX)
      throw fail("invalidParameter", `invalid signal: ${signal}`);
    if (IGNORED_SIGNALS.has(signal)) return;
    if (STOP_SIGNALS.has(signal))
      throw fail("notImplemented", "a WASI program cannot be stopped and continued");
    if (this.#killedBy === undefined || signal === SIGKILL) this.#killedBy = signal;
    this.#running?.kill();
  }

  #makeTerminal(): LineDiscipline {
    return new LineDiscipline((event) => {
      switch (event.kind) {
        case "echo":
          void this.#out.write(event.bytes);
          break;
        case "input":
          this.#feed(event.bytes);
          break;
        case "endOfFile":
          this.closeInput();
          break;
        case "signal":
          if (!this.#hasEnded) this.kill(event.signal);
          break;
      }
    });
  }

  #feed(bytes: Uint8Array): void {
    this.#stdinQueue = this.#stdinQueue
      .then(async () => {
        if (!this.#isStdinClosed && !this.#hasEnded) await this.#running?.writeStdin(bytes);
      })
      .catch(ignoreGone);
  }

  async #pump(running: Running): Promise<ExitStatus> {
    const out = new Pump(running.stdout, (bytes) =>
      this.#out.write(this.#terminal?.output(bytes) ?? bytes),
    );
    const err = new Pump(running.stderr, (bytes) =>
      this.#terminal === undefined
        ? this.#err.write(bytes)
        : this.#out.write(this.#terminal.output(bytes)),
    );
    const ending = await running.ended;
    if (ending.kind === "killed" || this.#killedBy !== undefined)
      await Promise.race([Promise.all([out.ended, err.ended]), silence(out, err)]);
    else await Promise.all([out.ended, err.ended]);
    return this.#statusOf(ending);
  }

  async #statusOf(ending: Ending): Promise<ExitStatus> {
    const status = { isOomKilled: false, error: undefined };
    if (this.#killedBy !== undefined && ending.kind !== "exited")
      return { ...status, exitCode: 128 + this.#killedBy };
    if (ending.kind === "exited") return { ...status, exitCode: ending.exitCode };
    if (ending.kind === "killed") return { ...status, exitCode: 128 + SIGKILL };
    const trap = readTrap(ending.text);
    const bytes = encodeUtf8(trap.text);
    await (this.#terminal === undefined
      ? this.#err.write(bytes)
      : this.#out.write(this.#terminal.output(bytes)));
    return { ...status, exitCode: trap.exitCode };
  }

  #finish(status: ExitStatus): void {
    this.#hasEnded = true;
    this.#markAttached();
    this.files.dispose();
    this.#out.end();
    this.#err.end();
    this.#settle(status);
  }
}

/** Carries one pipe, and knows whether it is waiting for the guest or for the reader. */
class Pump {
  readonly ended: Promise<void>;
  isReading = true;
  lastMs = performance.now();

  constructor(source: AsyncIterable<Uint8Array>, write: (bytes: Uint8Array) => Promise<void>) {
    this.ended = this.#run(source, write);
  }

  async #run(
    source: AsyncIterable<Uint8Array>,
    write: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    try {
      for await (const bytes of source) {
        this.isReading = false;
        await write(bytes);
        this.isReading = true;
        this.lastMs = performance.now();
      }
    } catch (thrown) {
      ignoreGone(thrown);
    }
  }
}

/** Settles when both pumps have waited for the guest for a while. */
async function silence(...pumps: readonly Pump[]): Promise<void> {
  const since = performance.now();
  for (;;) {
    const quietMs = Math.min(
      ...pumps.map((pump) =>
        pump.isReading ? performance.now() - Math.max(since, pump.lastMs) : 0,
      ),
    );
    if (quietMs >= SILENCE_MS) return;
    await new Promise<void>((resolve) => setTimeout(resolve, SILENCE_MS - quietMs));
  }
}

/** The guest ended while something was under way to or from it: there is nobody to tell. */
function ignoreGone(_thrown: unknown): void {
  return;
}

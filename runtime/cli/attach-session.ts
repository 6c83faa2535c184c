/**
 * A terminal, or two pipes, joined to a container: output to where it belongs, stdin until it ends or
 * the detach keys are typed, the terminal's size passed on, signals proxied.
 *
 * The hard idea is letting go of stdin: when the container ends, a read may be waiting for a key, and
 * that key belongs to whoever reads next. Releasing the reader's lock gives it back untouched.
 */
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { SlipwayError } from "../../layers/base/errors.ts";
import { DisposableStore, disposable } from "../../layers/base/disposable.ts";
import type { Disposable } from "../../layers/base/disposable.ts";
import type { Attachment } from "../client/containers.ts";
import type { EngineClient } from "../client/engine-client.ts";
import type { OutputPiece } from "../client/output-frames.ts";
import { DetachKeys } from "./detach-keys.ts";
import type { DockerIo, TerminalSize } from "./io.ts";

/** Writes `output` to stdout and stderr as it comes. */
export async function copyOutput(output: AsyncIterable<OutputPiece>, io: DockerIo): Promise<void> {
  for await (const piece of output) await io[piece.stream].write(piece.bytes);
}

export interface SessionOptions {
  readonly attachment: Attachment;
  readonly isTty: boolean;
  /** Whether the container's stdin was asked for. */
  readonly hasStdin: boolean;
  readonly detachKeys: string;
  /** Whether output goes anywhere; without it the session ends with stdin. */
  readonly hasOutput: boolean;
}

export type SessionEnd = "ended" | "detached";

/** Runs until the container's output ends or the user detaches. */
export async function runSession(io: DockerIo, options: SessionOptions): Promise<SessionEnd> {
  const { attachment, isTty, hasStdin } = options;
  const isRaw = isTty && hasStdin && io.isTerminal.stdin;
  const keys = isTty ? new DetachKeys(options.detachKeys) : undefined;
  if (isRaw) io.terminal?.setRaw(true);
  const stdin = hasStdin ? new StdinPump(io.stdin, attachment.stdin, keys) : undefined;
  // The engine may have closed it first.
  if (stdin === undefined) await attachment.stdin.close().catch(() => undefined);
  try {
    const output = copyOutput(attachment.output, io).then((): SessionEnd => "ended");
    const races = [output];
    if (stdin !== undefined) races.push(stdin.detached.then((): SessionEnd => "detached"));
    if (!options.hasOutput && stdin !== undefined) races.push(stdin.finished.then((): SessionEnd => "ended"));
    const end = await Promise.race(races);
    if (end === "detached") output.catch(() => undefined); // Cut off on purpose.
    return end;
  } finally {
    stdin?.stop();
    if (isRaw) io.terminal?.setRaw(false);
  }
}

class StdinPump {
  /** Settles when the detach keys were typed; never otherwise. */
  readonly detached: Promise<void>;
  readonly finished: Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #isStopped = false;

  constructor(
    source: ReadableStream<Uint8Array>,
    target: WritableStream<Uint8Array>,
    keys: DetachKeys | undefined,
  ) {
    this.#reader = source.getReader();
    this.#writer = target.getWriter();
    this.#writer.closed.catch(() => undefined); // The output's end says what happened.
    let detach = (): void => undefined;
    this.detached = new Promise((resolve) => (detach = resolve));
    this.finished = this.#pump(keys, detach);
  }

  async #pump(keys: DetachKeys | undefined, detach: () => void): Promise<void> {
    try {
      for (;;) {
        const step = await this.#reader.read();
        if (this.#isStopped) return;
        if (step.done) break;
        const { bytes, isDetached } = keys?.feed(step.value) ?? { bytes: step.value, isDetached: false };
        if (bytes.length > 0) await this.#writer.write(bytes);
        if (isDetached) return detach();
      }
      await this.#writer.close();
    } catch (thrown) {
      // Either we let go of stdin, or the container closed its own: both are told by the output's end.
      if (!this.#isStopped && !(thrown instanceof Error)) throw thrown;
    }
  }

  /** Lets go of stdin; what was not read stays for the next reader. */
  stop(): void {
    this.#isStopped = true;
    this.#reader.releaseLock();
    this.#writer.abort().catch(() => undefined); // Closed already when stdin ended first.
  }
}

/** Signals that are never passed on (moby: signal proxy): they are the client's own. */
const OWN_SIGNALS = new Set(["SIGCHLD", "SIGPIPE", "SIGURG", "SIGWINCH"]);

/** Sends every signal to the container, until disposed. */
export function proxySignals(io: DockerIo, client: EngineClient, id: string): Disposable {
  return io.onSignal((name) => {
    if (OWN_SIGNALS.has(name)) return;
    client.containers.containerKill(id, name.replace(/^SIG/, "")).catch((thrown: unknown) => {
      if (!(thrown instanceof SlipwayError)) throw thrown; // It ended meanwhile: wait() says how.
    });
  });
}

/** docker/cli's patience with a program that is starting: after 10 ms, then 20 ms, and so on. */
const RESIZE_RETRIES = 10;
const RESIZE_PAUSE_MS = 10;

/**
 * Gives a container's or an exec's terminal the size of ours, now and whenever it changes. A size that cannot
 * be given ends nothing: the program may not run yet, or not any more.
 */
export async function followSize(
  io: DockerIo,
  tell: (size: TerminalSize) => Promise<void>,
): Promise<Disposable> {
  const store = new DisposableStore();
  const { terminal } = io;
  if (terminal === undefined || !io.isTerminal.stdout) return store;
  let isOver = false;
  store.add(disposable(() => (isOver = true)));
  const isTold = (): Promise<boolean> =>
    tell(terminal.size()).then(
      () => true,
      (thrown: unknown) => {
        if (thrown instanceof SlipwayError) return false;
        throw thrown;
      },
    );
  const insist = async (): Promise<void> => {
    for (let retry = 1; retry <= RESIZE_RETRIES; retry++) {
      await new Promise<void>((resolve) => io.clock.after(retry * RESIZE_PAUSE_MS, resolve));
      if (isOver || (await isTold())) return;
    }
    await io.stderr.write(encodeUtf8("failed to resize tty, using default size\n"));
  };
  if (!(await isTold())) void insist();
  store.add(terminal.onResize(() => void isTold()));
  return store;
}

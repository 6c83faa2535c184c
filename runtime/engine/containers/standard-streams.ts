/**
 * A container's stdin, stdout and stderr as its clients see them: any number may listen, any number may
 * write, before the first process exists and while it runs. The hard idea is back-pressure with a way
 * out: a client that does not read slows the program down, as with a pipe, but it can never keep the
 * container from being killed, because `releaseSlowClients` lets go of it.
 */
import type { Disposable } from "../../../layers/base/disposable.ts";
import { disposable } from "../../../layers/base/disposable.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import type { Process } from "../../backends/backend.ts";

export type OutputName = "stdout" | "stderr";

/** Takes a piece of output; the next comes when the promise settles; a rejection ends the listening. */
export interface OutputListener {
  write(name: OutputName, piece: Uint8Array): Promise<void> | void;
  /** The process has ended or the client was let go. */
  end(): void;
}

export class StandardStreams {
  readonly #listeners = new Set<OutputListener>();
  #process: Process | undefined;
  #stdin: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #isStdinClosed = false;
  #onProcess: (() => void)[] = [];
  #letGo: (() => void) | undefined;
  #isLettingGo = false;

  /** Gets every piece from now on, until the process ends. */
  listen(listener: OutputListener): Disposable {
    this.#listeners.add(listener);
    return disposable(() => this.#listeners.delete(listener));
  }

  /**
   * Joins `process`. The result settles when both outputs have ended and were written to everyone.
   */
  connect(process: Process): Promise<void> {
    this.#process = process;
    this.#stdin = process.stdin.getWriter();
    // A process may end without reading its input; the writes then fail one by one where they are made.
    this.#stdin.closed.catch(() => undefined);
    this.#isStdinClosed = false;
    this.#isLettingGo = false;
    const waiting = this.#onProcess;
    this.#onProcess = [];
    for (const wake of waiting) wake();
    return Promise.all([this.#pump("stdout", process.stdout), this.#pump("stderr", process.stderr)]).then(
      () => undefined,
    );
  }

  /** The process is gone: every client's connection ends, as Docker does even when a restart follows. */
  disconnect(): void {
    this.#process = undefined;
    this.#stdin?.releaseLock();
    this.#stdin = undefined;
    this.releaseSlowClients();
    this.endListeners();
  }

  endListeners(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.end();
  }

  /** Stops waiting for clients that do not read, until the next process. */
  releaseSlowClients(): void {
    this.#isLettingGo = true;
    this.#letGo?.();
  }

  /** Writes to the process's stdin, waiting for the process to exist. False when it no longer reads. */
  async write(piece: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const stdin = await this.#openStdin(signal);
    if (stdin === undefined || this.#isStdinClosed) return false;
    try {
      await stdin.ready;
      await stdin.write(piece);
      return true;
    } catch {
      return false; // The process closed its input or has ended: like EPIPE, nobody's failure.
    }
  }

  /** End-of-file for the process; waits for it to exist. */
  async closeStdin(signal: AbortSignal): Promise<void> {
    const stdin = await this.#openStdin(signal);
    if (stdin === undefined || this.#isStdinClosed) return;
    this.#isStdinClosed = true;
    await stdin.close().catch(() => undefined); // It has ended already.
  }

  async #openStdin(signal: AbortSignal): Promise<WritableStreamDefaultWriter<Uint8Array> | undefined> {
    while (this.#process === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#onProcess.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return this.#stdin;
  }

  async #pump(name: OutputName, output: ByteStream): Promise<void> {
    for await (const piece of piecesOf(output)) {
      const writes: Promise<void>[] = [];
      for (const listener of [...this.#listeners]) {
        const write = this.#deliver(listener, name, piece);
        if (write !== undefined) writes.push(write);
      }
      if (writes.length > 0 && !this.#isLettingGo) await this.#whenWritten(writes);
    }
  }

  #deliver(listener: OutputListener, name: OutputName, piece: Uint8Array): Promise<void> | undefined {
    const forget = (): void => {
      if (this.#listeners.delete(listener)) listener.end();
    };
    try {
      return listener.write(name, piece)?.then(undefined, forget);
    } catch {
      forget(); // The client is gone; the program does not care.
      return undefined;
    }
  }

  async #whenWritten(writes: readonly Promise<void>[]): Promise<void> {
    let letGo = (): void => undefined;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    const before = this.#letGo;
    this.#letGo = () => {
      before?.(); // stdout and stderr may both be waiting.
      letGo();
    };
    await Promise.race([Promise.all(writes), released]);
    this.#letGo = before;
  }
}

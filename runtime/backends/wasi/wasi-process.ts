/**
 * A process of a pod as the engine holds it: three streams and an end. stdin is one call whose body is
 * whatever the engine writes; stdout and stderr are opened at once and flow when they are read.
 */
import type { ByteStream } from "../../../layers/base/streams.ts";
import type { ConsoleSize, ExitStatus, Process } from "../backend.ts";
import type { PodClient } from "./pod-client.ts";

/** What remains to be told when the machine itself is gone. */
const POD_LOST: ExitStatus = { exitCode: 137, isOomKilled: false, error: "the worker that ran the container ended unexpectedly" };

export class WasiProcess implements Process {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ByteStream;
  readonly stderr: ByteStream;
  readonly exited: Promise<ExitStatus>;
  readonly #pod: PodClient;
  readonly #number: number;
  readonly #settle: (status: ExitStatus | Promise<ExitStatus>) => void;
  #pid = 0;

  constructor(pod: PodClient, number: number) {
    this.#pod = pod;
    this.#number = number;
    let settle: (status: ExitStatus | Promise<ExitStatus>) => void = () => undefined;
    this.exited = new Promise((resolve) => (settle = resolve));
    this.#settle = settle;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.stdin = writable;
    const out = followed(() => pod.stream("stdout", { process: number }));
    const err = followed(() => pod.stream("stderr", { process: number }));
    this.stdout = out.stream;
    this.stderr = err.stream;
    const isRead = Promise.all([out.ended, err.ended]);
    pod.call("stdin", { process: number }, { body: readable }).catch(() => undefined); // The exit says the rest.
    this.#status = isRead;
  }

  readonly #status: Promise<unknown>;

  get pid(): number {
    return this.#pid;
  }

  /** @throws SlipwayError with StartFailure, after which `exited` never settles. */
  async start(): Promise<void> {
    const { pid } = await this.#pod.call("start", { process: this.#number });
    this.#pid = pid;
    this.#settle(this.#waitForEnd());
  }

  async resize(size: ConsoleSize): Promise<void> {
    await this.#pod.call("resize", { process: this.#number, size });
  }

  async kill(signal: number): Promise<void> {
    await this.#pod.call("kill", { process: this.#number, signal });
  }

  async #waitForEnd(): Promise<ExitStatus> {
    const status = await this.#pod.call("wait", { process: this.#number }).catch(() => POD_LOST);
    if (status !== POD_LOST) await this.#status;
    return status;
  }
}

/** A stream that is opened when it is first read, and a promise of its end. */
function followed(open: () => Promise<ByteStream>): { readonly stream: ByteStream; readonly ended: Promise<void> } {
  let markEnded: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (markEnded = resolve));
  let reader: Promise<ReadableStreamDefaultReader<Uint8Array>> | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          reader ??= open().then((opened) => opened.getReader());
          const step = await (await reader).read();
          if (!step.done) return controller.enqueue(step.value);
        } catch {
          // The pod is gone; what it said before that has been read, and `exited` tells of the rest.
        }
        markEnded();
        controller.close();
      },
      async cancel(reason): Promise<void> {
        markEnded();
        await (await reader)?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, ended };
}

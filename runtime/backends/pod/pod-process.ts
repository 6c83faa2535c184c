/**
 * A process of a pod as the engine holds it: three streams and an end. stdin is one call whose body is
 * whatever the engine writes; stdout and stderr are opened at once and held up when they are not read.
 */
import { INTERACTIVE_WINDOW_BYTES } from "../../../layers/base/peer.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { streamOf } from "../../../layers/base/streams.ts";
import type { ConsoleSize, ExitStatus, Process } from "../backend.ts";
import type { PodSession } from "./pod-client.ts";

/** Bytes of output that may wait here unread. */
const WAITING_BYTES_MAX = 65_536;
/** What remains to be told when the machine itself is gone. */
const POD_LOST: ExitStatus = {
  exitCode: 137,
  isOomKilled: false,
  error: "the worker that ran the container ended unexpectedly",
};

export class PodProcess implements Process {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ByteStream;
  readonly stderr: ByteStream;
  readonly exited: Promise<ExitStatus>;
  readonly #pod: PodSession;
  readonly #number: number;
  readonly #settle: (status: ExitStatus | Promise<ExitStatus>) => void;
  readonly #streamsEnded: Promise<unknown>;
  #pid = 0;

  constructor(pod: PodSession, number: number, hasTerminal: boolean) {
    this.#pod = pod;
    this.#number = number;
    let settle: (status: ExitStatus | Promise<ExitStatus>) => void = () => undefined;
    this.exited = new Promise((resolve) => (settle = resolve));
    this.#settle = settle;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.stdin = writable;
    const queueBytes = hasTerminal ? INTERACTIVE_WINDOW_BYTES : WAITING_BYTES_MAX;
    const out = followed(queueBytes, pod.stream("stdout", { process: number, hasTerminal }));
    const err = hasTerminal
      ? { stream: streamOf(), ended: Promise.resolve() }
      : followed(queueBytes, pod.stream("stderr", { process: number }));
    this.stdout = out.stream;
    this.stderr = err.stream;
    this.#streamsEnded = Promise.all([out.ended, err.ended]);
    pod.call("stdin", { process: number }, { body: readable }).catch(() => undefined); // The exit says the rest.
  }

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
    if (status !== POD_LOST) await this.#streamsEnded;
    return status;
  }
}

/**
 * A stream of the pod and a promise of its end. What fits into the queue is fetched without being
 * asked for, so that a stream nobody reads delays the exit only when there is much in it.
 */
function followed(
  queueBytes: number,
  opened: Promise<ByteStream>,
): {
  readonly stream: ByteStream;
  readonly ended: Promise<void>;
} {
  const queue = new ByteLengthQueuingStrategy({ highWaterMark: queueBytes });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    undefined,
    queue,
  );
  const carry = async (): Promise<void> => {
    try {
      await (await opened).pipeTo(writable, { preventAbort: true });
    } catch {
      // The reader has cancelled, or the pod is gone: then what it said has been read, and `exited` tells why.
      await writable.close().catch(() => undefined);
    }
  };
  return { stream: readable, ended: carry() };
}

/**
 * A process's standard streams as the pod serves them: plain pipes, or one terminal. Output is taken when
 * the engine reads, so that a guest nobody listens to waits in write(2) as it would on Linux.
 */
import type { ByteStream } from "../../../../layers/base/streams.ts";
import { streamOf } from "../../../../layers/base/streams.ts";
import type { ConsoleSize } from "../../backend.ts";
import { createHostInput, createHostOutput } from "../../../kernel/host-streams.ts";
import type { HostOutput } from "../../../kernel/host-streams.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Task } from "../../../kernel/task/task.ts";
import type { FileDescription } from "../../../kernel/vfs/file-description.ts";

/** Bytes taken from a guest's pipe at once. */
const PIECE_BYTES = 65_536;

export interface StandardStreams {
  /** For descriptors 0, 1, 2. */
  readonly descriptions: readonly FileDescription[];
  readonly stdout: ByteStream;
  readonly stderr: ByteStream;
  /** Settles when everything was written that will be, and has been taken. */
  readonly ended: Promise<void>;
  input(bytes: Uint8Array): Promise<void>;
  closeInput(): void;
  resize(size: ConsoleSize): void;
  /** The process is made: a terminal becomes its session's. */
  attach(task: Task): void;
  /** The process has ended: a terminal hangs up. */
  hangUp(): void;
}

/** `nothing` is what a process without stdin reads: /dev/null, where the container has one. */
export function pipeStreams(kernel: Kernel, hasStdin: boolean, nothing?: FileDescription): StandardStreams {
  const room = new Signal();
  const input = createHostInput(kernel, () => room.raise());
  if (!hasStdin) input.close();
  const stdout = new OutputStream((onChange) => createHostOutput(kernel, onChange));
  const stderr = new OutputStream((onChange) => createHostOutput(kernel, onChange));
  return {
    descriptions: [nothing ?? input.description, stdout.output.description, stderr.output.description],
    stdout: stdout.stream,
    stderr: stderr.stream,
    ended: Promise.all([stdout.ended, stderr.ended]).then(() => undefined),
    async input(bytes) {
      for (let rest = bytes; rest.length > 0 && !input.isUnread; ) {
        const count = input.write(rest);
        rest = rest.subarray(count);
        if (count === 0) await room.next();
      }
    },
    closeInput: () => input.close(),
    resize: () => undefined, // Pipes have no size,
    attach: () => undefined, // belong to nobody,
    hangUp: () => undefined, // and end with their last writer.
  };
}

/** What one end of a guest's output needs to be for the host. */
export type OutputSource = Pick<HostOutput, "read" | "isEnded" | "close">;

/** Output of a guest as a stream, taken as it is read. */
export class OutputStream<Source extends OutputSource> {
  readonly output: Source;
  readonly stream: ByteStream;
  readonly ended: Promise<void>;
  readonly #change = new Signal();
  #end: () => void = () => undefined;

  readonly #pieceBytes: number;

  constructor(create: (onChange: () => void) => Source, pieceBytes = PIECE_BYTES) {
    this.#pieceBytes = pieceBytes;
    this.output = create(() => this.#change.raise());
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: () => this.#cancel() },
      { highWaterMark: 0 },
    );
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const target = new Uint8Array(this.#pieceBytes);
    for (;;) {
      const count = this.output.read(target);
      if (count > 0) {
        controller.enqueue(target.subarray(0, count));
        return;
      }
      if (this.output.isEnded) {
        controller.close();
        this.#end();
        return;
      }
      await this.#change.next();
    }
  }

  #cancel(): void {
    this.output.close();
    this.#end();
  }
}

/** A stream that has ended before it began: stderr of a terminal. */
export function noStream(): ByteStream {
  return streamOf();
}

/** Something may have changed: everybody who waited looks again. */
export class Signal {
  #waiting: (() => void)[] = [];

  raise(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

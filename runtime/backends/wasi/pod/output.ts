/**
 * A guest's output on its way to the engine: pieces go in when there is room and come out as a
 * stream. Backpressure is the point: while nobody reads, `write` does not settle, the SDK's pipe fills
 * up, and the guest waits in fd_write.
 */
import type { ByteStream } from "../../../../layers/base/streams.ts";

/** Bytes that may wait here unread: Linux's pipe buffer. */
const WAITING_BYTES_MAX = 65_536;

export class Output {
  readonly stream: ByteStream;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** The reader has gone away: what follows is thrown away, as into a closed pipe nobody is killed by. */
  #isAbandoned = false;

  constructor() {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
      undefined, new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES_MAX }),
    );
    this.stream = readable;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => (this.#isAbandoned = true));
  }

  /** Settles when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isAbandoned || bytes.length === 0) return;
    this.#writer.write(bytes).catch(() => (this.#isAbandoned = true));
    await this.#writer.ready.catch(() => (this.#isAbandoned = true));
  }

  /** Ends the stream after what was written. */
  end(): void {
    if (!this.#isAbandoned) this.#writer.close().catch(() => (this.#isAbandoned = true));
  }
}

/**
 * Whether a client is still there. It goes in two ways: its request is aborted, or it stops reading the
 * response. A stream that waits for news (events, logs, a pull) must learn of both: a generator that is
 * waiting cannot be returned from, only told.
 */
import type { ByteStream } from "../../layers/base/streams.ts";

export class Client {
  readonly #stopped = new AbortController();
  /** Aborts when nobody is left to answer. */
  readonly signal: AbortSignal;

  constructor(request: AbortSignal) {
    this.signal = AbortSignal.any([request, this.#stopped.signal]);
  }

  /** `source` as a response body, pulled piece by piece. */
  stream(source: AsyncIterable<Uint8Array>): ByteStream {
    const iterator = source[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>({
      async pull(controller): Promise<void> {
        const step = await iterator.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: () => {
        this.#stopped.abort();
        void iterator.return?.();
      },
    });
  }
}

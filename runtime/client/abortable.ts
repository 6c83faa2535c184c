/**
 * Reading that ends when a signal aborts: the carrier's own abort reaches only as far as the response's
 * head, and a stream that nobody cancels holds its window (and a followed log its engine) for ever.
 */
import { fail } from "../../layers/base/errors.ts";

/** The pieces of `stream` until `signal` aborts, which cancels the stream and throws `cancelled`. */
export async function* abortable<T>(
  stream: ReadableStream<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const reader = stream.getReader();
  const stop = (): void => {
    reader.cancel().catch(() => undefined); // Already failed: the read in progress says so.
  };
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop, { once: true });
  let isDone = false;
  try {
    for (;;) {
      const step = await reader.read();
      if (signal?.aborted === true) throw fail("cancelled", "context canceled");
      if (step.done) {
        isDone = true;
        return;
      }
      yield step.value;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    if (!isDone) stop();
    reader.releaseLock();
  }
}

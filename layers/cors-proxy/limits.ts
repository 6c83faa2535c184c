/**
 * Limits of one exchange: how long to wait for headers, how long a body may be silent, how long it
 * may take in all, how large it may be. A body that breaks a limit ends with an error, so that the
 * client never takes it for whole.
 */
import type { Clock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";

export interface ProxyLimits {
  readonly headersMs: number;
  readonly silenceMs: number;
  readonly totalMs: number;
  /** Largest body in either direction. */
  readonly bodyBytes: number;
}

export const DEFAULT_LIMITS: ProxyLimits = {
  headersMs: 30_000,
  silenceMs: 30_000,
  // 10 GB at 3 MB/s.
  totalMs: 3_600_000,
  bodyBytes: 10 * 1024 ** 3,
};

/** `stream` under the limits; `onEnd` is called once with whether it came to its end. */
export function limitedBody(
  stream: ByteStream,
  limits: ProxyLimits,
  clock: Clock,
  onEnd: (isWhole: boolean) => void,
): ByteStream {
  const reader = stream.getReader();
  const startMs = clock.monotonicMs();
  let sizeBytes = 0;
  let isEnded = false;
  const end = (isWhole: boolean): void => {
    if (isEnded) return;
    isEnded = true;
    onEnd(isWhole);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          const step = await readBeforeSilence(reader, limits.silenceMs, clock);
          if (step.done) {
            end(true);
            controller.close();
            return;
          }
          sizeBytes += step.value.length;
          if (sizeBytes > limits.bodyBytes) throw fail("resourceExhausted", "body is too large");
          if (clock.monotonicMs() - startMs > limits.totalMs) throw fail("deadline", "transfer took too long");
          controller.enqueue(step.value);
        } catch (thrown) {
          end(false);
          reader.cancel(thrown).catch(() => undefined); // The reason goes to the client below.
          controller.error(thrown);
        }
      },
      async cancel(reason): Promise<void> {
        end(false);
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

async function readBeforeSilence(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  silenceMs: number,
  clock: Clock,
): Promise<{ done: true } | { done: false; value: Uint8Array }> {
  let tooLong: (() => void) | undefined;
  const silence = new Promise<never>((_, reject) => {
    tooLong = () => reject(fail("deadline", "no data for too long"));
  });
  const timer = clock.after(silenceMs, () => tooLong?.());
  try {
    const step = await Promise.race([reader.read(), silence]);
    return step.done ? { done: true } : { done: false, value: step.value };
  } finally {
    timer.dispose();
  }
}

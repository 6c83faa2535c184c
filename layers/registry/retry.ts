/**
 * When and how long to wait before asking again: exponential backoff with jitter, and Retry-After
 * (RFC 9110, 10.2.3: seconds or a date) when the server says. Waiting goes through the Clock, so
 * tests do not sleep, and ends at once when the caller gives up.
 */
import type { Clock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";

/** Five tries with the delays below are about eight seconds: longer than a restart of a registry. */
export const ATTEMPTS_MAX = 5;
const DELAY_FIRST_MS = 500;
const DELAY_MS_MAX = 10_000;
/** A server that wants more patience than this gets an error shown instead of a silent wait. */
export const RETRY_AFTER_MS_MAX = 60_000;

export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || (status >= 502 && status <= 504);
}

/** Delay before try `attempt + 1`; half of it is jitter. */
export function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(DELAY_MS_MAX, DELAY_FIRST_MS * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

/** Milliseconds that a Retry-After header asks for; undefined without one that can be read. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** Resolves after `delayMs`; rejects as cancelled when `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(cancelled());
      return;
    }
    const giveUp = (): void => {
      timer.dispose();
      reject(cancelled());
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    });
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}

export function cancelled(cause?: unknown): Error {
  return fail("cancelled", "context canceled", { cause });
}

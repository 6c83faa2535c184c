/**
 * Requests per client: a token bucket each, in a table of bounded size. IPv6 clients count by /64,
 * which is what one household gets. When the table is full the client that was quiet longest is
 * forgotten, and starts over with a full bucket.
 */
import type { Clock } from "../base/clock.ts";

export interface RateLimitOptions {
  /** Requests at once before waiting begins. */
  readonly burst: number;
  readonly perSecond: number;
}

/** A pull of a large image is some fifty requests; ten of them at once, then five a second. */
export const DEFAULT_RATE_LIMIT: RateLimitOptions = { burst: 500, perSecond: 5 };
/** About 1 MB of memory. */
const CLIENTS_MAX = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RateLimiter {
  readonly #options: RateLimitOptions;
  readonly #clock: Clock;
  /** Insertion order is the order of last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** 0 when the request may go on, else the seconds to wait. */
  take(address: string): number {
    const key = clientOf(address);
    const nowMs = this.#clock.monotonicMs();
    const { burst, perSecond } = this.#options;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    this.#shrink();
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSecond);
    bucket.tokens--;
    return 0;
  }

  get clientCount(): number {
    return this.#buckets.size;
  }

  #shrink(): void {
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= CLIENTS_MAX) return;
      this.#buckets.delete(oldest);
    }
  }
}

/** IPv4 and names as they are; of IPv6 the first four groups. */
function clientOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(":")) return address;
  const [head = ""] = address.split("::");
  return head.split(":").slice(0, 4).map((group) => Number.parseInt(group, 16)).join(":");
}

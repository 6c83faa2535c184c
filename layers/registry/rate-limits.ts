/**
 * What registries say about their rate limits: Docker Hub's `ratelimit-limit: 100;w=21600` and
 * `ratelimit-remaining`. Kept per host so that the page can show how many pulls are left.
 */
export interface RateLimit {
  readonly limit: number | undefined;
  readonly remaining: number;
  readonly windowSeconds: number | undefined;
}

export class RateLimits {
  readonly #byHost = new Map<string, RateLimit>();

  /** Reads the headers of an answer from `host`; without them the last word stands. */
  note(host: string, headers: Headers): void {
    const remaining = parse(headers.get("ratelimit-remaining"));
    if (remaining === undefined) return;
    const limit = parse(headers.get("ratelimit-limit"));
    this.#byHost.set(host, {
      limit: limit?.count,
      remaining: remaining.count,
      windowSeconds: remaining.windowSeconds ?? limit?.windowSeconds,
    });
  }

  byHost(): ReadonlyMap<string, RateLimit> {
    return new Map(this.#byHost);
  }
}

function parse(header: string | null): { count: number; windowSeconds: number | undefined } | undefined {
  const match = /^\s*(\d+)(?:\s*;\s*w=(\d+))?/.exec(header ?? "");
  if (match === null) return undefined;
  return { count: Number(match[1]), windowSeconds: match[2] === undefined ? undefined : Number(match[2]) };
}

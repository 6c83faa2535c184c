/** A `RegistryClient` for tests: Node's fetch and hasher, backoff without waiting. */
import type { Clock } from "../../layers/base/clock.ts";
import { systemClock } from "../../layers/base/clock.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { RegistryClient } from "../../layers/registry/client.ts";
import type { RegistryClientOptions, RegistrySettings } from "../../layers/registry/settings.ts";
import { NO_SETTINGS } from "../../layers/registry/settings.ts";

/** Delays asked for, in order; waiting takes a hundredth of the time. */
export interface HastyClock extends Clock {
  readonly delaysMs: number[];
}

/** Timeouts of 30 s and more stay as they are: they are for silence, not for backoff. */
export function hastyClock(): HastyClock {
  const delaysMs: number[] = [];
  return {
    delaysMs,
    nowNs: () => systemClock.nowNs(),
    monotonicMs: () => systemClock.monotonicMs(),
    after(delayMs, callback) {
      if (delayMs >= 30_000) return systemClock.after(delayMs, callback);
      delaysMs.push(delayMs);
      return systemClock.after(delayMs / 100, callback);
    },
  };
}

export function testClient(
  settings: Partial<RegistrySettings> = {},
  options: Partial<RegistryClientOptions> = {},
): RegistryClient {
  return new RegistryClient({
    fetch: (input, init) => fetch(input, init),
    clock: hastyClock(),
    hasher: createNodeHasher,
    settings: () => ({ ...NO_SETTINGS, ...settings }),
    redirects: "manual",
    ...options,
  });
}

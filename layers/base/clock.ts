/**
 * Time and randomness as dependencies, so that rooms without ambient authority (kernel, cpu, overlay,
 * snapshots) can be tested and replayed. Composition roots pass the platform's; tests pass their own.
 */
import type { Disposable } from "./disposable.ts";

export interface Clock {
  /** Nanoseconds since the Unix epoch. */
  nowNs(): bigint;
  /** Milliseconds since an arbitrary start; never goes backwards. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs`; disposing cancels. */
  after(delayMs: number, callback: () => void): Disposable;
}

export interface Rng {
  /** Fills `target` with random bytes and returns it. */
  fill(target: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/** The platform's clock. */
export const systemClock: Clock = {
  nowNs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { dispose: () => clearTimeout(timer) };
  },
};

/** The platform's cryptographic generator, in the pieces of 64 KiB it accepts. */
export const systemRng: Rng = {
  fill(target) {
    const PIECE_BYTES = 65_536;
    for (let start = 0; start < target.length; start += PIECE_BYTES) {
      crypto.getRandomValues(target.subarray(start, start + PIECE_BYTES));
    }
    return target;
  },
};

/**
 * Decides whether a container that ended is started again, and after how long: 100 ms, doubling up
 * to a minute, from the beginning again once a run lasted ten seconds (moby's restartmanager).
 */
import type { Clock } from "../../../layers/base/clock.ts";
import type { Disposable } from "../../../layers/base/disposable.ts";
import type { RestartPolicy } from "./host-config.ts";

const DELAY_FIRST_MS = 100;
const DELAY_LAST_MS = 60_000;
const GOOD_RUN_MS = 10_000;

export interface FinishedRun {
  readonly exitCode: number;
  readonly wasManuallyStopped: boolean;
  readonly durationMs: number;
}

export class RestartManager {
  readonly #clock: Clock;
  #delayMs = 0;
  #failures = 0;
  #pending: { readonly timer: Disposable; readonly settle: (isDue: boolean) => void } | undefined;
  #isCancelled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The delay before the next start, or undefined to leave it stopped. */
  next(policy: RestartPolicy, run: FinishedRun): number | undefined {
    if (this.#isCancelled || !this.#isWanted(policy, run)) return undefined;
    if (run.durationMs >= GOOD_RUN_MS) this.#delayMs = 0;
    this.#delayMs = this.#delayMs === 0 ? DELAY_FIRST_MS : Math.min(this.#delayMs * 2, DELAY_LAST_MS);
    this.#failures += 1;
    return this.#delayMs;
  }

  /** Settles true when `delayMs` is over, false when `cancel` came first. */
  pause(delayMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#isCancelled) {
        resolve(false);
        return;
      }
      const timer = this.#clock.after(delayMs, () => {
        this.#pending = undefined;
        resolve(true);
      });
      this.#pending = { timer, settle: resolve };
    });
  }

  /** No further start until `reset`; a pause under way ends at once. */
  cancel(): void {
    this.#isCancelled = true;
    this.#pending?.timer.dispose();
    this.#pending?.settle(false);
    this.#pending = undefined;
  }

  /** A person started the container: count from the beginning. */
  reset(): void {
    this.#delayMs = 0;
    this.#failures = 0;
    this.#isCancelled = false;
  }

  #isWanted(policy: RestartPolicy, run: FinishedRun): boolean {
    switch (policy.Name) {
      case "always":
        return !run.wasManuallyStopped;
      case "unless-stopped":
        return !run.wasManuallyStopped;
      case "on-failure": {
        const retriesMax = policy.MaximumRetryCount;
        const hasRetries = retriesMax === 0 || this.#failures < retriesMax;
        return hasRetries && run.exitCode !== 0 && !run.wasManuallyStopped;
      }
      default:
        return false;
    }
  }
}

/** At most so many at a time; the rest wait in order. A permit is given back exactly once. */
import type { Disposable } from "../base/disposable.ts";
import { disposable } from "../base/disposable.ts";
import { cancelled } from "./retry.ts";

export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    this.#free = permits;
  }

  /** Waits for a permit; disposing it lets the next one in. `cancelled` when `signal` aborts first. */
  async acquire(signal: AbortSignal | undefined): Promise<Disposable> {
    if (signal?.aborted === true) throw cancelled();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    return disposable(() => this.#release());
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(cancelled());
      };
      this.#waiting.push(enter);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** Hands the permit straight to the first in line, so nobody can overtake. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

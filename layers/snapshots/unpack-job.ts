/**
 * Work that several callers wait for. Each may give up by its own signal; the work is stopped when
 * the last of them has.
 */
import { fail } from "../base/errors.ts";
import type { UnpackOptions } from "./snapshotter.ts";

export class UnpackJob<Result> {
  readonly settled: Promise<Result>;
  readonly #controller = new AbortController();
  readonly #listeners = new Set<(consumedBytes: number) => void>();
  #waiting = 0;

  constructor(work: (options: UnpackOptions) => Promise<Result>) {
    this.settled = work({
      signal: this.#controller.signal,
      onProgress: (consumedBytes) => {
        for (const listener of this.#listeners) listener(consumedBytes);
      },
    });
    this.settled.catch(() => undefined); // Whoever joined is told.
  }

  /** Everybody has given up, or was answered. */
  get isAbandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** @throws SlipwayError `cancelled` when `options.signal` aborts first */
  async join({ signal, onProgress }: UnpackOptions): Promise<Result> {
    if (onProgress !== undefined) this.#listeners.add(onProgress);
    this.#waiting++;
    let onAbort: (() => void) | undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = (): void => reject(fail("cancelled", "context canceled", { cause: signal?.reason }));
      if (signal?.aborted === true) onAbort();
      signal?.addEventListener("abort", onAbort);
    });
    try {
      return await Promise.race([this.settled, aborted]);
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
      if (onProgress !== undefined) this.#listeners.delete(onProgress);
      if (--this.#waiting === 0) {
        this.#controller.abort();
        // Nobody waits: the caller may open the files again only when the work has let go of them.
        await this.settled.catch(() => undefined);
      }
    }
  }
}

/**
 * Work that nobody waits for: the end of a run, a restart, a pull whose client has gone. It is waited
 * for when the engine closes, so that the storage is not closed under it, and a failure is told as an
 * event of the daemon instead of being lost.
 */
import { messageOf } from "../../layers/base/errors.ts";

export class BackgroundWork {
  readonly #running = new Set<Promise<void>>();
  readonly #onFailure: (message: string) => void;

  constructor(onFailure: (message: string) => void) {
    this.#onFailure = onFailure;
  }

  run(work: Promise<unknown>): void {
    const watched = work.then(
      () => undefined,
      (thrown: unknown) => this.#onFailure(messageOf(thrown)),
    );
    this.#running.add(watched);
    void watched.finally(() => this.#running.delete(watched));
  }

  /** Settles when nothing is left, counting what comes meanwhile. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

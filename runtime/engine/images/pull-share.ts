/**
 * Work that several pulls may want at once is done once: the first caller for a key starts it, the
 * others join; it is cancelled when the last of them gives up. Progress goes to everyone.
 */
import { fail } from "../../../layers/base/errors.ts";

interface Shared<Progress> {
  readonly result: Promise<unknown>;
  readonly abort: AbortController;
  readonly listeners: Set<(progress: Progress) => void>;
  /** The latest, for who joins later. */
  latest: Progress | undefined;
  users: number;
}

export type SharedWork<Progress, T> = (report: (progress: Progress) => void, signal: AbortSignal) => Promise<T>;

/** What a shared download tells: the line for its layer. */
export interface TransferProgress {
  readonly action: string;
  readonly currentBytes: number | undefined;
  readonly totalBytes: number | undefined;
}

export class PullShare {
  readonly #shared = new Map<string, Shared<TransferProgress>>();

  /** Joins or starts the work under `key`. `cancelled` when `signal` aborts. */
  async run<T>(
    key: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: TransferProgress) => void },
    work: SharedWork<TransferProgress, T>,
  ): Promise<T> {
    const shared = this.#shared.get(key) ?? this.#start(key, work);
    shared.users += 1;
    shared.listeners.add(options.onProgress);
    if (shared.latest !== undefined) options.onProgress(shared.latest);
    let giveUp = (): void => undefined;
    const cancelled = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(fail("cancelled", "context canceled"));
      if (options.signal.aborted) giveUp();
      options.signal.addEventListener("abort", giveUp, { once: true });
    });
    try {
      // Only the work that was started under this key is kept under it, so the type is T.
      return await Promise.race([shared.result as Promise<T>, cancelled]);
    } finally {
      options.signal.removeEventListener("abort", giveUp);
      shared.listeners.delete(options.onProgress);
      shared.users -= 1;
      if (shared.users === 0) {
        // Who comes now begins anew; the content store makes it wait until this one has let go.
        if (this.#shared.get(key) === shared) this.#shared.delete(key);
        shared.abort.abort();
      }
    }
  }

  #start<T>(key: string, work: SharedWork<TransferProgress, T>): Shared<TransferProgress> {
    const abort = new AbortController();
    const listeners = new Set<(progress: TransferProgress) => void>();
    const report = (progress: TransferProgress): void => {
      shared.latest = progress;
      for (const listener of [...listeners]) listener(progress);
    };
    const result = Promise.resolve().then(() => work(report, abort.signal));
    const shared: Shared<TransferProgress> = { result, abort, listeners, latest: undefined, users: 0 };
    this.#shared.set(key, shared);
    const forget = (): void => {
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
    };
    result.then(forget, forget);
    return shared;
  }
}

/**
 * Lifetimes. Whatever holds a worker, a port, a file handle, a timer or a listener is a `Disposable`
 * and is registered in a `DisposableStore` where it is born. Disposing twice is harmless.
 */

export interface Disposable {
  dispose(): void;
}

/** A disposable that runs `end` once. */
export function disposable(end: () => void): Disposable {
  let isDisposed = false;
  return {
    dispose(): void {
      if (isDisposed) return;
      isDisposed = true;
      end();
    },
  };
}

/** Owns disposables and ends them in reverse order of registration. */
export class DisposableStore implements Disposable {
  readonly #owned: Disposable[] = [];
  #isDisposed = false;

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Registers `owned`; when the store is already disposed, ends it at once. */
  add<T extends Disposable>(owned: T): T {
    if (this.#isDisposed) owned.dispose();
    else this.#owned.push(owned);
    return owned;
  }

  dispose(): void {
    this.#isDisposed = true;
    for (let owned = this.#owned.pop(); owned !== undefined; owned = this.#owned.pop()) owned.dispose();
  }
}

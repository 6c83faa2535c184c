/**
 * The one shape of a message port. Adapters exist for the browser's MessagePort and Worker, Node's
 * worker_threads (both in runtime/workers, the only room that may touch the platform's own), and
 * here for two ends in one thread. Messages are structured-cloneable; order is kept.
 */
import type { Disposable } from "./disposable.ts";
import { disposable } from "./disposable.ts";

export interface Port {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Calls `listener` for each message; at most one listener at a time; earlier messages wait for it. */
  onMessage(listener: (message: unknown) => void): Disposable;
  /** Calls `listener` once when the other end is known to be gone. */
  onClose(listener: () => void): Disposable;
  close(): void;
}

class LocalPort implements Port {
  peer: LocalPort | undefined;
  #listener: ((message: unknown) => void) | undefined;
  #waiting: unknown[] = [];
  readonly #closeListeners = new Set<() => void>();
  #isClosed = false;

  post(message: unknown, transfer?: readonly Transferable[]): void {
    if (this.#isClosed) return;
    const copy: unknown = structuredClone(message, { transfer: [...(transfer ?? [])] });
    queueMicrotask(() => this.peer?.receive(copy));
  }

  receive(message: unknown): void {
    if (this.#isClosed) return;
    if (this.#listener === undefined) this.#waiting.push(message);
    else this.#listener(message);
  }

  onMessage(listener: (message: unknown) => void): Disposable {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) listener(message);
    return disposable(() => (this.#listener = undefined));
  }

  onClose(listener: () => void): Disposable {
    this.#closeListeners.add(listener);
    return disposable(() => this.#closeListeners.delete(listener));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const peer = this.peer;
    // After the messages already on their way.
    queueMicrotask(() => peer?.close());
    for (const listener of [...this.#closeListeners]) listener();
  }
}

/** Two connected ports in this thread; messages are cloned, as between workers. */
export function portPair(): [Port, Port] {
  const left = new LocalPort();
  const right = new LocalPort();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

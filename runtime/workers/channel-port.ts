/**
 * A Port over a BroadcastChannel that exactly two workers have joined (its name is a fresh UUID).
 * The one hard idea: a channel says nothing when the other end is gone, so a courteous end posts
 * `CLOSE`, and for a worker that dies the broker watches a Web Lock and closes the port itself.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import { disposable } from "../../layers/base/disposable.ts";
import type { Port } from "../../layers/base/port.ts";

const CLOSE = "slipway-port-closed";

export class ChannelPort implements Port {
  readonly #channel: BroadcastChannel;
  #listener: ((message: unknown) => void) | undefined;
  #waiting: unknown[] = [];
  readonly #closeListeners = new Set<() => void>();
  #isClosed = false;

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event): void => {
      if (event.data === CLOSE) this.#finish();
      else if (this.#listener === undefined) this.#waiting.push(event.data);
      else this.#listener(event.data);
    };
  }

  /** Nothing can be transferred between tabs; every message is cloned. */
  post(message: unknown): void {
    if (!this.#isClosed) this.#channel.postMessage(message);
  }

  onMessage(listener: (message: unknown) => void): Disposable {
    this.#listener = listener;
    for (const message of this.#waiting.splice(0)) listener(message);
    return disposable(() => (this.#listener = undefined));
  }

  onClose(listener: () => void): Disposable {
    this.#closeListeners.add(listener);
    return disposable(() => this.#closeListeners.delete(listener));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#channel.postMessage(CLOSE);
    this.#finish();
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channel.close();
    for (const listener of [...this.#closeListeners]) listener();
  }
}

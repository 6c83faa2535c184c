/**
 * A Port (layers/base) over the platform's MessagePort or over a Worker, which speak alike. The one
 * hard idea: a message port does not say when the other end is gone, so a courteous end posts CLOSE;
 * for one that dies, whoever made the port watches it and calls `finish`.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import { disposable } from "../../layers/base/disposable.ts";
import type { Port } from "../../layers/base/port.ts";

const CLOSE = "slipway-port-closed";

/** What this adapter uses of a MessagePort. */
export interface MessageEndpoint {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
  close(): void;
}

export class MessagePortPort implements Port {
  readonly #endpoint: MessageEndpoint;
  #listener: ((message: unknown) => void) | undefined;
  readonly #waiting: unknown[] = [];
  readonly #closeListeners = new Set<() => void>();
  #isClosed = false;

  constructor(endpoint: MessageEndpoint) {
    this.#endpoint = endpoint;
    endpoint.onmessage = (event): void => {
      if (event.data === CLOSE) this.finish();
      else if (this.#listener === undefined) this.#waiting.push(event.data);
      else this.#listener(event.data);
    };
  }

  post(message: unknown, transfer: readonly Transferable[] = []): void {
    if (!this.#isClosed) this.#endpoint.postMessage(message, [...transfer]);
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
    this.#endpoint.postMessage(CLOSE, []);
    this.finish();
  }

  /** The other end is known to be gone. */
  finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endpoint.close();
    for (const listener of [...this.#closeListeners]) listener();
  }
}

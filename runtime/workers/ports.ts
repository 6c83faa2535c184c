/**
 * The browser's ports as layers/base/port.ts has them. The one hard idea is noticing the end: a
 * MessagePort says nothing when the other side is gone, so a courteous side posts BYE before it
 * closes, and a Worker that fails to load or throws is taken for gone.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import { disposable } from "../../layers/base/disposable.ts";
import type { Port } from "../../layers/base/port.ts";
import type { FarWorker } from "./far-worker.ts";

const BYE = "slipway-bye";

interface Endpoint {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

class EndpointPort implements Port {
  readonly #endpoint: Endpoint;
  readonly #end: () => void;
  #listener: ((message: unknown) => void) | undefined;
  #waiting: unknown[] = [];
  readonly #closeListeners = new Set<() => void>();
  #isClosed = false;

  constructor(endpoint: Endpoint, end: () => void) {
    this.#endpoint = endpoint;
    this.#end = end;
    endpoint.addEventListener("message", (event) => this.#receive(event.data));
  }

  post(message: unknown, transfer?: readonly Transferable[]): void {
    if (!this.#isClosed) this.#endpoint.postMessage(message, [...(transfer ?? [])]);
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
    this.#endpoint.postMessage(BYE, []);
    this.finish();
  }

  finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
    for (const listener of [...this.#closeListeners]) listener();
  }

  #receive(message: unknown): void {
    if (message === BYE) this.finish();
    else if (this.#isClosed) return;
    else if (this.#listener === undefined) this.#waiting.push(message);
    else this.#listener(message);
  }
}

/** One end of a MessageChannel. */
export function portOfMessagePort(endpoint: MessagePort): Port {
  const port = new EndpointPort(endpoint, () => endpoint.close());
  // The newest browsers tell when the other end is closed or collected.
  endpoint.addEventListener("close", () => port.finish());
  endpoint.start();
  return port;
}

/** A worker as whoever wanted it sees it. Closing the port leaves the worker to `terminate`. */
export function portOfWorker(worker: FarWorker): Port {
  const port = new EndpointPort(worker.line, () => undefined);
  worker.onerror = (): void => port.finish();
  worker.line.start();
  return port;
}

/**
 * Node's ports as layers/base/port.ts has them. worker_threads tells when the other end is gone: a
 * MessagePort by "close", a Worker by "exit".
 */
import type { MessagePort as NodePort, Transferable as NodeTransferable, Worker } from "node:worker_threads";
import type { Disposable } from "../../../layers/base/disposable.ts";
import { disposable } from "../../../layers/base/disposable.ts";
import type { Port } from "../../../layers/base/port.ts";

interface Endpoint {
  postMessage(message: unknown, transfer?: readonly NodeTransferable[]): void;
  on(event: "message", listener: (message: unknown) => void): unknown;
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
    endpoint.on("message", (message) => {
      if (this.#isClosed) return;
      if (this.#listener === undefined) this.#waiting.push(message);
      else this.#listener(message);
    });
  }

  post(message: unknown, transfer?: Parameters<Port["post"]>[1]): void {
    // The platform's types of one and the same thing.
    if (!this.#isClosed) this.#endpoint.postMessage(message, transfer as readonly NodeTransferable[] | undefined);
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
    this.finish();
  }

  finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
    for (const listener of [...this.#closeListeners]) listener();
  }
}

/** One end of a MessageChannel, or a worker's `parentPort`. */
export function portOfMessagePort(endpoint: NodePort): Port {
  const port = new EndpointPort(endpoint, () => endpoint.close());
  endpoint.on("close", () => port.finish());
  return port;
}

/** A worker as its parent sees it. Closing the port leaves the worker to `terminate`. */
export function portOfWorker(worker: Worker): Port {
  const port = new EndpointPort(worker, () => undefined);
  worker.on("exit", () => port.finish());
  return port;
}

/**
 * A value that elements watch. Stores know the engine; elements render what a store holds and send
 * events up. `StoreController` makes a Lit element follow a store for as long as it is connected.
 */
import type { ReactiveController, ReactiveControllerHost } from "lit";

/** What every view that waits for the engine can be in; "empty" is a ready value with nothing in it. */
export type Loadable<T> =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "ready"; readonly value: T };

export const LOADING: { readonly kind: "loading" } = { kind: "loading" };

export class Store<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` after each change; the result ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export class StoreController implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #stores: readonly Store<unknown>[];
  #ends: (() => void)[] = [];

  constructor(host: ReactiveControllerHost, ...stores: readonly Store<unknown>[]) {
    this.#host = host;
    this.#stores = stores;
    host.addController(this);
  }

  hostConnected(): void {
    this.#ends = this.#stores.map((store) => store.subscribe(() => this.#host.requestUpdate()));
  }

  hostDisconnected(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

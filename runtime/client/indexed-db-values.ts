/**
 * The client's small texts (credentials, terminal history) in IndexedDB, shared by the page and its
 * workers: the browser's stand-in for files in the user's home. A database of its own, so that
 * clearing the engine's storage leaves them alone.
 */
import { createStore, del, get, set } from "idb-keyval";
import type { KeyValue } from "./docker-config.ts";

export class IndexedDbValues implements KeyValue {
  readonly #store: ReturnType<typeof createStore>;

  /** `name` is the environment's: tabs with one name share these values too. */
  constructor(name: string) {
    this.#store = createStore(`${name}-client`, "values");
  }

  get(key: string): Promise<string | undefined> {
    return get<string>(key, this.#store);
  }

  set(key: string, value: string): Promise<void> {
    return set(key, value, this.#store);
  }

  delete(key: string): Promise<void> {
    return del(key, this.#store);
  }
}

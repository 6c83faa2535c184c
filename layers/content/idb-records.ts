/**
 * Records in IndexedDB, through idb-keyval: the only file that imports it. Its `createStore` keeps
 * the connection alive; the transactions are ours, because a batch must be one of them, and because
 * "durable" has to be said to the browser (the default may lose it when the machine stops).
 */
import type { UseStore } from "idb-keyval";
import { createStore, promisifyRequest } from "idb-keyval";
import { storageError } from "./opfs-errors.ts";
import type { RecordChange, RecordStore } from "./storage.ts";

const STORE_NAME = "records";

/** Above every character a key can hold after its prefix. */
const LAST_CHARACTER = "\uffff";

export class IdbRecords implements RecordStore {
  readonly #useStore: UseStore;
  #isClosed = false;

  constructor(databaseName: string) {
    this.#useStore = createStore(databaseName, STORE_NAME);
  }

  get(key: string): Promise<unknown> {
    return this.#told(this.#useStore("readonly", (store) => promisifyRequest<unknown>(store.get(key))));
  }

  entries(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]> {
    const range = IDBKeyRange.bound(prefix, prefix + LAST_CHARACTER);
    return this.#told(
      this.#useStore("readonly", async (store) => {
        // Both requests are made before anything is awaited: the transaction ends when idle.
        const [keys, values] = [store.getAllKeys(range), store.getAll(range)].map(
          (request) => promisifyRequest<unknown[]>(request as IDBRequest<unknown[]>), // Keys are values.
        );
        const [allKeys, allValues] = [await keys, await values];
        return (allKeys ?? []).map((key, index) => [String(key), allValues?.[index]] as const);
      }),
    );
  }

  apply(changes: readonly RecordChange[]): Promise<void> {
    const copies = structuredClone(changes); // Fails here, before a transaction has begun.
    return this.#told(
      this.#useStore("readonly", ({ transaction }) => {
        const strict = transaction.db.transaction(STORE_NAME, "readwrite", { durability: "strict" });
        const store = strict.objectStore(STORE_NAME);
        for (const change of copies) {
          if (change.kind === "put") store.put(change.value, change.key);
          else store.delete(change.key);
        }
        return promisifyRequest(strict);
      }),
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#told(this.#useStore("readonly", ({ transaction }) => transaction.db.close()));
  }

  async #told<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (thrown) {
      throw storageError(thrown, "records");
    }
  }
}

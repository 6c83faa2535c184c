/**
 * Storage of a browser: files in OPFS, records in IndexedDB. For dedicated workers. Any number of
 * workers and tabs of one origin may open one of the same name.
 */
import { IdbRecords } from "./idb-records.ts";
import { OpfsFiles } from "./opfs-files.ts";
import type { FileStore, RecordStore, Storage, StorageUsage } from "./storage.ts";

export class OpfsStorage implements Storage {
  readonly files: FileStore;
  readonly records: RecordStore;
  readonly #files: OpfsFiles;
  readonly #records: IdbRecords;

  /** `name` is that of the folder and of the database. */
  constructor(name: string) {
    this.#files = new OpfsFiles(name);
    this.#records = new IdbRecords(name);
    this.files = this.#files;
    this.records = this.#records;
  }

  /** What the browser says of the whole origin; it may lag behind what was just written. */
  async usage(): Promise<StorageUsage> {
    const { usage, quota } = await navigator.storage.estimate();
    return { usageBytes: usage ?? 0, quotaBytes: quota };
  }

  async close(): Promise<void> {
    this.#files.closeAll();
    await this.#records.close();
  }
}

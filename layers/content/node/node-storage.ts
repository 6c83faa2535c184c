/**
 * Storage in a directory of the host: `files/` holds the files under their own names, `records.log`
 * the records, `locks/` says which files are being written and by whom.
 */
import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { FileStore, RecordStore, Storage, StorageUsage } from "../storage.ts";
import { NodeFiles } from "./node-files.ts";
import { storageError } from "./node-errors.ts";
import { RecordLog } from "./record-log.ts";

export class NodeStorage implements Storage {
  readonly files: FileStore;
  readonly records: RecordStore;
  readonly #directory: string;
  readonly #files: NodeFiles;
  readonly #records: RecordLog;

  /** Makes `directory` when it is missing. */
  constructor(directory: string) {
    this.#directory = directory;
    try {
      for (const part of ["files", "locks"]) mkdirSync(join(directory, part), { recursive: true });
    } catch (thrown) {
      throw storageError(thrown, directory);
    }
    this.#files = new NodeFiles(join(directory, "files"), join(directory, "locks"));
    this.#records = new RecordLog(join(directory, "records.log"));
    this.files = this.#files;
    this.records = this.#records;
  }

  async usage(): Promise<StorageUsage> {
    const files = await this.#files.list("");
    const usageBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const host = statfsSync(this.#directory);
    return { usageBytes, quotaBytes: usageBytes + host.bavail * host.bsize };
  }

  async close(): Promise<void> {
    this.#files.closeAll();
    await this.#records.close();
  }
}

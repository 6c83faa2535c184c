/**
 * Files of a Storage in the browser's origin-private file system, under the same names below one
 * folder. Works in dedicated workers only: nowhere else are there synchronous handles.
 *
 * The hard idea: browsers lock. A writable file is an exclusive access handle. Reading is shared
 * where handles have a read-only mode, else it goes through File snapshots (see opfs-handles.ts).
 */
import { fail } from "../base/errors.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { componentsOf } from "./names.ts";
import { nameOf, storageError } from "./opfs-errors.ts";
import { HandleFile, SnapshotFile } from "./opfs-handles.ts";
import type { FileInfo, FileStore, ReadOnlyFile, WritableFile } from "./storage.ts";

/** What the browsers have and TypeScript's library does not know yet. */
interface MovableHandle {
  move?(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}
interface HandleWithModes {
  createSyncAccessHandle(options: { readonly mode: "read-only" }): Promise<FileSystemSyncAccessHandle>;
}

/** How much is copied at a time where a file cannot be moved. */
const COPY_PIECE_BYTES = 1024 * 1024;

/** Whether `createSyncAccessHandle` knows modes: it would ignore them silently and lock. */
function hasReadOnlyHandles(): boolean {
  return typeof FileSystemSyncAccessHandle === "function" && "mode" in FileSystemSyncAccessHandle.prototype;
}

export class OpfsFiles implements FileStore {
  readonly #folder: string;
  readonly #open = new Set<ReadOnlyFile>();
  readonly #cache = new ChunkCache();

  /** `folder` is one component, made in the origin's root when first needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async info(name: string): Promise<FileInfo | undefined> {
    const handle = await this.#find(name);
    if (handle === undefined) return undefined;
    try {
      return { name, sizeBytes: (await handle.getFile()).size };
    } catch (thrown) {
      if (nameOf(thrown) === "NotFoundError") return undefined;
      throw storageError(thrown, name);
    }
  }

  async openReadOnly(name: string): Promise<ReadOnlyFile> {
    const handle = await this.#find(name);
    if (handle === undefined) throw fail("notFound", `${name}: no such file in storage`);
    try {
      return hasReadOnlyHandles() ? await this.#openShared(name, handle) : await this.#openSnapshot(name, handle);
    } catch (thrown) {
      throw storageError(thrown, name);
    }
  }

  async openWritable(name: string): Promise<WritableFile> {
    const components = componentsOf(name);
    try {
      const folder = await this.#folderOf(components, true);
      const handle = await folder.getFileHandle(components.at(-1) ?? "", { create: true });
      return this.#register(new HandleFile(name, await handle.createSyncAccessHandle(), this.#forget));
    } catch (thrown) {
      throw storageError(thrown, name);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const handle = await this.#find(from);
    const components = componentsOf(to);
    if (handle === undefined) throw fail("notFound", `${from}: no such file in storage`);
    if (from === to) return;
    try {
      const folder = await this.#folderOf(components, true);
      // Firefox would replace a folder, with all that is in it.
      await requireNoFolder(folder, components.at(-1) ?? "");
      const movable: MovableHandle = handle as MovableHandle;
      if (movable.move === undefined) await this.#moveByCopy(from, to);
      else await movable.move(folder, components.at(-1) ?? "");
    } catch (thrown) {
      throw storageError(thrown, from);
    }
  }

  async remove(name: string): Promise<void> {
    const components = componentsOf(name);
    try {
      const folder = await this.#folderOf(components, false);
      await folder.removeEntry(components.at(-1) ?? "");
    } catch (thrown) {
      // The last is said of a folder that is not empty: no file of that name.
      if (["NotFoundError", "TypeMismatchError", "InvalidModificationError"].includes(nameOf(thrown) ?? "")) return;
      throw storageError(thrown, name);
    }
  }

  async list(prefix: string): Promise<readonly FileInfo[]> {
    const found: FileInfo[] = [];
    try {
      await collect(await this.#folderOf([""], false), "", prefix, found);
    } catch (thrown) {
      if (nameOf(thrown) !== "NotFoundError") throw storageError(thrown, prefix);
    }
    return found.sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  closeAll(): void {
    for (const file of this.#open) file.close();
  }

  /** The handle of an existing file; undefined when the name is a folder's or nothing's. */
  async #find(name: string): Promise<FileSystemFileHandle | undefined> {
    const components = componentsOf(name);
    try {
      const folder = await this.#folderOf(components, false);
      return await folder.getFileHandle(components.at(-1) ?? "");
    } catch (thrown) {
      if (nameOf(thrown) === "NotFoundError" || nameOf(thrown) === "TypeMismatchError") return undefined;
      throw storageError(thrown, name);
    }
  }

  /** The folder of a name. Looked up anew each time: the browser may have cleared what we knew. */
  async #folderOf(components: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
    let folder = await navigator.storage.getDirectory();
    for (const part of [this.#folder, ...components.slice(0, -1)]) {
      folder = await folder.getDirectoryHandle(part, { create });
    }
    return folder;
  }

  async #openShared(name: string, handle: FileSystemFileHandle): Promise<ReadOnlyFile> {
    const shared = await (handle as unknown as HandleWithModes).createSyncAccessHandle({ mode: "read-only" });
    return this.#register(new HandleFile(name, shared, this.#forget));
  }

  async #openSnapshot(name: string, handle: FileSystemFileHandle): Promise<ReadOnlyFile> {
    return this.#register(new SnapshotFile(name, await handle.getFile(), this.#cache, this.#forget));
  }

  /** For browsers without `move`: a crash in the middle can leave a partial `to`. */
  async #moveByCopy(from: string, to: string): Promise<void> {
    const source = await this.openWritable(from);
    const target = await this.openWritable(to);
    try {
      const piece = new Uint8Array(COPY_PIECE_BYTES);
      target.truncate(0);
      for (let position = 0; position < source.sizeBytes; ) {
        const count = source.readAt(position, piece);
        target.writeAt(position, piece.subarray(0, count));
        position += count;
      }
      target.flush();
    } finally {
      source.close();
      target.close();
    }
    await this.remove(from);
  }

  #register<T extends ReadOnlyFile>(file: T): T {
    this.#open.add(file);
    return file;
  }

  readonly #forget = (file: ReadOnlyFile): void => {
    this.#open.delete(file);
  };
}

/** Throws TypeMismatchError when `name` is a folder's. */
async function requireNoFolder(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.getFileHandle(name);
  } catch (thrown) {
    if (nameOf(thrown) !== "NotFoundError") throw thrown;
  }
}

/** Walks only folders in which a name with `prefix` can be. */
async function collect(
  folder: FileSystemDirectoryHandle,
  path: string,
  prefix: string,
  found: FileInfo[],
): Promise<void> {
  for await (const [entryName, entry] of folder.entries()) {
    const name = path + entryName;
    if (entry.kind === "directory") {
      const inside = `${name}/`;
      if (!inside.startsWith(prefix) && !prefix.startsWith(inside)) continue;
      await collect(entry, inside, prefix, found);
    } else if (name.startsWith(prefix)) {
      const file = await entry.getFile();
      found.push({ name, sizeBytes: file.size });
    }
  }
}

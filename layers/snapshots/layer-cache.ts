/**
 * The layers that are open in this worker: their packs, their indexes, and who uses them. Opened with
 * the first user, closed with the last, so that another worker may remove what nobody here uses.
 */
import { assert } from "../base/assert.ts";
import { SlipwayError, fail } from "../base/errors.ts";
import type { ReadOnlyFile, Storage } from "../content/storage.ts";
import { LayerFilesystem } from "./layer-filesystem.ts";
import { decodeIndex } from "./layer-index.ts";
import type { LayerIndex } from "./layer-index.ts";
import { layerFiles } from "./unpack.ts";

export interface OpenLayer {
  readonly diffID: string;
  readonly index: LayerIndex;
  readonly pack: ReadOnlyFile;
  /** The layer by itself, for stacks that need nothing resolved. */
  readonly filesystem: LayerFilesystem;
}

interface Cached {
  readonly layer: Promise<OpenLayer>;
  users: number;
}

export class LayerCache {
  readonly #storage: Storage;
  readonly #cached = new Map<string, Cached>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  isOpen(diffID: string): boolean {
    return this.#cached.has(diffID);
  }

  /** @throws SlipwayError `notFound` */
  async acquire(diffID: string): Promise<OpenLayer> {
    let cached = this.#cached.get(diffID);
    if (cached === undefined) {
      cached = { layer: openLayer(this.#storage, diffID), users: 0 };
      this.#cached.set(diffID, cached);
    }
    cached.users++;
    try {
      return await cached.layer;
    } catch (thrown) {
      if (--cached.users === 0) this.#cached.delete(diffID);
      throw thrown;
    }
  }

  release(layer: OpenLayer): void {
    const cached = this.#cached.get(layer.diffID);
    assert(cached !== undefined, "a layer is released as often as it is acquired");
    if (--cached.users > 0) return;
    this.#cached.delete(layer.diffID);
    layer.pack.close();
  }
}

async function openLayer(storage: Storage, diffID: string): Promise<OpenLayer> {
  const names = layerFiles(diffID);
  try {
    const index = decodeIndex(await readWhole(storage, names.index), names.index);
    const pack = await storage.files.openReadOnly(names.pack);
    return { diffID, index, pack, filesystem: new LayerFilesystem(index, pack) };
  } catch (thrown) {
    if (!(thrown instanceof SlipwayError) || thrown.kind !== "notFound") throw thrown;
    throw fail("notFound", `layer does not exist: ${diffID}: its files are gone from the storage, pull the image again`, { cause: thrown });
  }
}

async function readWhole(storage: Storage, name: string): Promise<Uint8Array> {
  const file = await storage.files.openReadOnly(name);
  try {
    const bytes = new Uint8Array(file.sizeBytes);
    file.readAt(0, bytes);
    return bytes;
  } finally {
    file.close();
  }
}

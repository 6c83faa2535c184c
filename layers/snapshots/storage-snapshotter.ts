/**
 * The Snapshotter over a Storage: layers as packs, writable layers as journals. Several workers may
 * have one each on the same place; only the engine's unpacks, removes and sweeps.
 *
 * The hard idea is sharing. Unpacking a layer is shared by everybody who asks for it meanwhile, and
 * goes on while one of them still waits; an open layer is shared by all mounts of a worker.
 */
import type { Clock } from "../base/clock.ts";
import { SlipwayError, fail, isKind } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import type { RecordChange, Storage, WritableFile } from "../content/storage.ts";
import type { Filesystem } from "../fs/filesystem.ts";
import { parseDigest } from "../oci/digest.ts";
import type { HasherFactory } from "../oci/hasher.ts";
import { OverlayFilesystem } from "../overlay/overlay.ts";
import { compactingName } from "./compact.ts";
import { LayerCache } from "./layer-cache.ts";
import type { OpenLayer } from "./layer-cache.ts";
import { LayerFilesystem } from "./layer-filesystem.ts";
import { buildIndex } from "./layer-index.ts";
import { newDirectory } from "./layer-node.ts";
import { MountedStack, closeCompacted } from "./mounted-stack.ts";
import type { OpenWritable } from "./mounted-stack.ts";
import { resolveLower } from "./resolve-lower.ts";
import type { LayerInfo, MountRequest, Mounted, Snapshotter, UnpackOptions } from "./snapshotter.ts";
import { INCOMING_FOLDER, LAYER_FOLDER, LAYER_RECORDS, layerFiles, unpackLayer } from "./unpack.ts";
import type { LayerRecord } from "./unpack.ts";
import { UnpackJob } from "./unpack-job.ts";
import { WritableFilesystem } from "./writable-filesystem.ts";

const WRITABLE_FOLDER = "writable/";
const WRITABLE_SUFFIX = ".journal";

export interface StorageSnapshotterOptions {
  readonly storage: Storage;
  readonly newHasher: HasherFactory;
  readonly clock: Clock;
}

export class StorageSnapshotter implements Snapshotter {
  readonly #storage: Storage;
  readonly #newHasher: HasherFactory;
  readonly #clock: Clock;
  readonly #cache: LayerCache;
  readonly #jobs = new Map<string, UnpackJob<LayerRecord>>();

  constructor({ storage, newHasher, clock }: StorageSnapshotterOptions) {
    this.#storage = storage;
    this.#newHasher = newHasher;
    this.#clock = clock;
    this.#cache = new LayerCache(storage);
  }

  /**
   * Removes what a crash left behind: half-unpacked layers, layers without a record, records without
   * a layer (a browser may clear one kind of storage), unfinished compactions. For the engine, once,
   * before anything else.
   */
  async sweep(): Promise<void> {
    const { files, records } = this.#storage;
    const known = new Set<string>();
    const lost: RecordChange[] = [];
    for (const [key] of await records.entries(LAYER_RECORDS)) {
      const diffID = key.slice(LAYER_RECORDS.length);
      const { pack, index } = layerFiles(diffID);
      const isWhole = (await files.info(pack)) !== undefined && (await files.info(index)) !== undefined;
      if (isWhole) known.add(pack).add(index);
      else lost.push({ kind: "remove", key });
    }
    if (lost.length > 0) await records.apply(lost);
    const leftovers = [
      ...(await files.list(INCOMING_FOLDER)),
      ...(await files.list(LAYER_FOLDER)).filter(({ name }) => !known.has(name)),
      ...(await files.list(WRITABLE_FOLDER)).filter(
        ({ name, sizeBytes }) => !name.endsWith(WRITABLE_SUFFIX) || sizeBytes === 0,
      ),
    ];
    for (const { name } of leftovers) await this.#removeUnused(name);
  }

  async layer(diffID: string): Promise<LayerInfo | undefined> {
    const record = await this.#record(diffID);
    if (record === undefined) return undefined;
    const { pack, index } = layerFiles(diffID);
    const [packInfo, indexInfo] = [await this.#storage.files.info(pack), await this.#storage.files.info(index)];
    return packInfo?.sizeBytes === record.packBytes && indexInfo !== undefined ? infoOf(record) : undefined;
  }

  async unpack(diffID: string, source: ByteStream, options: UnpackOptions = {}): Promise<LayerInfo> {
    parseDigest(diffID);
    for (;;) {
      const running = this.#jobs.get(diffID);
      if (running?.isAbandoned === true) {
        await running.settled.catch(() => undefined); // It is being stopped: begin anew.
        continue;
      }
      if (running !== undefined) {
        const joined = running.join(options);
        drop(source);
        return infoOf(await joined);
      }
      const known = await this.layer(diffID);
      if (this.#jobs.has(diffID)) continue; // Somebody began meanwhile.
      if (known !== undefined) {
        drop(source);
        return known;
      }
      return infoOf(await this.#begin(diffID, source).join(options));
    }
  }

  #begin(diffID: string, source: ByteStream): UnpackJob<LayerRecord> {
    const job = new UnpackJob((shared) => unpackLayer(this.#storage, this.#newHasher, diffID, source, shared));
    this.#jobs.set(diffID, job);
    const forget = (): void => {
      this.#jobs.delete(diffID);
    };
    job.settled.then(forget, forget);
    return job;
  }

  async removeLayer(diffID: string): Promise<void> {
    if (this.#cache.isOpen(diffID) || this.#jobs.has(diffID)) {
      throw fail("conflict", `layer is in use: ${diffID}`);
    }
    const { pack, index } = layerFiles(diffID);
    await this.#storage.records.apply([{ kind: "remove", key: LAYER_RECORDS + diffID }]);
    await this.#storage.files.remove(index);
    await this.#storage.files.remove(pack);
  }

  async layers(): Promise<readonly LayerInfo[]> {
    const entries = await this.#storage.records.entries(LAYER_RECORDS);
    return entries.map(([, value]) => infoOf(value as LayerRecord)); // Only `unpackLayer` writes them.
  }

  async mount({ layers, writable }: MountRequest): Promise<Mounted> {
    const opened: OpenLayer[] = [];
    const release = (): void => {
      for (const layer of opened.splice(0)) this.#cache.release(layer);
    };
    try {
      for (const diffID of layers) opened.push(await this.#cache.acquire(diffID));
      const lowers = stackOf(opened);
      const open = writable === undefined ? undefined : await this.#openWritable(writable);
      if (lowers.length === 0 && open === undefined) lowers.push(emptyLayer());
      return new MountedStack({ storage: this.#storage, clock: this.#clock, lowers, writable: open, release });
    } catch (thrown) {
      release();
      throw SlipwayError.from(thrown);
    }
  }

  async removeWritable(key: string): Promise<void> {
    const name = writableName(key);
    await this.#storage.files.remove(name);
    await this.#storage.files.remove(compactingName(name));
  }

  async writables(): Promise<readonly { readonly key: string; readonly sizeBytes: number }[]> {
    const files = await this.#storage.files.list(WRITABLE_FOLDER);
    return files
      .filter(({ name }) => name.endsWith(WRITABLE_SUFFIX))
      .map(({ name, sizeBytes }) => ({
        key: name.slice(WRITABLE_FOLDER.length, -WRITABLE_SUFFIX.length),
        sizeBytes,
      }));
  }

  async #record(diffID: string): Promise<LayerRecord | undefined> {
    return (await this.#storage.records.get(LAYER_RECORDS + diffID)) as LayerRecord | undefined;
  }

  async #removeUnused(name: string): Promise<void> {
    try {
      await this.#storage.files.remove(name);
    } catch (thrown) {
      if (!isKind(thrown, "conflict")) throw thrown; // Another worker is writing it: no leftover.
    }
  }

  /** Opens the journal, compacting it when that is worth it. */
  async #openWritable(key: string): Promise<OpenWritable> {
    const name = writableName(key);
    const opened = await this.#openJournal(name);
    await this.#storage.files.remove(compactingName(name));
    if (!opened.isWorthCompacting) return { name, filesystem: opened };
    await closeCompacted(this.#storage, name, opened, this.#clock);
    return { name, filesystem: await this.#openJournal(name) };
  }

  async #openJournal(name: string): Promise<WritableFilesystem> {
    const { usageBytes, quotaBytes } = await this.#storage.usage();
    const freeBytes = quotaBytes === undefined ? {} : { freeBytes: Math.max(0, quotaBytes - usageBytes) };
    const file: WritableFile = await this.#storage.files.openWritable(name);
    try {
      return new WritableFilesystem(file, { clock: this.#clock, ...freeBytes });
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }
}

/** Somebody else has unpacked what is in `source`. */
function drop(source: ByteStream): void {
  source.cancel().catch(() => undefined); // Whether it could have been read does not matter.
}

function writableName(key: string): string {
  return `${WRITABLE_FOLDER}${key}${WRITABLE_SUFFIX}`;
}

function infoOf({ diffID, sizeBytes, entries }: LayerRecord): LayerInfo {
  return { diffID, sizeBytes, entries };
}

/** Filesystems of layers given lowest first, topmost first; each resolved against those below it. */
function stackOf(layers: readonly OpenLayer[]): Filesystem[] {
  const stack: Filesystem[] = [];
  for (const { index, pack, filesystem } of layers) {
    if (index.unresolved.length === 0) {
      stack.unshift(filesystem);
      continue;
    }
    const below = stack.length === 0 ? undefined : new OverlayFilesystem(undefined, [...stack]);
    const resolved = resolveLower(index, below);
    stack.unshift(resolved.size === 0 ? filesystem : new LayerFilesystem(index, pack, resolved));
  }
  return stack;
}

/** What an image without layers shows. */
function emptyLayer(): Filesystem {
  const pack = {
    sizeBytes: 0,
    readAt: () => 0,
    stream: () => new ReadableStream<Uint8Array>({ start: (controller) => controller.close() }),
    close: () => undefined,
  };
  return new LayerFilesystem(buildIndex(newDirectory(false)), pack);
}

/**
 * Chunks of files that were read lately, for hosts where a single read is slow however small it is:
 * Firefox, whose FileReaderSync takes half a millisecond for 4 KiB and three for 1 MiB.
 */

/** Reading this much costs about three times as much as reading one page; see README. */
export const CHUNK_BYTES = 512 * 1024;

/** What one worker may spend on cached chunks of all its files. */
const CACHE_BYTES_MAX = 64 * 1024 * 1024;

/** Least recently used chunks go first. Owned by one storage. */
export class ChunkCache {
  /** In order of use: a Map keeps the order of insertion. */
  readonly #chunks = new Map<string, Uint8Array>();
  #sizeBytes = 0;

  /** The chunk at `index` of the file `id`, from `load` when it is not here. */
  get(id: number, index: number, load: () => Uint8Array): Uint8Array {
    const key = `${id}/${index}`;
    const known = this.#chunks.get(key);
    const chunk = known ?? load();
    if (known === undefined) this.#sizeBytes += chunk.length;
    else this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    this.#shrink();
    return chunk;
  }

  /** Forgets all chunks of the file `id`. */
  drop(id: number): void {
    for (const [key, chunk] of this.#chunks) {
      if (!key.startsWith(`${id}/`)) continue;
      this.#chunks.delete(key);
      this.#sizeBytes -= chunk.length;
    }
  }

  #shrink(): void {
    for (const [key, chunk] of this.#chunks) {
      if (this.#sizeBytes <= CACHE_BYTES_MAX || this.#chunks.size === 1) return;
      this.#chunks.delete(key);
      this.#sizeBytes -= chunk.length;
    }
  }
}

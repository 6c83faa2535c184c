/**
 * Blobs and manifests by digest, shared by all users of a proxy: Docker Hub counts pulls by address,
 * and a proxy is one address. The contract, and its implementation in memory. Nothing is readable
 * before `commit`; whoever writes has verified the digest by then.
 */
import { concatBytes } from "../base/bytes.ts";
import type { ByteStream } from "../base/streams.ts";
import { streamOf } from "../base/streams.ts";

export interface CachedContent {
  readonly sizeBytes: number;
  readonly contentType: string;
  /** Bytes [start, end). */
  stream(start: number, end: number): ByteStream;
}

export interface CacheWriter {
  write(piece: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export interface ProxyCache {
  get(digest: string): Promise<CachedContent | undefined>;
  /** Undefined when it is not to be kept: too large, or somebody is writing it already. */
  put(digest: string, content: Pick<CachedContent, "sizeBytes" | "contentType">): Promise<CacheWriter | undefined>;
  remove(digest: string): Promise<void>;
}

/** One entry may take so much of the whole: a single image must not sweep the cache. */
export const ENTRY_SHARE_MAX = 0.25;

/** A cache of at most `sizeBytesMax`, in memory, that forgets what was not used for longest. */
export class MemoryCache implements ProxyCache {
  readonly #sizeBytesMax: number;
  /** Insertion order is the order of last use. */
  readonly #entries = new Map<string, { readonly bytes: Uint8Array; readonly contentType: string }>();
  readonly #writing = new Set<string>();
  #sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async get(digest: string): Promise<CachedContent | undefined> {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    const { bytes, contentType } = entry;
    return { sizeBytes: bytes.length, contentType, stream: (start, end) => streamOf(bytes.slice(start, end)) };
  }

  async put(
    digest: string,
    content: Pick<CachedContent, "sizeBytes" | "contentType">,
  ): Promise<CacheWriter | undefined> {
    if (content.sizeBytes > this.#sizeBytesMax * ENTRY_SHARE_MAX) return undefined;
    if (this.#writing.has(digest) || this.#entries.has(digest)) return undefined;
    this.#writing.add(digest);
    const pieces: Uint8Array[] = [];
    return {
      write: async (piece) => void pieces.push(piece.slice()),
      commit: async () => {
        this.#writing.delete(digest);
        const bytes = concatBytes(pieces);
        this.#entries.set(digest, { bytes, contentType: content.contentType });
        this.#sizeBytes += bytes.length;
        await this.#shrink();
      },
      abort: async () => void this.#writing.delete(digest),
    };
  }

  async remove(digest: string): Promise<void> {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return;
    this.#entries.delete(digest);
    this.#sizeBytes -= entry.bytes.length;
  }

  async #shrink(): Promise<void> {
    for (const oldest of this.#entries.keys()) {
      if (this.#sizeBytes <= this.#sizeBytesMax) return;
      await this.remove(oldest);
    }
  }
}

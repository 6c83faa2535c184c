/**
 * The cache in front of registries. Two hard ideas. First, a cache that many share must not give a
 * private image to who may not pull it: before serving, the registry is asked with the client's own
 * Authorization by HEAD (which no registry counts as a pull), and its yes is remembered for a minute
 * for that client, repository and digest. Second, nothing wrong may get in or out: bytes are hashed on
 * the way in before they are kept and on the way out before the last piece is let go.
 */
import type { Clock } from "../base/clock.ts";
import { encodeUtf8 } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import type { CacheWriter, CachedContent, ProxyCache } from "./cache.ts";

/** Same shape as layers/oci's Hasher, which this room may not import. */
export type HashFactory = (algorithm: "sha256") => Promise<{
  update(bytes: Uint8Array): void;
  digestHex(): string;
}>;

/** A minute: pulling one image; short enough for a revoked token. */
const GRANT_MS = 60_000;
const GRANTS_MAX = 10_000;

/** Of a request below /v2/: what it is for. */
export interface ContentTarget {
  /** "host/repository". */
  readonly repository: string;
  readonly kind: "blobs" | "manifests";
  /** Undefined for a tag. */
  readonly digest: string | undefined;
}

/** Undefined for everything that has no digest or tag: uploads, tag lists, the base. */
export function contentTargetOf(url: URL): ContentTarget | undefined {
  const match = /^\/v2\/(.+)\/(blobs|manifests)\/([^/]+)$/.exec(url.pathname);
  const [, name, kind, text] = match ?? [];
  if (name === undefined || text === undefined || (kind !== "blobs" && kind !== "manifests")) return undefined;
  const digest = decodeURIComponent(text);
  const isDigest = /^sha256:[0-9a-f]{64}$/.test(digest);
  if (!isDigest && (kind === "blobs" || digest.includes(":"))) return undefined;
  return { repository: `${url.host}/${name}`, kind, digest: isDigest ? digest : undefined };
}

export class SharedContent {
  readonly #cache: ProxyCache;
  readonly #hash: HashFactory;
  readonly #clock: Clock;
  /** Hash of (authorization, repository, digest) → until when it holds. */
  readonly #grants = new Map<string, number>();

  constructor(parts: { readonly cache: ProxyCache; readonly hash: HashFactory; readonly clock: Clock }) {
    this.#cache = parts.cache;
    this.#hash = parts.hash;
    this.#clock = parts.clock;
  }

  get(digest: string): Promise<CachedContent | undefined> {
    return this.#cache.get(digest);
  }

  /** Notes that the registry let this client have it. */
  async grant(authorization: string | null, repository: string, digest: string): Promise<void> {
    const key = await this.#keyOf(authorization, repository, digest);
    this.#grants.delete(key);
    this.#grants.set(key, this.#clock.monotonicMs() + GRANT_MS);
    for (const oldest of this.#grants.keys()) {
      if (this.#grants.size <= GRANTS_MAX) break;
      this.#grants.delete(oldest);
    }
  }

  async isGranted(authorization: string | null, repository: string, digest: string): Promise<boolean> {
    const until = this.#grants.get(await this.#keyOf(authorization, repository, digest));
    return until !== undefined && this.#clock.monotonicMs() < until;
  }

  /** `stream` as it is, kept on the way when it proves to be what `digest` names. */
  async keeping(
    stream: ByteStream,
    digest: string,
    content: Pick<CachedContent, "sizeBytes" | "contentType">,
  ): Promise<ByteStream> {
    const writer = await this.#cache.put(digest, content).catch(() => undefined); // A full disk stops no pull.
    if (writer === undefined) return stream;
    return keptStream(stream, new Keeper(writer, await this.#hash("sha256"), digest));
  }

  /** Bytes of a cached entry; a whole one is verified and its last piece held back until then. */
  async serve(digest: string, content: CachedContent, start: number, end: number): Promise<ByteStream> {
    const stream = content.stream(start, end);
    if (start > 0 || end < content.sizeBytes) return stream;
    const hash = await this.#hash("sha256");
    return verifiedStream(stream, async (piece) => {
      if (piece !== undefined) {
        hash.update(piece);
        return;
      }
      if (`sha256:${hash.digestHex()}` === digest) return;
      await this.#cache.remove(digest);
      throw fail("dataLoss", `cached ${digest} was damaged and has been removed`);
    });
  }

  async #keyOf(...parts: readonly (string | null)[]): Promise<string> {
    const bytes = encodeUtf8(JSON.stringify(parts));
    // A digest, so that no token rests in the table.
    const hash = await this.#hash("sha256");
    hash.update(bytes);
    return hash.digestHex();
  }
}

/** Writes what passes into the cache; any failure there ends the keeping, not the transfer. */
class Keeper {
  readonly #digest: string;
  readonly #hash: { update(bytes: Uint8Array): void; digestHex(): string };
  #writer: CacheWriter | undefined;

  constructor(writer: CacheWriter, hash: Keeper["hash"], digest: string) {
    this.#writer = writer;
    this.#hash = hash;
    this.#digest = digest;
  }

  get hash(): { update(bytes: Uint8Array): void; digestHex(): string } {
    return this.#hash;
  }

  async take(piece: Uint8Array): Promise<void> {
    if (this.#writer === undefined) return;
    this.#hash.update(piece);
    await this.#writer.write(piece).catch(() => this.drop()); // A full disk stops no pull.
  }

  async finish(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    if (`sha256:${this.#hash.digestHex()}` !== this.#digest) {
      await this.drop();
      return;
    }
    this.#writer = undefined;
    await writer.commit().catch(() => writer.abort());
  }

  async drop(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.abort().catch(() => undefined); // What is left over is cleared at the next start.
  }
}

function keptStream(stream: ByteStream, keeper: Keeper): ByteStream {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          const step = await reader.read();
          if (step.done) {
            await keeper.finish();
            controller.close();
            return;
          }
          await keeper.take(step.value);
          controller.enqueue(step.value);
        } catch (thrown) {
          await keeper.drop();
          controller.error(thrown);
        }
      },
      async cancel(reason): Promise<void> {
        await keeper.drop();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Passes pieces one behind; `check(undefined)` must return before the last one goes out. */
function verifiedStream(stream: ByteStream, check: (piece: Uint8Array | undefined) => Promise<void>): ByteStream {
  const reader = stream.getReader();
  let held: Uint8Array | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        for (;;) {
          const step = await reader.read();
          await check(step.done ? undefined : step.value);
          const ready = held;
          held = step.done ? undefined : step.value;
          if (ready !== undefined) controller.enqueue(ready);
          if (step.done) controller.close();
          if (step.done || ready !== undefined) return;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The range that a Range header asks of `sizeBytes`; undefined for none or one we do not serve. */
export function rangeOf(header: string | null, sizeBytes: number): { start: number; end: number } | "bad" | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = match[2] === "" ? sizeBytes : Math.min(sizeBytes, Number(match[2]) + 1);
  return start < end ? { start, end } : "bad";
}


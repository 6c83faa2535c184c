/**
 * The content store on any Storage: a blob is the file `blobs/<algorithm>/<hex>`, an ingest in
 * progress or interrupted is `ingest/<algorithm>-<hex>`. There is no index: what the files say is
 * what is there, so nothing can disagree when a browser clears its storage.
 *
 * The hard idea is that a hash cannot be saved half-way: an ingest that is continued first hashes
 * again what is on disk, and publishing is the renaming of a file that was hashed to its last byte.
 */
import { fail, isKind } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { piecesOf, streamFrom } from "../base/streams.ts";
import type { Digest } from "../oci/digest.ts";
import { parseDigest } from "../oci/digest.ts";
import type { Hasher, HasherFactory } from "../oci/hasher.ts";
import type { ContentInfo, ContentStore, ExpectedContent, Ingest } from "./content-store.ts";
import type { FileStore, ReadOnlyFile, WritableFile } from "./storage.ts";

/** How much of an interrupted ingest is read at a time to hash it again. */
const REHASH_PIECE_BYTES = 1024 * 1024;

const BLOBS = "blobs/";
const INGESTS = "ingest/";

const blobName = (digest: Digest): string => `${BLOBS}${digest.algorithm}/${digest.hex}`;
const ingestName = (digest: Digest): string => `${INGESTS}${digest.algorithm}-${digest.hex}`;

/** What an ingest needs to know of its store. */
interface IngestPlace {
  readonly files: FileStore;
  readonly digest: Digest;
  readonly sizeBytes: number | undefined;
  /** Lets the next ingest of this digest begin. */
  readonly release: () => void;
}

/** One blob arriving. Owns its file until committed, suspended or aborted. */
class StorageIngest implements Ingest {
  readonly #place: IngestPlace;
  readonly #file: WritableFile;
  readonly #hasher: Hasher;
  /** Bytes that are both in the file and in the hasher. */
  #offset = 0;
  #isOver = false;

  constructor(place: IngestPlace, file: WritableFile, hasher: Hasher) {
    this.#place = place;
    this.#file = file;
    this.#hasher = hasher;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Hashes what an interrupted ingest left; drops it when it cannot be a beginning of the blob. */
  async resume(): Promise<void> {
    const { sizeBytes } = this.#place;
    if (sizeBytes !== undefined && this.#file.sizeBytes > sizeBytes) this.#file.truncate(0);
    for await (const piece of piecesOfFile(this.#file)) {
      this.#hasher.update(piece);
      this.#offset += piece.length;
    }
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#requireOpen();
    const { sizeBytes } = this.#place;
    if (sizeBytes !== undefined && this.#offset + piece.length > sizeBytes) {
      throw fail("dataLoss", `${this.#name()}: more than the expected ${sizeBytes} bytes arrived`);
    }
    this.#file.writeAt(this.#offset, piece);
    this.#hasher.update(piece);
    this.#offset += piece.length;
  }

  async commit(): Promise<void> {
    this.#requireOpen();
    this.#isOver = true;
    const { files, digest, release } = this.#place;
    try {
      const problem = this.#problem();
      if (problem === undefined) this.#file.flush();
      this.#file.close();
      if (problem === undefined) await this.#publish();
      else await files.remove(ingestName(digest));
      if (problem !== undefined) throw fail("dataLoss", problem);
    } finally {
      this.#file.close();
      release();
    }
  }

  async suspend(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      // A write that failed half-way may have left bytes that were never hashed.
      this.#file.truncate(this.#offset);
      this.#file.flush();
    } finally {
      this.#file.close();
      this.#place.release();
    }
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#file.close();
      await this.#place.files.remove(ingestName(this.#place.digest));
    } finally {
      this.#place.release();
    }
  }

  /** Why the bytes are not the blob, in containerd's words; undefined when they are. */
  #problem(): string | undefined {
    const { digest, sizeBytes } = this.#place;
    if (sizeBytes !== undefined && this.#offset !== sizeBytes) {
      return `${this.#name()}: unexpected commit size ${this.#offset}, expected ${sizeBytes}`;
    }
    const hex = this.#hasher.digestHex();
    if (hex === digest.hex) return undefined;
    return `unexpected commit digest ${digest.algorithm}:${hex}, expected ${this.#name()}`;
  }

  async #publish(): Promise<void> {
    const { files, digest } = this.#place;
    try {
      await files.rename(ingestName(digest), blobName(digest));
    } catch (thrown) {
      if (!isKind(thrown, "notFound")) throw thrown;
      const message = `${this.#name()}: its bytes vanished from storage before they were committed`;
      throw fail("dataLoss", message, { cause: thrown });
    }
  }

  #name(): string {
    return `${this.#place.digest.algorithm}:${this.#place.digest.hex}`;
  }

  #requireOpen(): void {
    if (this.#isOver) throw fail("conflict", `${this.#name()}: this ingest is over`);
  }
}

export class StorageContentStore implements ContentStore {
  readonly #files: FileStore;
  readonly #createHasher: HasherFactory;
  /** The end of the last ingest in line, by digest. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(files: FileStore, createHasher: HasherFactory) {
    this.#files = files;
    this.#createHasher = createHasher;
  }

  async info(digest: string): Promise<ContentInfo | undefined> {
    const file = await this.#files.info(blobName(parseDigest(digest)));
    return file === undefined ? undefined : { digest, sizeBytes: file.sizeBytes };
  }

  async read(digest: string): Promise<ByteStream> {
    const file = await this.#open(digest);
    return streamFrom(
      (async function* (): AsyncGenerator<Uint8Array> {
        try {
          yield* piecesOf(file.stream());
        } finally {
          file.close();
        }
      })(),
    );
  }

  async readAll(digest: string, sizeBytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
    const file = await this.#open(digest);
    try {
      if (file.sizeBytes > sizeBytesMax) {
        throw fail("resourceExhausted", `${digest} exceeds ${sizeBytesMax} bytes`);
      }
      const bytes = new Uint8Array(file.sizeBytes);
      file.readAt(0, bytes);
      return bytes;
    } finally {
      file.close();
    }
  }

  async ingest(expected: ExpectedContent): Promise<Ingest | undefined> {
    const digest = parseDigest(expected.digest);
    const release = await this.#takeTurn(expected.digest);
    try {
      if ((await this.#files.info(blobName(digest))) !== undefined) {
        release();
        return undefined;
      }
      const hasher = await this.#createHasher(digest.algorithm);
      const file = await this.#files.openWritable(ingestName(digest));
      const place = { files: this.#files, digest, sizeBytes: expected.sizeBytes, release };
      const ingest = new StorageIngest(place, file, hasher);
      await ingest.resume();
      return ingest;
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  async remove(digest: string): Promise<void> {
    await this.#files.remove(blobName(parseDigest(digest)));
  }

  async list(): Promise<readonly ContentInfo[]> {
    const files = await this.#files.list(BLOBS);
    return files.map(({ name, sizeBytes }) => ({
      digest: name.slice(BLOBS.length).replace("/", ":"),
      sizeBytes,
    }));
  }

  /** Drops what interrupted ingests left, except those going on now. The bytes that were freed. */
  async pruneIngests(): Promise<number> {
    let freedBytes = 0;
    for (const { name, sizeBytes } of await this.#files.list(INGESTS)) {
      if (this.#turns.has(name.slice(INGESTS.length).replace("-", ":"))) continue;
      await this.#files.remove(name);
      freedBytes += sizeBytes;
    }
    return freedBytes;
  }

  async #open(digest: string): Promise<ReadOnlyFile> {
    try {
      return await this.#files.openReadOnly(blobName(parseDigest(digest)));
    } catch (thrown) {
      if (!isKind(thrown, "notFound")) throw thrown;
      throw fail("notFound", `content digest ${digest}: not found`, { cause: thrown });
    }
  }

  /** Waits for the ingests of `digest` that came first; the result ends this one's turn. */
  async #takeTurn(digest: string): Promise<() => void> {
    const before = this.#turns.get(digest);
    let release = (): void => undefined;
    const turn = new Promise<void>((resolve) => (release = resolve));
    const last = before === undefined ? turn : before.then(() => turn);
    this.#turns.set(digest, last);
    await before;
    return () => {
      release();
      if (this.#turns.get(digest) === last) this.#turns.delete(digest);
    };
  }
}

async function* piecesOfFile(file: ReadOnlyFile): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(Math.min(REHASH_PIECE_BYTES, file.sizeBytes));
  for (let position = 0; position < file.sizeBytes; ) {
    const count = file.readAt(position, piece);
    if (count === 0) return;
    yield piece.subarray(0, count);
    position += count;
  }
}

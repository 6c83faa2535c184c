/**
 * A layer that is being made here rather than loaded. Its names (the digest of the archive and of the
 * compressed archive) are known only at its end, so it is written to a file of its own first, hashed on
 * the way, and enters the content store and the snapshots as if a registry had sent it. A crash leaves
 * at most that file, which the next opening removes.
 */
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf, streamFrom } from "../../../layers/base/streams.ts";
import { compressGzip } from "../../../layers/compression/gzip.ts";
import type { FileStore, WritableFile } from "../../../layers/content/storage.ts";
import type { Hasher } from "../../../layers/oci/hasher.ts";
import type { LayerInfo } from "../../../layers/snapshots/snapshotter.ts";
import type { EngineContext } from "../context.ts";
import { randomId } from "../ids.ts";

const STAGED = "engine/staged/";
/** 1,024 zeros: an archive without entries (moby: DigestSHA256EmptyTar). */
const EMPTY_DIFF_ID = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

export class StagedLayer {
  readonly diffID: string;
  /** Of the compressed archive. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly #file: WritableFile;
  readonly #name: string;
  readonly #files: FileStore;

  private constructor(files: FileStore, name: string, file: WritableFile, digests: Digests) {
    this.#files = files;
    this.#name = name;
    this.#file = file;
    this.diffID = digests.diffID;
    this.digest = digests.digest;
    this.sizeBytes = file.sizeBytes;
  }

  /** Writes down all of `archive`. */
  static async of(context: EngineContext, archive: ByteStream): Promise<StagedLayer> {
    const { files } = context.storage;
    const name = STAGED + randomId(context.rng);
    const file = await files.openWritable(name);
    try {
      const [diff, blob] = [await context.hasher("sha256"), await context.hasher("sha256")];
      let sizeBytes = 0;
      for await (const piece of piecesOf(compressGzip(streamFrom(hashed(archive, diff))))) {
        blob.update(piece);
        file.writeAt(sizeBytes, piece);
        sizeBytes += piece.length;
      }
      const digests = { diffID: `sha256:${diff.digestHex()}`, digest: `sha256:${blob.digestHex()}` };
      return new StagedLayer(files, name, file, digests);
    } catch (thrown) {
      file.close();
      await files.remove(name);
      throw thrown;
    }
  }

  /** Nothing was changed: such a layer is left out of images. */
  get isEmpty(): boolean {
    return this.diffID === EMPTY_DIFF_ID;
  }

  /** Into the content store and the snapshots. Preconditions: both digests are pinned. */
  async publish(context: EngineContext): Promise<LayerInfo> {
    const { digest, sizeBytes, diffID } = this;
    const ingest = await context.content.ingest({ digest, sizeBytes });
    if (ingest !== undefined) {
      try {
        for await (const piece of piecesOf(this.#file.stream(ingest.offset))) await ingest.write(piece);
        await ingest.commit();
      } catch (thrown) {
        await ingest.abort();
        throw thrown;
      }
    }
    return context.snapshots.unpack(diffID, this.#file.stream());
  }

  async dispose(): Promise<void> {
    this.#file.close();
    await this.#files.remove(this.#name);
  }
}

interface Digests {
  readonly diffID: string;
  readonly digest: string;
}

async function* hashed(source: ByteStream, hasher: Hasher): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of piecesOf(source)) {
    hasher.update(piece);
    yield piece;
  }
}

/** What a crash left. */
export async function removeStagedLayers(files: FileStore): Promise<void> {
  for (const { name } of await files.list(STAGED)) await files.remove(name);
}

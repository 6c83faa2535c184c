/**
 * From a (compressed) layer tar to a pack and its index. One pass: decompress, hash, parse, append.
 *
 * The hard idea is that nothing shows before everything is right: both files grow under temporary
 * names, and get theirs only when the digest of what was unpacked is the layer's diffID; the record,
 * written last, is what makes the layer exist.
 */
import { SlipwayError, fail } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { piecesOf } from "../base/streams.ts";
import { decompress } from "../compression/decompress.ts";
import type { Storage, WritableFile } from "../content/storage.ts";
import { formatDigest, parseDigest } from "../oci/digest.ts";
import type { HasherFactory } from "../oci/hasher.ts";
import { TarParser } from "../tar/parser.ts";
import { LayerBuilder } from "./layer-builder.ts";
import { buildIndex, encodeIndex } from "./layer-index.ts";
import { PackWriter } from "./pack-writer.ts";
import type { LayerInfo, UnpackOptions } from "./snapshotter.ts";

export const LAYER_FOLDER = "layers/";
export const INCOMING_FOLDER = "layers-incoming/";
export const LAYER_RECORDS = "layer/";

/** Below this many bytes between two reports nobody could see a difference. */
const PROGRESS_BYTES = 256 * 1024;

/** What makes a layer exist. */
export interface LayerRecord extends LayerInfo {
  readonly packBytes: number;
}

/** Names of a layer's two files. @throws SlipwayError `invalidParameter` when `diffID` is no digest */
export function layerFiles(diffID: string, folder = LAYER_FOLDER): { pack: string; index: string } {
  const { algorithm, hex } = parseDigest(diffID);
  const base = `${folder}${algorithm}-${hex}`;
  return { pack: `${base}.pack`, index: `${base}.index` };
}

export async function unpackLayer(
  storage: Storage,
  newHasher: HasherFactory,
  diffID: string,
  source: ByteStream,
  options: UnpackOptions = {},
): Promise<LayerRecord> {
  const incoming = layerFiles(diffID, INCOMING_FOLDER);
  const final = layerFiles(diffID);
  try {
    const record = await writeFiles(storage, newHasher, diffID, source, options);
    await storage.files.rename(incoming.pack, final.pack);
    await storage.files.rename(incoming.index, final.index);
    await storage.records.apply([{ kind: "put", key: LAYER_RECORDS + diffID, value: record }]);
    return record;
  } catch (thrown) {
    await storage.files.remove(incoming.pack);
    await storage.files.remove(incoming.index);
    throw SlipwayError.from(thrown);
  }
}

/** Both files, complete and flushed, under their temporary names. */
async function writeFiles(
  storage: Storage,
  newHasher: HasherFactory,
  diffID: string,
  source: ByteStream,
  options: UnpackOptions,
): Promise<LayerRecord> {
  const incoming = layerFiles(diffID, INCOMING_FOLDER);
  const file = await storage.files.openWritable(incoming.pack);
  let record: LayerRecord;
  let index: Uint8Array;
  try {
    file.truncate(0);
    const pack = new PackWriter(file);
    const builder = new LayerBuilder(pack);
    await fill(builder, newHasher, diffID, source, options);
    pack.finish();
    const { sizeBytes, entries } = builder;
    record = { diffID, sizeBytes, entries, packBytes: pack.position };
    index = encodeIndex(buildIndex(builder.root));
  } finally {
    file.close();
  }
  await writeFile(await storage.files.openWritable(incoming.index), index);
  return record;
}

async function writeFile(file: WritableFile, bytes: Uint8Array): Promise<void> {
  try {
    file.truncate(0);
    file.writeAt(0, bytes);
    file.flush();
  } finally {
    file.close();
  }
}

async function fill(
  builder: LayerBuilder,
  newHasher: HasherFactory,
  diffID: string,
  source: ByteStream,
  options: UnpackOptions,
): Promise<void> {
  const { algorithm } = parseDigest(diffID);
  const hasher = await newHasher(algorithm);
  const parser = new TarParser(builder, { appliesGlobals: false });
  const { stream } = await decompress(counted(source, options));
  for await (const piece of piecesOf(stream)) {
    options.signal?.throwIfAborted();
    hasher.update(piece);
    parser.push(piece);
  }
  const actual = formatDigest({ algorithm, hex: hasher.digestHex() });
  if (actual !== diffID) {
    throw fail("dataLoss", `layer verification failed: expected ${diffID}, got ${actual}`);
  }
  parser.finish();
}

/** `source`, telling how much of it was read; ends as soon as the signal aborts. */
function counted(source: ByteStream, { onProgress, signal }: UnpackOptions): ByteStream {
  if (onProgress === undefined && signal === undefined) return source;
  let consumedBytes = 0;
  let reportedBytes = 0;
  return source.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller): void {
        consumedBytes += piece.length;
        if (consumedBytes - reportedBytes >= PROGRESS_BYTES) {
          reportedBytes = consumedBytes;
          onProgress?.(consumedBytes);
        }
        controller.enqueue(piece);
      },
      flush(): void {
        if (consumedBytes !== reportedBytes) onProgress?.(consumedBytes);
      },
    }),
    signal === undefined ? undefined : { signal },
  );
}

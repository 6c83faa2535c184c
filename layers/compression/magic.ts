/**
 * Which compression a stream has, told by its first bytes and never by a media type: registries and
 * `docker load` archives lie about it, and Docker looks at the bytes too (pkg/archive/compression).
 */
import type { ByteStream } from "../base/streams.ts";
import { concatBytes } from "../base/bytes.ts";
import { piecesOf, streamFrom } from "../base/streams.ts";

export type Compression = "gzip" | "zstd" | "bzip2" | "xz" | "plain";

/** The longest magic we know: xz's. */
const MAGIC_BYTES_MAX = 6;

const MAGICS: readonly (readonly [compression: Compression, magic: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** What `head`, the first bytes of a stream, begin. */
export function recognise(head: Uint8Array): Compression {
  for (const [compression, magic] of MAGICS) {
    if (magic.every((byte, index) => head[index] === byte)) return compression;
  }
  return isSkippableFrame(head) ? "zstd" : "plain";
}

/** A zstd stream may begin with a skippable frame: 0x184D2A50..5F, little-endian (RFC 8878, 3.1.2). */
function isSkippableFrame(head: Uint8Array): boolean {
  const [first = 0, ...rest] = head.subarray(0, 4);
  return first >> 4 === 0x5 && rest[0] === 0x2a && rest[1] === 0x4d && rest[2] === 0x18;
}

/** Enough of the beginning of `source` to recognise it, and a stream of all of it. */
export async function peek(source: ByteStream): Promise<{ head: Uint8Array; stream: ByteStream }> {
  const pieces = piecesOf(source);
  const taken: Uint8Array[] = [];
  let sizeBytes = 0;
  while (sizeBytes < MAGIC_BYTES_MAX) {
    const step = await pieces.next();
    if (step.done === true) break;
    taken.push(step.value);
    sizeBytes += step.value.length;
  }
  const head = concatBytes(taken);
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    if (head.length > 0) yield head;
    yield* pieces;
  }
  const stream = streamFrom(all());
  return { head: head.subarray(0, MAGIC_BYTES_MAX), stream };
}

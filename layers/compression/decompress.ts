/**
 * The door of the room: any stream in, plain bytes out, whatever compression its first bytes show.
 *
 * Example:
 *   const { kind, stream } = await decompress(blob);
 *   for await (const piece of piecesOf(stream)) parser.push(piece);
 */
import { fail } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { ExpansionLimit } from "./expansion-limit.ts";
import { gunzip } from "./gzip.ts";
import { peek, recognise } from "./magic.ts";
import { unzstd } from "./zstd.ts";

export { compressGzip } from "./gzip.ts";

export interface Decompressed {
  readonly kind: "gzip" | "zstd" | "plain";
  /** Fails with `dataLoss` when broken or cut short, `resourceExhausted` past a limit. */
  readonly stream: ByteStream;
}

export interface DecompressOptions {
  /** Absolute limit on the decompressed size; EXPANDED_BYTES_MAX unless given. */
  readonly sizeBytesMax?: number;
}

/** @throws SlipwayError `invalidParameter` for compressions that no OCI layer has. */
export async function decompress(
  source: ByteStream,
  options: DecompressOptions = {},
): Promise<Decompressed> {
  const { head, stream } = await peek(source);
  const kind = recognise(head);
  const limit = new ExpansionLimit(options.sizeBytesMax);
  switch (kind) {
    case "gzip":
      return { kind, stream: await gunzip(stream, limit) };
    case "zstd":
      return { kind, stream: unzstd(stream, limit) };
    case "plain":
      return { kind, stream };
    case "bzip2":
    case "xz":
      await stream.cancel();
      throw fail("invalidParameter", `unsupported compression: ${kind}`);
  }
}

/**
 * The adapter for fzstd, the only file that imports it. No browser decompresses zstd natively.
 *
 * fzstd decodes as bytes are pushed, calling back per block, and joins frames and skips skippable ones
 * by itself; what it does not do is verify the frame's checksum, which costs nothing here because
 * whoever decompresses a layer verifies the digest of the result.
 */
import { Decompress } from "fzstd";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { SlipwayError, fail, messageOf } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { piecesOf, streamFrom } from "../base/streams.ts";
import type { ExpansionLimit } from "./expansion-limit.ts";

/** What `zstd -d` takes without being asked (ZSTD_WINDOWLOG_LIMIT_DEFAULT): 2^27 bytes. */
const WINDOW_BYTES_MAX = 128 * 1024 * 1024;

/** fzstd joins what it could not use yet with the next piece: more at a time only costs memory. */
const PUSH_BYTES = 256 * 1024;

/** The decompressed bytes of `source`. Fails with `dataLoss` or, by `limit`, `resourceExhausted`. */
export function unzstd(source: ByteStream, limit: ExpansionLimit): ByteStream {
  return streamFrom(blocks(source, limit));
}

async function* blocks(source: ByteStream, limit: ExpansionLimit): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const decoder = new Decompress((block) => {
    limit.gave(block.length);
    if (block.length > 0) ready.push(block);
  });
  let isFirst = true;
  for await (const piece of piecesOf(source)) {
    if (isFirst) checkWindow(piece);
    isFirst = false;
    limit.took(piece.length);
    for (let start = 0; start < piece.length; start += PUSH_BYTES) {
      push(decoder, piece.subarray(start, start + PUSH_BYTES), false);
      yield* ready.splice(0);
    }
  }
  push(decoder, EMPTY_BYTES, true);
  yield* ready.splice(0);
}

function push(decoder: Decompress, piece: Uint8Array, isLast: boolean): void {
  try {
    decoder.push(piece, isLast);
  } catch (thrown) {
    if (thrown instanceof SlipwayError) throw thrown;
    throw fail("dataLoss", `zstd: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** Refuses a first frame whose header asks for a huge window (RFC 8878, 3.1.1.1.2). */
function checkWindow(head: Uint8Array): void {
  const [m0, m1, m2, m3, flags = 0, windowDescriptor = 0] = head;
  const isFrame = m0 === 0x28 && m1 === 0xb5 && m2 === 0x2f && m3 === 0xfd;
  const isSingleSegment = (flags & 0x20) !== 0;
  if (!isFrame || isSingleSegment || head.length < 6) return;
  const base = 2 ** (10 + (windowDescriptor >> 3));
  const windowBytes = base + (base / 8) * (windowDescriptor & 7);
  if (windowBytes > WINDOW_BYTES_MAX) {
    throw fail("resourceExhausted", `zstd: window of ${windowBytes} bytes is too large`);
  }
}

/**
 * A byte range of an open file as a stream, for implementations whose own reads are synchronous.
 * The range is read piece by piece as the consumer asks, so a stream costs one piece of memory.
 */
import type { ByteStream } from "../base/streams.ts";

/** Large enough that the cost per piece disappears, small enough for many streams at once. */
export const STREAM_PIECE_BYTES = 256 * 1024;

/** What a stream needs of a file. */
export interface ReadableAt {
  readonly sizeBytes: number;
  readAt(position: number, target: Uint8Array): number;
}

/** Bytes [start, end) of `file`; the end of the file bounds both. */
export function streamOfRange(file: ReadableAt, start = 0, end = file.sizeBytes): ByteStream {
  let position = start;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller): void {
        const wantedBytes = Math.min(STREAM_PIECE_BYTES, Math.min(end, file.sizeBytes) - position);
        if (wantedBytes <= 0) {
          controller.close();
          return;
        }
        const piece = new Uint8Array(wantedBytes);
        const count = file.readAt(position, piece);
        position += count;
        if (count === 0) controller.close();
        else controller.enqueue(piece.subarray(0, count));
      },
    },
    { highWaterMark: 0 },
  );
}

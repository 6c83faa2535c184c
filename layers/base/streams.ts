/**
 * Byte streams are the platform's `ReadableStream<Uint8Array>`; a `Duplex` is a connection with both
 * directions, half-closed by closing `writable` (what a hijacked HTTP connection is).
 */
import { concatBytes } from "./bytes.ts";
import { fail } from "./errors.ts";

export type ByteStream = ReadableStream<Uint8Array>;

export interface Duplex {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A stream of the given pieces. */
export function streamOf(...pieces: Uint8Array[]): ByteStream {
  let next = 0;
  return new ReadableStream({
    pull(controller): void {
      const piece = pieces[next++];
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

/** A stream of whatever `source` yields, pulled one piece at a time. */
export function streamFrom(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): ByteStream {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const step = await iterator.next();
      if (step.done === true) controller.close();
      else controller.enqueue(step.value);
    },
    async cancel(): Promise<void> {
      await iterator.return?.();
    },
  });
}

/** The pieces of `stream`; leaving the loop early cancels it. (Safari's streams are not iterable.) */
export async function* piecesOf<T>(stream: ReadableStream<T>): AsyncGenerator<T, void, undefined> {
  const reader = stream.getReader();
  let isDone = false;
  try {
    for (;;) {
      const step = await reader.read();
      if (step.done) {
        isDone = true;
        return;
      }
      yield step.value;
    }
  } finally {
    if (!isDone) reader.cancel().catch(() => undefined); // Already failed: the reader threw it.
    reader.releaseLock();
  }
}

/** All bytes of `stream`; fails with kind `resourceExhausted` past `sizeBytesMax`. */
export async function collectBytes(stream: ByteStream, sizeBytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of piecesOf(stream)) {
    sizeBytes += piece.length;
    if (sizeBytes > sizeBytesMax) throw fail("resourceExhausted", `body exceeds ${sizeBytesMax} bytes`);
    pieces.push(piece);
  }
  return concatBytes(pieces);
}

/** Two ends of an in-memory connection: what is written at one is read at the other. */
export function duplexPair(): [Duplex, Duplex] {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}

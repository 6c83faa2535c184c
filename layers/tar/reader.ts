/**
 * Archives as an async sequence of entries, for readers that decide entry by entry: `docker load`,
 * `docker cp`, build contexts. Unpacking whole layers pushes into a `TarParser` instead, which awaits
 * nothing.
 *
 * Example:
 *   for await (const entry of readTar(stream)) {
 *     if (entry.header.name === "manifest.json") text = await collectBytes(entry.body(), LIMIT);
 *   }                                       // Bodies that are not asked for are skipped.
 */
import type { ByteStream } from "../base/streams.ts";
import { piecesOf, streamFrom } from "../base/streams.ts";
import { assert } from "../base/assert.ts";
import type { TarHeader } from "./header.ts";
import { TarParser } from "./parser.ts";
import type { TarParserOptions } from "./parser.ts";

/** Zeros are handed out in pieces of this size when a sparse body is read as a stream. */
const HOLE_PIECE_BYTES = 64 * 1024;

export interface TarEntry {
  readonly header: TarHeader;
  /** The contents, holes as zeros. Once, and before the next entry is asked for. */
  body(): ByteStream;
}

type Event =
  | { readonly kind: "entry"; readonly header: TarHeader }
  | { readonly kind: "data"; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "end" };

/** Entries of `source`. @throws SlipwayError `dataLoss` when it is no archive, or cut short. */
export async function* readTar(
  source: ByteStream,
  options?: TarParserOptions,
): AsyncGenerator<TarEntry, void, undefined> {
  const events = eventsOf(source, options);
  try {
    for (;;) {
      const step = await events.next();
      if (step.done === true) return;
      if (step.value.kind !== "entry") continue; // The rest of a body nobody wanted.
      const { header } = step.value;
      let isTaken = false;
      const body = (): ByteStream => {
        assert(!isTaken, "the body of a tar entry is read once");
        isTaken = true;
        return streamFrom(bodyOf(events, header));
      };
      yield { header, body };
    }
  } finally {
    await events.return();
  }
}

async function* bodyOf(
  events: AsyncGenerator<Event, void, undefined>,
  header: TarHeader,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  for (;;) {
    const step = await events.next();
    assert(step.done !== true && step.value.kind !== "entry", "the body of a tar entry is read in time");
    if (step.value.kind === "end") break;
    yield* zeros(step.value.position - position);
    yield step.value.bytes;
    position = step.value.position + step.value.bytes.length;
  }
  yield* zeros(header.sizeBytes - position);
}

function* zeros(sizeBytes: number): Generator<Uint8Array, void, undefined> {
  for (let left = sizeBytes; left > 0; left -= HOLE_PIECE_BYTES) {
    yield new Uint8Array(Math.min(left, HOLE_PIECE_BYTES));
  }
}

async function* eventsOf(
  source: ByteStream,
  options: TarParserOptions | undefined,
): AsyncGenerator<Event, void, undefined> {
  const queue: Event[] = [];
  const parser = new TarParser(
    {
      entry: (header) => queue.push({ kind: "entry", header }),
      data: (position, bytes) => queue.push({ kind: "data", position, bytes }),
      end: () => queue.push({ kind: "end" }),
    },
    options,
  );
  for await (const piece of piecesOf(source)) {
    parser.push(piece);
    yield* queue.splice(0);
  }
  parser.finish();
}

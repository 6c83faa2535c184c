/**
 * Streams of JSON objects (pull progress, events): one object per line, lines cut anywhere by the
 * transport, multi-byte characters too.
 */
import { SlipwayError } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { parseJson } from "./exact-json.ts";
import { abortable } from "./abortable.ts";

/** The objects of `stream` as they come. Leaving the loop early cancels the stream. */
export async function* jsonLines<T>(
  stream: ByteStream,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of abortable(stream, signal)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield parseLine<T>(line);
  }
  rest += decoder.decode();
  if (rest.trim() !== "") yield parseLine<T>(rest);
}

function parseLine<T>(line: string): T {
  try {
    return parseJson(line) as T; // The daemon's word is taken for the shape.
  } catch (thrown) {
    throw new SlipwayError("system", "the daemon's stream holds a line that is not JSON", { cause: thrown });
  }
}

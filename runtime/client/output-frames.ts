/**
 * A container's output. Without a terminal stdout and stderr come multiplexed in one stream: eight
 * bytes of header (stream number, three zeros, length as 32-bit big-endian), then the bytes; headers
 * and bytes may be cut anywhere. With a terminal the stream is raw and all of it is stdout.
 */
import { concatBytes, decodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { abortable } from "./abortable.ts";

export interface OutputPiece {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 8;
/** moby's pkg/stdcopy: 0 is stdin (shown as stdout), 3 is an error of the daemon itself. */
const SYSTEM_ERROR_STREAM = 3;

/** The pieces of a multiplexed stream, given on as soon as they arrive, never gathered into frames. */
export async function* demultiplex(
  stream: ByteStream,
  signal?: AbortSignal,
): AsyncGenerator<OutputPiece, void, undefined> {
  const header = new Uint8Array(HEADER_BYTES);
  let headerFilled = 0;
  let left = 0;
  let systemError: Uint8Array[] = [];
  for await (const piece of abortable(stream, signal)) {
    for (let position = 0; position < piece.length;) {
      if (left === 0) {
        const taken = piece.subarray(position, position + HEADER_BYTES - headerFilled);
        header.set(taken, headerFilled);
        headerFilled += taken.length;
        position += taken.length;
        if (headerFilled < HEADER_BYTES) continue;
        left = new DataView(header.buffer).getUint32(4);
        headerFilled = 0;
        checkHeader(header);
        continue;
      }
      const bytes = piece.subarray(position, position + left);
      position += bytes.length;
      left -= bytes.length;
      if (header[0] !== SYSTEM_ERROR_STREAM) yield { stream: header[0] === 2 ? "stderr" : "stdout", bytes };
      else {
        systemError.push(bytes.slice());
        if (left === 0)
          throw fail("system", `error from daemon in stream: ${decodeUtf8(concatBytes(systemError))}`);
      }
    }
    if (left === 0) systemError = [];
  }
  if (left > 0 || headerFilled > 0) throw fail("dataLoss", "unexpected EOF in multiplexed stream");
}

function checkHeader(header: Uint8Array): void {
  if ((header[0] ?? 0) > SYSTEM_ERROR_STREAM) {
    throw fail("dataLoss", `Unrecognized input header: ${header[0] ?? 0}`);
  }
}

/** A raw stream as pieces of stdout. */
export async function* rawOutput(
  stream: ByteStream,
  signal?: AbortSignal,
): AsyncGenerator<OutputPiece, void, undefined> {
  for await (const bytes of abortable(stream, signal)) yield { stream: "stdout", bytes };
}

/** Whichever of the two `isTty` says. */
export function outputOf(
  stream: ByteStream,
  isTty: boolean,
  signal?: AbortSignal,
): AsyncGenerator<OutputPiece, void, undefined> {
  return isTty ? rawOutput(stream, signal) : demultiplex(stream, signal);
}

/** stdout and stderr of `output` as two streams; both must be read, for either holds up the other. */
export function separate(output: AsyncGenerator<OutputPiece, void, undefined>): {
  stdout: ByteStream;
  stderr: ByteStream;
} {
  const out = new TransformStream<Uint8Array, Uint8Array>();
  const err = new TransformStream<Uint8Array, Uint8Array>();
  const writers = { stdout: out.writable.getWriter(), stderr: err.writable.getWriter() };
  const pump = async (): Promise<void> => {
    for await (const piece of output) await writers[piece.stream].write(piece.bytes);
    await Promise.all([writers.stdout.close(), writers.stderr.close()]);
  };
  pump().catch(async (thrown: unknown) => {
    await Promise.allSettled([writers.stdout.abort(thrown), writers.stderr.abort(thrown)]);
  });
  return { stdout: out.readable, stderr: err.readable };
}

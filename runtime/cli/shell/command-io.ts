/** What a command of the shell is given: its standard streams and the shell around it. */
import type { Disposable } from "../../../layers/base/disposable.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { decodeUtf8, encodeUtf8, concatBytes } from "../../../layers/base/bytes.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import { ExitError } from "../command.ts";
import type { ByteSink, Terminal } from "../io.ts";

export interface CommandIo {
  readonly stdin: ByteStream;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly terminal: Terminal;
  onSignal(listener: (name: string) => void): Disposable;
  /** Aborts on ^C. */
  readonly signal: AbortSignal;
}

export function writeText(sink: ByteSink, text: string): Promise<void> {
  return sink.write(encodeUtf8(text));
}

/** The lines of `stream` without their ends, as they come. */
export async function* linesOf(stream: ByteStream): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of piecesOf(stream)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** What a pipe's writer meets when its reader is gone: the exit code of SIGPIPE, in silence. */
const BROKEN_PIPE = 141;
/** Bytes in a pipe before its writer waits, as Linux has it. */
const PIPE_BYTES = 65_536;

/** A pipe between two commands. */
export function pipe(): { readonly readable: ByteStream; readonly sink: ByteSink; close(): Promise<void> } {
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark: PIPE_BYTES });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, strategy);
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined); // A write that fails says it.
  return {
    readable,
    sink: {
      async write(bytes): Promise<void> {
        try {
          await writer.ready;
          await writer.write(bytes.slice());
        } catch (thrown) {
          throw new ExitError(BROKEN_PIPE, thrown instanceof ExitError ? thrown.message : "");
        }
      },
    },
    async close(): Promise<void> {
      await writer.close().catch(() => undefined); // The reader went first.
    },
  };
}

/** Gathers what is written, up to a limit. */
export class Capture implements ByteSink {
  /** A command line is no place for more. */
  static readonly SIZE_BYTES_MAX = 16 * 1024 * 1024;
  readonly #pieces: Uint8Array[] = [];
  #sizeBytes = 0;

  async write(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > Capture.SIZE_BYTES_MAX) throw new ExitError(1, "output is too long");
    this.#pieces.push(bytes.slice());
  }

  bytes(): Uint8Array {
    return concatBytes(this.#pieces);
  }

  text(): string {
    return decodeUtf8(this.bytes());
  }
}

/**
 * One native decompressor with both its ends, and the answer to "has it given everything that its
 * input so far holds?", which no platform gives: output is counted until it stops coming.
 */
import { systemClock } from "../base/clock.ts";

/** Of deflate; bounds what input not yet drained can become. */
const DEFLATE_RATIO_MAX = 1032;

/** Turns of the event loop without output after which a member has given all it has. */
const QUIET_TURNS = 3;

export type OpenGunzip = () => TransformStream<Uint8Array, Uint8Array>;

/** The platform's decompressor. It takes any BufferSource, which TypeScript states more narrowly. */
export const openNativeGunzip: OpenGunzip = () =>
  new DecompressionStream("gzip") as unknown as TransformStream<Uint8Array, Uint8Array>;

export class GunzipMember {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #fedBytes = 0;
  #drainedBytes = 0;
  /** Somebody waits for output: nothing is held back by a slow consumer. */
  #isAwaited = false;
  #isAborted = false;

  constructor(open: OpenGunzip) {
    const { readable, writable } = open();
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    // Whatever breaks is reported by read() and write().
    this.#writer.closed.catch(() => undefined);
    this.#reader.closed.catch(() => undefined);
  }

  async write(piece: Uint8Array): Promise<void> {
    if (piece.length === 0) return;
    this.#fedBytes += piece.length;
    await this.#writer.write(piece);
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  /** The next piece of output; undefined after the last. */
  async read(): Promise<Uint8Array | undefined> {
    this.#isAwaited = true;
    const step = await this.#reader.read();
    this.#isAwaited = false;
    if (step.done) return undefined;
    this.#drainedBytes += step.value.length;
    return step.value;
  }

  abort(reason: unknown): void {
    this.#isAborted = true;
    this.#writer.abort(reason).catch(() => undefined); // Being thrown away.
    this.#reader.cancel(reason).catch(() => undefined);
  }

  /** Whether what was fed so far decompresses to exactly `sizeField` bytes (modulo 2^32). */
  async givesExactly(sizeField: number): Promise<boolean> {
    const mostBytes = this.#fedBytes * DEFLATE_RATIO_MAX;
    if (sizeField > mostBytes) return false;
    if (mostBytes < 2 ** 32 && sizeField < this.#drainedBytes) return false;
    let quietTurns = 0;
    let seenBytes = -1;
    while (this.#drainedBytes >>> 0 !== sizeField && quietTurns < QUIET_TURNS && !this.#isAborted) {
      quietTurns = this.#isAwaited && this.#drainedBytes === seenBytes ? quietTurns + 1 : 0;
      seenBytes = this.#drainedBytes;
      await new Promise<void>((resolve) => systemClock.after(0, resolve));
    }
    return this.#drainedBytes >>> 0 === sizeField;
  }
}

/**
 * A blob as one stream although its connections break: each time, the rest is asked for with Range
 * from the byte where it broke. The hard idea is trusting nothing about the answer to a Range: 206
 * must say in Content-Range that it starts where we asked, and a server that ignores Range (200) gets
 * its first bytes skipped. Bytes are not verified here; whoever stores them does that.
 */
import type { Clock } from "../base/clock.ts";
import { fail, isAbort, messageOf } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { backoffMs, cancelled, sleep } from "./retry.ts";

/** Breaks in a row without a single byte. */
const FRUITLESS_BREAKS_MAX = 5;
/** Breaks in all: a blob cut into more pieces is somebody playing. */
const BREAKS_MAX = 100;
/** A connection that is silent for so long counts as broken. */
const SILENCE_MS_MAX = 30_000;

export interface BlobStreamOptions {
  readonly descriptor: Descriptor;
  readonly offset: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
  /** Asks for the bytes from `position`; a status other than 200, 206 and 416 has been thrown as error. */
  readonly ask: (position: number) => Promise<Response>;
  /** Called once, when the stream has ended in whatever way. */
  readonly onEnd: () => void;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

export function blobStream(options: BlobStreamOptions): ByteStream {
  const download = new Download(options);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          const piece = await download.next();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        } catch (thrown) {
          controller.error(thrown);
        }
      },
      cancel: () => download.stop(),
    },
    { highWaterMark: 0 },
  );
}

class Download {
  readonly #options: BlobStreamOptions;
  #position: number;
  #reader: Reader | undefined;
  #fruitlessBreaks = 0;
  #breaks = 0;

  constructor(options: BlobStreamOptions) {
    this.#options = options;
    this.#position = options.offset;
  }

  /** The next bytes, or undefined at the end. Errors end the download. */
  async next(): Promise<Uint8Array | undefined> {
    try {
      for (;;) {
        if (this.#position === this.#options.descriptor.size) {
          await this.stop();
          return undefined;
        }
        const piece = await this.#read();
        if (piece !== undefined) return piece;
      }
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.cancel().catch(() => undefined); // Broken already: the reason was reported.
    this.#options.onEnd();
  }

  /** Some bytes, or undefined after a break that is worth another try. */
  async #read(): Promise<Uint8Array | undefined> {
    const { descriptor, signal } = this.#options;
    if (isAborted(signal)) throw cancelled();
    this.#reader ??= await this.#connect();
    let step: { readonly done: boolean; readonly value?: Uint8Array | undefined };
    try {
      step = await this.#readBeforeSilence(this.#reader);
      if (step.done) throw fail("unavailable", `unexpected EOF at byte ${this.#position} of ${descriptor.size}`);
    } catch (thrown) {
      if (isAborted(signal)) throw cancelled(thrown);
      await this.#afterBreak(thrown);
      return undefined;
    }
    const piece = step.value ?? new Uint8Array(0);
    this.#position += piece.length;
    if (this.#position > descriptor.size) {
      throw fail("dataLoss", `blob ${descriptor.digest} is longer than its ${descriptor.size} bytes`);
    }
    if (piece.length > 0) this.#fruitlessBreaks = 0;
    return piece;
  }

  async #connect(): Promise<Reader> {
    const { descriptor, ask } = this.#options;
    const position = this.#position;
    const response = await ask(position);
    const start = startOf(response, position, descriptor);
    const reader = (response.body ?? new Blob([]).stream()).getReader();
    return start === position ? reader : skipping(reader, position - start);
  }

  async #readBeforeSilence(reader: Reader): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
    const { clock } = this.#options;
    let silence: (() => void) | undefined;
    const silent = new Promise<never>((_, reject) => {
      silence = () => reject(fail("unavailable", "timeout reading the blob"));
    });
    const timer = clock.after(SILENCE_MS_MAX, () => silence?.());
    try {
      return await Promise.race([reader.read(), silent]);
    } finally {
      timer.dispose();
    }
  }

  /** Waits before the next connection, or throws when there have been enough. */
  async #afterBreak(thrown: unknown): Promise<void> {
    const { clock, descriptor, random, signal } = this.#options;
    const reader = this.#reader;
    this.#reader = undefined;
    void reader?.cancel().catch(() => undefined); // A silent connection: nobody listens to it any more.
    this.#breaks++;
    this.#fruitlessBreaks++;
    if (this.#fruitlessBreaks >= FRUITLESS_BREAKS_MAX || this.#breaks >= BREAKS_MAX) {
      const reason = isAbort(thrown) ? "connection lost" : messageOf(thrown);
      throw fail(
        "unavailable",
        `blob ${descriptor.digest} broke off ${this.#breaks} times, last at byte ${this.#position}: ${reason}`,
        { cause: thrown },
      );
    }
    // The first break of a stream that was flowing needs no patience.
    await sleep(clock, this.#fruitlessBreaks === 1 ? 0 : backoffMs(this.#fruitlessBreaks, random), signal);
  }
}

/** A call, because the answer changes between two looks. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Where the body of `response` begins. */
function startOf(response: Response, position: number, descriptor: Descriptor): number {
  if (response.status !== 206) return 0;
  const header = response.headers.get("content-range");
  // A page may be forbidden to read it; then the status alone has to do, and the digest decides.
  if (header === null) return position;
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header);
  const [, start, total = "*"] = match ?? [];
  if (start === undefined || Number(start) !== position) {
    throw fail("dataLoss", `asked for bytes from ${position}, got "${header}"`);
  }
  if (total !== "*" && Number(total) !== descriptor.size) {
    throw fail("dataLoss", `blob ${descriptor.digest} has ${total} bytes at the source, not ${descriptor.size}`);
  }
  return position;
}

/** `reader` without its first `count` bytes. */
function skipping(reader: Reader, count: number): Reader {
  let left = count;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        for (;;) {
          const step = await reader.read();
          if (step.done) {
            controller.close();
            return;
          }
          const skipped = Math.min(left, step.value.length);
          left -= skipped;
          if (skipped < step.value.length) {
            controller.enqueue(step.value.subarray(skipped));
            return;
          }
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return stream.getReader();
}

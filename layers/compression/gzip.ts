/**
 * gzip through the platform's DecompressionStream and CompressionStream, with what the platform leaves
 * out: concatenated members (Node joins them, browsers refuse them: probed once), trailing garbage,
 * and the difference between a broken archive and a broken source.
 *
 * The hard idea is that feeding and draining run side by side, because a decompressor takes no input
 * while its output waits: `#feed` runs by itself, `#pull` whenever the consumer asks.
 */
import { EMPTY_BYTES, concatBytes } from "../base/bytes.ts";
import { SlipwayError, fail, messageOf } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { piecesOf } from "../base/streams.ts";
import type { ExpansionLimit } from "./expansion-limit.ts";
import { GunzipMember, openNativeGunzip } from "./gunzip-member.ts";
import type { OpenGunzip } from "./gunzip-member.ts";
import { UNDECIDED_BYTES, findCandidate, sizeFieldBefore } from "./gzip-boundary.ts";

/** `source` compressed as one gzip member. */
export function compressGzip(source: ByteStream): ByteStream {
  const compressor = new CompressionStream("gzip");
  return source.pipeThrough(compressor as unknown as TransformStream<Uint8Array, Uint8Array>);
}

/**
 * The decompressed bytes of `source`. Fails with `dataLoss` or, by `limit`, `resourceExhausted`.
 * `open` makes decompressors of single members; the platform's unless given.
 */
export async function gunzip(
  source: ByteStream,
  limit: ExpansionLimit,
  open?: OpenGunzip,
): Promise<ByteStream> {
  const joinsMembers = open === undefined && (await nativeJoinsMembers());
  return new Gunzip(source, limit, open ?? openNativeGunzip, joinsMembers).stream;
}

let joinsMembersProbe: Promise<boolean> | undefined;

/** Whether this engine's DecompressionStream decompresses concatenated members. Probed once. */
function nativeJoinsMembers(): Promise<boolean> {
  joinsMembersProbe ??= probe();
  return joinsMembersProbe;
}

/** `printf a | gzip -n`. */
const MEMBER_OF_ONE_BYTE = [
  0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 4, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0,
];

async function probe(): Promise<boolean> {
  const member = new GunzipMember(openNativeGunzip);
  const twoMembers = Uint8Array.from([...MEMBER_OF_ONE_BYTE, ...MEMBER_OF_ONE_BYTE]);
  member.write(twoMembers).then(() => member.close()).catch(() => undefined); // read() tells.
  let sizeBytes = 0;
  try {
    for (let piece = await member.read(); piece !== undefined; piece = await member.read()) {
      sizeBytes += piece.length;
    }
  } catch {
    return false; // "Junk found after end of compressed data."
  }
  return sizeBytes === 2;
}

/** Members in order; `next` settles when this one was closed, with undefined after the last. */
interface Link {
  readonly member: GunzipMember;
  readonly next: Promise<Link | undefined>;
  readonly end: (next: Link | undefined) => void;
  readonly break: (thrown: unknown) => void;
}

class Gunzip {
  readonly stream: ByteStream;
  readonly #source: AsyncGenerator<Uint8Array, void, undefined>;
  readonly #limit: ExpansionLimit;
  readonly #open: OpenGunzip;
  readonly #joinsMembers: boolean;
  /** Owned by `#feed`. */
  #feeding: Link;
  /** Owned by `#pull`; behind `#feeding` or the same. */
  #draining: Link;
  /** Why feeding stopped, when it was not the archive's fault. */
  #sourceError: { readonly thrown: unknown } | undefined;
  /** Input not fed yet, because a member may end in it; or, joining, the last bytes that were fed. */
  #tail: Uint8Array = EMPTY_BYTES;
  #hasCandidates = false;

  constructor(source: ByteStream, limit: ExpansionLimit, open: OpenGunzip, joinsMembers: boolean) {
    this.#source = piecesOf(source);
    this.#limit = limit;
    this.#open = open;
    this.#joinsMembers = joinsMembers;
    this.#feeding = this.#draining = newLink(open);
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: () => {
          this.#feed().catch((thrown: unknown) => this.#feeding.break(thrown));
        },
        pull: (controller) => this.#pull(controller),
        cancel: (reason) => this.#abandon(reason),
      },
      { highWaterMark: 0 },
    );
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const piece = await this.#draining.member.read();
        if (piece !== undefined) {
          this.#limit.gave(piece.length);
          controller.enqueue(piece);
          return;
        }
        const next = await this.#draining.next;
        if (next === undefined) break;
        this.#draining = next;
      }
      this.#checkEnd();
      controller.close();
    } catch (thrown) {
      this.#abandon(thrown);
      throw this.#explained(thrown);
    }
  }

  #explained(thrown: unknown): unknown {
    if (this.#sourceError !== undefined) return this.#sourceError.thrown;
    if (thrown instanceof SlipwayError) return thrown;
    return fail("dataLoss", `gzip: ${messageOf(thrown)}`, { cause: thrown });
  }

  #abandon(reason: unknown): void {
    this.#draining.member.abort(reason);
    this.#feeding.member.abort(reason);
    this.#source.return().catch(() => undefined); // Nobody listens any more.
  }

  async #feed(): Promise<void> {
    for (let piece = await this.#take(); piece !== undefined; piece = await this.#take()) {
      this.#limit.took(piece.length);
      if (this.#joinsMembers) await this.#feedWhole(piece);
      else await this.#feedSplit(piece);
    }
    if (!this.#joinsMembers) await this.#feeding.member.write(this.#tail);
    await this.#feeding.member.close();
    this.#feeding.end(undefined);
  }

  async #take(): Promise<Uint8Array | undefined> {
    try {
      const step = await this.#source.next();
      return step.done === true ? undefined : step.value;
    } catch (thrown) {
      this.#sourceError = { thrown };
      this.#feeding.member.abort(thrown);
      throw thrown;
    }
  }

  async #feedWhole(piece: Uint8Array): Promise<void> {
    const seam = concatBytes([this.#tail, piece.subarray(0, UNDECIDED_BYTES)]);
    this.#hasCandidates ||= (findCandidate(seam, 0) ?? findCandidate(piece, 0)) !== undefined;
    const end = concatBytes([this.#tail, piece.subarray(-UNDECIDED_BYTES)]);
    this.#tail = end.subarray(-UNDECIDED_BYTES);
    await this.#feeding.member.write(piece);
  }

  /** Node ends silently at what follows a member when it begins with a zero byte. */
  #checkEnd(): void {
    if (!this.#joinsMembers || this.#hasCandidates || this.#tail.length < UNDECIDED_BYTES) return;
    if (sizeFieldBefore(this.#tail, this.#tail.length) !== this.#limit.outputBytes >>> 0) {
      throw fail("dataLoss", "gzip: trailing garbage after the end of the compressed data");
    }
  }

  /** Feeds `piece`, closing the member and opening another wherever one ends in it. */
  async #feedSplit(piece: Uint8Array): Promise<void> {
    const bytes = concatBytes([this.#tail, piece]);
    let fed = 0;
    let candidate = findCandidate(bytes, 0);
    while (candidate !== undefined) {
      const { position, sizeBefore } = candidate;
      await this.#feeding.member.write(bytes.subarray(fed, position));
      fed = position;
      if (await this.#feeding.member.givesExactly(sizeBefore)) await this.#openNext();
      candidate = findCandidate(bytes, position + 1);
    }
    const kept = Math.max(fed, bytes.length - UNDECIDED_BYTES);
    await this.#feeding.member.write(bytes.subarray(fed, kept));
    this.#tail = bytes.subarray(kept);
  }

  async #openNext(): Promise<void> {
    await this.#feeding.member.close();
    const next = newLink(this.#open);
    this.#feeding.end(next);
    this.#feeding = next;
  }
}

function newLink(open: OpenGunzip): Link {
  let end: Link["end"] = () => undefined;
  let breakOff: Link["break"] = () => undefined;
  const next = new Promise<Link | undefined>((resolve, reject) => {
    end = resolve;
    breakOff = reject;
  });
  next.catch(() => undefined); // Reported when the drain reaches it.
  return { member: new GunzipMember(open), next, end, break: breakOff };
}

/**
 * The streaming parser: pieces of an archive are pushed in, headers and file contents come out through
 * a handler, synchronously. The hard idea is to touch each byte at most once: bodies are handed out as
 * views of the piece that was pushed, and only a header that straddles two pieces is ever copied.
 *
 * Lifecycle: `push`… → `finish`. After an error the parser is spent.
 */
import { EMPTY_BYTES, concatBytes } from "../base/bytes.ts";
import { readEntryHeader, storedBytesOf, typeFlagOf, verifyChecksum } from "./entry-header.ts";
import type { ParsedHeader } from "./entry-header.ts";
import { textOf } from "./fields.ts";
import { BLOCK_BYTES, invalidHeader, paddingOf, truncated } from "./header.ts";
import type { Extent, TarHeader } from "./header.ts";
import { PaxRecords, parsePax } from "./pax.ts";
import { bodyMap, bodyMapCount, checkedExtents, oldExtensionExtents, oldHeaderExtents } from "./sparse.ts";

/** PAX records, long names, sparse maps: Go's archive/tar takes a MiB of each; maps may be longer. */
const META_BYTES_MAX = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

export interface TarHandler {
  /** A new entry. Its contents, if any, follow before the next. */
  entry(header: TarHeader): void;
  /** Contents at `position` of the file. `bytes` is a view of what was pushed: valid during the call. */
  data(position: number, bytes: Uint8Array): void;
  /** The entry is complete. */
  end(): void;
}

export interface TarParserOptions {
  /** Whether global PAX headers count, as in GNU tar. Docker ignores them. True unless given. */
  readonly appliesGlobals?: boolean;
}

type State = "header" | "meta" | "sparseExtension" | "sparseMap" | "body" | "skip" | "ended";

export class TarParser {
  readonly #handler: TarHandler;
  readonly #appliesGlobals: boolean;
  #state: State = "header";
  /** A block, or a whole meta body, that is not complete yet. */
  #partial: Uint8Array[] = [];
  #partialBytes = 0;
  /** Bytes left of the body, the padding, or wanted for the meta body. */
  #leftBytes = 0;
  #paddingBytes = 0;
  #metaFlag = "";
  #zeroBlocks = 0;
  #globals: PaxRecords | undefined;
  #records: PaxRecords | undefined;
  #longName: string | undefined;
  #longLinkName: string | undefined;
  #parsed: ParsedHeader | undefined;
  #oldExtents: Extent[] = [];
  /** A sparse map in the body (format 1.0), as far as it arrived. */
  #mapBlocks: Uint8Array[] = [];
  #mapLines = 0;
  /** Where the data of the current body belongs. */
  #extents: readonly Extent[] = [];
  #extentIndex = 0;
  #extentDone = 0;

  constructor(handler: TarHandler, options: TarParserOptions = {}) {
    this.#handler = handler;
    this.#appliesGlobals = options.appliesGlobals ?? true;
  }

  /** Whether the end-of-archive marker was seen; what is pushed after it is ignored. */
  get isEnded(): boolean {
    return this.#state === "ended";
  }

  push(piece: Uint8Array): void {
    let position = 0;
    while (position < piece.length && this.#state !== "ended") position = this.#step(piece, position);
  }

  /** The archive has no more bytes. @throws SlipwayError `dataLoss` when it ends inside an entry. */
  finish(): void {
    const hasMeta = this.#records !== undefined || this.#longName !== undefined || this.#longLinkName !== undefined;
    if (this.#state === "ended") return;
    if (this.#state !== "header" || this.#partialBytes > 0 || hasMeta) throw truncated();
    this.#state = "ended";
  }

  /** Uses bytes of `piece` from `position`; where it stopped. */
  #step(piece: Uint8Array, position: number): number {
    switch (this.#state) {
      case "body":
        return this.#body(piece, position);
      case "skip":
        return this.#skip(piece, position);
      case "meta":
        return this.#gather(piece, position, this.#leftBytes, (body) => this.#meta(body));
      case "sparseMap":
      case "sparseExtension":
      case "header":
        return this.#gather(piece, position, BLOCK_BYTES, (block) => this.#block(block));
      case "ended":
        return piece.length;
    }
  }

  /** Hands `wantedBytes` in one view to `use`, as soon as they are there. */
  #gather(piece: Uint8Array, position: number, wantedBytes: number, use: (bytes: Uint8Array) => void): number {
    const end = Math.min(piece.length, position + wantedBytes - this.#partialBytes);
    const part = piece.subarray(position, end);
    if (this.#partialBytes + part.length < wantedBytes) {
      this.#partial.push(part.slice());
      this.#partialBytes += part.length;
      return end;
    }
    const whole = this.#partialBytes === 0 ? part : concatBytes([...this.#partial, part]);
    this.#partial = [];
    this.#partialBytes = 0;
    use(whole);
    return end;
  }

  #block(block: Uint8Array): void {
    if (this.#state === "sparseExtension") this.#sparseExtension(block);
    else if (this.#state === "sparseMap") this.#sparseMap(block);
    else this.#header(block);
  }

  #header(block: Uint8Array): void {
    if (isZero(block)) {
      if (++this.#zeroBlocks === 2) this.#endArchive();
      return;
    }
    // One block of zeros alone is not an end; Go refuses what follows it.
    if (this.#zeroBlocks > 0) throw invalidHeader("entry after a block of zeros");
    verifyChecksum(block);
    const flag = typeFlagOf(block);
    if (flag === "x" || flag === "g" || flag === "L" || flag === "K") return this.#startMeta(block, flag);
    const globals = this.#appliesGlobals ? this.#globals : undefined;
    const parsed = readEntryHeader(block, {
      records: mergedRecords(globals, this.#records),
      longName: this.#longName,
      longLinkName: this.#longLinkName,
    });
    this.#records = this.#longName = this.#longLinkName = undefined;
    this.#parsed = parsed;
    this.#oldExtents = [];
    if (parsed.sparse.kind === "oldGnu") {
      if (oldHeaderExtents(block, this.#oldExtents)) this.#state = "sparseExtension";
      else this.#startSparse(this.#oldExtents, parsed.storedBytes);
    } else if (parsed.sparse.kind === "inBody") this.#state = "sparseMap";
    else if (parsed.sparse.kind === "listed") this.#startSparse(parsed.sparse.extents, parsed.storedBytes);
    else this.#startBody(parsed.header, parsed.storedBytes, undefined);
  }

  #endArchive(): void {
    if (this.#records !== undefined || this.#longName !== undefined) throw truncated();
    this.#state = "ended";
  }

  #startMeta(block: Uint8Array, flag: string): void {
    const sizeBytes = storedBytesOf(block);
    if (sizeBytes > META_BYTES_MAX) throw invalidHeader("extended header is too long");
    this.#metaFlag = flag;
    this.#leftBytes = sizeBytes;
    this.#paddingBytes = paddingOf(sizeBytes);
    this.#state = "meta";
    if (sizeBytes === 0) this.#meta(EMPTY_BYTES);
  }

  #meta(borrowed: Uint8Array): void {
    const body = borrowed.slice(); // Values live on.
    if (this.#metaFlag === "x") this.#records = parsePax(body, new PaxRecords());
    else if (this.#metaFlag === "g") this.#globals = parsePax(body, this.#globals ?? new PaxRecords());
    else if (this.#metaFlag === "L") this.#longName = textOf(body, 0, body.length);
    else this.#longLinkName = textOf(body, 0, body.length);
    this.#startSkip();
  }

  #sparseExtension(block: Uint8Array): void {
    if (oldExtensionExtents(block, this.#oldExtents)) return;
    this.#startSparse(this.#oldExtents, this.#parsed?.storedBytes ?? 0);
  }

  /** Gathers blocks of a map in the body until it is whole: a count, then two numbers for each. */
  #sparseMap(block: Uint8Array): void {
    this.#mapBlocks.push(block.slice());
    for (const byte of block) if (byte === NEWLINE) this.#mapLines++;
    const mapBytes = this.#mapBlocks.length * BLOCK_BYTES;
    const storedBytes = (this.#parsed?.storedBytes ?? 0) - mapBytes;
    if (storedBytes < 0 || mapBytes > META_BYTES_MAX) throw invalidHeader("sparse map is too long");
    if (this.#mapLines < 1 + 2 * bodyMapCount(this.#mapBlocks[0] ?? EMPTY_BYTES)) return;
    const extents = bodyMap(concatBytes(this.#mapBlocks));
    this.#mapBlocks = [];
    this.#mapLines = 0;
    this.#startSparse(extents, storedBytes);
  }

  #startSparse(extents: readonly Extent[], storedBytes: number): void {
    const header = this.#parsed?.header;
    if (header === undefined) throw invalidHeader("sparse map without a file");
    this.#startBody(header, storedBytes, checkedExtents(extents, header.sizeBytes, storedBytes));
  }

  #startBody(header: TarHeader, storedBytes: number, extents: readonly Extent[] | undefined): void {
    this.#handler.entry(extents === undefined ? header : { ...header, extents });
    this.#extents = extents ?? [{ position: 0, sizeBytes: storedBytes }];
    this.#extentIndex = 0;
    this.#extentDone = 0;
    this.#leftBytes = storedBytes;
    this.#paddingBytes = paddingOf(storedBytes);
    this.#state = "body";
    if (storedBytes === 0) this.#endBody();
  }

  #body(piece: Uint8Array, position: number): number {
    const extent = this.#extents[this.#extentIndex];
    if (extent === undefined) throw invalidHeader("sparse map does not match its data");
    const count = Math.min(piece.length - position, extent.sizeBytes - this.#extentDone);
    this.#handler.data(extent.position + this.#extentDone, piece.subarray(position, position + count));
    this.#extentDone += count;
    this.#leftBytes -= count;
    if (this.#extentDone === extent.sizeBytes) {
      this.#extentIndex++;
      this.#extentDone = 0;
    }
    if (this.#leftBytes === 0) this.#endBody();
    return position + count;
  }

  #endBody(): void {
    this.#handler.end();
    this.#startSkip();
  }

  #startSkip(): void {
    this.#state = this.#paddingBytes === 0 ? "header" : "skip";
  }

  #skip(piece: Uint8Array, position: number): number {
    const count = Math.min(piece.length - position, this.#paddingBytes);
    this.#paddingBytes -= count;
    if (this.#paddingBytes === 0) this.#state = "header";
    return position + count;
  }
}

function mergedRecords(globals: PaxRecords | undefined, records: PaxRecords | undefined): PaxRecords | undefined {
  if (globals === undefined || records === undefined) return records ?? globals;
  const merged = new PaxRecords();
  for (const [key, value] of globals.values) merged.values.set(key, value);
  for (const [key, value] of records.values) merged.values.set(key, value);
  merged.sparsePairs.push(...records.sparsePairs);
  return merged;
}

function isZero(block: Uint8Array): boolean {
  for (let index = 0; index < BLOCK_BYTES; index++) if (block[index] !== 0) return false;
  return true;
}

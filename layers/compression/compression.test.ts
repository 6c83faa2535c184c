/** What any platform must do; multi-member archives under strict platforms are in test/conformance. */
import { describe, expect, it } from "vitest";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { SlipwayError, fail } from "../base/errors.ts";
import { collectBytes, streamFrom, streamOf } from "../base/streams.ts";
import type { ByteStream } from "../base/streams.ts";
import { compressGzip, decompress } from "./decompress.ts";

const MIB = 1024 * 1024;

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  return collectBytes(compressGzip(streamOf(bytes)), 64 * MIB);
}

async function expand(...pieces: Uint8Array[]): Promise<{ kind: string; text: string }> {
  const { kind, stream } = await decompress(streamOf(...pieces));
  return { kind, text: decodeUtf8(await collectBytes(stream, 64 * MIB)) };
}

async function failureOf(source: ByteStream, sizeBytesMax?: number): Promise<string> {
  try {
    const options = sizeBytesMax === undefined ? {} : { sizeBytesMax };
    const { stream } = await decompress(source, options);
    await collectBytes(stream, 1024 * MIB);
    return "none";
  } catch (thrown) {
    return thrown instanceof SlipwayError ? thrown.kind : `not ours: ${String(thrown)}`;
  }
}

/** `printf 'hello zstd\n' | zstd`, and a skippable frame of four bytes. */
const ZSTD = Uint8Array.from(
  [0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x59, 0x00, 0x00].concat(
    [...encodeUtf8("hello zstd\n")], [0xc7, 0x4b, 0x0c, 0x17],
  ),
);
const SKIPPABLE = Uint8Array.from([0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

describe("decompress", () => {
  it("recognises gzip, zstd and plain bytes by their magic, however they are cut", async () => {
    const packed = await gzip(encodeUtf8("hello gzip\n"));
    expect(await expand(packed)).toEqual({ kind: "gzip", text: "hello gzip\n" });
    const single = [...packed].map((byte) => Uint8Array.of(byte));
    expect(await expand(...single)).toEqual({ kind: "gzip", text: "hello gzip\n" });
    expect(await expand(ZSTD)).toEqual({ kind: "zstd", text: "hello zstd\n" });
    expect(await expand(encodeUtf8("plain"))).toEqual({ kind: "plain", text: "plain" });
    expect(await expand()).toEqual({ kind: "plain", text: "" });
    expect(await expand(Uint8Array.of(0x1f))).toEqual({ kind: "plain", text: "\x1f" });
  });

  it("joins members of gzip, and frames and skippable frames of zstd", async () => {
    const members = [await gzip(encodeUtf8("one ")), await gzip(encodeUtf8("two"))];
    expect(await expand(concatBytes(members))).toEqual({ kind: "gzip", text: "one two" });
    expect(await expand(...members)).toEqual({ kind: "gzip", text: "one two" });
    const frames = await expand(SKIPPABLE, ZSTD, SKIPPABLE, ZSTD);
    expect(frames).toEqual({ kind: "zstd", text: "hello zstd\nhello zstd\n" });
  });

  it("fails with dataLoss on truncated, corrupt and trailing bytes", async () => {
    const packed = await gzip(encodeUtf8("hello ".repeat(1000)));
    const corrupt = packed.slice();
    corrupt[corrupt.length - 6] = 0xff ^ (corrupt[corrupt.length - 6] ?? 0);
    expect(await failureOf(streamOf(packed.subarray(0, packed.length - 4)))).toBe("dataLoss");
    expect(await failureOf(streamOf(packed.subarray(0, 12)))).toBe("dataLoss");
    expect(await failureOf(streamOf(corrupt))).toBe("dataLoss");
    expect(await failureOf(streamOf(packed, encodeUtf8("garbage")))).toBe("dataLoss");
    expect(await failureOf(streamOf(packed, new Uint8Array(512)))).toBe("dataLoss");
    expect(await failureOf(streamOf(ZSTD.subarray(0, ZSTD.length - 8)))).toBe("dataLoss");
    expect(await failureOf(streamOf(ZSTD, encodeUtf8("trailing garbage is here")))).toBe("dataLoss");
  });

  it("refuses what expands without measure, and what passes the given limit", async () => {
    const zeros = await gzip(new Uint8Array(80 * MIB));
    expect(await failureOf(streamOf(zeros))).toBe("resourceExhausted");
    const small = await gzip(new Uint8Array(2 * MIB));
    expect(await failureOf(streamOf(small))).toBe("none");
    expect(await failureOf(streamOf(small), MIB)).toBe("resourceExhausted");
  });

  it("passes the source's own failure on as it is", async () => {
    const packed = await gzip(encodeUtf8("hello ".repeat(1000)));
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 20);
      throw fail("unavailable", "connection reset");
    }
    expect(await failureOf(streamFrom(breaking()))).toBe("unavailable");
  });

  it("refuses xz and bzip2 by name", async () => {
    const xz = Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00);
    expect(await failureOf(streamOf(xz))).toBe("invalidParameter");
  });

  it("cancels the source when the consumer leaves", async () => {
    let isCancelled = false;
    const packed = await gzip(new Uint8Array(4 * MIB));
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(packed.subarray(0, 1000)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const { stream } = await decompress(source);
    await stream.cancel();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isCancelled).toBe(true);
  });
});

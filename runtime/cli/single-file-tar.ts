/**
 * A tar of one regular file, both ways: all that `docker cp` needs between a container and a home that
 * holds single files (POSIX ustar). Extended headers before the file are skipped.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { collectBytes } from "../../layers/base/streams.ts";

const BLOCK_BYTES = 512;
/** What the shell's home may hold. */
const ARCHIVE_BYTES_MAX = 80 * 1024 * 1024;
const [SIZE_AT, CHECKSUM_AT, TYPE_AT, MAGIC_AT] = [124, 148, 156, 257] as const;
const NAME_BYTES_MAX = 100;
const CHECKSUM_BYTES = 8;

/** The contents of the first regular file. */
export async function readSingleFile(archive: ByteStream): Promise<Uint8Array> {
  const bytes = await collectBytes(archive, ARCHIVE_BYTES_MAX);
  for (let at = 0; at + BLOCK_BYTES <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK_BYTES);
    const type = String.fromCharCode(header[TYPE_AT] ?? 0);
    const size = Number.parseInt(decodeUtf8(header.subarray(SIZE_AT, SIZE_AT + 11)), 8) || 0;
    at += BLOCK_BYTES;
    if (type === "0" || type === "\0") {
      if (at + size > bytes.length) break;
      return bytes.slice(at, at + size);
    }
    if (!"xgLK".includes(type))
      throw fail("invalidParameter", "only regular files can be copied to the shell's home");
    at += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw fail("dataLoss", "unexpected EOF");
}

/** `mtime` in seconds since the epoch. */
export function writeSingleFile(name: string, contents: Uint8Array, mtime: number): Uint8Array {
  const encoded = encodeUtf8(name);
  if (encoded.length > NAME_BYTES_MAX) throw fail("invalidParameter", `${name}: file name too long`);
  const header = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string): void => header.set(encodeUtf8(text), at);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  header.set(encoded, 0);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(SIZE_AT, octal(contents.length, 11));
  put(136, octal(mtime, 11));
  put(TYPE_AT, "0");
  put(MAGIC_AT, "ustar\x0000");
  header.fill(0x20, CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES);
  const sum = header.reduce((all, byte) => all + byte, 0);
  put(CHECKSUM_AT, `${sum.toString(8).padStart(6, "0")}\0 `);
  const padding = new Uint8Array((BLOCK_BYTES - (contents.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return concatBytes([header, contents, padding, new Uint8Array(2 * BLOCK_BYTES)]);
}

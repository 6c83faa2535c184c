import { expect, test } from "vitest";
import { formatDigest, isDigest, parseDigest } from "./digest.ts";

const HEX = "0123456789abcdef".repeat(4);

test("digests of both registered algorithms are taken apart and put together", () => {
  for (const text of [`sha256:${HEX}`, `sha512:${HEX}${HEX}`]) {
    expect(formatDigest(parseDigest(text))).toBe(text);
    expect(isDigest(text)).toBe(true);
  }
});

// The words and the order of the checks are go-digest's: Validate() in digest.go.
test.each([
  ["", "invalid checksum digest format"],
  [HEX, "invalid checksum digest format"],
  ["sha256:", "invalid checksum digest format"],
  [`sha256:${HEX}\n`, "invalid checksum digest format"],
  [`sha256:../${HEX}`, "invalid checksum digest format"],
  [`SHA256:${HEX}`, "invalid checksum digest format"],
  [`sha256:${HEX.toUpperCase()}`, "invalid checksum digest format"],
  [`sha256:${HEX.slice(1)}g`, "invalid checksum digest format"],
  ["md5:d41d8cd98f00b204e9800998ecf8427e", "unsupported digest algorithm"],
  [`sha384:${HEX}${HEX.slice(32)}`, "unsupported digest algorithm"],
  ["sha256:abc", "invalid checksum digest length"],
  [`sha512:${HEX}`, "invalid checksum digest length"],
])("%j is refused: %s", (text, message) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ kind: "invalidParameter", message }));
  expect(isDigest(text)).toBe(false);
});

import { expect, test } from "vitest";
import { isFsError } from "./errors.ts";
import { checkNewName, decodeName, encodeName, isValidName, nameSizeBytes } from "./names.ts";

test("every byte sequence survives becoming a name", () => {
  let state = 12345;
  const next = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16;
  for (let round = 0; round < 3000; round++) {
    // Bytes that are often parts of UTF-8 sequences, so that broken ones are common.
    const bytes = Uint8Array.from({ length: next() % 12 }, () => {
      const kind = next() % 4;
      if (kind === 0) return next() % 128;
      return kind === 1 ? 0x80 + (next() % 0x40) : 0xc0 + (next() % 0x40);
    });
    const name = decodeName(bytes);
    expect([...encodeName(name)]).toEqual([...bytes]);
    expect(nameSizeBytes(name)).toBe(bytes.length);
  }
});

test("well-formed UTF-8 reads as text, byte order mark included", () => {
  for (const text of ["", "a", "grün", "日本", "🚢", "\ufeffx", "\u{10ffff}\ud7ff\ue000"]) {
    expect(decodeName(new TextEncoder().encode(text))).toBe(text);
    expect([...encodeName(text)]).toEqual([...new TextEncoder().encode(text)]);
  }
});

test("ill-formed sequences are carried byte by byte, as Python carries them", () => {
  expect(decodeName(Uint8Array.of(0x61, 0xff, 0xc3, 0x28))).toBe("a\udcff\udcc3(");
  expect(decodeName(Uint8Array.of(0xed, 0xa0, 0x80))).toBe("\udced\udca0\udc80"); // A UTF-16 surrogate.
  expect(decodeName(Uint8Array.of(0xc0, 0xaf))).toBe("\udcc0\udcaf"); // An overlong slash.
});

test("names that no directory may hold are refused", () => {
  const refused = ["", ".", "..", "a/b", "a\0b", "\ud800", "\udc7f", "x\udbffy"];
  expect(refused.filter(isValidName)).toEqual([]);
  expect(["...", " ", "\udc80", "🚢", "é".repeat(127) + "x"].filter((name) => !isValidName(name))).toEqual([]);
  const codeOf = (name: string): unknown => {
    try {
      return checkNewName(name);
    } catch (thrown) {
      return isFsError(thrown) ? thrown.code : thrown;
    }
  };
  expect([codeOf("é".repeat(127) + "x"), codeOf("é".repeat(128)), codeOf("/")]).toEqual([
    undefined,
    "ENAMETOOLONG",
    "EINVAL",
  ]);
});

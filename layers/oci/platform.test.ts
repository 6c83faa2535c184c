/** How platforms are written, compared and chosen. */
import { expect, test } from "vitest";
import { choosePlatform, formatPlatform, matchesPlatform, parsePlatform } from "./platform.ts";

test.each([
  ["linux/amd64", "linux/amd64"],
  ["linux/x86_64", "linux/amd64"],
  ["Linux/X86-64/v1", "linux/amd64"],
  ["linux/amd64/v3", "linux/amd64/v3"],
  ["linux/aarch64/v8", "linux/arm64"],
  ["linux/arm", "linux/arm/v7"],
  ["linux/arm/6", "linux/arm/v6"],
  ["linux/armhf", "linux/arm/v7"],
  ["linux/i386", "linux/386"],
  ["macos/arm64", "darwin/arm64"],
  ["wasi/wasm", "wasi/wasm"],
  ["wasi/wasm32", "wasi/wasm"],
  ["wasip1/wasm", "wasi/wasm"],
  ["wasip2/wasm", "wasip2/wasm"],
  ["wasip1", "wasi/wasm"],
  ["wasm", "wasi/wasm"],
  ["amd64", "linux/amd64"],
  ["linux", "linux/amd64"],
])("%s is %s", (text, normal) => {
  expect(formatPlatform(parsePlatform(text))).toBe(normal);
});

test.each(["", "linux/", "linux/*", "a/b/c/d", "linux amd64", "nonsense", "linux/am d64"])("%j is refused", (text) => {
  expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ kind: "invalidParameter" }));
});

const choose = (offered: string[], wanted?: string): string | undefined =>
  choosePlatform(offered, parsePlatform, wanted === undefined ? undefined : parsePlatform(wanted));

test("linux/amd64 comes before wasi/wasm unless asked", () => {
  expect(choose(["wasi/wasm", "linux/arm64", "linux/amd64"])).toBe("linux/amd64");
  expect(choose(["wasi/wasm32", "linux/arm64"])).toBe("wasi/wasm32");
  expect(choose(["wasi/wasm", "linux/amd64"], "wasip1/wasm")).toBe("wasi/wasm");
  expect(choose(["linux/arm64"])).toBeUndefined();
});

test("an exact variant beats an older one, and a newer one never matches", () => {
  expect(choose(["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], "linux/arm/v6")).toBe("linux/arm/v6");
  expect(choose(["linux/arm/v5", "linux/arm/v7"], "linux/arm/v6")).toBe("linux/arm/v5");
  expect(choose(["linux/arm/v7"], "linux/arm/v6")).toBeUndefined();
  expect(matchesPlatform(parsePlatform("linux/amd64"), parsePlatform("linux/amd64/v3"))).toBe(false);
});

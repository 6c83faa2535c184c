import { expect, test } from "vitest";
import { DetachKeys } from "../detach-keys.ts";
import { familiarReference, fullReference, parseImageName, withDefaultTag } from "../references.ts";
import { formatDuration, formatRfc3339NanoFixed, parseDurationNs, parseRfc3339Ns } from "./go-time.ts";
import { compactJson, indentJson } from "./json-indent.ts";
import { displayPorts } from "./ports.ts";
import { alignTabs } from "./tabwriter.ts";
import { ellipsis, shortId } from "./text.ts";
import { bytesSize, humanDuration, humanSize, listSize, parseRamBytes } from "./units.ts";

test.each([
  [0, "0B", "0B", "0B"],
  [999, "999B", "999B", "999B"],
  [1000, "1kB", "1kB", "1000B"],
  [1_095, "1.095kB", "1.09kB", "1.069KiB"],
  [7_800_123, "7.8MB", "7.8MB", "7.439MiB"],
  [999_999, "1000kB", "1e+03kB", "976.6KiB"],
  [25_182_818_304, "25.18GB", "25.2GB", "23.45GiB"],
])("%i bytes in docker's units", (bytes, human, list, binary) => {
  expect([humanSize(bytes), listSize(bytes), bytesSize(bytes)]).toEqual([human, list, binary]);
});

test.each([
  [0.5, "Less than a second"],
  [1, "1 second"],
  [59, "59 seconds"],
  [60, "About a minute"],
  [120, "2 minutes"],
  [3600, "About an hour"],
  [5400, "2 hours"],
  [48 * 3600, "2 days"],
  [14 * 86_400, "2 weeks"],
  [60 * 86_400, "2 months"],
  [730 * 86_400, "2 years"],
])("%d seconds as an age", (seconds, age) => {
  expect(humanDuration(seconds)).toBe(age);
});

test.each([
  ["64m", 64 * 1024 * 1024],
  ["1.5G", 1.5 * 1024 ** 3],
  ["10kb", 10_240],
  ["7", 7],
])("%s of memory", (text, bytes) => {
  expect(parseRamBytes(text)).toBe(bytes);
});

test.each(["", "x", "1z", "-1", "1.m", "1 0"])("%j is no size", (text) => {
  expect(() => parseRamBytes(text)).toThrow(`invalid size: '${text}'`);
});

test("durations are read and printed as Go does", () => {
  expect(parseDurationNs("1h2m3.5s")).toBe(3_723_500_000_000n);
  expect(parseDurationNs("-1.5ms")).toBe(-1_500_000n);
  expect(formatDuration(3_723_500_000_000n)).toBe("1h2m3.5s");
  expect(formatDuration(1_500_000n)).toBe("1.5ms");
  expect(() => parseDurationNs("5")).toThrow('time: missing unit in duration "5"');
  expect(() => parseDurationNs("5x")).toThrow('time: unknown unit "x" in duration "5x"');
});

test("times keep their nanoseconds", () => {
  const ns = parseRfc3339Ns("2026-11-21T10:00:00.123456789Z") ?? 0n;
  expect(ns % 1_000_000_000n).toBe(123_456_789n);
  expect(formatRfc3339NanoFixed(ns)).toMatch(/:00:00\.123456789/);
  expect(parseRfc3339Ns("2026-11-21 10:00")).toBeUndefined();
});

test("a column is as wide as its block, and at least the minimum", () => {
  expect(alignTabs("A\tB\tC\nlonger than ten\tx\tend\nno columns\na\tb\n")).toBe(
    "A                 B         C\nlonger than ten   x         end\nno columns\na         b\n",
  );
});

test("JSON is laid out without touching its text", () => {
  const text = '{"b":[],"a":{"x":[1.50,"{,}"],"y":{}},"n":18446744073709551615}';
  expect(indentJson(text, "  ")).toBe(
    '{\n  "b": [],\n  "a": {\n    "x": [\n      1.50,\n      "{,}"\n    ],\n    "y": {}\n  },\n  "n": 18446744073709551615\n}',
  );
  expect(compactJson(indentJson(text, "\t"))).toBe(text);
});

test("ports of one address join into ranges", () => {
  const port = (
    PrivatePort: number,
    PublicPort?: number,
    IP?: string,
  ): Parameters<typeof displayPorts>[0][number] => ({
    PrivatePort,
    Type: "tcp",
    ...(PublicPort === undefined ? {} : { PublicPort }),
    ...(IP === undefined ? {} : { IP }),
  });
  expect(
    displayPorts([
      port(3),
      port(1),
      port(2),
      port(80, 8080, "::"),
      port(9, 9, "0.0.0.0"),
      port(10, 10, "0.0.0.0"),
    ]),
  ).toBe("1-3/tcp, 0.0.0.0:9-10->9-10/tcp, [::]:8080->80/tcp");
});

test("text is cut to columns, ids to twelve", () => {
  expect([ellipsis("abcdef", 6), ellipsis("abcdefg", 6), ellipsis("日本語です", 6)]).toEqual([
    "abcdef",
    "abcde…",
    "日本…",
  ]);
  expect(shortId("sha256:0123456789abcdef")).toBe("0123456789ab");
});

test.each([
  ["nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["me/x:1", "docker.io/me/x:1", "me/x:1"],
  ["localhost/x", "localhost/x:latest", "localhost/x:latest"],
  ["127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c"],
  ["ghcr.io/o/r", "ghcr.io/o/r:latest", "ghcr.io/o/r:latest"],
])("%s in full and in short", (text, full, familiar) => {
  const name = withDefaultTag(parseImageName(text));
  expect([fullReference(name), familiarReference(name)]).toEqual([full, familiar]);
});

test.each(["", "UP", "a//b", "a:b:c", "-x", "a/", "x@sha256:1"])("%j is no image name", (text) => {
  expect(() => parseImageName(text)).toThrow(/invalid reference format|lowercase/);
});

test("detach keys are held back only while they may be meant", () => {
  const keys = new DetachKeys("");
  const feed = (...bytes: number[]): unknown => {
    const result = keys.feed(Uint8Array.from(bytes));
    return [[...result.bytes], result.isDetached];
  };
  expect(feed(97, 16)).toEqual([[97], false]);
  expect(feed(98)).toEqual([[16, 98], false]);
  expect(feed(16, 16)).toEqual([[16], false]);
  expect(feed(17, 99)).toEqual([[], true]);
  expect(() => new DetachKeys("ctrl-")).toThrow("Unknown character: 'ctrl-'");
});

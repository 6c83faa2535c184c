import { describe, expect, it } from "vitest";
import { formatTime, parseDuration, parseTime, parseTimestamp, timeNs } from "./time.ts";

describe("instants", () => {
  it.each([
    [0n, "1970-01-01T00:00:00Z"],
    [1_700_000_000_123_456_789n, "2023-11-14T22:13:20.123456789Z"],
    [1_700_000_000_100_000_000n, "2023-11-14T22:13:20.1Z"],
  ])("%s is written as %s and read back", (ns, text) => {
    expect(formatTime(ns)).toBe(text);
    expect(parseTime(text)).toBe(ns);
  });

  it("knows zones, and no nonsense", () => {
    expect(parseTime("2023-11-15T00:13:20+02:00")).toBe(1_700_000_000_000_000_000n);
    for (const text of ["", "yesterday", "2023-13-01T00:00:00Z", "2023-11-14"])
      expect(parseTime(text)).toBeUndefined();
    expect(timeNs("0001-01-01T00:00:00Z")).toBe(0n);
  });
});

describe("Go durations", () => {
  it.each([
    ["1h30m", 5400n],
    ["1.5s", 1.5],
    ["-10m", -600n],
    ["500ms", 0.5],
    ["0", 0n],
  ])("%s", (text, seconds) => {
    expect(parseDuration(text)).toBe(
      typeof seconds === "bigint" ? seconds * 1_000_000_000n : BigInt(seconds * 1e9),
    );
  });

  it.each(["", "1", "1x", "h", "1h 30m"])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("since and until", () => {
  const now = 1_700_000_000_000_000_000n;
  it.each([
    ["1700000000", now],
    ["1699999999.5", now - 500_000_000n],
    ["1h", now - 3_600_000_000_000n],
    ["2023-11-14T22:13:20", now],
    ["2023-11-14T22:13", now - 20_000_000_000n],
    ["2023-11-14", now - 80_000_000_000_000n],
  ])("%s", (text, ns) => {
    expect(parseTimestamp(text, now)).toBe(ns);
  });

  it("refuses the rest in Docker's words", () => {
    expect(() => parseTimestamp("soon", now)).toThrow('failed to parse value as time or duration: "soon"');
  });
});

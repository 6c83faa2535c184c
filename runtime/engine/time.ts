/**
 * Points in time and spans as Docker writes them: RFC 3339 with as many fraction digits as needed
 * (Go's RFC3339Nano), Go durations ("1h30m"), and the mixture of both that `since` and `until` take.
 * The hard idea: nanoseconds do not fit a double, so instants are `bigint` nanoseconds here and text
 * everywhere else.
 */
import { fail } from "../../layers/base/errors.ts";

/** What Docker shows for an instant that never came: Go's zero time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;

/** `ns` since the epoch as Go's RFC3339Nano in UTC. */
export function formatTime(ns: bigint): string {
  const seconds = ns / NS_PER_S;
  const fraction = (ns % NS_PER_S).toString().padStart(9, "0").replace(/0+$/, "");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** Nanoseconds since the epoch of an RFC 3339 instant; undefined when it is none. */
export function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = "", zone = "Z"] = match;
  const ms = Date.parse(`${whole.toUpperCase()}${zone.toUpperCase()}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * NS_PER_MS + BigInt(fraction.padEnd(9, "0"));
}

/** Nanoseconds of `text`, or 0 for the zero time and anything unreadable: for sorting. */
export function timeNs(text: string): bigint {
  return text === ZERO_TIME ? 0n : (parseTime(text) ?? 0n);
}

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9,
};

/** A Go duration ("1h30m", "-2s", "1.5h") in nanoseconds; undefined when it is none. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  const [, sign = "", body = ""] = match;
  let totalNs = 0;
  for (const part of body.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    totalNs += Number(part[1] ?? 0) * (UNIT_NS[part[2] ?? "ns"] ?? 1);
  }
  return BigInt(Math.round(totalNs)) * (sign === "-" ? -1n : 1n);
}

/**
 * An instant as `docker logs --since`, `docker events --until` and the `until` filters take it: Unix
 * seconds with an optional fraction, RFC 3339 and its shorter forms, or a duration before now.
 */
export function parseTimestamp(value: string, nowNs: bigint): bigint {
  const unix = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(value);
  if (unix !== null) return BigInt(unix[1] ?? 0) * NS_PER_S + BigInt((unix[2] ?? "").padEnd(9, "0"));
  const duration = parseDuration(value);
  if (duration !== undefined) return nowNs - duration;
  for (const complete of completions(value)) {
    const instant = parseTime(complete);
    if (instant !== undefined) return instant;
  }
  throw fail("invalidParameter", `failed to parse value as time or duration: "${value}"`);
}

/** Date, date and hour, date and minute: Docker fills up what is missing (local time is UTC here). */
function completions(value: string): readonly string[] {
  return [value, `${value}Z`, `${value}:00Z`, `${value}:00:00Z`, `${value}T00:00:00Z`];
}

/** Nanoseconds as Unix seconds with nine digits: the form of `timeNano`'s companion in events. */
export function unixSeconds(ns: bigint): number {
  return Number(ns / NS_PER_S);
}

/**
 * Times as `--since` and `--until` take them, turned into what the API takes: seconds since the epoch
 * with nine digits of fraction (docker: api/types/time/timestamp.go).
 */
import { fail, isKind } from "../../layers/base/errors.ts";
import { parseDurationNs, parseRfc3339Ns } from "./format/go-time.ts";

/** "" for "". Durations are before now. @throws SlipwayError invalidParameter */
export function apiTime(text: string, nowNs: bigint): string {
  if (text === "") return "";
  const before = durationOf(text);
  if (before !== undefined) return String((nowNs - before) / 1_000_000_000n);
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const complete = completeTime(text);
  const ns = complete === undefined ? undefined : parseRfc3339Ns(complete);
  if (ns === undefined)
    throw fail("invalidParameter", `failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return seconds(ns);
}

function seconds(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${(ns % 1_000_000_000n).toString().padStart(9, "0")}`;
}

function durationOf(text: string): bigint | undefined {
  try {
    return parseDurationNs(text);
  } catch (thrown) {
    if (isKind(thrown, "invalidParameter")) return undefined; // Not a duration: tried as a time next.
    throw thrown;
  }
}

/** "2013-01-02", "2013-01-02T15:04", with or without a zone; the zone is the local one. */
function completeTime(text: string): string | undefined {
  const found = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d))?(?::(\d\d(?:\.\d+)?))?)?(Z|[+-]\d\d:\d\d)?$/.exec(
    text,
  );
  if (found === null) return undefined;
  const [, date = "", hours = "00", minutes = "00", second = "00", zone] = found;
  const local = `${date}T${hours}:${minutes}:${second}`;
  if (zone !== undefined) return local + zone;
  const offset = -new Date(`${date}T${hours}:${minutes}:00`).getTimezoneOffset();
  const pad = (value: number): string => String(value).padStart(2, "0");
  const magnitude = Math.abs(offset);
  return `${local}${offset < 0 ? "-" : "+"}${pad(Math.floor(magnitude / 60))}:${pad(magnitude % 60)}`;
}

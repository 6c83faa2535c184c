/**
 * Times and durations as Go's package time parses and prints them. Nanoseconds are bigint: a Date
 * would lose what the daemon sends.
 */
import { fail } from "../../../layers/base/errors.ts";

const NS_BY_UNIT: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const SECOND_NS = 1_000_000_000n;

/** time.ParseDuration. @throws SlipwayError invalidParameter in Go's words. */
export function parseDurationNs(text: string): bigint {
  const wrong = (what: string): Error => fail("invalidParameter", `time: ${what} ${JSON.stringify(text)}`);
  const sign = text.startsWith("-") ? -1n : 1n;
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0n;
  if (rest === "") throw wrong("invalid duration");
  let total = 0n;
  while (rest !== "") {
    const part = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest);
    const [whole = "", digits = "", fraction = "", unit = ""] = part ?? [];
    if (digits === "" && fraction === "") throw wrong("invalid duration");
    if (unit === "") throw wrong("missing unit in duration");
    const unitNs = NS_BY_UNIT[unit];
    if (unitNs === undefined)
      throw fail("invalidParameter", `time: unknown unit "${unit}" in duration ${JSON.stringify(text)}`);
    total += BigInt(digits === "" ? "0" : digits) * unitNs;
    if (fraction !== "") total += (BigInt(fraction) * unitNs) / 10n ** BigInt(fraction.length);
    rest = rest.slice(whole.length);
  }
  return sign * total;
}

/** time.Duration.String. */
export function formatDuration(ns: bigint): string {
  if (ns === 0n) return "0s";
  const sign = ns < 0n ? "-" : "";
  const magnitude = ns < 0n ? -ns : ns;
  if (magnitude < 1000n) return `${sign}${magnitude}ns`;
  if (magnitude < 1_000_000n) return `${sign}${decimal(magnitude, 3)}µs`;
  if (magnitude < SECOND_NS) return `${sign}${decimal(magnitude, 6)}ms`;
  const seconds = decimal(magnitude % 60_000_000_000n, 9);
  const minutes = magnitude / 60_000_000_000n;
  if (minutes === 0n) return `${sign}${seconds}s`;
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${hours}h${minutes % 60n}m${seconds}s`;
}

function decimal(value: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = (value % unit).toString().padStart(places, "0").replace(/0+$/, "");
  return `${value / unit}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Nanoseconds since the epoch of an RFC 3339 time; undefined when `text` is none. */
export function parseRfc3339Ns(text: string): bigint | undefined {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (found === null) return undefined;
  const [, seconds = "", fraction = "", zone = "Z"] = found;
  const ms = Date.parse(seconds + zone);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}

interface WallClock {
  readonly date: string;
  readonly time: string;
  readonly fraction: string;
  readonly offset: string;
}

/** Minutes east of UTC at `ns`, as the local zone has it. */
function localOffsetMinutes(ns: bigint): number {
  return -new Date(Number(ns / 1_000_000n)).getTimezoneOffset();
}

function wallClock(ns: bigint, offsetMinutes: number): WallClock {
  const secondsFloor = ns >= 0n ? ns / SECOND_NS : -((-ns + SECOND_NS - 1n) / SECOND_NS);
  const fraction = (ns - secondsFloor * SECOND_NS).toString().padStart(9, "0");
  const iso = new Date(Number(secondsFloor) * 1000 + offsetMinutes * 60_000).toISOString();
  const magnitude = Math.abs(offsetMinutes);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const offset = `${offsetMinutes < 0 ? "-" : "+"}${pad(Math.floor(magnitude / 60))}:${pad(magnitude % 60)}`;
  return { date: iso.slice(0, 10), time: iso.slice(11, 19), fraction, offset };
}

/** time.RFC3339 in the local zone, seconds only. */
export function formatRfc3339(ns: bigint): string {
  const { date, time, offset } = wallClock(ns, localOffsetMinutes(ns));
  return `${date}T${time}${offset === "+00:00" ? "Z" : offset}`;
}

/** Docker's RFC3339NanoFixed in the local zone: nine digits always. */
export function formatRfc3339NanoFixed(ns: bigint): string {
  const { date, time, fraction, offset } = wallClock(ns, localOffsetMinutes(ns));
  // The layout's "Z07:00" is replaced with "-07:00" for local times only when they are not UTC.
  return `${date}T${time}.${fraction}${offset === "+00:00" ? "Z" : offset}`;
}

/** time.Time.String of a local time of whole seconds: "2026-11-21 10:00:00 +0000 UTC". */
export function formatGoTime(ns: bigint): string {
  const minutes = localOffsetMinutes(ns);
  const { date, time, fraction, offset } = wallClock(ns, minutes);
  const short = fraction.replace(/0+$/, "");
  return `${date} ${time}${short === "" ? "" : `.${short}`} ${offset.replace(":", "")} ${zoneName(ns, minutes)}`;
}

/** time.ANSIC: "Sat Nov 21 10:00:00 2026". */
export function formatAnsic(ns: bigint): string {
  const { date, time } = wallClock(ns, 0);
  const day = new Date(`${date}T00:00:00Z`);
  const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const dayOfMonth = String(day.getUTCDate()).padStart(2, " ");
  return `${names[day.getUTCDay()] ?? ""} ${months[day.getUTCMonth()] ?? ""} ${dayOfMonth} ${time} ${date.slice(0, 4)}`;
}

function zoneName(ns: bigint, offsetMinutes: number): string {
  if (offsetMinutes === 0) return "UTC";
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(
    new Date(Number(ns / 1_000_000n)),
  );
  const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  // Go prints the offset where the zone has no abbreviation.
  return /^[A-Z]{3,5}$/.test(name)
    ? name
    : wallClock(ns, offsetMinutes).offset.replace(":", "").replace(/00$/, "");
}

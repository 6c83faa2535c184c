/** Sizes and ages as Docker prints them (go-units), for people. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Decimal, three significant digits: 5.35MB, as go-units' HumanSize. */
export function humanSize(sizeBytes: number): string {
  let size = sizeBytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(3))} ${UNITS[unit] ?? ""}`;
}

/** "5 minutes", as go-units' HumanDuration. */
export function humanDuration(seconds: number): string {
  const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? "" : "s"}`;
  if (seconds < 1) return "less than a second";
  if (seconds < 60) return count(Math.floor(seconds), "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "about a minute";
  if (minutes < 60) return count(minutes, "minute");
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "about an hour";
  if (hours < 48) return count(hours, "hour");
  const days = Math.floor(hours / 24);
  if (days < 14) return count(days, "day");
  if (days < 60) return count(Math.floor(days / 7), "week");
  if (days < 365 * 2) return count(Math.floor(days / 30), "month");
  return count(Math.floor(days / 365), "year");
}

/** `sha256:0123…` to twelve digits. */
export function shortID(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

/**
 * Sizes and ages as docker prints them (docker/go-units): "1.09MB", "4.27MiB", "About an hour ago".
 */
import { fail } from "../../../layers/base/errors.ts";

const DECIMAL = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/** go-units HumanSizeWithPrecision: powers of 1000. */
export function humanSize(bytes: number, precision = 4): string {
  const { value, unit } = scale(bytes, 1000, DECIMAL);
  return formatG(value, precision) + unit;
}

/** go-units BytesSize: powers of 1024. */
export function bytesSize(bytes: number): string {
  const { value, unit } = scale(bytes, 1024, BINARY);
  return formatG(value, 4) + unit;
}

/** pkg/progress and jsonmessage: "%.4g%s" of HumanSize. Sizes in lists are of three digits. */
export function listSize(bytes: number): string {
  return humanSize(bytes, 3);
}

function scale(bytes: number, base: number, units: readonly string[]): { value: number; unit: string } {
  let value = bytes;
  let index = 0;
  while (value >= base && index < units.length - 1) {
    value /= base;
    index++;
  }
  return { value, unit: units[index] ?? "" };
}

/** C's %.*g: significant digits, no trailing zeros, exponents outside [-4, precision). */
export function formatG(value: number, precision: number): string {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(precision - 1).split("e")[1]);
  if (exponent < -4 || exponent >= precision) {
    const [mantissa = "", power = "0"] = value.toExponential(precision - 1).split("e");
    const digits = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    const magnitude = String(Math.abs(Number(power))).padStart(2, "0");
    return `${digits}e${power.startsWith("-") ? "-" : "+"}${magnitude}`;
  }
  const text = value.toFixed(Math.max(0, precision - 1 - exponent));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

const RAM_POWER: Readonly<Record<string, number>> = { "": 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** go-units RAMInBytes. @throws SlipwayError invalidParameter in its words. */
export function parseRamBytes(text: string): number {
  const found = /^(\d+(?:\.\d+)?) ?([kKmMgGtTpP]?)[iI]?[bB]?$/.exec(text);
  const power = RAM_POWER[(found?.[2] ?? "").toLowerCase()];
  if (found === null || power === undefined) throw fail("invalidParameter", `invalid size: '${text}'`);
  return Math.trunc(Number(found[1]) * 1024 ** power);
}

const MINUTE_S = 60;
const HOUR_S = 3600;

/** go-units HumanDuration of `seconds`, which may be a fraction. */
export function humanDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  if (whole < 1) return "Less than a second";
  if (whole === 1) return "1 second";
  if (whole < MINUTE_S) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / MINUTE_S);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(seconds / HOUR_S + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / HOUR_S / 24 / 365)} years`;
}

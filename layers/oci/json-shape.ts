/**
 * Reading JSON that others wrote: each reader takes an `unknown` and the path it was found at, and
 * gives back the type or throws naming the path. Go writes `null` for absent lists and maps, so null
 * counts as absent everywhere.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import { isDigest } from "./digest.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws SlipwayError `invalidParameter` naming `what`. */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes));
  } catch (error) {
    throw fail("invalidParameter", `invalid ${what}: not JSON`, { cause: error });
  }
  return readObject(value, what);
}

export function readObject(value: unknown, path: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(path, "an object");
  return value as JsonObject; // Checked on the line above.
}

export function readOptionalObject(value: unknown, path: string): JsonObject | undefined {
  return isAbsent(value) ? undefined : readObject(value, path);
}

export function readArray(value: unknown, path: string, lengthMax: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, "an array");
  if (value.length > lengthMax) throw wrong(path, `at most ${lengthMax} entries`);
  return value;
}

export function readString(value: unknown, path: string): string {
  if (typeof value !== "string") throw wrong(path, "a string");
  return value;
}

export function readOptionalString(value: unknown, path: string): string | undefined {
  return isAbsent(value) ? undefined : readString(value, path);
}

/** A whole number of bytes or nanoseconds, never negative. */
export function readSize(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw wrong(path, "a size");
  }
  return value;
}

export function readDigest(value: unknown, path: string): string {
  if (typeof value !== "string" || !isDigest(value)) throw wrong(path, "a digest");
  return value;
}

export function readStrings(value: unknown, path: string, lengthMax: number): readonly string[] {
  return readArray(value, path, lengthMax).map((item, index) => readString(item, `${path}[${index}]`));
}

export function readOptionalStrings(
  value: unknown,
  path: string,
  lengthMax: number,
): readonly string[] | undefined {
  return isAbsent(value) ? undefined : readStrings(value, path, lengthMax);
}

export function readStringMap(value: unknown, path: string): Readonly<Record<string, string>> {
  const entries = Object.entries(readObject(value, path));
  return Object.fromEntries(entries.map(([key, item]) => [key, readString(item, `${path}.${key}`)]));
}

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function wrong(path: string, expected: string): Error {
  return fail("invalidParameter", `invalid ${path}: must be ${expected}`);
}

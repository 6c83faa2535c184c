/**
 * JSON as Go's encoding/json reads and writes it, from a description of a struct: every field has a
 * default and an order, names match whatever their case, wrong types are refused in Go's words, and
 * empty values of some fields are left out when writing. One description serves both directions, so
 * that what create accepts is what inspect prints.
 */
import { fail } from "../../../layers/base/errors.ts";

export type GoType =
  | { readonly kind: "string" | "bool" | "int" | "float" | "any" }
  | { readonly kind: "pointer"; readonly to: GoType }
  | { readonly kind: "slice"; readonly of: GoType }
  /** [N]T: never null. */
  | { readonly kind: "array"; readonly of: GoType; readonly length: number }
  | { readonly kind: "map"; readonly of: GoType }
  /** Docker's StrSlice: one string counts as a list of one. */
  | { readonly kind: "words" }
  | { readonly kind: "struct"; readonly struct: GoStruct };

export interface GoField {
  readonly name: string;
  readonly type: GoType;
  readonly omitsEmpty: boolean;
}

export interface GoStruct {
  readonly name: string;
  readonly fields: readonly GoField[];
}

export const STRING: GoType = { kind: "string" };
export const BOOL: GoType = { kind: "bool" };
export const INT: GoType = { kind: "int" };
export const ANY: GoType = { kind: "any" };
export const WORDS: GoType = { kind: "words" };
export const STRINGS: GoType = { kind: "slice", of: STRING };
export const STRING_MAP: GoType = { kind: "map", of: STRING };

export function pointer(to: GoType): GoType {
  return { kind: "pointer", to };
}

export function slice(of: GoType): GoType {
  return { kind: "slice", of };
}

export function map(of: GoType): GoType {
  return { kind: "map", of };
}

export function structure(struct: GoStruct): GoType {
  return { kind: "struct", struct };
}

/** Fields in Go's order; a "?" at the end of a name means omitempty. */
export function goStruct(name: string, fields: Readonly<Record<string, GoType>>): GoStruct {
  return {
    name,
    fields: Object.entries(fields).map(([key, type]) => ({
      name: key.replace(/\?$/, ""),
      type,
      omitsEmpty: key.endsWith("?"),
    })),
  };
}

/** `value` as `struct`, every field present. `invalidParameter` for a wrong type. */
export function decodeStruct(
  struct: GoStruct,
  value: unknown,
  path: string = struct.name,
): Readonly<Record<string, unknown>> {
  const given = new Map<string, unknown>();
  if (value !== null && value !== undefined) {
    if (typeof value !== "object" || Array.isArray(value)) throw mismatch(value, path, struct.name);
    for (const [key, item] of Object.entries(value as Record<string, unknown>))
      given.set(key.toLowerCase(), item);
  }
  return Object.fromEntries(
    struct.fields.map((field) => [
      field.name,
      decode(field.type, given.get(field.name.toLowerCase()), `${path}.${field.name}`),
    ]),
  );
}

/** `value` in the order of `struct`, without what Go leaves out. */
export function encodeStruct(
  struct: GoStruct,
  value: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const written: Record<string, unknown> = {};
  for (const field of struct.fields) {
    const item = value[field.name] ?? zeroOf(field.type);
    if (field.omitsEmpty && isEmpty(item, field.type)) continue;
    written[field.name] = encode(field.type, item);
  }
  return written;
}

function encode(type: GoType, value: unknown): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case "struct":
      return encodeStruct(type.struct, value as Record<string, unknown>); // Came through decode or our own records.
    case "pointer":
      return encode(type.to, value);
    case "slice":
    case "array":
      return (value as readonly unknown[]).map((item) => encode(type.of, item)); // As above.
    case "map": {
      const entries = Object.entries(value as Record<string, unknown>); // As above.
      entries.sort(([left], [right]) => (left < right ? -1 : 1));
      return Object.fromEntries(entries.map(([key, item]) => [key, encode(type.of, item)]));
    }
    default:
      return value;
  }
}

function decode(type: GoType, value: unknown, path: string): unknown {
  if (value === undefined || value === null) return zeroOf(type);
  switch (type.kind) {
    case "string":
      if (typeof value !== "string") throw mismatch(value, path, "string");
      return value;
    case "bool":
      if (typeof value !== "boolean") throw mismatch(value, path, "bool");
      return value;
    case "int":
      if (typeof value !== "number" || !Number.isInteger(value)) throw mismatch(value, path, "int64");
      return value;
    case "float":
      if (typeof value !== "number") throw mismatch(value, path, "float64");
      return value;
    case "any":
      return value;
    case "pointer":
      return decode(type.to, value, path);
    case "words":
      return typeof value === "string" ? [value] : decode(STRINGS, value, path);
    case "slice":
      if (!Array.isArray(value)) throw mismatch(value, path, goName(type));
      return value.map((item) => decode(type.of, item, path));
    case "array":
      if (!Array.isArray(value)) throw mismatch(value, path, goName(type));
      return Array.from({ length: type.length }, (_none, index) => decode(type.of, value[index], path));
    case "map":
      if (typeof value !== "object" || Array.isArray(value)) throw mismatch(value, path, goName(type));
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, decode(type.of, item, `${path}.${key}`)]),
      );
    case "struct":
      return decodeStruct(type.struct, value, path);
    default:
      return type satisfies never;
  }
}

function zeroOf(type: GoType): unknown {
  switch (type.kind) {
    case "string":
      return "";
    case "bool":
      return false;
    case "int":
    case "float":
      return 0;
    case "struct":
      return decodeStruct(type.struct, undefined);
    case "array":
      return Array.from({ length: type.length }, () => zeroOf(type.of));
    default:
      return null;
  }
}

function isEmpty(value: unknown, type: GoType): boolean {
  if (type.kind === "struct") return false; // Go never omits a struct.
  if (value === null || value === undefined || value === "" || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function goName(type: GoType): string {
  switch (type.kind) {
    case "int":
      return "int64";
    case "float":
      return "float64";
    case "any":
      return "interface {}";
    case "words":
      return "[]string";
    case "pointer":
      return goName(type.to);
    case "slice":
      return `[]${goName(type.of)}`;
    case "array":
      return `[${type.length}]${goName(type.of)}`;
    case "map":
      return `map[string]${goName(type.of)}`;
    case "struct":
      return type.struct.name;
    default:
      return type.kind;
  }
}

function mismatch(value: unknown, path: string, type: string): Error {
  const word = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  const shown = typeof value === "number" && type === "int64" ? `number ${value}` : word;
  return fail(
    "invalidParameter",
    `invalid JSON: json: cannot unmarshal ${shown} into Go struct field ${path} of type ${type}`,
  );
}

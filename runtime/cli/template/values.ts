/**
 * Go's values as templates see them. JSON stands for most of them: arrays are slices, plain objects
 * are maps, whole numbers ints. A `GoStruct` is an object whose fields keep their order and whose
 * functions are methods. Printing follows fmt's %v, emptiness text/template's truth.
 */

/** Called with the arguments of the template. */
export type Method = (...args: unknown[]) => unknown;

export class GoStruct {
  /** As Go names it in errors: "*formatter.ContainerContext". */
  readonly typeName: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Fields that are there but not in JSON: left out when empty, or known by another name. */
  readonly unlisted: Readonly<Record<string, unknown>>;

  constructor(
    typeName: string,
    fields: Readonly<Record<string, unknown>>,
    unlisted: Readonly<Record<string, unknown>> = {},
  ) {
    this.typeName = typeName;
    this.fields = fields;
    this.unlisted = unlisted;
  }
}

/** Go's nil slice and nil map: printed empty, but "null" in JSON. */
export const NIL_SLICE: readonly never[] = Object.freeze([]);
export const NIL_MAP: GoMap = Object.freeze({});

export type GoMap = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is GoMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof GoStruct);
}

/** text/template's truth: zero values are false. */
export function isTruthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === "") return false;
  if (value === 0 || value === 0n) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return true;
}

/** The keys of a map in the order Go's range and fmt have them. */
export function sortedKeys(map: GoMap): string[] {
  return Object.keys(map).sort(compareText);
}

/** By code point, as Go compares strings by bytes. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const a = Array.from(left);
  const b = Array.from(right);
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** fmt's %v. */
export function printValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "string") return value;
  if (typeof value === "number") return printNumber(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(printValue).join(" ")}]`;
  if (value instanceof GoStruct) {
    const fields = Object.values(value.fields).filter((field) => typeof field !== "function");
    return `{${fields.map(printValue).join(" ")}}`;
  }
  if (isMap(value))
    return `map[${sortedKeys(value)
      .map((key) => `${key}:${printValue(value[key])}`)
      .join(" ")}]`;
  return "<func>"; // Never in JSON, and methods are called rather than printed.
}

/** Whole numbers as ints, others as %v prints a float64. */
function printNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return value.toFixed(0);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e21)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return String(value);
}

/** The type's name in Go's errors. */
export function typeNameOf(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" || typeof value === "bigint")
    return Number.isInteger(Number(value)) ? "int" : "float64";
  if (Array.isArray(value)) return "[]interface {}";
  if (value instanceof GoStruct) return value.typeName;
  return "map[string]interface {}";
}

/** encoding/json as json.Marshal has it, "<", ">" and "&" escaped. */
export function toEscapedJson(value: unknown): string {
  return toJson(value).replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** encoding/json without HTML escapes: struct fields in order, map keys sorted. */
export function toJson(value: unknown): string {
  if (value === null || value === undefined || value === NIL_SLICE || value === NIL_MAP) return "null";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return jsonString(value);
  if (typeof value === "number" || typeof value === "boolean") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (value instanceof GoStruct) return jsonObject(value.fields, Object.keys(value.fields));
  if (isMap(value)) return jsonObject(value, sortedKeys(value));
  return "{}";
}

function jsonObject(fields: GoMap, keys: readonly string[]): string {
  const members = keys.flatMap((key) =>
    typeof fields[key] === "function" ? [] : [`${jsonString(key)}:${toJson(fields[key])}`],
  );
  return `{${members.join(",")}}`;
}

/** As Go writes it with SetEscapeHTML(false): two line separators are always escaped. */
function jsonString(text: string): string {
  return JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

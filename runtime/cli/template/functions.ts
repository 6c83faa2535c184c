/**
 * The functions templates may call: text/template's own, and docker's (docker/cli: templates.go).
 * `and` and `or` are not here: they stop early, so the evaluator has them.
 */
import { quote } from "./quoting.ts";
import { sprintf } from "./printf.ts";
import type { Method } from "./values.ts";
import { compareText, isMap, isTruthy, printValue, toJson, typeNameOf } from "./values.ts";

/** A failure inside a function; the evaluator adds where. */
export class FunctionError extends Error {
  override readonly name = "FunctionError";
}

/** A function and how many arguments it takes at least and at most. */
export interface TemplateFunction {
  readonly min: number;
  readonly max: number;
  readonly call: Method;
}

const ANY = Number.POSITIVE_INFINITY;

function fixed(count: number, call: Method): TemplateFunction {
  return { min: count, max: count, call };
}

/** Go's sentence for a value of the wrong type. */
function wantString(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined)
    throw new FunctionError("wrong type for value; expected string; got <nil>");
  throw new FunctionError(`wrong type for value; expected string; got ${typeNameOf(value)}`);
}

function wantInt(value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new FunctionError(`wrong type for value; expected int; got ${typeNameOf(value)}`);
}

function wantStrings(value: unknown): string[] {
  if (Array.isArray(value)) return value.map((item) => (typeof item === "string" ? item : printValue(item)));
  throw new FunctionError(`wrong type for value; expected []string; got ${typeNameOf(value)}`);
}

function lengthOf(value: unknown): number {
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (value === null || value === undefined) throw new FunctionError("len of nil pointer");
  throw new FunctionError(`len of type ${typeNameOf(value)}`);
}

function indexOf(value: unknown, ...keys: readonly unknown[]): unknown {
  let current = value;
  for (const key of keys) {
    if (current === null || current === undefined) throw new FunctionError("index of untyped nil");
    if (Array.isArray(current)) {
      if (typeof key !== "number")
        throw new FunctionError(`cannot index slice/array with type ${typeNameOf(key)}`);
      if (key < 0 || key >= current.length) throw new FunctionError(`index out of range: ${key}`);
      current = (current as unknown[])[key]; // An array of JSON values.
    } else if (typeof current === "string") {
      if (typeof key !== "number")
        throw new FunctionError(`cannot index slice/array with type ${typeNameOf(key)}`);
      const bytes = new TextEncoder().encode(current);
      if (key < 0 || key >= bytes.length) throw new FunctionError(`index out of range: ${key}`);
      current = bytes[key];
    } else if (isMap(current)) {
      if (typeof key !== "string")
        throw new FunctionError(`value has type ${typeNameOf(key)}; should be string`);
      current = current[key] ?? zeroLike(current);
    } else {
      throw new FunctionError(`can't index item of type ${typeNameOf(current)}`);
    }
  }
  return current;
}

/** A missing key of a map of strings is the empty string; of anything else, nil. */
function zeroLike(map: Readonly<Record<string, unknown>>): unknown {
  const values = Object.values(map);
  return values.length > 0 && values.every((value) => typeof value === "string") ? "" : undefined;
}

function slice(value: unknown, ...bounds: readonly unknown[]): unknown {
  const [from = 0, to, ...more] = bounds.map(wantInt);
  if (more.length > 1) throw new FunctionError(`too many slice indexes: ${bounds.length}`);
  if (typeof value !== "string" && !Array.isArray(value))
    throw new FunctionError(`can't slice item of type ${typeNameOf(value)}`);
  const end = to ?? lengthOf(value);
  if (from < 0 || end > lengthOf(value))
    throw new FunctionError(`index out of range: ${end > lengthOf(value) ? end : from}`);
  if (from > end) throw new FunctionError(`invalid slice index: ${from} > ${end}`);
  if (Array.isArray(value)) return (value as unknown[]).slice(from, end); // An array of JSON values.
  return new TextDecoder().decode(new TextEncoder().encode(value).slice(from, end));
}

type Basic = "string" | "number" | "boolean" | "nil" | "other";

function basicKind(value: unknown): Basic {
  if (value === null || value === undefined) return "nil";
  if (typeof value === "string") return "string";
  if (typeof value === "number" || typeof value === "bigint") return "number";
  return typeof value === "boolean" ? "boolean" : "other";
}

function equals(left: unknown, ...rest: readonly unknown[]): boolean {
  if (rest.length === 0) throw new FunctionError("missing argument for comparison");
  return rest.some((right) => {
    const kinds = [basicKind(left), basicKind(right)];
    if (kinds.includes("other")) throw new FunctionError("non-comparable type");
    if (kinds[0] !== kinds[1]) {
      if (kinds.includes("nil")) return false;
      throw new FunctionError("incompatible types for comparison");
    }
    // Loose, so that an int of many digits (bigint) meets one of few.
    return typeof left === typeof right ? left === right : String(left) === String(right);
  });
}

function isLess(left: unknown, right: unknown): boolean {
  const kind = basicKind(left);
  if (kind !== basicKind(right)) throw new FunctionError("incompatible types for comparison");
  if (typeof left === "string" && typeof right === "string") return compareText(left, right) < 0;
  if (kind === "number") return Number(left) < Number(right);
  throw new FunctionError("invalid type for comparison");
}

/** fmt.Sprint: a space between operands when neither is a string. */
function sprint(...values: readonly unknown[]): string {
  return values
    .map((value, index) => {
      const needsSpace = index > 0 && typeof value !== "string" && typeof values[index - 1] !== "string";
      return `${needsSpace ? " " : ""}${printValue(value)}`;
    })
    .join("");
}

function htmlEscape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&#34;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** strings.Title: every word's first letter. */
function title(text: string): string {
  return text.replace(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_whole, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

const BUILTINS: Readonly<Record<string, TemplateFunction>> = {
  not: fixed(1, (value) => !isTruthy(value)),
  len: fixed(1, lengthOf),
  index: { min: 1, max: ANY, call: indexOf },
  slice: { min: 1, max: 4, call: slice },
  print: { min: 0, max: ANY, call: sprint },
  println: { min: 0, max: ANY, call: (...values) => `${values.map(printValue).join(" ")}\n` },
  printf: { min: 1, max: ANY, call: (format, ...values) => sprintf(wantString(format), values) },
  html: { min: 0, max: ANY, call: (...values) => htmlEscape(sprint(...values)) },
  js: { min: 0, max: ANY, call: (...values) => quote(sprint(...values)).slice(1, -1) },
  urlquery: {
    min: 0,
    max: ANY,
    call: (...values) => encodeURIComponent(sprint(...values)).replaceAll("%20", "+"),
  },
  eq: { min: 1, max: ANY, call: equals },
  ne: fixed(2, (left, right) => !equals(left, right)),
  lt: fixed(2, isLess),
  le: fixed(2, (left, right) => isLess(left, right) || equals(left, right)),
  gt: fixed(2, (left, right) => !isLess(left, right) && !equals(left, right)),
  ge: fixed(2, (left, right) => !isLess(left, right)),
};

/** docker's own. */
const DOCKER: Readonly<Record<string, TemplateFunction>> = {
  json: fixed(1, toJson),
  split: fixed(2, (text, separator) => {
    const by = wantString(separator);
    return by === "" ? Array.from(wantString(text)) : wantString(text).split(by);
  }),
  join: fixed(2, (list, separator) => wantStrings(list).join(wantString(separator))),
  title: fixed(1, (text) => title(wantString(text))),
  lower: fixed(1, (text) => wantString(text).toLowerCase()),
  upper: fixed(1, (text) => wantString(text).toUpperCase()),
  pad: fixed(3, (text, before, after) => {
    const shown = wantString(text);
    return shown === "" ? "" : " ".repeat(wantInt(before)) + shown + " ".repeat(wantInt(after));
  }),
  truncate: fixed(2, (text, length) => {
    const shown = wantString(text);
    return lengthOf(shown) < wantInt(length) ? shown : slice(shown, 0, length);
  }),
};

export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({ ...BUILTINS, ...DOCKER }),
);

const identity = fixed(1, (value) => value);

/** For the header row of a table, where every field is the column's title. */
export const HEADER_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...FUNCTIONS,
  ...["json", "title", "lower", "upper"].map((name) => [name, identity] as const),
  ["truncate", fixed(2, (value) => value)] as const,
]);

/** Every name the parser accepts. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([...FUNCTIONS.keys(), "and", "or", "call"]);

/**
 * JSON with whole numbers kept whole: nanosecond times (`timeNano`) and byte counts may exceed 2^53,
 * where `JSON.parse` rounds. Such integers come out as `bigint`, everything else as usual.
 */

/** A string, or a number: digits inside strings must not be touched. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Integers of fewer digits are always safe. */
const SAFE_DIGITS = 15;
/** Cannot be in a valid JSON string unescaped, so no document can forge it by accident. */
const MARK = "\u0001integer:";

export type JsonValue =
  null | boolean | number | bigint | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** @throws SyntaxError as JSON.parse does. */
export function parseJson(text: string): JsonValue {
  const marked = text.replace(TOKEN, (token) =>
    token.length <= SAFE_DIGITS || !/^-?\d+$/.test(token) ? token : JSON.stringify(MARK + token),
  );
  // The casts say what JSON.parse returns for JSON; the reviver adds bigint.
  if (marked === text) return JSON.parse(text) as JsonValue;
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const integer = BigInt(value.slice(MARK.length));
    const number = Number(integer);
    return Number.isSafeInteger(number) ? number : integer;
  }) as JsonValue;
}

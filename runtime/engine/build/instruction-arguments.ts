/**
 * The forms an instruction's arguments take (buildkit frontend/dockerfile/parser/line_parsers.go): a JSON
 * array or a shell line, words, NAME=value pairs, `--flag=value`. Errors are buildkit's sentences.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { Instruction } from "./dockerfile-lines.ts";

export interface CommandLine {
  /** A shell line is one word. */
  readonly words: readonly string[];
  /** Written as JSON: no shell is put in front. */
  readonly isExec: boolean;
}

export function commandLineOf(rest: string): CommandLine {
  const words = jsonWords(rest);
  if (words !== undefined) return { words, isExec: true };
  return { words: rest === "" ? [] : [rest], isExec: false };
}

/** A JSON array's strings, or what stands between white space. */
export function wordsOf(rest: string): readonly string[] {
  return jsonWords(rest) ?? plainWordsOf(rest);
}

export function plainWordsOf(rest: string): readonly string[] {
  return rest === "" ? [] : rest.split(/\s+/);
}

/** Undefined when it is not a JSON array. */
function jsonWords(rest: string): readonly string[] | undefined {
  if (!rest.startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(rest);
  } catch {
    return undefined; // As buildkit: then it is a shell line.
  }
  if (!Array.isArray(value)) return undefined;
  if (value.every((word) => typeof word === "string")) return value;
  throw fail("invalidParameter", "when using JSON array syntax, arrays must be comprised of strings only");
}

export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** `NAME=value …`, or the old `NAME value`. Quotes are kept for the expansion to take away. */
export function pairsOf(rest: string, instruction: string): readonly Pair[] {
  const words = quotedWords(rest);
  const [first] = words;
  if (first === undefined) throw fail("invalidParameter", `${instruction} requires at least one argument`);
  if (!first.includes("=")) {
    const [, key = "", value] = /^(\S+)\s+([\s\S]*)$/.exec(rest) ?? [];
    if (value === undefined) throw fail("invalidParameter", `${instruction} must have two arguments`);
    return [{ key, value }];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) {
      const reason = `can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`;
      throw fail("invalidParameter", `Syntax error - ${reason}`);
    }
    if (equals === 0) throw fail("invalidParameter", `${instruction} names can not be blank`);
    return { key: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** Words between white space that is neither quoted nor escaped. */
function quotedWords(rest: string): readonly string[] {
  return [...rest.matchAll(/(?:\\[\s\S]?|'[^']*(?:'|$)|"(?:\\[\s\S]?|[^"\\])*(?:"|$)|[^\s\\'"])+/g)].map(
    ([word]) => word,
  );
}

/**
 * The values of the flags an instruction knows.
 * @throws SlipwayError `invalidParameter` for any other.
 */
export function flagsOf(
  instruction: Instruction,
  known: readonly string[] = [],
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const flag of instruction.flags) {
    const [, name = "", value] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(flag) ?? [];
    if (!known.includes(name)) throw fail("invalidParameter", `unknown flag: --${name}`);
    if (values.has(name)) throw fail("invalidParameter", `duplicate flag specified: ${name}`);
    if (value === undefined) throw fail("invalidParameter", `missing a value on flag: ${name}`);
    values.set(name, value);
  }
  return values;
}

/**
 * `$NAME`, `${NAME:-word}`, quotes and escapes in an instruction's words, as buildkit's
 * frontend/dockerfile/shell/lex.go expands them. The one hard idea: what came out of a variable is
 * split at white space where words are wanted (EXPOSE), what was written or quoted is not.
 */
import { fail } from "../../../layers/base/errors.ts";

export type Variables = ReadonlyMap<string, string>;

/** Environment entries as variables; the last of a name counts. */
export function variablesOf(env: readonly string[]): Variables {
  return new Map(
    env.map((entry) => {
      const equals = entry.indexOf("=");
      return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

export function expandWord(source: string, variables: Variables): string {
  return new Expansion(source, variables).all().text;
}

/** One written word may become several. */
export function expandWords(source: string, variables: Variables): readonly string[] {
  return new Expansion(source, variables).all().words;
}

interface Expanded {
  readonly text: string;
  readonly words: readonly string[];
}

class Expansion {
  readonly #source: string;
  readonly #variables: Variables;
  #position = 0;

  constructor(source: string, variables: Variables) {
    this.#source = source;
    this.#variables = variables;
  }

  all(): Expanded {
    return this.#until("");
  }

  #peek(): string {
    return this.#source.charAt(this.#position);
  }

  #next(): string {
    return this.#source.charAt(this.#position++);
  }

  #fail(reason: string): Error {
    return fail("invalidParameter", `failed to process ${JSON.stringify(this.#source)}: ${reason}`);
  }

  /** Up to the end, or to an unquoted `stop`, which is taken. */
  #until(stop: string): Expanded {
    let text = "";
    let word = "";
    const words: string[] = [];
    const endWord = (): void => {
      if (word !== "") words.push(word);
      word = "";
    };
    while (this.#peek() !== "") {
      const character = this.#peek();
      if (stop !== "" && character === stop) {
        this.#position += 1;
        endWord();
        return { text, words };
      }
      const { part, isSplit } = this.#part(character);
      text += part;
      for (const piece of part) {
        if (isSplit && /\s/.test(piece)) endWord();
        else word += piece;
      }
    }
    if (stop !== "") throw this.#fail("syntax error: missing '}'");
    endWord();
    return { text, words };
  }

  #part(character: string): { readonly part: string; readonly isSplit: boolean } {
    switch (character) {
      case "'":
        return { part: this.#singleQuoted(), isSplit: false };
      case '"':
        return { part: this.#doubleQuoted(), isSplit: false };
      case "$":
        return { part: this.#dollar(), isSplit: true };
      case "\\":
        this.#position += 1;
        return { part: this.#next(), isSplit: false };
      default:
        return { part: this.#next(), isSplit: true };
    }
  }

  #singleQuoted(): string {
    const end = this.#source.indexOf("'", this.#position + 1);
    if (end < 0) throw this.#fail("unexpected end of statement while looking for matching single-quote");
    const text = this.#source.slice(this.#position + 1, end);
    this.#position = end + 1;
    return text;
  }

  #doubleQuoted(): string {
    this.#position += 1;
    let text = "";
    for (;;) {
      const character = this.#peek();
      if (character === "")
        throw this.#fail("unexpected end of statement while looking for matching double-quote");
      if (character === "$") {
        text += this.#dollar();
        continue;
      }
      this.#position += 1;
      if (character === '"') return text;
      // Only these can be escaped; any other backslash stays.
      const isEscape = character === "\\" && ['"', "$", "\\"].includes(this.#peek());
      text += isEscape ? this.#next() : character;
    }
  }

  #dollar(): string {
    this.#position += 1;
    if (this.#peek() !== "{") {
      const name = this.#name();
      return name === "" ? "$" : (this.#variables.get(name) ?? "");
    }
    this.#position += 1;
    if (this.#peek() === "") throw this.#fail("syntax error: missing '}'");
    if (["{", "}", ":"].includes(this.#peek())) throw this.#fail("syntax error: bad substitution");
    const name = this.#name();
    const value = this.#variables.get(name);
    const isColon = this.#peek() === ":";
    if (isColon) this.#position += 1;
    const modifier = this.#next();
    if (modifier === "}" && !isColon) return value ?? "";
    if (!["-", "+", "?"].includes(modifier)) {
      throw this.#fail(`unsupported modifier (${isColon ? ":" : ""}${modifier}) in substitution`);
    }
    const word = this.#until("}").text;
    const isUnset = value === undefined || (isColon && value === "");
    if (modifier === "-") return isUnset ? word : value;
    if (modifier === "+") return isUnset ? "" : word;
    if (!isUnset) return value;
    const reason = value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
    throw this.#fail(`${name}: ${word === "" ? reason : word}`);
  }

  #name(): string {
    const rest = this.#source.slice(this.#position);
    const [name = ""] = /^(?:\d+|[@*#?\-$!0]|[\p{L}_][\p{L}\p{Nd}_]*)/u.exec(rest) ?? [];
    this.#position += name.length;
    return name;
  }
}

/**
 * Go templates cut into tokens: text, and inside `{{ }}` the words of an action. Trim markers (`{{- `
 * and ` -}}`) and comments are settled here, so the parser never sees them.
 */
import { SlipwayError } from "../../../layers/base/errors.ts";

export type TokenKind =
  | "text"
  | "open"
  | "close"
  | "space"
  | "field"
  | "variable"
  | "identifier"
  | "number"
  | "string"
  | "character"
  | "symbol"
  | "dot"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/** A template that cannot be parsed or executed, in Go's words. */
export class TemplateError extends SlipwayError {
  constructor(message: string) {
    super("invalidParameter", message);
  }
}

const SPACES = /[ \t\r\n]/;
const WORD = String.raw`[\p{L}\p{Nd}_]`;
/** Tried in this order at each place inside an action. */
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["space", /[ \t\r\n]+/y],
  ["symbol", /:=|[=|(),]/y],
  ["string", /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ["character", /'(?:[^'\\\n]|\\[^\n]+?)'/y],
  ["variable", new RegExp(`\\$${WORD}*`, "uy")],
  [
    "number",
    /[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/y,
  ],
  ["field", new RegExp(`\\.${WORD}+`, "uy")],
  ["dot", /\./y],
  ["identifier", new RegExp(`${WORD}+`, "uy")],
];

export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

/** The tokens of `text`. @throws TemplateError */
export function tokenize(text: string, name: string): Token[] {
  return new Lexer(text, name).run();
}

class Lexer {
  readonly #text: string;
  readonly #name: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(text: string, name: string) {
    this.#text = text;
    this.#name = name;
  }

  run(): Token[] {
    let trimsNext = false;
    while (this.#at < this.#text.length) {
      const found = this.#text.indexOf("{{", this.#at);
      const open = found < 0 ? this.#text.length : found;
      const trimsBefore =
        found >= 0 && this.#text[found + 2] === "-" && SPACES.test(this.#text[found + 3] ?? "");
      this.#pushText(open, trimsNext, trimsBefore);
      trimsNext = false;
      if (found < 0) break;
      this.#at = open + (trimsBefore ? 3 : 2);
      const comment = /[ \t\r\n]*\/\*/y;
      comment.lastIndex = this.#at;
      trimsNext = comment.test(this.#text) ? this.#comment(comment.lastIndex) : this.#action(open);
    }
    this.#tokens.push({ kind: "end", text: "", at: this.#text.length });
    return this.#tokens;
  }

  #pushText(end: number, trimsStart: boolean, trimsEnd: boolean): void {
    let text = this.#text.slice(this.#at, end);
    if (trimsStart) text = text.replace(/^[ \t\r\n]+/, "");
    if (trimsEnd) text = text.replace(/[ \t\r\n]+$/, "");
    if (text !== "") this.#tokens.push({ kind: "text", text, at: this.#at });
  }

  /** Whether the text after the comment is trimmed. */
  #comment(from: number): boolean {
    const end = this.#text.indexOf("*/", from);
    if (end < 0) throw this.#fail("unclosed comment");
    const close = /([ \t\r\n]+-)?\}\}/y;
    close.lastIndex = end + 2;
    const found = close.exec(this.#text);
    if (found === null) throw this.#fail("comment ends before closing delimiter");
    this.#at = close.lastIndex;
    return found[1] !== undefined;
  }

  /** Whether the text after the action is trimmed. */
  #action(open: number): boolean {
    this.#tokens.push({ kind: "open", text: "{{", at: open });
    let depth = 0;
    for (;;) {
      const close = /([ \t\r\n]+-)?\}\}/y;
      close.lastIndex = this.#at;
      const found = close.exec(this.#text);
      if (found !== null) {
        if (depth > 0) throw this.#fail("unclosed left paren");
        this.#tokens.push({ kind: "close", text: "}}", at: this.#at });
        this.#at = close.lastIndex;
        return found[1] !== undefined;
      }
      const token = this.#word();
      if (token.text === "(" && token.kind === "symbol") depth++;
      if (token.text === ")" && token.kind === "symbol" && --depth < 0)
        throw this.#fail("unexpected right paren");
      this.#tokens.push(token);
    }
  }

  #word(): Token {
    const at = this.#at;
    if (at >= this.#text.length) throw this.#fail("unclosed action");
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = at;
      const found = pattern.exec(this.#text);
      if (found === null) continue;
      this.#at = pattern.lastIndex;
      return { kind, text: found[0], at };
    }
    const character = String.fromCodePoint(this.#text.codePointAt(at) ?? 0);
    if (character === '"') throw this.#fail("unterminated quoted string");
    if (character === "`") throw this.#fail("unterminated raw quoted string");
    if (character === "'") throw this.#fail("unterminated character constant");
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    throw this.#fail(`unrecognized character in action: U+${code} '${character}'`);
  }

  #fail(message: string): TemplateError {
    return new TemplateError(`template: ${this.#name}:${lineAt(this.#text, this.#at)}: ${message}`);
  }
}

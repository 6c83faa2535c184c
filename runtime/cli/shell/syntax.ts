/**
 * The shell's language, a part of POSIX sh: lists with `;`, `&&`, `||` and newlines, pipelines, simple
 * commands with assignments and redirections; words with quotes, variables and command substitution.
 * Control structures, functions, globs and jobs are not part of it.
 */

export interface WordPart {
  readonly kind: "text" | "variable" | "command";
  /** The text; the variable's name; the commands between `$(` and `)`. */
  readonly text: string;
  readonly isQuoted: boolean;
  /** `${name:-text}` */
  readonly fallback?: string;
}
export type Word = readonly WordPart[];

export interface Redirection {
  /** Which stream: 0, 1, 2. */
  readonly descriptor: number;
  readonly operator: "<" | ">" | ">>" | ">&";
  readonly target: Word;
}

export interface SimpleCommand {
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirections: readonly Redirection[];
}

export interface Pipeline {
  readonly isNegated: boolean;
  readonly commands: readonly SimpleCommand[];
  /** What joins it to the pipeline before. */
  readonly joiner: ";" | "&&" | "||";
}

/** A line that cannot be understood. */
export class SyntaxFailure extends Error {
  override readonly name = "SyntaxFailure";
}
/** A line that goes on on the next one. */
export class IncompleteLine extends SyntaxFailure {}

/** @throws SyntaxFailure, IncompleteLine */
export function parseLine(text: string): Pipeline[] {
  return new LineParser(text).parse();
}

const BLANK = /[ \t]/;
const NAME_START = /[A-Za-z_]/;
const NAME = /[A-Za-z0-9_]/;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
/** These end an unquoted word. */
const OPERATORS = new Set([";", "&", "|", "<", ">", "(", ")", "\n"]);

class LineParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Pipeline[] {
    const pipelines: Pipeline[] = [];
    let joiner: Pipeline["joiner"] = ";";
    for (;;) {
      this.#skip(true);
      if (this.#at >= this.#text.length) {
        if (joiner !== ";") throw new IncompleteLine("unexpected end of file");
        return pipelines;
      }
      pipelines.push(this.#pipeline(joiner));
      this.#skip(false);
      joiner = this.#joiner();
    }
  }

  #joiner(): Pipeline["joiner"] {
    for (const [token, joiner] of [
      ["&&", "&&"],
      ["||", "||"],
      [";", ";"],
      ["\n", ";"],
    ] as const) {
      if (!this.#text.startsWith(token, this.#at)) continue;
      this.#at += token.length;
      return joiner;
    }
    if (this.#at < this.#text.length) {
      if (this.#peek() === "&") throw new SyntaxFailure("background jobs (&) are not part of this shell");
      throw new SyntaxFailure(`syntax error near unexpected token \`${this.#peek()}'`);
    }
    return ";";
  }

  #pipeline(joiner: Pipeline["joiner"]): Pipeline {
    let isNegated = false;
    while (this.#peek() === "!" && BLANK.test(this.#text[this.#at + 1] ?? "")) {
      isNegated = !isNegated;
      this.#at++;
      this.#skip(false);
    }
    const commands = [this.#command()];
    for (this.#skip(false); this.#peek() === "|" && this.#text[this.#at + 1] !== "|"; this.#skip(false)) {
      this.#at++;
      this.#skip(true);
      if (this.#at >= this.#text.length) throw new IncompleteLine("unexpected end of file");
      commands.push(this.#command());
    }
    return { isNegated, commands, joiner };
  }

  #command(): SimpleCommand {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (this.#skip(false); this.#at < this.#text.length; this.#skip(false)) {
      const redirection = this.#redirection();
      if (redirection !== undefined) {
        redirections.push(redirection);
        continue;
      }
      if (OPERATORS.has(this.#peek())) break;
      const word = this.#word();
      const assignment = words.length === 0 ? assignmentOf(word) : undefined;
      if (assignment === undefined) words.push(word);
      else assignments.push(assignment);
    }
    if (words.length + assignments.length + redirections.length === 0) {
      const token = this.#peek() === "\n" || this.#peek() === "" ? "newline" : this.#peek();
      throw new SyntaxFailure(`syntax error near unexpected token \`${token}'`);
    }
    return { assignments, words, redirections };
  }

  #redirection(): Redirection | undefined {
    const found = /^(\d?)(>>|>&|>|<)/.exec(this.#text.slice(this.#at, this.#at + 3));
    if (found === null) return undefined;
    this.#at += found[0].length;
    const operator = found[2] as Redirection["operator"]; // The pattern's alternatives.
    this.#skip(false);
    if (this.#at >= this.#text.length || OPERATORS.has(this.#peek())) {
      throw new SyntaxFailure("syntax error near unexpected token `newline'");
    }
    const descriptor = found[1] === "" ? (operator === "<" ? 0 : 1) : Number(found[1]);
    return { descriptor, operator, target: this.#word() };
  }

  #word(): Word {
    const parts: WordPart[] = [];
    const push = (part: WordPart): void => {
      const last = parts.at(-1);
      if (part.kind === "text" && last?.kind === "text" && last.isQuoted === part.isQuoted) {
        parts[parts.length - 1] = { ...last, text: last.text + part.text };
      } else parts.push(part);
    };
    while (this.#at < this.#text.length) {
      const character = this.#peek();
      if (BLANK.test(character) || OPERATORS.has(character)) break;
      if (character === "'") push({ kind: "text", text: this.#single(), isQuoted: true });
      else if (character === '"') this.#double(push);
      else if (character === "\\") push({ kind: "text", text: this.#escaped(), isQuoted: true });
      else if (character === "$" || character === "`") push(this.#dollar(false));
      else {
        push({ kind: "text", text: character, isQuoted: false });
        this.#at++;
      }
    }
    return parts;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new IncompleteLine("unexpected EOF while looking for matching `''");
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text;
  }

  #double(push: (part: WordPart) => void): void {
    this.#at++;
    push({ kind: "text", text: "", isQuoted: true }); // So that "" is a word.
    for (;;) {
      const character = this.#peek();
      if (character === "") throw new IncompleteLine("unexpected EOF while looking for matching `\"'");
      if (character === '"') break;
      if (character === "$" || character === "`") {
        push(this.#dollar(true));
        continue;
      }
      const next = this.#text[this.#at + 1] ?? "";
      if (character === "\\" && '$`"\\\n'.includes(next) && next !== "") {
        push({ kind: "text", text: next === "\n" ? "" : next, isQuoted: true });
        this.#at += 2;
        continue;
      }
      push({ kind: "text", text: character, isQuoted: true });
      this.#at++;
    }
    this.#at++;
  }

  #escaped(): string {
    const next = this.#text[this.#at + 1];
    if (next === undefined) throw new IncompleteLine("unexpected end of file");
    this.#at += 2;
    return next === "\n" ? "" : next;
  }

  /** At "$" or "`". */
  #dollar(isQuoted: boolean): WordPart {
    if (this.#peek() === "`") {
      const end = this.#text.indexOf("`", this.#at + 1);
      if (end < 0) throw new IncompleteLine("unexpected EOF while looking for matching ``'");
      const text = this.#text.slice(this.#at + 1, end);
      this.#at = end + 1;
      return { kind: "command", text, isQuoted };
    }
    const next = this.#text[this.#at + 1] ?? "";
    if (next === "(") return this.#substitution(isQuoted);
    if (next === "{") return this.#braced(isQuoted);
    let end = this.#at + 1;
    if (NAME_START.test(next)) while (NAME.test(this.#text[end] ?? "")) end++;
    else if (/[?$#!0-9@*]/.test(next)) end++;
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end;
    return text === "" ? { kind: "text", text: "$", isQuoted } : { kind: "variable", text, isQuoted };
  }

  #substitution(isQuoted: boolean): WordPart {
    const start = this.#at + 2;
    let depth = 1;
    for (let at = start; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === "\\") at++;
      else if (character === "'" || character === '"') {
        const end = this.#text.indexOf(character, at + 1);
        if (end < 0) break;
        at = end;
      } else if (character === "(") depth++;
      else if (character === ")" && --depth === 0) {
        this.#at = at + 1;
        return { kind: "command", text: this.#text.slice(start, at), isQuoted };
      }
    }
    throw new IncompleteLine("unexpected EOF while looking for matching `)'");
  }

  #braced(isQuoted: boolean): WordPart {
    const found = /^\$\{([A-Za-z_][A-Za-z0-9_]*|\?)(?::?-([^}]*))?\}/.exec(this.#text.slice(this.#at));
    if (found === null) {
      if (!this.#text.includes("}", this.#at))
        throw new IncompleteLine("unexpected EOF while looking for matching `}'");
      throw new SyntaxFailure(
        `${this.#text.slice(this.#at, this.#text.indexOf("}", this.#at) + 1)}: bad substitution`,
      );
    }
    this.#at += found[0].length;
    return {
      kind: "variable",
      text: found[1] ?? "",
      isQuoted,
      ...(found[2] === undefined ? {} : { fallback: found[2] }),
    };
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  /** Over blanks, line continuations and comments; over newlines too when they mean nothing. */
  #skip(withNewlines: boolean): void {
    for (;;) {
      const character = this.#peek();
      if (BLANK.test(character) || (withNewlines && character === "\n")) this.#at++;
      else if (character === "\\" && this.#text[this.#at + 1] === "\n") this.#at += 2;
      else if (character === "#") while (this.#at < this.#text.length && this.#peek() !== "\n") this.#at++;
      else return;
    }
  }
}

function assignmentOf(word: Word): { name: string; value: Word } | undefined {
  const [first, ...rest] = word;
  if (first?.kind !== "text" || first.isQuoted) return undefined;
  const head = ASSIGNMENT.exec(first.text)?.[0];
  if (head === undefined) return undefined;
  return { name: head.slice(0, -1), value: [{ ...first, text: first.text.slice(head.length) }, ...rest] };
}

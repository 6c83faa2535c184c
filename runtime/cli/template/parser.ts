/** Go templates from tokens to a tree (text/template/parse: parse.go), with Go's error texts. */
import type { CommandNode, Expression, Pipeline, Template, TemplateNode } from "./ast.ts";
import type { Token } from "./lexer.ts";
import { TemplateError, lineAt, tokenize } from "./lexer.ts";
import { unquote } from "./quoting.ts";

const KEYWORDS = new Set([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "range",
  "template",
  "with",
]);

/** Parses `text`. @throws TemplateError */
export function parseTemplate(text: string, functions: ReadonlySet<string>, name = ""): Template {
  return new Parser(text, functions, name).parse();
}

type Stop = { readonly kind: "end" } | { readonly kind: "else"; readonly at: number };

class Parser {
  readonly #text: string;
  readonly #name: string;
  readonly #functions: ReadonlySet<string>;
  readonly #tokens: Token[];
  readonly #definitions = new Map<string, readonly TemplateNode[]>();
  /** Names in scope, innermost last. */
  #variables: string[] = ["$"];
  #position = 0;
  #rangeDepth = 0;

  constructor(text: string, functions: ReadonlySet<string>, name: string) {
    this.#text = text;
    this.#name = name;
    this.#functions = functions;
    this.#tokens = tokenize(text, name);
  }

  parse(): Template {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const { nodes: some, stop } = this.#nodes(true);
      nodes.push(...some);
      if (stop === undefined) break;
      throw this.#fail(`unexpected {{${stop.kind}}}`);
    }
    return { name: this.#name, text: this.#text, nodes, definitions: this.#definitions };
  }

  #nodes(isTop: boolean): { nodes: TemplateNode[]; stop: Stop | undefined } {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === "end") {
        if (!isTop) throw this.#fail("unexpected EOF");
        return { nodes, stop: undefined };
      }
      if (token.kind === "text") {
        nodes.push({ kind: "text", text: token.text, at: token.at });
        continue;
      }
      const word = this.#peekSolid();
      if (word.kind === "identifier" && (word.text === "end" || word.text === "else")) {
        this.#solid();
        if (word.text === "else") return { nodes, stop: { kind: "else", at: word.at } };
        this.#expectClose("end");
        return { nodes, stop: { kind: "end" } };
      }
      const node = this.#action(isTop);
      if (node !== undefined) nodes.push(node);
    }
  }

  #action(isTop: boolean): TemplateNode | undefined {
    const token = this.#peekSolid();
    if (token.kind === "identifier" && KEYWORDS.has(token.text)) {
      this.#solid();
      switch (token.text) {
        case "if":
        case "with":
        case "range":
          return this.#branch(token.text, token.at);
        case "template":
          return this.#templateCall(token.at);
        case "define":
          if (!isTop) throw this.#fail("unexpected {{define}}");
          return this.#define();
        case "block":
          return this.#block(token.at);
        case "break":
        case "continue":
          if (this.#rangeDepth === 0) throw this.#fail(`{{${token.text}}} outside {{range}}`);
          this.#expectClose(token.text);
          return { kind: token.text, at: token.at };
        default:
          throw this.#fail(`unexpected {{${token.text}}}`);
      }
    }
    const at = this.#peekSolid().at;
    return { kind: "action", pipeline: this.#pipeline("command", "}}"), at };
  }

  #branch(kind: "if" | "with" | "range", at: number): TemplateNode {
    const scope = this.#variables.length;
    if (kind === "range") this.#rangeDepth++;
    const pipeline = this.#pipeline(kind, "}}");
    const { nodes: body, stop } = this.#nodes(false);
    if (kind === "range") this.#rangeDepth--;
    let otherwise: readonly TemplateNode[] = [];
    if (stop?.kind === "else") otherwise = this.#otherwise(kind);
    this.#variables.length = scope;
    return { kind, pipeline, body, otherwise, at };
  }

  /** After `{{else`: `{{else if …}}` and `{{else with …}}` nest a branch that shares the end. */
  #otherwise(kind: string): readonly TemplateNode[] {
    const word = this.#peekSolid();
    if (word.kind === "identifier" && word.text === kind && kind !== "range") {
      this.#solid();
      return [this.#branch(word.text as "if" | "with", word.at)]; // Equal to kind, which is not range.
    }
    this.#expectClose("else");
    const { nodes, stop } = this.#nodes(false);
    if (stop?.kind === "else") throw this.#fail("expected end; found {{else}}");
    return nodes;
  }

  #templateCall(at: number): TemplateNode {
    const name = this.#templateName("template clause");
    const pipeline = this.#peekSolid().kind === "close" ? undefined : this.#pipeline("template clause", "}}");
    if (pipeline === undefined) this.#expectClose("template clause");
    return { kind: "template", name, pipeline, at };
  }

  #define(): undefined {
    const name = this.#templateName("define clause");
    this.#expectClose("define clause");
    this.#definitions.set(name, this.#isolated());
    return undefined;
  }

  #block(at: number): TemplateNode {
    const name = this.#templateName("block clause");
    const pipeline = this.#pipeline("block clause", "}}");
    this.#definitions.set(name, this.#isolated());
    return { kind: "template", name, pipeline, at };
  }

  #isolated(): readonly TemplateNode[] {
    const variables = this.#variables;
    this.#variables = ["$"];
    const { nodes, stop } = this.#nodes(false);
    if (stop?.kind === "else") throw this.#fail("unexpected {{else}} in define clause");
    this.#variables = variables;
    return nodes;
  }

  #templateName(context: string): string {
    const token = this.#solid();
    if (token.kind !== "string") throw this.#unexpected(token, context);
    return unquote(token.text);
  }

  #pipeline(context: string, end: "}}" | ")"): Pipeline {
    const at = this.#peekSolid().at;
    const { variables, isAssignment } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#peekSolid();
      if (token.kind === "close" || token.text === ")") {
        if ((token.kind === "close" ? "}}" : ")") !== end) throw this.#unexpected(token, context);
        this.#solid();
        if (commands.length === 0) throw this.#fail(`missing value for ${context}`);
        this.#checkPipeline(commands);
        return { variables, isAssignment, commands, at };
      }
      if (token.kind === "symbol" && token.text !== "(") throw this.#unexpected(token, context);
      commands.push(this.#command(context));
    }
  }

  #checkPipeline(commands: readonly CommandNode[]): void {
    commands.slice(1).forEach((command, index) => {
      const kind = command.words[0]?.kind;
      if (kind === "literal" || kind === "nil" || kind === "dot") {
        throw this.#fail(`non executable command in pipeline stage ${index + 2}`);
      }
    });
  }

  #declarations(context: string): { variables: string[]; isAssignment: boolean } {
    const start = this.#position;
    const variables: string[] = [];
    while (this.#peekSolid().kind === "variable") {
      variables.push(this.#solid().text);
      const symbol = this.#peekSolid();
      if (symbol.kind === "symbol" && (symbol.text === ":=" || symbol.text === "=")) {
        this.#solid();
        if (symbol.text === ":=") this.#variables.push(...variables);
        return { variables, isAssignment: symbol.text === "=" };
      }
      if (symbol.text !== "," || context !== "range" || variables.length === 2) break;
      this.#solid();
    }
    this.#position = start;
    return { variables: [], isAssignment: false };
  }

  #command(context: string): CommandNode {
    const at = this.#peekSolid().at;
    const words: Expression[] = [];
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand !== undefined) words.push(operand);
      const token = this.#peek();
      if (token.kind === "space") {
        this.#next();
        const after = this.#peek();
        if (after.kind !== "close" && after.text !== ")" && after.text !== "|") continue;
      }
      const end = this.#peek();
      if (end.text === "|" && end.kind === "symbol") {
        this.#next();
        const next = this.#peekSolid();
        if (next.kind === "close" || next.text === ")") throw this.#fail(`missing value for ${context}`);
      } else if (end.kind !== "close" && end.text !== ")") {
        throw this.#unexpected(end, "operand");
      }
      break;
    }
    if (words.length === 0) throw this.#fail("empty command");
    return { words, at };
  }

  #operand(): Expression | undefined {
    const base = this.#term();
    if (base === undefined) return undefined;
    const first = this.#peek();
    if (first.kind !== "field") return base;
    const names: string[] = [];
    while (this.#peek().kind === "field") names.push(this.#next().text.slice(1));
    if (base.kind === "field") return { ...base, names: [...base.names, ...names], at: first.at };
    if (base.kind === "variable") return { ...base, names: [...base.names, ...names], at: first.at };
    if (base.kind === "literal" || base.kind === "nil") {
      throw this.#fail(`unexpected . after term ${JSON.stringify(base.kind === "nil" ? "nil" : base.text)}`);
    }
    return { kind: "chain", base, names, at: first.at };
  }

  #term(): Expression | undefined {
    const token = this.#peek();
    const at = token.at;
    switch (token.kind) {
      case "dot":
        this.#next();
        return { kind: "dot", at };
      case "field":
        this.#next();
        return { kind: "field", names: [token.text.slice(1)], at };
      case "variable":
        this.#next();
        if (!this.#variables.includes(token.text))
          throw this.#fail(`undefined variable ${JSON.stringify(token.text)}`);
        return { kind: "variable", names: [token.text], at };
      case "string":
        this.#next();
        return { kind: "literal", value: unquote(token.text), text: token.text, at };
      case "character":
        this.#next();
        return {
          kind: "literal",
          value: unquote(`"${token.text.slice(1, -1)}"`).codePointAt(0) ?? 0,
          text: token.text,
          at,
        };
      case "number":
        this.#next();
        return { kind: "literal", value: this.#number(token.text), text: token.text, at };
      case "identifier":
        this.#next();
        return this.#word(token);
      case "symbol":
        if (token.text !== "(") return undefined;
        this.#next();
        return { kind: "pipeline", pipeline: this.#pipeline("parenthesized pipeline", ")"), at };
      default:
        return undefined;
    }
  }

  #word(token: Token): Expression {
    const { text, at } = token;
    if (text === "nil") return { kind: "nil", at };
    if (text === "true" || text === "false") return { kind: "literal", value: text === "true", text, at };
    if (!this.#functions.has(text)) throw this.#fail(`function ${JSON.stringify(text)} not defined`);
    return { kind: "function", name: text, at };
  }

  #number(text: string): number | bigint {
    const plain = text.replaceAll("_", "");
    if (/^[+-]?\d+$/.test(plain)) return Number.isSafeInteger(Number(plain)) ? Number(plain) : BigInt(plain);
    const value = Number(plain.replace(/^[+-]/, "")) * (plain.startsWith("-") ? -1 : 1);
    if (Number.isNaN(value)) throw this.#fail(`bad number syntax: ${JSON.stringify(text)}`);
    return value;
  }

  #expectClose(context: string): void {
    const token = this.#solid();
    if (token.kind !== "close") throw this.#unexpected(token, context);
  }

  #skipSpace(): void {
    while (this.#peek().kind === "space") this.#position++;
  }

  #solid(): Token {
    this.#skipSpace();
    return this.#next();
  }

  #peekSolid(): Token {
    const start = this.#position;
    this.#skipSpace();
    const token = this.#peek();
    this.#position = start;
    return token;
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? { kind: "end", text: "", at: this.#text.length };
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }

  #unexpected(token: Token, context: string): TemplateError {
    if (token.kind === "end") return this.#fail("unexpected EOF");
    const shown = token.kind === "close" ? '"}}"' : `<${token.text}>`;
    return this.#fail(`unexpected ${token.kind === "close" ? shown : shown} in ${context}`);
  }

  #fail(message: string): TemplateError {
    const at = this.#tokens[Math.max(0, this.#position - 1)]?.at ?? 0;
    return new TemplateError(`template: ${this.#name}:${lineAt(this.#text, at)}: ${message}`);
  }
}

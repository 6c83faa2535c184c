/**
 * Runs a Go template over a value (text/template: exec.go). The hard part is saying what went wrong as
 * Go does: every failure names the template, line, column and the expression it happened at.
 */
import type { Branch, CommandNode, Expression, Pipeline, Template, TemplateNode } from "./ast.ts";
import { printCommand, printExpression } from "./ast.ts";
import type { TemplateFunction } from "./functions.ts";
import { FUNCTIONS, FunctionError } from "./functions.ts";
import { TemplateError, lineAt } from "./lexer.ts";
import type { Method } from "./values.ts";
import { GoStruct, isMap, isTruthy, printValue, sortedKeys, typeNameOf } from "./values.ts";

export interface ExecuteOptions {
  readonly functions?: ReadonlyMap<string, TemplateFunction>;
  /** What a missing key of a map is: an error (inspect), or nothing. */
  readonly isMissingKeyError?: boolean;
}

/** Nested template calls allowed, as a template may call itself. Go allows 100,000 frames; a stack here does not. */
const DEPTH_MAX = 1000;
/** Expressions longer than this are cut in errors (text/template/parse: ErrorContext). */
const CONTEXT_MAX = 20;

/** The text `template` makes of `data`. @throws TemplateError in Go's words. */
export function executeTemplate(template: Template, data: unknown, options: ExecuteOptions = {}): string {
  const execution = new Execution(template, data, options);
  execution.walk(template.nodes, data);
  return execution.output;
}

type Located = { readonly at: number };
interface Variable {
  readonly name: string;
  value: unknown;
}
/** Thrown inside range bodies; caught by the range. */
class LoopControl extends Error {
  readonly kind: "break" | "continue";
  constructor(kind: "break" | "continue") {
    super(kind);
    this.kind = kind;
  }
}

class Execution {
  output = "";
  readonly #template: Template;
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  readonly #isMissingKeyError: boolean;
  #variables: Variable[];
  #depth = 0;
  #name: string;

  constructor(template: Template, data: unknown, options: ExecuteOptions) {
    this.#template = template;
    this.#name = template.name;
    this.#functions = options.functions ?? FUNCTIONS;
    this.#isMissingKeyError = options.isMissingKeyError ?? false;
    this.#variables = [{ name: "$", value: data }];
  }

  walk(nodes: readonly TemplateNode[], dot: unknown): void {
    for (const node of nodes) {
      switch (node.kind) {
        case "text":
          this.output += node.text;
          break;
        case "action": {
          const value = this.#pipeline(node.pipeline, dot);
          if (node.pipeline.variables.length === 0) this.output += this.#print(value);
          break;
        }
        case "if":
        case "with":
          this.#conditional(node, dot);
          break;
        case "range":
          this.#range(node, node.at, dot);
          break;
        case "template":
          this.#call(node.name, node.pipeline, node, dot);
          break;
        case "break":
        case "continue":
          throw new LoopControl(node.kind);
      }
    }
  }

  #print(value: unknown): string {
    return value === undefined || value === null ? "<no value>" : printValue(value);
  }

  #conditional(node: Branch, dot: unknown): void {
    const scope = this.#variables.length;
    const value = this.#pipeline(node.pipeline, dot);
    if (isTruthy(value)) this.walk(node.body, node.kind === "with" ? value : dot);
    else this.walk(node.otherwise, dot);
    this.#variables.length = scope;
  }

  #range(node: Branch, at: number, dot: unknown): void {
    const scope = this.#variables.length;
    const value = this.#pipeline(node.pipeline, dot, true);
    const entries = this.#entries(value, node.pipeline, at);
    for (const [key, item] of entries) {
      const inner = this.#variables.length;
      const [first, second] = node.pipeline.variables;
      if (first !== undefined) this.#bind(node.pipeline, first, second === undefined ? item : key);
      if (second !== undefined) this.#bind(node.pipeline, second, item);
      const control = this.#body(node.body, item);
      this.#variables.length = inner;
      if (control === "break") break;
    }
    if (entries.length === 0) this.walk(node.otherwise, dot);
    this.#variables.length = scope;
  }

  #body(nodes: readonly TemplateNode[], dot: unknown): "break" | "continue" | undefined {
    try {
      this.walk(nodes, dot);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof LoopControl) return thrown.kind;
      throw thrown;
    }
  }

  #entries(value: unknown, pipeline: Pipeline, at: number): readonly (readonly [unknown, unknown])[] {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item] as const);
    if (isMap(value)) return sortedKeys(value).map((key) => [key, value[key]] as const);
    if (typeof value === "number" && Number.isInteger(value)) {
      return Array.from({ length: Math.max(0, value) }, (_unused, index) => [index, index] as const);
    }
    const [last] = pipeline.commands.slice(-1);
    const context = last === undefined ? "" : printCommand(last);
    throw this.#fail({ at: last?.at ?? at }, `range can't iterate over ${printValue(value)}`, context);
  }

  #bind(pipeline: Pipeline, name: string, value: unknown): void {
    if (pipeline.isAssignment) this.#assign(name, value);
    else this.#variables.push({ name, value });
  }

  #assign(name: string, value: unknown): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable !== undefined) variable.value = value;
  }

  #call(name: string, pipeline: Pipeline | undefined, node: Located, dot: unknown): void {
    const nodes = this.#template.definitions.get(name);
    if (nodes === undefined)
      throw this.#fail(
        node,
        `template ${JSON.stringify(name)} not defined`,
        `{{template ${JSON.stringify(name)}}}`,
      );
    if (++this.#depth > DEPTH_MAX)
      throw this.#fail(node, `exceeded maximum template depth (${DEPTH_MAX})`, "");
    const data = pipeline === undefined ? undefined : this.#pipeline(pipeline, dot);
    const [variables, outer] = [this.#variables, this.#name];
    this.#variables = [{ name: "$", value: data }];
    this.#name = name;
    this.walk(nodes, data);
    this.#variables = variables;
    this.#name = outer;
    this.#depth--;
  }

  #pipeline(pipeline: Pipeline, dot: unknown, isRange = false): unknown {
    let value: unknown;
    pipeline.commands.forEach((command, index) => {
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    });
    if (!isRange) for (const name of pipeline.variables) this.#bind(pipeline, name, value);
    return value;
  }

  #command(command: CommandNode, dot: unknown, final: readonly unknown[]): unknown {
    const [first, ...rest] = command.words;
    if (first === undefined) return undefined;
    switch (first.kind) {
      case "function":
        return this.#function(first, command, rest, dot, final);
      case "field":
        return this.#fields(first, dot, first.names, rest, dot, final);
      case "variable":
        return this.#fields(first, this.#variable(first), first.names.slice(1), rest, dot, final);
      case "chain":
        return this.#fields(first, this.#operand(first.base, dot), first.names, rest, dot, final);
      default:
        if (rest.length > 0 || final.length > 0) {
          throw this.#fail(
            first,
            `can't give argument to non-function ${printExpression(first)}`,
            printExpression(first),
          );
        }
        if (first.kind === "nil") throw this.#fail(first, "nil is not a command", "nil");
        return this.#operand(first, dot);
    }
  }

  #operand(node: Expression, dot: unknown): unknown {
    switch (node.kind) {
      case "dot":
        return dot;
      case "nil":
        return undefined;
      case "literal":
        return node.value;
      case "pipeline":
        return this.#pipeline(node.pipeline, dot);
      case "function":
      case "field":
      case "variable":
      case "chain":
        return this.#command({ words: [node], at: node.at }, dot, []);
    }
  }

  #variable(node: Expression & { readonly kind: "variable" }): unknown {
    return this.#variables.findLast((candidate) => candidate.name === node.names[0])?.value;
  }

  #function(
    node: Expression & { readonly kind: "function" },
    command: CommandNode,
    args: readonly Expression[],
    dot: unknown,
    final: readonly unknown[],
  ): unknown {
    const context = printCommand(command);
    if (node.name === "and" || node.name === "or") return this.#shortCircuit(node, args, dot, final);
    const found = this.#functions.get(node.name);
    if (found === undefined)
      throw this.#fail(node, `${JSON.stringify(node.name)} is not a defined function`, context);
    const count = args.length + final.length;
    if (count < found.min || count > found.max) {
      const wanted =
        found.max === found.min
          ? `want ${found.min} got ${count}`
          : `want at least ${found.min} got ${count}`;
      throw this.#fail(node, `wrong number of args for ${node.name}: ${wanted}`, node.name);
    }
    const values = [...args.map((arg) => this.#operand(arg, dot)), ...final];
    return this.#invoke(node.name, found.call, values, node, context);
  }

  #shortCircuit(
    node: Expression & { readonly kind: "function" },
    args: readonly Expression[],
    dot: unknown,
    final: readonly unknown[],
  ): unknown {
    if (args.length + final.length === 0) {
      throw this.#fail(node, `wrong number of args for ${node.name}: want at least 1 got 0`, node.name);
    }
    const stopsAt = node.name === "or";
    let value: unknown;
    for (const arg of args) {
      value = this.#operand(arg, dot);
      if (isTruthy(value) === stopsAt) return value;
    }
    return final.length > 0 ? final[0] : value;
  }

  #invoke(name: string, call: Method, values: readonly unknown[], node: Located, context: string): unknown {
    try {
      return call(...values);
    } catch (thrown) {
      if (!(thrown instanceof FunctionError)) throw thrown;
      throw this.#fail(node, `error calling ${name}: ${thrown.message}`, context);
    }
  }

  #fields(
    node: Expression,
    base: unknown,
    names: readonly string[],
    args: readonly Expression[],
    dot: unknown,
    final: readonly unknown[],
  ): unknown {
    let value = base;
    names.forEach((name, index) => {
      const isLast = index === names.length - 1;
      value = this.#field(node, value, name, isLast ? args : [], dot, isLast ? final : []);
    });
    if (names.length === 0 && (args.length > 0 || final.length > 0)) {
      throw this.#fail(
        node,
        `can't give argument to non-function ${printExpression(node)}`,
        printExpression(node),
      );
    }
    return value;
  }

  #field(
    node: Expression,
    base: unknown,
    name: string,
    args: readonly Expression[],
    dot: unknown,
    final: readonly unknown[],
  ): unknown {
    const context = printExpression(node);
    if (base === null || base === undefined) {
      throw this.#fail(
        node,
        this.#isMissingKeyError
          ? `nil data; no entry for key ${JSON.stringify(name)}`
          : `nil pointer evaluating interface {}.${name}`,
        context,
      );
    }
    const fields = base instanceof GoStruct ? base.fields : isMap(base) ? base : undefined;
    if (base instanceof GoStruct && !Object.hasOwn(base.fields, name) && Object.hasOwn(base.unlisted, name)) {
      return base.unlisted[name];
    }
    if (fields === undefined || (base instanceof GoStruct && !Object.hasOwn(fields, name))) {
      throw this.#fail(node, `can't evaluate field ${name} in type ${typeNameOf(base)}`, context);
    }
    if (!Object.hasOwn(fields, name)) {
      if (this.#isMissingKeyError)
        throw this.#fail(node, `map has no entry for key ${JSON.stringify(name)}`, context);
      return undefined;
    }
    const value = fields[name];
    if (typeof value === "function") {
      const values = [...args.map((arg) => this.#operand(arg, dot)), ...final];
      const method = value as Method; // GoStruct's functions are methods.
      if (values.length !== method.length) {
        throw this.#fail(
          node,
          `wrong number of args for ${name}: want ${method.length} got ${values.length}`,
          context,
        );
      }
      return this.#invoke(name, method, values, node, context);
    }
    if (args.length > 0 || final.length > 0) {
      throw this.#fail(node, `${name} has arguments but cannot be invoked as function`, context);
    }
    return value;
  }

  #fail(node: Located, message: string, context?: string): TemplateError {
    const text = this.#template.text;
    const column = node.at - (text.lastIndexOf("\n", node.at - 1) + 1);
    const place = `${this.#template.name}:${lineAt(text, node.at)}:${column}`;
    const shown =
      context === undefined
        ? ""
        : context.length > CONTEXT_MAX
          ? `${context.slice(0, CONTEXT_MAX)}...`
          : context;
    return new TemplateError(
      `template: ${place}: executing ${JSON.stringify(this.#name)} at <${shown}>: ${message}`,
    );
  }
}

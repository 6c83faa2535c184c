/** The tree of a Go template (text/template/parse: node.go). */

export interface Position {
  /** Bytes from the start of the template. */
  readonly at: number;
}

export type Expression = Position &
  (
    | { readonly kind: "dot" }
    | { readonly kind: "nil" }
    | {
        readonly kind: "literal";
        readonly value: string | number | bigint | boolean;
        readonly text: string;
      }
    | { readonly kind: "field"; readonly names: readonly string[] }
    | { readonly kind: "variable"; readonly names: readonly string[] }
    | { readonly kind: "function"; readonly name: string }
    | { readonly kind: "chain"; readonly base: Expression; readonly names: readonly string[] }
    | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
  );

export interface CommandNode extends Position {
  readonly words: readonly Expression[];
}

export interface Pipeline extends Position {
  readonly variables: readonly string[];
  readonly isAssignment: boolean;
  readonly commands: readonly CommandNode[];
}

export type TemplateNode = Position &
  (
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "action"; readonly pipeline: Pipeline }
    | Branch
    | { readonly kind: "template"; readonly name: string; readonly pipeline: Pipeline | undefined }
    | { readonly kind: "break" }
    | { readonly kind: "continue" }
  );

export interface Branch {
  readonly kind: "if" | "range" | "with";
  readonly pipeline: Pipeline;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

export interface Template {
  readonly name: string;
  readonly text: string;
  readonly nodes: readonly TemplateNode[];
  readonly definitions: ReadonlyMap<string, readonly TemplateNode[]>;
}

/** An expression as Go prints it in errors. */
export function printExpression(node: Expression): string {
  switch (node.kind) {
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "literal":
      return node.text;
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "variable":
      return node.names.join(".");
    case "function":
      return node.name;
    case "chain":
      return `${node.base.kind === "pipeline" ? printExpression(node.base) : `(${printExpression(node.base)})`}${node.names.map((name) => `.${name}`).join("")}`;
    case "pipeline":
      return `(${printPipeline(node.pipeline)})`;
  }
}

export function printCommand(command: CommandNode): string {
  return command.words.map(printExpression).join(" ");
}

export function printPipeline(pipeline: Pipeline): string {
  const head =
    pipeline.variables.length === 0
      ? ""
      : `${pipeline.variables.join(", ")} ${pipeline.isAssignment ? "=" : ":="} `;
  return head + pipeline.commands.map(printCommand).join(" | ");
}

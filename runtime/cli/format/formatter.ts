/**
 * Lists in docker's formats: `table`, `table TEMPLATE`, `json`, a Go template, or raw (docker/cli:
 * formatter.go). Each row is a `GoStruct` whose methods are the columns; the header row is the same
 * template run over the columns' titles.
 */
import { executeTemplate } from "../template/evaluate.ts";
import { FUNCTION_NAMES, HEADER_FUNCTIONS } from "../template/functions.ts";
import { TemplateError } from "../template/lexer.ts";
import { parseTemplate } from "../template/parser.ts";
import type { Template } from "../template/ast.ts";
import { GoStruct, compareText, toEscapedJson } from "../template/values.ts";
import { messageOf } from "../../../layers/base/errors.ts";
import { alignTabs } from "./tabwriter.ts";

export interface ListFormat {
  /** As the user gave it, or a command's own default. */
  readonly format: string;
  /** Title by column; columns without one print "<no value>" in headers. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A column's value: called for templates, never for json unless it takes no argument. */
export type Row = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The text of a list, each row ended by a newline. @throws TemplateError */
export function formatList(list: ListFormat, rows: readonly Row[], typeName: string): string {
  const isTable = list.format.startsWith("table");
  const template = parseListTemplate(list.format);
  const isJson = list.format === "json" || list.format === "{{json .}}";
  const lines = rows.map((row) => (isJson ? rowJson(row) : render(template, new GoStruct(typeName, row))));
  const text = lines.map((line) => `${line}\n`).join("");
  if (!isTable) return text;
  const header = executeTemplate(template, list.headers, { functions: HEADER_FUNCTIONS });
  return alignTabs(`${header}\n${text}`);
}

/** The template of a `--format`, its escapes settled. @throws TemplateError */
export function parseListTemplate(format: string): Template {
  const body = format.startsWith("table") ? format.slice("table".length) : format;
  const text = body
    .replace(/^ +| +$/g, "")
    .replaceAll("\\t", "\t")
    .replaceAll("\\n", "\n");
  try {
    return parseTemplate(text, FUNCTION_NAMES);
  } catch (thrown) {
    throw new TemplateError(`failed to parse template: ${messageOf(thrown)}`);
  }
}

function render(template: Template, data: unknown): string {
  try {
    return executeTemplate(template, data);
  } catch (thrown) {
    throw new TemplateError(`failed to execute template: ${messageOf(thrown)}`);
  }
}

/** Every column that needs no argument, by name. */
function rowJson(row: Row): string {
  const names = Object.keys(row)
    .filter((name) => row[name]?.length === 0)
    .sort(compareText);
  return toEscapedJson(Object.fromEntries(names.map((name) => [name, row[name]?.()])));
}

/** Whether `format` asks for the default table. */
export function isDefaultTable(format: string): boolean {
  return format === "" || format === "table";
}

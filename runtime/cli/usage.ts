/**
 * Help pages in Docker's layout: cobra's templates as docker/cli sets them, pflag's columns and its
 * word wrapping (which lets the last word run over by a little rather than leave it alone).
 */
import type { FlagSpec } from "./flags.ts";

/** A final line may be this much too long (pflag: wrap). */
const SLOP = 5;
/** Narrower than this and the text moves below the flag (pflag: wrap). */
const WRAP_MIN = 24;

/** The Options block: one entry per shown flag, sorted by name, no trailing newline. */
export function flagUsages(specs: readonly FlagSpec[], columns: number): string {
  const shown = specs.filter(
    (spec) => spec.isHidden !== true && spec.isWindows !== true && spec.deprecatedFor === undefined,
  );
  shown.sort((left, right) => (left.name < right.name ? -1 : 1));
  const heads = shown.map(flagHead);
  const widest = Math.max(0, ...heads.map((head) => head.length)) + 1;
  const lines = shown.map((spec, index) => {
    const head = heads[index] ?? "";
    return `${head} ${" ".repeat(widest - head.length)} ${wrap(widest + 2, columns, spec.usage + shownDefault(spec))}`;
  });
  return lines.join("\n");
}

function flagHead(spec: FlagSpec): string {
  const names = spec.short === undefined ? `      --${spec.name}` : `  -${spec.short}, --${spec.name}`;
  return spec.type === "bool" ? names : `${names} ${spec.type}`;
}

function shownDefault(spec: FlagSpec): string {
  if (spec.fallback === undefined || spec.fallback === "") return "";
  return spec.type === "string" ? ` (default "${spec.fallback}")` : ` (default ${spec.fallback})`;
}

/** `text` broken at words to end before column `columns`, its later lines indented by `indent`. */
export function wrap(indent: number, columns: number, text: string): string {
  let margin = indent;
  let result = "";
  if (columns - margin < WRAP_MIN) {
    margin = 16;
    result = `\n${" ".repeat(margin)}`;
  }
  if (columns - margin < WRAP_MIN) return text.replaceAll("\n", result);
  const breakLine = `\n${" ".repeat(margin)}`;
  const width = columns - margin - SLOP;
  let [line, rest] = splitLine(width, text);
  result += line.replaceAll("\n", breakLine);
  while (rest !== "") {
    [line, rest] = splitLine(width, rest);
    result += breakLine + line.replaceAll("\n", breakLine);
  }
  return result;
}

function splitLine(width: number, text: string): [line: string, rest: string] {
  if (width + SLOP > text.length) return [text, ""];
  const head = text.slice(0, width);
  const space = Math.max(head.lastIndexOf(" "), head.lastIndexOf("\t"), head.lastIndexOf("\n"));
  if (space <= 0) return [text, ""];
  const newline = head.lastIndexOf("\n");
  const at = newline > 0 && newline < space ? newline : space;
  return [text.slice(0, at), text.slice(at + 1)];
}

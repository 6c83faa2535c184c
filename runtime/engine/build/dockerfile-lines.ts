/**
 * Dockerfile text as instructions: logical lines, each with its name, its `--flags` and the rest as
 * written (buildkit frontend/dockerfile/parser). What the rest means depends on the instruction and is
 * read by `instruction-arguments.ts`.
 */
import { fail } from "../../../layers/base/errors.ts";

export interface Instruction {
  /** As written. */
  readonly name: string;
  /** Words that began with "--", in front of everything else. */
  readonly flags: readonly string[];
  readonly rest: string;
  /** The whole logical line. */
  readonly line: string;
}

/** The escape character; buildkit's `# escape=` directive would change it. */
const ESCAPE = "\\";
const CONTINUATION = /(^|[^\\])\\[ \t]*$/;

/** @throws SlipwayError `invalidParameter` for a text without instructions. */
export function readInstructions(text: string): readonly Instruction[] {
  const instructions: Instruction[] = [];
  let line = "";
  let isContinued = false;
  for (const raw of text.replace(/^\uFEFF/, "").split("\n")) {
    const isComment = raw.trimStart().startsWith("#");
    if (isComment || (isContinued && raw.trim() === "")) continue;
    const part = isContinued ? raw.replace(/\r$/, "") : raw.replace(/\r$/, "").trimStart();
    isContinued = CONTINUATION.test(part);
    line += isContinued ? part.replace(CONTINUATION, "$1") : part;
    if (isContinued) continue;
    if (line.trim() !== "") instructions.push(split(line));
    line = "";
  }
  if (line.trim() !== "") instructions.push(split(line));
  if (instructions.length === 0) throw fail("invalidParameter", "file with no instructions");
  return instructions;
}

function split(line: string): Instruction {
  const [, name = "", after = ""] = /^(\S+)\s*([\s\S]*)$/.exec(line.trim()) ?? [];
  const flags: string[] = [];
  let rest = after;
  for (;;) {
    rest = rest.trimStart();
    if (!rest.startsWith("--")) break;
    const { word, length } = flagAt(rest);
    rest = rest.slice(length);
    if (word === "--") break;
    flags.push(word);
  }
  return { name, flags, rest: rest.trim(), line };
}

/** The word `text` begins with, without its quotes and escapes; how much of `text` it takes. */
function flagAt(text: string): { readonly word: string; readonly length: number } {
  let word = "";
  let quote = "";
  let position = 0;
  for (; position < text.length; position++) {
    const character = text.charAt(position);
    if (character === ESCAPE) word += text.charAt(++position);
    else if (quote !== "") {
      if (character === quote) quote = "";
      else word += character;
    } else if (character === "'" || character === '"') quote = character;
    else if (/\s/.test(character)) break;
    else word += character;
  }
  return { word, length: position };
}

/** Go's json.Indent on the text itself: keys keep their order, numbers every digit. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** `text`, valid JSON, laid out with `indent` per level. */
export function indentJson(text: string, indent: string, prefix = ""): string {
  let result = "";
  let depth = 0;
  let isFresh = false; // Just after an opening bracket.
  const newline = (): string => `\n${prefix}${indent.repeat(depth)}`;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "}" || token === "]") {
      depth--;
      result += isFresh ? token : newline() + token;
      isFresh = false;
      continue;
    }
    if (isFresh) result += newline();
    isFresh = token === "{" || token === "[";
    if (isFresh) depth++;
    result += token === "," ? `,${newline()}` : token === ":" ? ": " : token;
  }
  return result;
}

/** The same without any space between tokens. */
export function compactJson(text: string): string {
  return [...text.matchAll(TOKEN)].map(([token]) => token).join("");
}

/** Text cut to a width in terminal columns, as docker's tables cut it. */

/** Ranges of characters two columns wide (Unicode East Asian Width W and F, in the main blocks). */
const WIDE_RANGES = [
  ["\\u1100-\\u115F\\u2329\\u232A", "brackets and Hangul Jamo"],
  ["\\u2E80-\\u303E\\u3041-\\u33FF\\u3400-\\u4DBF\\u4E00-\\u9FFF", "CJK"],
  ["\\uA000-\\uA4CF\\uA960-\\uA97F\\uAC00-\\uD7A3", "Yi, Hangul"],
  ["\\uF900-\\uFAFF\\uFE30-\\uFE6F\\uFF00-\\uFF60\\uFFE0-\\uFFE6", "compatibility and full-width forms"],
  ["\\u{1F300}-\\u{1F64F}\\u{1F680}-\\u{1F6FF}\\u{1F900}-\\u{1F9FF}\\u{1FA70}-\\u{1FAFF}", "emoji"],
  ["\\u{20000}-\\u{3FFFD}", "CJK extensions"],
] as const;
const WIDE = new RegExp(`[${WIDE_RANGES.map(([range]) => range).join("")}]`, "u");
/** Characters that take no column: combining marks, joiners, variation selectors. */
const ZERO = /[\p{Mn}\p{Me}\u200B-\u200F\u2060\uFE00-\uFE0F]/u;

/** Columns that one character takes. */
export function characterWidth(character: string): number {
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** docker/cli formatter.Ellipsis: at most `width` columns, the last one "…" when cut. */
export function ellipsis(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width && textWidth(text) <= width) return text;
  let used = 0;
  let result = "";
  for (const character of characters) {
    used += characterWidth(character);
    if (used > width - 1) break;
    result += character;
  }
  return `${result}…`;
}

/** stringid.TruncateID. */
export function shortId(id: string): string {
  const plain = id.includes(":") ? id.slice(id.indexOf(":") + 1) : id;
  return plain.slice(0, 12);
}

/** `name=value`, the form of half of docker's flags. */

/** "a=b=c" → a, "b=c"; "a" → a, "". */
export function splitPair(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

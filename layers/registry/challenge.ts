/**
 * WWW-Authenticate (RFC 9110, 11.6.1): several challenges in one header, separated by the same commas
 * that separate their parameters. The hard idea: a token followed by "=" is a parameter, a token
 * followed by a space or the end starts the next challenge.
 */
export interface Challenge {
  /** Lower case: "bearer", "basic". */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A header with more is an attack, not a registry. */
const HEADER_LENGTH_MAX = 8192;

/** The challenges of `header` in order; what cannot be read ends the list. */
export function parseChallenges(header: string | null): readonly Challenge[] {
  if (header === null || header.length > HEADER_LENGTH_MAX) return [];
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const lexer = /\s*(?:,\s*)*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:(\s*=\s*)(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
  for (;;) {
    const match = lexer.exec(header);
    if (match === null) return challenges;
    const [, token = "", equals, quoted, bare] = match;
    const current = challenges.at(-1);
    if (equals === undefined) challenges.push({ scheme: token.toLowerCase(), parameters: {} });
    else if (current === undefined) return challenges;
    else current.parameters[token.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "";
  }
}

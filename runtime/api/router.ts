/**
 * From method and path to an operation. Paths with fewer parameters win ("/images/json" before
 * "/images/{name}/json"); names of images and plugins hold slashes, ids do not.
 */
import type { OperationRow } from "./operations.ts";

export interface Match<Row> {
  readonly row: Row;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern<Row> {
  readonly row: Row;
  readonly expression: RegExp;
  readonly names: readonly string[];
}

/** Rooms of the API whose `{name}` is a reference with slashes in it. */
const SLASHED = /^\/(images|plugins|distribution)\//;

export class Router<Row extends Pick<OperationRow, "method" | "path">> {
  readonly #patterns: readonly Pattern<Row>[];

  constructor(rows: readonly Row[]) {
    const patterns = rows.map((row) => patternOf(row));
    this.#patterns = [...patterns].sort((left, right) => left.names.length - right.names.length);
  }

  match(method: string, path: string): Match<Row> | undefined {
    for (const { row, expression, names } of this.#patterns) {
      if (row.method !== method) continue;
      const found = expression.exec(path);
      if (found === null) continue;
      return { row, params: Object.fromEntries(names.map((name, index) => [name, decode(found[index + 1] ?? "")])) };
    }
    return undefined;
  }
}

function patternOf<Row extends Pick<OperationRow, "path">>(row: Row): Pattern<Row> {
  const names: string[] = [];
  const part = SLASHED.test(row.path) ? "(.+)" : "([^/]+)";
  const source = row.path.replace(/[.]/g, "\\.").replace(/\{(\w+)\}/g, (_whole, name: string) => {
    names.push(name);
    return part;
  });
  return { row, expression: new RegExp(`^${source}$`), names };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A stray percent sign: no name has one, so it will not be found.
  }
}

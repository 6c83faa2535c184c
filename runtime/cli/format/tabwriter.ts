/**
 * Go's text/tabwriter as docker uses it: cells end with a tab, a column is a block of consecutive
 * lines that have it, and its width is the widest cell plus padding, at least the minimum. The text
 * after the last tab of a line belongs to no column.
 */

export interface TabOptions {
  readonly widthMin: number;
  readonly padding: number;
}

/** What docker's tables are written with (docker/cli: formatter.go). */
export const TABLE: TabOptions = { widthMin: 10, padding: 3 };

/** `text` with its tabs turned into aligned columns. */
export function alignTabs(text: string, options: TabOptions = TABLE): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const widths = lines.map((): number[] => []);
  measure(lines, widths, 0, lines.length, 0, options);
  return lines
    .map((cells, index) =>
      cells
        .map((cell, column) => (column === cells.length - 1 ? cell : pad(cell, widths[index]?.[column] ?? 0)))
        .join(""),
    )
    .join("\n");
}

function measure(
  lines: readonly (readonly string[])[],
  widths: readonly number[][],
  from: number,
  to: number,
  column: number,
  options: TabOptions,
): void {
  const has = (index: number): boolean => (lines[index]?.length ?? 0) - 1 > column;
  for (let start = from; start < to; start++) {
    if (!has(start)) continue;
    let end = start;
    let width = options.widthMin;
    for (; end < to && has(end); end++)
      width = Math.max(width, Array.from(lines[end]?.[column] ?? "").length + options.padding);
    for (let index = start; index < end; index++) widths[index]?.push(width);
    measure(lines, widths, start, end, column + 1, options);
    start = end;
  }
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Array.from(cell).length));
}

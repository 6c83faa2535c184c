/**
 * A terminal for tests: enough of xterm to know what a person would see. Rows only grow; a full row
 * wraps when the next character comes, as real terminals do.
 */
import { characterWidth } from "../format/text.ts";

const PIECE = /\x1b\[([?0-9;]*)([A-Za-z])|\x1b.|[\s\S]/gu;

export class TestTerminal {
  columns: number;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (const [piece, parameters, final] of text.matchAll(PIECE)) {
      if (final !== undefined) this.#sequence(parameters ?? "", final);
      else if (piece === "\r") this.#column = 0;
      else if (piece === "\n") this.#down(1);
      else if (piece === "\b") this.#column = Math.max(0, this.#column - 1);
      else if (piece >= " ") this.#put(piece);
    }
  }

  /** The rows without trailing blanks. */
  get lines(): string[] {
    return this.#rows.map((row) => row.join("").trimEnd());
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** The cursor's row up to the cursor. */
  get beforeCursor(): string {
    const row = this.#rows[this.#row] ?? [];
    return Array.from({ length: this.#column }, (_unused, column) => row[column] ?? " ").join("");
  }

  #put(character: string): void {
    const width = characterWidth(character);
    if (this.#column + width > this.columns) {
      this.#column = 0;
      this.#down(1);
    }
    const row = this.#rows[this.#row] ?? [];
    while (row.length < this.#column) row.push(" ");
    row[this.#column] = character;
    if (width === 2) row[this.#column + 1] = "";
    this.#column += width;
  }

  #down(count: number): void {
    this.#row += count;
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }

  #sequence(parameters: string, final: string): void {
    const count = Math.max(1, Number.parseInt(parameters, 10) || 1);
    if (final === "A") this.#row = Math.max(0, this.#row - count);
    else if (final === "B") this.#row = Math.min(this.#rows.length - 1, this.#row + count);
    else if (final === "C") this.#column = Math.min(this.columns - 1, this.#column + count);
    else if (final === "H") [this.#row, this.#column] = [0, 0];
    else if (final === "J" && parameters === "2") this.#rows.splice(0, this.#rows.length, []);
    else if (final === "J") {
      this.#rows.splice(this.#row + 1);
      this.#rows[this.#row]?.splice(this.#column);
    } else if (final === "K" && parameters === "2") this.#rows[this.#row] = [];
    else if (final === "K") this.#rows[this.#row]?.splice(this.#column);
  }
}

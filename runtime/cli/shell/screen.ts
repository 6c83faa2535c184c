/**
 * Draws the prompt and the line on the terminal, over as many rows as they take, and puts the cursor
 * where it belongs. Everything is drawn again each time: a line is short and terminals are fast.
 *
 * The hard idea is the last column: a terminal that has just written it has not wrapped yet, so the
 * rows below are only where we think they are once something follows.
 */
import { characterWidth } from "../format/text.ts";

interface Place {
  readonly row: number;
  readonly column: number;
}

/** Escape sequences take no room. */

const ESCAPES = /\x1b\[[0-9;]*[A-Za-z]/g;

/** Where the cursor is after writing `text` from the start of a row, wrapping at `columns`. */
export function placeAfter(text: string, columns: number): Place {
  let row = 0;
  let column = 0;
  for (const character of text.replace(ESCAPES, "")) {
    if (character === "\n") {
      row++;
      column = 0;
      continue;
    }
    const width = characterWidth(character);
    if (column + width > columns) {
      row++;
      column = 0;
    }
    column += width;
  }
  return column >= columns ? { row: row + 1, column: 0 } : { row, column };
}

export class Screen {
  readonly #columns: () => number;
  /** The row the cursor was left on, counted from the prompt's. */
  #row = 0;

  constructor(columns: () => number) {
    this.#columns = columns;
  }

  /** Bytes that show `prompt` and `text` with the cursor after `before`. */
  draw(prompt: string, text: string, before: string, below = ""): string {
    const columns = Math.max(1, this.#columns());
    const end = placeAfter(prompt + text, columns);
    const cursor = placeAfter(prompt + before, columns);
    const isFull = end.column === 0 && text !== "" && !text.endsWith("\n");
    const tail = below === "" ? "" : `\r\n${below}`;
    const belowRows = below === "" ? 0 : placeAfter(below, columns).row + 1;
    const bytes = [
      this.#row > 0 ? `\x1b[${this.#row}A` : "",
      "\r\x1b[J",
      (prompt + text).replaceAll("\n", "\r\n"),
      isFull ? " \r" : "",
      tail,
      move(end.row + belowRows - cursor.row),
      "\r",
      cursor.column > 0 ? `\x1b[${cursor.column}C` : "",
    ];
    this.#row = cursor.row;
    return bytes.join("");
  }

  /** Bytes that leave the line as it is and go to the row below it. */
  leave(prompt: string, text: string): string {
    const end = placeAfter(prompt + text, Math.max(1, this.#columns()));
    const down = end.row - this.#row;
    this.#row = 0;
    return `${down > 0 ? `\x1b[${down}B` : ""}${end.column === 0 && text !== "" ? "" : "\r\n"}`;
  }

  /** What is drawn next begins where the cursor is. */
  reset(): void {
    this.#row = 0;
  }
}

function move(up: number): string {
  return up > 0 ? `\x1b[${up}A` : "";
}

/**
 * Output processing (drivers/tty/n_tty.c: do_output_char): newlines, carriage returns, tabs, and the column
 * the cursor is in, which echo and erasing need.
 */
import { Input, Output } from "../abi/termios.ts";
import { isContinuation, isControl, toUpper } from "./characters.ts";
import type { Termios } from "./termios.ts";

const TAB_COLUMNS = 8;
const [BACKSPACE, TAB, NEWLINE, RETURN, SPACE] = [8, 9, 10, 13, 32] as const;

export class OutputProcessor {
  column = 0;
  /** Column in which the line that is being typed started. */
  canonColumn = 0;

  /** What `byte` becomes on its way out. */
  process(byte: number, { output, input }: Termios): readonly number[] {
    if ((output & Output.OPOST) === 0) return [byte];
    switch (byte) {
      case NEWLINE:
        return this.#newline(output);
      case RETURN:
        return this.#carriageReturn(output);
      case TAB: {
        const spaces = TAB_COLUMNS - (this.column & (TAB_COLUMNS - 1));
        this.column += spaces;
        return (output & Output.TABDLY) === Output.XTABS ? Array<number>(spaces).fill(SPACE) : [byte];
      }
      case BACKSPACE:
        if (this.column > 0) this.column -= 1;
        return [byte];
      default:
        return [this.#plain(byte, output, input)];
    }
  }

  /** How many of the first bytes are plain characters that stay as they are; counts their columns. */
  plainRun(source: Uint8Array, { output, input }: Termios): number {
    if ((output & Output.OLCUC) !== 0) return 0;
    const isUtf8 = (input & Input.IUTF8) !== 0;
    let count = 0;
    for (const byte of source) {
      if (isControl(byte)) break;
      if (!isUtf8 || !isContinuation(byte)) this.column += 1;
      count += 1;
    }
    return count;
  }

  /** Bytes that `process` would give at most. */
  width(byte: number, { output }: Termios): number {
    if (byte === NEWLINE) return (output & Output.ONLCR) === 0 ? 1 : 2;
    if (byte !== TAB || (output & Output.TABDLY) !== Output.XTABS) return 1;
    return TAB_COLUMNS - (this.column & (TAB_COLUMNS - 1));
  }

  #newline(output: number): readonly number[] {
    if ((output & Output.ONLRET) !== 0) this.column = 0;
    if ((output & Output.ONLCR) !== 0) {
      this.canonColumn = this.column = 0;
      return [RETURN, NEWLINE];
    }
    this.canonColumn = this.column;
    return [NEWLINE];
  }

  #carriageReturn(output: number): readonly number[] {
    if ((output & Output.ONOCR) !== 0 && this.column === 0) return [];
    if ((output & Output.OCRNL) === 0) {
      this.canonColumn = this.column = 0;
      return [RETURN];
    }
    if ((output & Output.ONLRET) !== 0) this.canonColumn = this.column = 0;
    return [NEWLINE];
  }

  #plain(byte: number, output: number, input: number): number {
    if (isControl(byte)) return byte;
    const shown = (output & Output.OLCUC) === 0 ? byte : toUpper(byte);
    if ((input & Input.IUTF8) === 0 || !isContinuation(shown)) this.column += 1;
    return shown;
  }
}

/**
 * Echo on its way to the screen (drivers/tty/n_tty.c: echo_buf). One hard idea: it waits as operations, not as
 * bytes, because columns are counted when it is put out: after what a program wrote meanwhile, and not at all
 * when a signal character throws it away.
 */
import type { OutputProcessor } from "./output-processor.ts";
import type { Termios } from "./termios.ts";

/** Operations beyond a plain byte; the low byte is their argument. */
export const Echo = {
  /** A control character as ^X. */
  control: 0x100,
  /** Here the line that is typed begins. */
  setCanonColumn: 0x200,
  /** A further byte of one character took no column. */
  moveBack: 0x300,
  /** Back over a tab that follows so many columns, counted from the line's beginning. */
  eraseTab: 0x400,
  /** The same, counted from a tab before it. */
  eraseTabAfterTab: 0x500,
} as const;

const KIND = 0xff00;
const [BACKSPACE, CARET] = [8, 0x5e] as const;
/** ECHO_OP_START: the byte that begins operations in Linux' buffer has one to stand for itself. */
const ESCAPE = 0xff;
const TAB_COLUMNS = 8;
/** N_TTY_BUF_SIZE. */
const OPERATIONS_MAX = 4096;
/** As much is put out before the typed piece has ended (ECHO_COMMIT_WATERMARK). */
export const ECHO_WATERMARK = 256;

export class EchoQueue {
  #operations: number[] = [];

  get length(): number {
    return this.#operations.length;
  }

  add(operation: number): void {
    if (this.#operations.length < OPERATIONS_MAX) this.#operations.push(operation);
  }

  clear(): void {
    this.#operations = [];
  }

  /** What fits into `room`, as bytes. */
  take(room: number, output: OutputProcessor, termios: Termios): Uint8Array {
    const bytes: number[] = [];
    let done = 0;
    for (const operation of this.#operations) {
      if (bytes.length + widthOf(operation, output, termios) > room) break;
      bytes.push(...perform(operation, output, termios));
      done += 1;
    }
    this.#operations.splice(0, done);
    return Uint8Array.from(bytes);
  }
}

function widthOf(operation: number, output: OutputProcessor, termios: Termios): number {
  if (operation < Echo.control) return output.width(operation, termios);
  return (operation & KIND) === Echo.control ? 2 : TAB_COLUMNS;
}

function perform(operation: number, output: OutputProcessor, termios: Termios): readonly number[] {
  const argument = operation & ~KIND;
  switch (operation & KIND) {
    case Echo.control:
      output.column += 2;
      return [CARET, argument ^ 0x40];
    case Echo.setCanonColumn:
      output.canonColumn = output.column;
      return [];
    case Echo.moveBack:
      output.column = Math.max(0, output.column - 1);
      return [];
    case Echo.eraseTab:
    case Echo.eraseTabAfterTab: {
      const before = (operation & KIND) === Echo.eraseTab ? argument + output.canonColumn : argument;
      const width = TAB_COLUMNS - (before & (TAB_COLUMNS - 1));
      output.column = Math.max(0, output.column - width);
      return Array<number>(width).fill(BACKSPACE);
    }
    default:
      if (argument !== ESCAPE) return output.process(argument, termios);
      output.column += 1; // With OPOST or without.
      return [argument];
  }
}

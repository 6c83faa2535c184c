/**
 * What Linux's n_tty does between a keyboard and a program in canonical mode, over plain pipes:
 * collects a line while echoing it, lets it be edited, hands it over at Enter, and turns ^C, ^\ and
 * ^D into signals and end-of-file. The SDK's own terminal swallows ^C and knows no ^D.
 *
 * The hard idea is erasing: what is rubbed out on the screen is as wide as it was when it was echoed
 * (a tab, "^A", a wide character), so the line is kept as echoed cells, not as bytes. Settings are
 * those of a fresh pty (`stty sane`): ICRNL, ISIG, ICANON, ECHO, ECHOE, ECHOK, ECHOCTL, ECHOKE,
 * IEXTEN, IUTF8; OPOST and ONLCR. A guest cannot change them: WASI has no tcsetattr.
 */
import { concatBytes } from "../../../../layers/base/bytes.ts";

export type TerminalEvent =
  | { readonly kind: "echo"; readonly bytes: Uint8Array }
  | { readonly kind: "input"; readonly bytes: Uint8Array }
  | { readonly kind: "signal"; readonly signal: number }
  | { readonly kind: "endOfFile" };

/** Longest line of canonical input with its newline (N_TTY_BUF_SIZE, drivers/tty/n_tty.c). */
const LINE_BYTES_MAX = 4096;
const TAB_COLUMNS = 8;

const SIGINT = 2;
const SIGQUIT = 3;

const KEY = {
  endOfFile: 0x04, interrupt: 0x03, quit: 0x1c, erase: 0x7f, backspace: 0x08, killLine: 0x15, killWord: 0x17,
  literalNext: 0x16, reprint: 0x12, tab: 0x09, newline: 0x0a, carriageReturn: 0x0d, bell: 0x07, escape: 0x1b,
} as const;

const NEWLINE_ECHO = Uint8Array.of(KEY.carriageReturn, KEY.newline);
const RUB_OUT = Uint8Array.of(KEY.backspace, 0x20, KEY.backspace);
const BELL = Uint8Array.of(KEY.bell);

/** One character of the line: what the program gets and what the screen showed. */
interface Cell {
  readonly bytes: readonly number[];
  readonly columns: number;
  readonly echo: Uint8Array;
}

export class LineDiscipline {
  readonly #emit: (event: TerminalEvent) => void;
  #line: Cell[] = [];
  #lineBytes = 0;
  #isLiteral = false;
  /** Bytes of a UTF-8 sequence still incomplete, and how many are missing. */
  #sequence: number[] = [];
  #missing = 0;
  /** Cursor column, kept up to date by echo and by the program's output. */
  #column = 0;

  constructor(emit: (event: TerminalEvent) => void) {
    this.#emit = emit;
  }

  /** Keys, as xterm sends them. */
  input(bytes: Uint8Array): void {
    for (const byte of bytes) this.#key(byte);
  }

  /** The program's output on its way to the screen: ONLCR. */
  output(bytes: Uint8Array): Uint8Array {
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index] ?? 0;
      if (byte === KEY.newline) {
        pieces.push(bytes.subarray(start, index), NEWLINE_ECHO);
        start = index + 1;
      }
      this.#advance(byte);
    }
    if (start === 0) return bytes;
    return concatBytes([...pieces, bytes.subarray(start)]);
  }

  #key(byte: number): void {
    if (this.#missing > 0 && (byte & 0xc0) === 0x80) {
      this.#sequence.push(byte);
      this.#missing -= 1;
      if (this.#missing === 0) this.#type(this.#sequence.splice(0));
      return;
    }
    this.#sequence = [];
    this.#missing = 0;
    if (this.#isLiteral) {
      this.#isLiteral = false;
      this.#begin(byte);
      return;
    }
    switch (byte) {
      case KEY.interrupt:
        return this.#signal(byte, SIGINT);
      case KEY.quit:
        return this.#signal(byte, SIGQUIT);
      case KEY.endOfFile:
        return this.#handOver([]);
      case KEY.carriageReturn:
      case KEY.newline:
        this.#echo(NEWLINE_ECHO);
        return this.#handOver([KEY.newline]);
      case KEY.erase:
        return this.#eraseLast();
      case KEY.killLine:
        while (this.#line.length > 0) this.#eraseLast();
        return;
      case KEY.killWord:
        return this.#eraseWord();
      case KEY.literalNext:
        this.#isLiteral = true;
        return this.#echo(Uint8Array.of(0x5e, KEY.backspace));
      case KEY.reprint:
        return this.#reprint();
      default:
        return this.#begin(byte);
    }
  }

  /** A byte that is to be typed: alone, or the first of a UTF-8 sequence. */
  #begin(byte: number): void {
    if (byte >= 0xc2 && byte <= 0xf4) {
      this.#sequence = [byte];
      if (byte < 0xe0) this.#missing = 1;
      else this.#missing = byte < 0xf0 ? 2 : 3;
    } else this.#type([byte]);
  }

  #type(bytes: number[]): void {
    // One byte stays free for the newline.
    if (this.#lineBytes + bytes.length >= LINE_BYTES_MAX) return this.#echo(BELL);
    const before = this.#column;
    const echo = echoOf(bytes);
    this.#echo(echo);
    this.#line.push({ bytes, columns: this.#column - before, echo });
    this.#lineBytes += bytes.length;
  }

  #eraseLast(): void {
    const cell = this.#line.pop();
    if (cell === undefined) return;
    this.#lineBytes -= cell.bytes.length;
    for (let column = 0; column < cell.columns; column++) this.#echo(RUB_OUT);
  }

  /** ^W: blanks, then a run of word characters. */
  #eraseWord(): void {
    while (this.#line.length > 0 && isBlank(this.#line.at(-1))) this.#eraseLast();
    while (this.#line.length > 0 && !isBlank(this.#line.at(-1))) this.#eraseLast();
  }

  #reprint(): void {
    this.#echo(Uint8Array.of(0x5e, 0x52));
    this.#echo(NEWLINE_ECHO);
    for (const cell of this.#line) this.#echo(cell.echo);
  }

  #signal(byte: number, signal: number): void {
    this.#echo(echoOf([byte]));
    this.#line = [];
    this.#lineBytes = 0;
    this.#emit({ kind: "signal", signal });
  }

  #handOver(end: readonly number[]): void {
    const bytes = Uint8Array.from([...this.#line.flatMap((cell) => cell.bytes), ...end]);
    this.#line = [];
    this.#lineBytes = 0;
    this.#emit(bytes.length === 0 ? { kind: "endOfFile" } : { kind: "input", bytes });
  }

  #echo(bytes: Uint8Array): void {
    for (const byte of bytes) this.#advance(byte);
    this.#emit({ kind: "echo", bytes });
  }

  /** Follows the cursor: continuation bytes and control characters take no room. */
  #advance(byte: number): void {
    if (byte === KEY.newline || byte === KEY.carriageReturn) this.#column = 0;
    else if (byte === KEY.backspace) this.#column = Math.max(0, this.#column - 1);
    else if (byte === KEY.tab) this.#column += TAB_COLUMNS - (this.#column % TAB_COLUMNS);
    else if (byte >= 0x20 && byte !== KEY.erase && (byte & 0xc0) !== 0x80) this.#column += isWideLead(byte) ? 2 : 1;
  }
}

/** ECHOCTL: control characters but tab are shown as ^X. */
function echoOf(bytes: readonly number[]): Uint8Array {
  const [byte = 0] = bytes;
  if (bytes.length > 1 || byte === KEY.tab) return Uint8Array.from(bytes);
  if (byte < 0x20 || byte === KEY.erase) return Uint8Array.of(0x5e, byte ^ 0x40);
  return Uint8Array.from(bytes);
}

function isBlank(cell: Cell | undefined): boolean {
  return cell?.bytes[0] === 0x20 || cell?.bytes[0] === KEY.tab;
}

/**
 * Whether a character with this first byte takes two columns. U+3000..U+DFFF begin with 0xe3..0xed:
 * nearly all of them are East Asian wide; so is nearly all of what four bytes encode (emoji).
 */
function isWideLead(byte: number): boolean {
  return (byte >= 0xe3 && byte <= 0xed) || byte >= 0xf0;
}

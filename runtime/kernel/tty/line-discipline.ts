/**
 * The line discipline N_TTY (termios(3), drivers/tty/n_tty.c): what is typed becomes what is read, with
 * echo, editing, signals and flow control. One hard idea: input is one queue with two marks: bytes before
 * `committed` are complete lines and can be read in canonical mode, those behind it can still be edited;
 * line ends are kept as flags beside the bytes, so that a change to raw mode shows everything.
 */
import { Input, Local } from "../abi/termios.ts";
import { Signal } from "../abi/signal.ts";
import { isControl, toLower } from "./characters.ts";
import { Echo } from "./echo.ts";
import { eraseInput } from "./erase.ts";
import type { Termios } from "./termios.ts";
import { defaultTermios, DISABLED, keyOf } from "./termios.ts";

/** N_TTY_BUF_SIZE, less the byte that stays free for a line's end. */
const INPUT_BYTES_MAX = 4095;
/** Marks a byte that ends a line; an end-of-file is DISABLED with this mark. */
const END = 0x100;
const [BELL, BACKSPACE, TAB, NEWLINE, RETURN, CARET] = [7, 8, 9, 10, 13, 0x5e] as const;

/** What the discipline asks of its terminal. */
export interface LineSurroundings {
  /** Echo: a byte, or an operation of echo.ts. */
  echo(operation: number): void;
  signal(signal: number): void;
  /** A signal character throws output away that was not taken yet. */
  flushOutput(): void;
  stop(): void;
  start(): void;
  /** Puts out the echo that waits, as far as there is room. */
  showEcho(): void;
  /** By ^S: ^Q, or any key with IXANY, goes on. */
  isStopped(): boolean;
  /** Something can be read now. */
  ready(): void;
}

export class LineDiscipline {
  termios: Termios = defaultTermios();
  readonly #surroundings: LineSurroundings;
  /** Bytes, with END on those that end a line. */
  #queue: number[] = [];
  #committed = 0;
  #isLiteral = false;
  /** Between the "\" and "/" that ECHOPRT puts around erased characters. */
  isErasing = false;

  constructor(surroundings: LineSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Takes typed bytes: how many; less than all when programs have to read first. */
  receive(bytes: Uint8Array): number {
    let count = 0;
    for (const byte of bytes) {
      if (!this.#hasRoom) break;
      this.#receiveByte(byte);
      count += 1;
    }
    return count;
  }

  /** In canonical mode an overlong line takes more, and drops it. */
  get #hasRoom(): boolean {
    return this.#queue.length < INPUT_BYTES_MAX || (this.#has(Local.ICANON) && this.#committed === 0);
  }

  /** Bytes that `read` could give now: FIONREAD. */
  get available(): number {
    if (!this.#has(Local.ICANON)) return this.#queue.length;
    return this.#queue.slice(0, this.#committed).filter((byte) => byte !== (END | DISABLED)).length;
  }

  /** Something can be read: a line, or in raw mode `minimum` bytes. */
  isReadable(minimum: number): boolean {
    return this.#has(Local.ICANON) ? this.#committed > 0 : this.#queue.length >= Math.max(1, minimum);
  }

  /** Reads a line or a part of one; in raw mode what is there. */
  read(target: Uint8Array): number {
    return this.#has(Local.ICANON) ? this.#readLine(target) : this.#readRaw(target);
  }

  /** TCSETS: a change of mode makes what was typed so far readable, or a line. */
  setTermios(termios: Termios): void {
    const isModeChanged = ((this.termios.local ^ termios.local) & Local.ICANON) !== 0;
    this.termios = termios;
    if (isModeChanged) {
      const isCanonical = this.#has(Local.ICANON);
      this.#queue = this.#queue.map((byte) => byte & 0xff);
      this.#committed = isCanonical ? this.#queue.length : 0;
      if (isCanonical && this.#queue.length > 0) this.#queue.push((this.#queue.pop() ?? 0) | END);
      this.#isLiteral = this.isErasing = false;
    }
    if ((termios.input & Input.IXON) === 0 && this.#surroundings.isStopped()) this.#start();
    this.#surroundings.ready();
  }

  /** TCIFLUSH. */
  flush(): void {
    this.#queue = [];
    this.#committed = 0;
    this.#isLiteral = this.isErasing = false;
  }

  /** The line that is being typed. */
  get editable(): readonly number[] {
    return this.#queue.slice(this.#committed);
  }

  /** Drops the last `count` bytes of it. */
  drop(count: number): void {
    this.#queue.length -= count;
  }

  has(flag: keyof typeof Local): boolean {
    return this.#has(Local[flag]);
  }

  /** Echo as typed. */
  echoRaw(...operations: readonly number[]): void {
    for (const operation of operations) this.#surroundings.echo(operation);
  }

  /** Echo of a character: control characters as ^X with ECHOCTL. */
  echo(byte: number): void {
    this.echoRaw(this.#has(Local.ECHOCTL) && isControl(byte) && byte !== TAB ? Echo.control | byte : byte);
  }

  /** ECHOPRT: the slash after what was erased. */
  finishErasing(): void {
    if (!this.isErasing) return;
    this.isErasing = false;
    this.echoRaw(0x2f);
  }

  #has(flag: number): boolean {
    return (this.termios.local & flag) !== 0;
  }

  #is(byte: number, key: Parameters<typeof keyOf>[1]): boolean {
    return byte !== DISABLED && byte === keyOf(this.termios, key);
  }

  #receiveByte(typed: number): void {
    const { input } = this.termios;
    let byte = (input & Input.ISTRIP) !== 0 ? typed & 0x7f : typed;
    if ((input & Input.IUCLC) !== 0 && this.#has(Local.IEXTEN)) byte = toLower(byte);
    const plain = byte;
    if (this.#isLiteral) {
      this.#isLiteral = false;
      this.#append(byte, true);
      return;
    }
    if ((input & Input.IXON) !== 0 && this.#flowControl(byte)) return;
    if (this.#has(Local.ISIG) && this.#signalKey(byte)) return;
    if (this.#surroundings.isStopped() && (input & Input.IXON) !== 0 && (input & Input.IXANY) !== 0) {
      this.#start();
    }
    if (byte === RETURN) {
      if ((input & Input.IGNCR) !== 0) return;
      if ((input & Input.ICRNL) !== 0) byte = NEWLINE;
    } else if (byte === NEWLINE && (input & Input.INLCR) !== 0) byte = RETURN;
    if (this.#has(Local.ICANON) && this.#editKey(byte)) return;
    this.#append(byte, byte === plain);
  }

  #start(): void {
    this.#surroundings.start();
    this.#surroundings.showEcho();
  }

  #flowControl(byte: number): boolean {
    if (this.#is(byte, "VSTART")) this.#start();
    else if (this.#is(byte, "VSTOP")) this.#surroundings.stop();
    else return false;
    return true;
  }

  #signalKey(byte: number): boolean {
    let signal = 0;
    if (this.#is(byte, "VINTR")) signal = Signal.SIGINT;
    else if (this.#is(byte, "VQUIT")) signal = Signal.SIGQUIT;
    else if (this.#is(byte, "VSUSP")) signal = Signal.SIGTSTP;
    else return false;
    this.#surroundings.signal(signal);
    if (!this.#has(Local.NOFLSH)) {
      this.flush();
      this.#surroundings.flushOutput();
    }
    if ((this.termios.input & Input.IXON) !== 0 && this.#surroundings.isStopped()) this.#surroundings.start();
    if (this.#has(Local.ECHO)) this.echo(byte);
    else this.#surroundings.showEcho();
    return true;
  }

  /** Keys of canonical mode; true when `byte` was one. */
  #editKey(byte: number): boolean {
    const isExtended = this.#has(Local.IEXTEN);
    if (this.#is(byte, "VERASE") || this.#is(byte, "VKILL") || (isExtended && this.#is(byte, "VWERASE"))) {
      eraseInput(this, byte);
    } else if (isExtended && this.#is(byte, "VLNEXT")) this.#literalNext();
    else if (isExtended && this.#has(Local.ECHO) && this.#is(byte, "VREPRINT")) this.#reprint(byte);
    else if (byte === NEWLINE) {
      if (this.#has(Local.ECHO) || this.#has(Local.ECHONL)) this.echoRaw(NEWLINE);
      this.#endLine(byte);
    } else if (this.#is(byte, "VEOF")) this.#endLine(DISABLED);
    else if (this.#is(byte, "VEOL") || (isExtended && this.#is(byte, "VEOL2"))) {
      if (this.#has(Local.ECHO)) this.#echoTyped(byte);
      this.#endLine(byte);
    } else return false;
    return true;
  }

  #literalNext(): void {
    this.#isLiteral = true;
    if (!this.#has(Local.ECHO)) return;
    this.finishErasing();
    if (this.#has(Local.ECHOCTL)) this.echoRaw(CARET, BACKSPACE);
  }

  #reprint(byte: number): void {
    this.finishErasing();
    this.echo(byte);
    this.echoRaw(NEWLINE);
    for (const typed of this.editable) this.echo(typed);
  }

  #endLine(byte: number): void {
    this.#queue.push(byte | END);
    this.#committed = this.#queue.length;
    this.#surroundings.ready();
  }

  /** A newline that was typed as such is echoed as ^J in raw mode, one that was made of a return as a newline. */
  #append(byte: number, isAsTyped: boolean): void {
    if (this.#queue.length >= INPUT_BYTES_MAX) {
      if ((this.termios.input & Input.IMAXBEL) !== 0) this.echoRaw(BELL);
      return;
    }
    if (this.#has(Local.ECHO)) {
      this.finishErasing();
      if (byte === NEWLINE && !isAsTyped) this.echoRaw(byte);
      else this.#echoTyped(byte);
    }
    if (byte === 0xff && (this.termios.input & Input.PARMRK) !== 0) this.#queue.push(byte);
    this.#queue.push(byte);
    if (!this.#has(Local.ICANON)) this.#surroundings.ready();
  }

  #echoTyped(byte: number): void {
    if (this.#queue.length === this.#committed) this.echoRaw(Echo.setCanonColumn);
    this.echo(byte);
  }

  #readRaw(target: Uint8Array): number {
    const taken = this.#queue.splice(0, target.length);
    target.set(taken);
    return taken.length;
  }

  /** Up to and with the line's end; an end-of-file is eaten, also one that follows a full buffer. */
  #readLine(target: Uint8Array): number {
    const end = this.#queue.findIndex((byte) => byte >= END);
    const isWhole = end >= 0 && end <= target.length;
    const isEndOfFile = this.#queue[end] === (END | DISABLED);
    const count = Math.min(target.length, end < 0 ? this.#committed : isEndOfFile ? end : end + 1);
    for (let index = 0; index < count; index++) target[index] = this.#queue[index] ?? 0;
    const consumed = isWhole && isEndOfFile ? count + 1 : count;
    this.#queue.splice(0, consumed);
    this.#committed -= consumed;
    return count;
  }
}

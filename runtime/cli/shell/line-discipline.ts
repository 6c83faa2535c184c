/**
 * The terminal between a user and a running command, as a pty's line discipline is: in cooked mode
 * lines are edited, echoed and given on at Enter, ^C is a signal and ^D the end; in raw mode every byte
 * passes.
 */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { characterWidth } from "../format/text.ts";

export interface DisciplineOptions {
  echo(text: string): void;
  signal(name: string): void;
}

const CTRL_C = 3;
const CTRL_D = 4;
const CTRL_U = 21;
const CTRL_W = 23;
const CTRL_BACKSLASH = 28;

/** Input of one command. */
export class LineDiscipline {
  readonly stdin: ByteStream;
  readonly #options: DisciplineOptions;
  readonly #ready: Uint8Array[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;
  #line: string[] = [];
  #isRaw = false;
  #wasRaw = false;
  #isEcho = true;
  readonly #decoder = new TextDecoder();

  constructor(options: DisciplineOptions) {
    this.#options = options;
    // Nothing is taken before it is asked for, so that what is left can be given back.
    this.stdin = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller) },
      { highWaterMark: 0 },
    );
  }

  get isRaw(): boolean {
    return this.#isRaw;
  }

  /** Whether a program had the terminal to itself at any time: it may have changed more than lines. */
  get wasRaw(): boolean {
    return this.#wasRaw;
  }

  setRaw(isRaw: boolean): void {
    this.#isRaw = isRaw;
    this.#wasRaw ||= isRaw;
  }

  setEcho(isEcho: boolean): void {
    this.#isEcho = isEcho;
  }

  /** Bytes from the terminal. */
  feed(bytes: Uint8Array): void {
    if (this.#isRaw) this.#give(bytes.slice());
    else for (const character of this.#decoder.decode(bytes, { stream: true })) this.#cooked(character);
  }

  /** What was typed and not read, for whoever reads next. */
  leftover(): Uint8Array[] {
    const line = this.#line.join("");
    return [...this.#ready.splice(0), ...(line === "" ? [] : [encodeUtf8(line)])];
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (this.#ready.length === 0 && !this.#isEnded)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    const piece = this.#ready.shift();
    if (piece === undefined) controller.close();
    else controller.enqueue(piece);
  }

  #give(bytes: Uint8Array): void {
    this.#ready.push(bytes);
    this.#wake?.();
  }

  #cooked(character: string): void {
    const code = character.charCodeAt(0);
    if (code === CTRL_C || code === CTRL_BACKSLASH) {
      this.#line = [];
      this.#echo(code === CTRL_C ? "^C" : "^\\");
      this.#options.signal(code === CTRL_C ? "SIGINT" : "SIGQUIT");
    } else if (code === CTRL_D) {
      if (this.#line.length > 0) return this.#flush("");
      this.#isEnded = true;
      this.#wake?.();
    } else if (code === 13 || code === 10) {
      this.#echo("\r\n");
      this.#flush("\n");
    } else if (code === 127 || code === 8) {
      this.#erase(1);
    } else if (code === CTRL_U) {
      this.#erase(this.#line.length);
    } else if (code === CTRL_W) {
      this.#erase(/(\S+\s*|\s+)$/.exec(this.#line.join(""))?.[0].length ?? 0);
    } else {
      this.#line.push(character);
      this.#echo(code < 32 && code !== 9 ? `^${String.fromCharCode(code + 64)}` : character);
    }
  }

  #flush(ending: string): void {
    this.#give(encodeUtf8(this.#line.join("") + ending));
    this.#line = [];
  }

  #erase(count: number): void {
    for (const character of this.#line.splice(Math.max(0, this.#line.length - count))) {
      const width = character.charCodeAt(0) < 32 ? 2 : characterWidth(character);
      this.#echo("\b \b".repeat(width));
    }
  }

  #echo(text: string): void {
    if (this.#isEcho && text !== "") this.#options.echo(text);
  }
}

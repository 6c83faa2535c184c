/**
 * A session behind a terminal: prompt, read, run, until the user leaves. It owns the terminal's input:
 * each piece goes to the line editor while a line is read, and to the running command's line
 * discipline otherwise; what nobody has read yet waits for the next.
 */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import type { Clock } from "../../../layers/base/clock.ts";
import type { Disposable } from "../../../layers/base/disposable.ts";
import { disposable } from "../../../layers/base/disposable.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import type { KeyValue } from "../../client/docker-config.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import type { ByteSink, Terminal, TerminalSize } from "../io.ts";
import { ShellExit } from "./builtins.ts";
import type { CommandIo } from "./command-io.ts";
import { complete } from "./completion.ts";
import { Shell } from "./interpreter.ts";
import { KeyDecoder } from "./keys.ts";
import { LineDiscipline } from "./line-discipline.ts";
import { LineEditor } from "./line-editor.ts";
import { IncompleteLine, SyntaxFailure, parseLine } from "./syntax.ts";
import { messageOf } from "../../../layers/base/errors.ts";

export interface ShellIo {
  /** What the terminal sends. The session ends when it does. */
  readonly input: ByteStream;
  /** What the terminal shows. */
  readonly output: ByteSink;
  size(): TerminalSize;
  onResize(listener: () => void): Disposable;
  readonly client: EngineClient;
  /** History and docker's configuration live here. */
  readonly values: KeyValue;
  readonly clock: Clock;
  readonly env?: Readonly<Record<string, string>>;
}

const CONTINUED = "> ";
/**
 * What a program that had the terminal to itself may have left behind, killed or careless: the other screen,
 * a hidden cursor, keypad, scroll region and colours (DECSTR), mouse and paste reports, its title. Each screen has
 * a saved cursor of its own: saving first makes leaving the other one harmless where it is not shown.
 */
const TERMINAL_RESET =
  "\x1b7\x1b[?1049l\x1b[!p\x1b>\x1b[?1000;1002;1003;1004;1006;2004l\x1b]0;\x07";

/** Runs a session and resolves to its exit code. */
export async function runShell(io: ShellIo): Promise<number> {
  return new Session(io).run();
}

class Session {
  readonly #io: ShellIo;
  readonly #shell: Shell;
  readonly #editor: LineEditor;
  readonly #keys = new KeyDecoder();
  readonly #waiting: Uint8Array[] = [];
  #discipline: LineDiscipline | undefined;
  #isClosed = false;
  #isDelivering = false;
  #onClosed: (() => void) | undefined;

  constructor(io: ShellIo) {
    this.#io = io;
    this.#shell = new Shell(io);
    const shell = this.#shell;
    this.#editor = new LineEditor({
      write: (text) => io.output.write(encodeUtf8(text)),
      columns: () => io.size().columns,
      history: shell.history,
      complete: (before) =>
        complete(before, {
          client: io.client,
          variables: () => shell.variableNames(),
          files: () => shell.files.names(),
        }),
    });
  }

  async run(): Promise<number> {
    await this.#shell.history.load();
    const resized = this.#io.onResize(() => void this.#editor.redraw());
    const input = this.#readInput();
    const closed = new Promise<undefined>((resolve) => (this.#onClosed = () => resolve(undefined)));
    try {
      for (;;) {
        const line = await Promise.race([this.#readCommand(), closed]);
        if (line === undefined) break;
        if (line.trim() === "") continue;
        await this.#shell.history.add(line);
        await this.#runLine(line);
        if (this.#isClosed) break;
      }
    } catch (thrown) {
      if (!(thrown instanceof ShellExit)) throw thrown;
      return thrown.exitCode;
    } finally {
      resized.dispose();
      this.#isClosed = true;
      void input.catch(() => undefined); // The terminal is gone, or we are done with it.
    }
    return this.#shell.lastExitCode;
  }

  async #readInput(): Promise<void> {
    try {
      for await (const piece of piecesOf(this.#io.input)) {
        if (this.#isClosed) return;
        this.#waiting.push(...atLineEnds(piece));
        await this.#deliver();
      }
    } finally {
      this.#isClosed = true;
      this.#onClosed?.();
      this.#signal("SIGHUP");
    }
  }

  /** Gives what has come to whoever reads, one line's worth at a time: a line may change who that is. */
  async #deliver(): Promise<void> {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      while (this.#waiting.length > 0) {
        if (this.#discipline !== undefined) {
          const piece = this.#waiting.shift();
          if (piece !== undefined) this.#discipline.feed(piece);
        } else if (this.#editor.isReading) {
          const piece = this.#waiting.shift();
          for (const key of piece === undefined ? [] : this.#keys.feed(piece)) await this.#editor.handle(key);
        } else return;
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  /** A complete command, of several lines perhaps; undefined at the end of the session. */
  async #readCommand(): Promise<string | undefined> {
    let text = "";
    for (;;) {
      const reading = this.#editor.read(text === "" ? this.#prompt() : CONTINUED);
      void this.#deliver();
      const result = await reading;
      if (result.kind === "cancelled") {
        this.#shell.lastExitCode = 130;
        text = "";
        continue;
      }
      if (result.kind === "end") {
        if (text !== "") await this.#say("sh: unexpected end of file\n");
        else await this.#say("exit\n");
        if (text === "") return undefined;
        text = "";
        continue;
      }
      text += result.text;
      if (!isIncomplete(text)) return text;
      text += "\n";
    }
  }

  #prompt(): string {
    const mark = this.#shell.lastExitCode === 0 ? "\x1b[32m$\x1b[0m" : "\x1b[31m$\x1b[0m";
    return `\x1b[1;36mslipway\x1b[0m:\x1b[34m~\x1b[0m${mark} `;
  }

  readonly #listeners = new Set<(name: string) => void>();

  #signal(name: string): void {
    for (const listener of [...this.#listeners]) listener(name);
  }

  async #runLine(line: string): Promise<void> {
    const abort = new AbortController();
    const discipline = new LineDiscipline({
      echo: (text) => void this.#io.output.write(encodeUtf8(text)),
      signal: (name) => this.#signal(name),
    });
    const interrupt = (name: string): void => {
      if (name === "SIGINT" || name === "SIGHUP") abort.abort(name);
    };
    this.#listeners.add(interrupt);
    this.#discipline = discipline;
    const waiting = this.#deliver();
    try {
      await this.#shell.run(line, this.#commandIo(discipline, abort.signal));
    } catch (thrown) {
      if (!(thrown instanceof SyntaxFailure)) throw thrown;
      this.#shell.lastExitCode = 2;
      await this.#say(`sh: ${messageOf(thrown)}\n`);
    } finally {
      await waiting;
      this.#discipline = undefined;
      this.#listeners.delete(interrupt);
      this.#waiting.unshift(...discipline.leftover());
      if (discipline.wasRaw) await this.#io.output.write(encodeUtf8(TERMINAL_RESET));
      if (abort.signal.aborted) await this.#say("\n");
    }
  }

  #commandIo(discipline: LineDiscipline, signal: AbortSignal): CommandIo {
    // Outside raw mode the terminal's driver turns "\n" into "\r\n", as ONLCR does.
    const screen: ByteSink = {
      write: (bytes) => this.#io.output.write(discipline.isRaw ? bytes : withReturns(bytes)),
    };
    const terminal: Terminal = {
      size: () => this.#io.size(),
      onResize: (listener) => this.#io.onResize(listener),
      setRaw: (isRaw) => discipline.setRaw(isRaw),
      setEcho: (isEcho) => discipline.setEcho(isEcho),
    };
    return {
      stdin: discipline.stdin,
      stdout: screen,
      stderr: screen,
      isTerminal: { stdin: true, stdout: true, stderr: true },
      terminal,
      signal,
      onSignal: (listener) => {
        this.#listeners.add(listener);
        return disposable(() => this.#listeners.delete(listener));
      },
    };
  }

  #say(text: string): Promise<void> {
    return this.#io.output.write(withReturns(encodeUtf8(text)));
  }
}

function isIncomplete(text: string): boolean {
  try {
    parseLine(text);
    return false;
  } catch (thrown) {
    if (thrown instanceof IncompleteLine) return true;
    if (thrown instanceof SyntaxFailure) return false; // Running it says what is wrong.
    throw thrown;
  }
}

/** `bytes` cut after each carriage return or newline. */
function atLineEnds(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte !== 10 && byte !== 13) continue;
    pieces.push(bytes.slice(start, index + 1));
    start = index + 1;
  }
  if (start < bytes.length) pieces.push(bytes.slice(start));
  return pieces;
}

function withReturns(bytes: Uint8Array): Uint8Array {
  let count = 0;
  for (const [index, byte] of bytes.entries()) if (byte === 10 && bytes[index - 1] !== 13) count++;
  if (count === 0) return bytes;
  const result = new Uint8Array(bytes.length + count);
  let position = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte === 10 && bytes[index - 1] !== 13) result[position++] = 13;
    result[position++] = byte;
  }
  return result;
}

/**
 * Runs lines of the shell: expands words, joins pipelines, redirects, and hands the words to a builtin
 * or to docker. State (variables, the last exit code, the files) belongs to one session.
 */
import type { Clock } from "../../../layers/base/clock.ts";
import { SlipwayError, messageOf } from "../../../layers/base/errors.ts";
import { streamOf } from "../../../layers/base/streams.ts";
import { DockerConfigStore } from "../../client/docker-config.ts";
import type { KeyValue } from "../../client/docker-config.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import { ExitError } from "../command.ts";
import { runDocker } from "../docker.ts";
import type { ByteSink } from "../io.ts";
import { BUILTINS, ShellExit } from "./builtins.ts";
import type { CommandIo } from "./command-io.ts";
import { Capture, pipe, writeText } from "./command-io.ts";
import { HOME, HomeFiles } from "./files.ts";
import { History } from "./history.ts";
import type { Pipeline, Redirection, SimpleCommand, Word } from "./syntax.ts";
import { SyntaxFailure, parseLine } from "./syntax.ts";

export interface ShellOptions {
  readonly client: EngineClient;
  readonly values: KeyValue;
  readonly clock: Clock;
  readonly env?: Readonly<Record<string, string>>;
}

/** Nested `$( )`: a line that goes deeper is a mistake. */
const SUBSTITUTION_DEPTH_MAX = 20;
const NOT_FOUND = 127;

export class Shell {
  readonly client: EngineClient;
  readonly clock: Clock;
  readonly files = new HomeFiles();
  readonly history: History;
  lastExitCode = 0;
  readonly #config: DockerConfigStore;
  readonly #variables = new Map<string, string>();
  readonly #exported = new Set<string>();
  #depth = 0;

  constructor(options: ShellOptions) {
    this.client = options.client;
    this.clock = options.clock;
    this.history = new History(options.values);
    this.#config = new DockerConfigStore(options.values);
    const env = { HOME, PATH: "/bin", TERM: "xterm-256color", ...options.env };
    for (const [name, value] of Object.entries(env)) this.export(name, value);
  }

  variableNames(): string[] {
    return [...this.#variables.keys()].sort();
  }

  export(name: string, value: string | undefined): void {
    if (value !== undefined) this.#variables.set(name, value);
    this.#exported.add(name);
  }

  exported(): [name: string, value: string][] {
    return [...this.#exported].sort().flatMap((name): [string, string][] => {
      const value = this.#variables.get(name);
      return value === undefined ? [] : [[name, value]];
    });
  }

  unset(names: readonly string[]): void {
    for (const name of names) {
      this.#variables.delete(name);
      this.#exported.delete(name);
    }
  }

  /** Runs `text` and remembers its exit code. @throws ShellExit; SyntaxFailure */
  async run(text: string, io: CommandIo): Promise<number> {
    for (const pipeline of parseLine(text)) {
      if (io.signal.aborted) return (this.lastExitCode = 130);
      if (pipeline.joiner === "&&" && this.lastExitCode !== 0) continue;
      if (pipeline.joiner === "||" && this.lastExitCode === 0) continue;
      const exitCode = await this.#pipeline(pipeline, io);
      this.lastExitCode = pipeline.isNegated ? (exitCode === 0 ? 1 : 0) : exitCode;
    }
    return this.lastExitCode;
  }

  async #pipeline(pipeline: Pipeline, io: CommandIo): Promise<number> {
    const { commands } = pipeline;
    let stdin = io.stdin;
    const running = commands.map((command, index) => {
      const isFirst = index === 0;
      const isLast = index === commands.length - 1;
      const joint = isLast ? undefined : pipe();
      const own: CommandIo = {
        ...io,
        stdin,
        stdout: joint?.sink ?? io.stdout,
        isTerminal: {
          stdin: isFirst && io.isTerminal.stdin,
          stdout: isLast && io.isTerminal.stdout,
          stderr: io.isTerminal.stderr,
        },
      };
      if (joint !== undefined) stdin = joint.readable;
      return this.#guarded(own, () => this.#command(command, own)).finally(async () => {
        await joint?.close();
        // Whoever writes into a pipe that nobody reads any more must learn of it.
        if (!isFirst && !own.stdin.locked) await own.stdin.cancel();
      });
    });
    const exitCodes = await Promise.all(running);
    return exitCodes.at(-1) ?? 0;
  }

  /** Never throws but for `exit`. */
  async #guarded(io: CommandIo, run: () => Promise<number>): Promise<number> {
    try {
      return await run();
    } catch (thrown) {
      if (thrown instanceof ShellExit) throw thrown;
      if (thrown instanceof ExitError) {
        if (thrown.message !== "") await writeText(io.stderr, `${thrown.message}\n`);
        return thrown.exitCode;
      }
      if (
        !(thrown instanceof SlipwayError) &&
        !(thrown instanceof SyntaxFailure) &&
        !(thrown instanceof SyntaxError)
      )
        throw thrown;
      await writeText(io.stderr, `sh: ${messageOf(thrown)}\n`);
      return 1;
    }
  }

  async #command(command: SimpleCommand, io: CommandIo): Promise<number> {
    const words = (await Promise.all(command.words.map((word) => this.#expand(word, io)))).flat();
    const assigned: [string, string][] = [];
    for (const { name, value } of command.assignments)
      assigned.push([name, await this.#expandWhole(value, io)]);
    const redirected = await this.#redirect(command.redirections, io);
    const [name, ...args] = words;
    if (name === undefined) {
      for (const [variable, value] of assigned) this.#variables.set(variable, value);
      return command.words.length === 0 && assigned.length === 0 ? 0 : this.#depthCode(command);
    }
    // Guarded again, so that its errors go where its stderr was sent.
    return this.#guarded(redirected, () => this.#start(name, args, redirected, Object.fromEntries(assigned)));
  }

  /** After bare assignments: the exit code of the last `$( )` in them, or success. */
  #depthCode(command: SimpleCommand): number {
    const hasCommand = command.assignments.some(({ value }) => value.some((part) => part.kind === "command"));
    return hasCommand ? this.lastExitCode : 0;
  }

  async #start(
    name: string,
    args: readonly string[],
    io: CommandIo,
    extra: Readonly<Record<string, string>>,
  ): Promise<number> {
    if (name === "docker") {
      return runDocker(args, {
        ...io,
        env: { ...Object.fromEntries(this.exported()), ...extra },
        config: this.#config,
        client: this.client,
        clock: this.clock,
        files: this.files,
      });
    }
    const builtin = BUILTINS.get(name);
    if (builtin !== undefined) return builtin.run(args, io, this);
    await writeText(io.stderr, `sh: ${name}: command not found\n`);
    return NOT_FOUND;
  }

  async #redirect(redirections: readonly Redirection[], io: CommandIo): Promise<CommandIo> {
    let current = io;
    for (const { descriptor, operator, target } of redirections) {
      const path = await this.#expandWhole(target, io);
      if (operator === "<") {
        const bytes = await this.files.read(path);
        current = {
          ...current,
          stdin: streamOf(...(bytes.length === 0 ? [] : [bytes])),
          isTerminal: { ...current.isTerminal, stdin: false },
        };
        continue;
      }
      const stream = descriptor === 2 ? "stderr" : "stdout";
      if (operator === ">&") {
        const source = path === "2" ? "stderr" : "stdout";
        current = {
          ...current,
          [stream]: current[source],
          isTerminal: { ...current.isTerminal, [stream]: current.isTerminal[source] },
        };
        continue;
      }
      if (operator === ">") await this.files.write(path, new Uint8Array(0));
      const sink: ByteSink = { write: (bytes) => this.files.append(path, bytes) };
      current = { ...current, [stream]: sink, isTerminal: { ...current.isTerminal, [stream]: false } };
    }
    return current;
  }

  /** A word as the fields it becomes: unquoted values are split at white space. */
  async #expand(word: Word, io: CommandIo): Promise<string[]> {
    const fields: string[] = [];
    let current: string | undefined;
    for (const [index, part] of word.entries()) {
      const value = await this.#value(part, io, index === 0);
      if (part.isQuoted || part.kind === "text") {
        current = (current ?? "") + value;
        continue;
      }
      const pieces = value.split(/[ \t\n]+/);
      if (/^[ \t\n]/.test(value) && current !== undefined) {
        fields.push(current);
        current = undefined;
      }
      for (const [position, piece] of pieces.entries()) {
        if (position > 0 && current !== undefined) {
          fields.push(current);
          current = undefined;
        }
        if (piece !== "") current = (current ?? "") + piece;
      }
    }
    if (current !== undefined) fields.push(current);
    return fields;
  }

  async #expandWhole(word: Word, io: CommandIo): Promise<string> {
    let text = "";
    for (const [index, part] of word.entries()) text += await this.#value(part, io, index === 0);
    return text;
  }

  async #value(part: Word[number], io: CommandIo, isFirst: boolean): Promise<string> {
    switch (part.kind) {
      case "text":
        return isFirst && !part.isQuoted ? part.text.replace(/^~(?=\/|$)/, HOME) : part.text;
      case "variable": {
        const value = part.text === "?" ? String(this.lastExitCode) : this.#variables.get(part.text);
        return value === undefined || value === "" ? (part.fallback ?? value ?? "") : value;
      }
      case "command":
        return this.#substitute(part.text, io);
    }
  }

  async #substitute(text: string, io: CommandIo): Promise<string> {
    if (this.#depth >= SUBSTITUTION_DEPTH_MAX)
      throw new SyntaxFailure("command substitution is nested too deeply");
    this.#depth++;
    const capture = new Capture();
    try {
      const own: CommandIo = {
        ...io,
        stdin: streamOf(),
        stdout: capture,
        isTerminal: { ...io.isTerminal, stdin: false, stdout: false },
      };
      await this.run(text, own);
    } catch (thrown) {
      if (!(thrown instanceof ShellExit)) throw thrown;
      this.lastExitCode = thrown.exitCode; // It was the substitution's own to end.
    } finally {
      this.#depth--;
    }
    return capture.text().replace(/\n+$/, "");
  }
}

/** The shell's own commands: few, small, and named and behaving as those of a Unix. */
import { piecesOf } from "../../../layers/base/streams.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import type { CommandIo } from "./command-io.ts";
import { linesOf, writeText } from "./command-io.ts";
import { HOME } from "./files.ts";
import type { Clock } from "../../../layers/base/clock.ts";
import type { HomeFiles } from "./files.ts";
import type { History } from "./history.ts";

/** What builtins may see and change of the session. */
export interface Shell {
  readonly clock: Clock;
  readonly files: HomeFiles;
  readonly history: History;
  readonly lastExitCode: number;
  exported(): [name: string, value: string][];
  export(name: string, value: string | undefined): void;
  unset(names: readonly string[]): void;
}

export interface Builtin {
  readonly use: string;
  readonly summary: string;
  run(args: readonly string[], io: CommandIo, shell: Shell): Promise<number>;
}

/** Thrown by `exit`. */
export class ShellExit extends Error {
  override readonly name = "ShellExit";
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("exit");
    this.exitCode = exitCode;
  }
}

const LINES_DEFAULT = 10;

async function* inputs(
  args: readonly string[],
  io: CommandIo,
  shell: Shell,
): AsyncGenerator<{ name: string; stream: ByteStream }> {
  if (args.length === 0) yield { name: "", stream: io.stdin };
  for (const path of args) {
    if (path === "-") yield { name: "-", stream: io.stdin };
    else {
      const bytes = await shell.files.read(path);
      yield {
        name: path,
        stream: new ReadableStream({
          start: (controller) => (controller.enqueue(bytes), controller.close()),
        }),
      };
    }
  }
}

async function cat(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  for await (const { stream } of inputs(args, io, shell))
    for await (const piece of piecesOf(stream)) await io.stdout.write(piece);
  return 0;
}

async function echo(args: readonly string[], io: CommandIo): Promise<number> {
  let rest = args;
  let ending = "\n";
  let isEscaped = false;
  while (/^-[neE]+$/.test(rest[0] ?? "")) {
    if (rest[0]?.includes("n") === true) ending = "";
    if (rest[0]?.includes("e") === true) isEscaped = true;
    rest = rest.slice(1);
  }
  const text = rest.join(" ");
  await writeText(io.stdout, (isEscaped ? unescape(text) : text) + ending);
  return 0;
}

function unescape(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    n: "\n",
    t: "\t",
    r: "\r",
    e: "\x1b",
    "\\": "\\",
    a: "\x07",
  };
  return text.replace(/\\([ntrea\\])/g, (_whole, letter: string) => escapes[letter] ?? letter);
}

async function grep(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  const flags = args.filter((arg) => /^-[a-zA-Z]+$/.test(arg)).join("");
  const [pattern, ...paths] = args.filter((arg) => !/^-[a-zA-Z]+$/.test(arg));
  if (pattern === undefined) {
    await writeText(io.stderr, "usage: grep [-cinqvFE] PATTERN [FILE...]\n");
    return 2;
  }
  const source = flags.includes("F") ? pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : pattern;
  const expression = new RegExp(source, flags.includes("i") ? "iu" : "u");
  let count = 0;
  for await (const { name, stream } of inputs(paths, io, shell)) {
    let number = 0;
    for await (const line of linesOf(stream)) {
      number++;
      if (expression.test(line) === flags.includes("v")) continue;
      count++;
      if (flags.includes("q")) return 0;
      if (flags.includes("c")) continue;
      const place = `${paths.length > 1 ? `${name}:` : ""}${flags.includes("n") ? `${number}:` : ""}`;
      await writeText(io.stdout, `${place}${line}\n`);
    }
  }
  if (flags.includes("c")) await writeText(io.stdout, `${count}\n`);
  return count > 0 ? 0 : 1;
}

/** "-n 3", "-n3", "-3" */
function lineCount(args: readonly string[]): { count: number; paths: readonly string[] } {
  const [first = "", second = ""] = args;
  if (first === "-n") return { count: Number(second), paths: args.slice(2) };
  const joined = /^-n?(\d+)$/.exec(first)?.[1];
  return joined === undefined
    ? { count: LINES_DEFAULT, paths: args }
    : { count: Number(joined), paths: args.slice(1) };
}

async function head(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  const { count, paths } = lineCount(args);
  for await (const { stream } of inputs(paths, io, shell)) {
    let shown = 0;
    if (count === 0) continue;
    for await (const line of linesOf(stream)) {
      await writeText(io.stdout, `${line}\n`);
      if (++shown >= count) break;
    }
  }
  return 0;
}

async function tail(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  const { count, paths } = lineCount(args);
  for await (const { stream } of inputs(paths, io, shell)) {
    const kept: string[] = [];
    for await (const line of linesOf(stream)) {
      kept.push(line);
      if (kept.length > count) kept.shift();
    }
    await writeText(io.stdout, kept.map((line) => `${line}\n`).join(""));
  }
  return 0;
}

async function sortLines(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  const flags = args.filter((arg) => /^-[nru]+$/.test(arg)).join("");
  const lines: string[] = [];
  for await (const { stream } of inputs(
    args.filter((arg) => !/^-[nru]+$/.test(arg)),
    io,
    shell,
  ))
    for await (const line of linesOf(stream)) lines.push(line);
  const compare = (left: string, right: string): number =>
    (flags.includes("n") ? parseFloat(left) - parseFloat(right) || 0 : 0) ||
    (left < right ? -1 : left > right ? 1 : 0);
  lines.sort(compare);
  if (flags.includes("r")) lines.reverse();
  const shown = flags.includes("u") ? [...new Set(lines)] : lines;
  await writeText(io.stdout, shown.map((line) => `${line}\n`).join(""));
  return 0;
}

async function wc(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  const flags = args.filter((arg) => /^-[lwc]+$/.test(arg)).join("") || "lwc";
  for await (const { name, stream } of inputs(
    args.filter((arg) => !/^-[lwc]+$/.test(arg)),
    io,
    shell,
  )) {
    const counts = { l: 0, w: 0, c: 0 };
    let isInWord = false;
    for await (const piece of piecesOf(stream)) {
      counts.c += piece.length;
      for (const byte of piece) {
        const isSpace = byte === 32 || (byte >= 9 && byte <= 13);
        if (byte === 10) counts.l++;
        if (!isSpace && !isInWord) counts.w++;
        isInWord = !isSpace;
      }
    }
    const asked = (["l", "w", "c"] as const)
      .filter((flag) => flags.includes(flag))
      .map((flag) => counts[flag]);
    const shown =
      asked.length === 1 ? String(asked[0]) : asked.map((count) => String(count).padStart(7)).join("");
    await writeText(io.stdout, `${shown}${name === "" ? "" : ` ${name}`}\n`);
  }
  return 0;
}

async function sleep(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  const seconds = Number(/^([\d.]+)([smh]?)$/.exec(args[0] ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(seconds)) {
    await writeText(io.stderr, `sleep: invalid time interval '${args[0] ?? ""}'\n`);
    return 1;
  }
  const unit = { m: 60, h: 3600 }[/[mh]$/.exec(args[0] ?? "")?.[0] ?? ""] ?? 1;
  return new Promise((resolve) => {
    const timer = shell.clock.after(seconds * unit * 1000, () => resolve(0));
    const stop = (): void => {
      timer.dispose();
      resolve(130);
    };
    io.signal.addEventListener("abort", stop, { once: true });
  });
}

async function history(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  if (args[0] === "-c") {
    await shell.history.clear();
    return 0;
  }
  const { lines } = shell.history;
  const from = args[0] === undefined ? 0 : Math.max(0, lines.length - Number(args[0]));
  const shown = lines.slice(from).map((line, index) => `${String(from + index + 1).padStart(5)}  ${line}\n`);
  await writeText(io.stdout, shown.join(""));
  return 0;
}

async function exportVariables(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  for (const arg of args) {
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      await writeText(io.stderr, `export: \`${arg}': not a valid identifier\n`);
      return 1;
    }
    shell.export(name, equals < 0 ? undefined : arg.slice(equals + 1));
  }
  if (args.length === 0)
    for (const [name, value] of shell.exported()) await writeText(io.stdout, `export ${name}="${value}"\n`);
  return 0;
}

async function help(_args: readonly string[], io: CommandIo): Promise<number> {
  const bold = (text: string): string => (io.isTerminal.stdout ? `\x1b[1m${text}\x1b[0m` : text);
  const dim = (text: string): string => (io.isTerminal.stdout ? `\x1b[2m${text}\x1b[0m` : text);
  const rows = [...BUILTINS].map(
    ([name, builtin]) => `  ${bold(`${name} ${builtin.use}`.trimEnd().padEnd(30))} ${builtin.summary}`,
  );
  const lines = [
    bold("Docker, in this browser tab."),
    "",
    "Try:",
    `  ${bold("docker run --rm hello-wasi".padEnd(30))} run a program in a container`,
    `  ${bold("docker images".padEnd(30))} what is here already`,
    `  ${bold("docker --help".padEnd(30))} everything docker can do`,
    "",
    "Besides docker, this shell has:",
    ...rows,
    "",
    dim("Pipes, < > >> redirections, && || ;, $(…), variables and quotes work as in sh."),
    dim("Tab completes, Up and ^R search what was typed, ^C stops, ^D ends the session."),
    "",
  ];
  await writeText(io.stdout, lines.join("\n"));
  return 0;
}

async function ls(_args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  const long = _args.includes("-l");
  const names = shell.files.names();
  await writeText(
    io.stdout,
    names
      .map((name) => (long ? `${String(shell.files.sizeOf(name)).padStart(10)} ${name}\n` : `${name}\n`))
      .join(""),
  );
  return 0;
}

async function rm(args: readonly string[], _io: CommandIo, shell: Shell): Promise<number> {
  for (const path of args.filter((arg) => !arg.startsWith("-"))) shell.files.remove(path);
  return 0;
}

async function tee(args: readonly string[], io: CommandIo, shell: Shell): Promise<number> {
  for (const path of args) await shell.files.write(path, new Uint8Array(0));
  for await (const piece of piecesOf(io.stdin)) {
    await io.stdout.write(piece);
    for (const path of args) await shell.files.append(path, piece);
  }
  return 0;
}

const builtin = (use: string, summary: string, run: Builtin["run"]): Builtin => ({ use, summary, run });

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map([
  ["cat", builtin("[FILE...]", "show files or standard input", cat)],
  [
    "clear",
    builtin(
      "",
      "clear the screen",
      async (_args, io) => (await writeText(io.stdout, "\x1b[H\x1b[2J\x1b[3J"), 0),
    ),
  ],
  ["echo", builtin("[-ne] [TEXT...]", "write its arguments", echo)],
  [
    "env",
    builtin(
      "",
      "show exported variables",
      async (_args, io, shell) => (
        await writeText(
          io.stdout,
          shell
            .exported()
            .map(([name, value]) => `${name}=${value}\n`)
            .join(""),
        ),
        0
      ),
    ),
  ],
  [
    "exit",
    builtin("[CODE]", "end the session", async (args, _io, shell) => {
      throw new ShellExit(args[0] === undefined ? shell.lastExitCode : Number(args[0]) & 255);
    }),
  ],
  ["export", builtin("[NAME[=VALUE]...]", "give variables to commands", exportVariables)],
  ["false", builtin("", "fail", async () => 1)],
  ["grep", builtin("[-cinqvF] PATTERN [FILE...]", "lines that match", grep)],
  ["head", builtin("[-n COUNT] [FILE...]", "the first lines", head)],
  ["help", builtin("", "this text", help)],
  ["history", builtin("[-c] [COUNT]", "what was typed before", history)],
  ["ls", builtin("[-l]", "the session's files", ls)],
  [
    "pwd",
    builtin("", "the working directory", async (_args, io) => (await writeText(io.stdout, `${HOME}\n`), 0)),
  ],
  ["rm", builtin("FILE...", "remove the session's files", rm)],
  ["sleep", builtin("SECONDS", "wait", sleep)],
  ["sort", builtin("[-nru] [FILE...]", "lines in order", sortLines)],
  ["tail", builtin("[-n COUNT] [FILE...]", "the last lines", tail)],
  ["tee", builtin("[FILE...]", "copy to files and onwards", tee)],
  ["true", builtin("", "succeed", async () => 0)],
  ["unset", builtin("NAME...", "forget variables", async (args, _io, shell) => (shell.unset(args), 0))],
  ["wc", builtin("[-lwc] [FILE...]", "count lines, words, bytes", wc)],
]);

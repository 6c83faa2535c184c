/**
 * The `docker` command: finds the command, reads its flags, runs it, and turns whatever is thrown into
 * Docker's words and exit codes (125 when docker itself failed, the container's own otherwise).
 */
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { messageOf } from "../../layers/base/errors.ts";
import type { ArgumentCount, Command } from "./command.ts";
import { CommandContext, ExitError } from "./command.ts";
import { GROUPS, commandNamed } from "./command-table.ts";
import { errorText, isCancelled } from "./error-text.ts";
import { FlagError } from "./flag-values.ts";
import { parseFlags } from "./flags.ts";
import { GLOBAL_FLAGS, commandHelp, groupHelp, helpTopic, rootHelp } from "./help.ts";
import type { DockerIo } from "./io.ts";
import { NOT_YET } from "./not-yet.ts";
import { CLIENT_COMMIT, CLIENT_VERSION } from "./version.ts";

/** The exit code of a mistake on the command line, and of docker's own failures in run. */
const DOCKER_FAILED = 125;
/** Without a terminal, help is wrapped as for one of this width. */
const COLUMNS_DEFAULT = 80;

/** Runs `docker ARGS...` and resolves to its exit code; never throws for what a user can cause. */
export async function runDocker(args: readonly string[], io: DockerIo): Promise<number> {
  const abort = new AbortController();
  const signals = io.onSignal((name) => {
    if (name === "SIGINT" || name === "SIGTERM") abort.abort(name);
  });
  try {
    return await new Docker(io, abort.signal).run(args);
  } finally {
    signals.dispose();
  }
}

class Docker {
  readonly #io: DockerIo;
  readonly #signal: AbortSignal;

  constructor(io: DockerIo, signal: AbortSignal) {
    this.#io = io;
    this.#signal = signal;
  }

  async run(args: readonly string[]): Promise<number> {
    const columns = this.#columns();
    let words: readonly string[];
    try {
      const { flags, positional, wantsHelp } = parseFlags(GLOBAL_FLAGS, args, { isInterspersed: false });
      if (wantsHelp) return await this.#out(rootHelp(columns));
      if (flags.bool("version"))
        return await this.#out(`Docker version ${CLIENT_VERSION}, build ${CLIENT_COMMIT}\n`);
      words = positional;
    } catch (thrown) {
      return this.#usageError(thrown, "docker", "docker [OPTIONS] COMMAND [ARG...]");
    }
    if (words.length === 0) return this.#err(rootHelp(columns), 0);
    if (words[0] === "help") return this.#help(words.slice(1), columns);
    const found = commandNamed(words);
    if (found !== undefined) return this.#command(found.command, found.path, found.args);
    return this.#group(words, columns);
  }

  async #help(words: readonly string[], columns: number): Promise<number> {
    const page = helpTopic(
      words.filter((word) => word !== "--help"),
      columns,
    );
    if (page !== undefined) return this.#out(page);
    return this.#err(`unknown help topic: ${words.join(" ")}\n`, 1);
  }

  /** `docker container`, `docker container bogus`, `docker bogus`. */
  async #group(words: readonly string[], columns: number): Promise<number> {
    const [name = "", ...rest] = words;
    const summary = GROUPS.get(name);
    if (summary === undefined) {
      if (words.includes("--help")) return this.#out(rootHelp(columns));
      return this.#unknown(name, "", "docker");
    }
    try {
      const { positional, wantsHelp } = parseFlags([], rest, { isInterspersed: true });
      if (wantsHelp) return await this.#out(groupHelp(name, summary));
      if (positional[0] === undefined) return await this.#err(groupHelp(name, summary), 0);
      return await this.#unknown(`${name} ${positional[0]}`, `Usage:  docker ${name}\n\n`, `docker ${name}`);
    } catch (thrown) {
      return this.#usageError(thrown, `docker ${name}`, `docker ${name}`);
    }
  }

  #unknown(name: string, usage: string, caller: string): Promise<number> {
    const notYet = NOT_YET.has(name) ? `\n'docker ${name}' is not part of Slipway yet.\n` : "";
    const text = `docker: unknown command: docker ${name}\n\n${usage}Run '${caller} --help' for more information\n${notYet}`;
    return this.#err(text, 1);
  }

  async #command(command: Command, path: string, args: readonly string[]): Promise<number> {
    const usage = `docker ${path}${command.use === "" ? "" : ` ${command.use}`}`;
    try {
      const isInterspersed = command.stopsAtPositional !== true;
      const { flags, positional, wantsHelp } = parseFlags(command.flags, args, { isInterspersed });
      if (wantsHelp) return await this.#out(commandHelp(command, path, this.#columns()));
      for (const warning of flags.warnings) await this.#out(`${warning}\n`);
      const problem = countProblem(command.arguments, positional.length);
      if (problem !== undefined) return await this.#countError(problem, command, path, usage);
      for (const spec of flags.given()) {
        if (spec.isNotYet === true && flags.string(spec.name) !== spec.fallback) {
          throw new ExitError(DOCKER_FAILED, `docker: the flag --${spec.name} is not part of Slipway yet`);
        }
        if (spec.isWindows === true) {
          throw new ExitError(
            1,
            `"--${spec.name}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`,
          );
        }
      }
      return await command.run(new CommandContext(this.#io, flags, positional, path, this.#signal));
    } catch (thrown) {
      if (thrown instanceof FlagError) return this.#usageError(thrown, `docker ${path}`, usage);
      return this.#failed(thrown, command, path);
    }
  }

  #failed(thrown: unknown, command: Command, path: string): Promise<number> {
    if (this.#signal.aborted && isCancelled(thrown)) {
      return this.#err("", this.#signal.reason === "SIGTERM" ? 143 : 130);
    }
    if (thrown instanceof ExitError)
      return this.#err(thrown.message === "" ? "" : `${thrown.message}\n`, thrown.exitCode);
    if (!(thrown instanceof Error)) throw thrown;
    const text = errorText(thrown);
    if (command.isRun === true)
      return this.#err(
        `docker: ${text}\n\nRun 'docker ${path} --help' for more information\n`,
        DOCKER_FAILED,
      );
    return this.#err(text === "" ? "" : `${text}\n`, 1);
  }

  #countError(problem: string, command: Command, path: string, usage: string): Promise<number> {
    // Docker's own slips: "See" for one validator, "SRun" for another.
    const verbs = { none: "Run", exactly: "Run", atLeast: "See", atMost: "SRun", range: "Run" };
    const hint = `${verbs[command.arguments.kind]} 'docker ${path} --help' for more information`;
    return this.#err(`docker: 'docker ${path}' ${problem}\n\nUsage:  ${usage}\n\n${hint}\n`, 1);
  }

  #usageError(thrown: unknown, caller: string, usage: string): Promise<number> {
    if (!(thrown instanceof FlagError)) throw thrown;
    const text = `${messageOf(thrown)}\n\nUsage:  ${usage}\n\nRun '${caller} --help' for more information\n`;
    return this.#err(text, DOCKER_FAILED);
  }

  #columns(): number {
    return this.#io.isTerminal.stdin
      ? (this.#io.terminal?.size().columns ?? COLUMNS_DEFAULT)
      : COLUMNS_DEFAULT;
  }

  async #out(text: string): Promise<number> {
    await this.#io.stdout.write(encodeUtf8(text));
    return 0;
  }

  async #err(text: string, exitCode: number): Promise<number> {
    if (text !== "") await this.#io.stderr.write(encodeUtf8(text));
    return exitCode;
  }
}

function countProblem(wanted: ArgumentCount, count: number): string | undefined {
  const plural = (number: number): string => `${number} argument${number === 1 ? "" : "s"}`;
  switch (wanted.kind) {
    case "none":
      return count === 0 ? undefined : "accepts no arguments";
    case "exactly":
      return count === wanted.count ? undefined : `requires ${plural(wanted.count)}`;
    case "atLeast":
      return count >= wanted.count ? undefined : `requires at least ${plural(wanted.count)}`;
    case "atMost":
      return count <= wanted.count ? undefined : `requires at most ${plural(wanted.count)}`;
    case "range": {
      const { least, most } = wanted;
      if (count >= least && count <= most) return undefined;
      return `requires at least ${least} and at most ${plural(most)}`;
    }
  }
}

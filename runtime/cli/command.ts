/**
 * A docker command: what its help says, which flags and arguments it takes, and what it does. The table
 * of all of them is command-table.ts.
 */
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import type { EngineClient } from "../client/engine-client.ts";
import type { FlagSpec, Flags } from "./flags.ts";
import type { DockerIo } from "./io.ts";

/** How many arguments, in the terms of docker/cli's validators. */
export type ArgumentCount =
  | { readonly kind: "none" }
  | { readonly kind: "exactly"; readonly count: number }
  | { readonly kind: "atLeast"; readonly count: number }
  | { readonly kind: "atMost"; readonly count: number }
  | { readonly kind: "range"; readonly least: number; readonly most: number };

export interface Command {
  /** After the command's name: "[OPTIONS] CONTAINER [CONTAINER...]". */
  readonly use: string;
  readonly summary: string;
  /** Every way to call it, the one under its object first: ["container rm", "container remove", "rm"]. */
  readonly names: readonly string[];
  readonly flags: readonly FlagSpec[];
  readonly arguments: ArgumentCount;
  /** Shown instead of the summary above the usage, where docker has more to say. */
  readonly description?: string;
  /** Flags stop at the first positional argument. */
  readonly stopsAtPositional?: boolean;
  /** Not its exit code alone: the errors of these commands end with 125 and a hint. */
  readonly isRun?: boolean;
  run(context: CommandContext): Promise<number>;
}

/** An error that is reported with an exit code of its own and, when the message is empty, in silence. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly exitCode: number;

  constructor(exitCode: number, message = "") {
    super(message);
    this.exitCode = exitCode;
  }
}

/** One run of a command. */
export class CommandContext {
  readonly io: DockerIo;
  readonly flags: Flags;
  readonly args: readonly string[];
  /** As typed: "container rm". */
  readonly path: string;
  /** Aborts on ^C. */
  readonly signal: AbortSignal;

  constructor(io: DockerIo, flags: Flags, args: readonly string[], path: string, signal: AbortSignal) {
    this.io = io;
    this.flags = flags;
    this.args = args;
    this.path = path;
    this.signal = signal;
  }

  get client(): EngineClient {
    return this.io.client;
  }

  /** The argument at `index`, which the command's argument count promises. */
  arg(index: number): string {
    const arg = this.args[index];
    if (arg === undefined) throw fail("invalidParameter", `argument ${index + 1} is missing`);
    return arg;
  }

  out(text: string): Promise<void> {
    return this.io.stdout.write(encodeUtf8(text));
  }

  err(text: string): Promise<void> {
    return this.io.stderr.write(encodeUtf8(text));
  }

  nowSeconds(): number {
    return Number(this.io.clock.nowNs() / 1_000_000n) / 1000;
  }
}

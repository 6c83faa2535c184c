/**
 * Flags as Docker's client parses them (spf13/pflag): long and short names, bundles (`-it`), values
 * joined or apart, `--`, and the very words of every error. Values are checked while parsing, so that
 * errors come in the order of the command line.
 */
import type { FlagSpec } from "./flag-spec.ts";
import { FlagError, checkFlagValue } from "./flag-values.ts";

export type { FlagSpec };

export class Flags {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #values = new Map<string, string[]>();
  readonly warnings: string[] = [];

  constructor(specs: readonly FlagSpec[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  /** Whether the flag was on the command line. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  string(name: string): string {
    return this.#values.get(name)?.at(-1) ?? this.#specs.get(name)?.fallback ?? "";
  }

  bool(name: string): boolean {
    return isTrue(this.string(name));
  }

  int(name: string): number {
    return Number(this.string(name));
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The names given, in alphabetical order, as pflag visits them. */
  given(): readonly FlagSpec[] {
    return [...this.#values.keys()].sort().flatMap((name) => this.#specs.get(name) ?? []);
  }

  set(spec: FlagSpec, value: string): void {
    checkFlagValue(spec, value);
    const name = spec.deprecatedFor ?? spec.name;
    if (spec.deprecatedFor !== undefined) {
      this.warnings.push(`Flag --${spec.name} has been deprecated, use --${spec.deprecatedFor} instead`);
    }
    const values = this.#values.get(name) ?? [];
    values.push(value);
    this.#values.set(name, values);
  }
}

/** strconv.ParseBool's idea of true. */
export function isTrue(text: string): boolean {
  return ["1", "t", "T", "true", "TRUE", "True"].includes(text);
}

export interface ParsedArguments {
  readonly flags: Flags;
  readonly positional: readonly string[];
  readonly wantsHelp: boolean;
}

const HELP: FlagSpec = { name: "help", type: "bool", usage: "Print usage", isHidden: true };

export interface ParseOptions {
  /** Whether flags may follow positional arguments (not for run, create and the top level). */
  readonly isInterspersed: boolean;
}

/** Reads `args`. @throws FlagError in pflag's words. */
export function parseFlags(
  specs: readonly FlagSpec[],
  args: readonly string[],
  options: ParseOptions,
): ParsedArguments {
  const reader = new ArgumentReader(
    specs.some((spec) => spec.name === "help") ? specs : [...specs, HELP],
    args,
  );
  const positional: string[] = [];
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (word === "--") {
      positional.push(...reader.rest());
    } else if (word.startsWith("--")) {
      reader.long(word);
    } else if (word.startsWith("-") && word.length > 1) {
      reader.shorts(word);
    } else {
      positional.push(word);
      if (!options.isInterspersed) positional.push(...reader.rest());
    }
    if (reader.flags.has("help")) return { flags: reader.flags, positional, wantsHelp: true };
  }
  return { flags: reader.flags, positional, wantsHelp: false };
}

class ArgumentReader {
  readonly flags: Flags;
  readonly #byName: ReadonlyMap<string, FlagSpec>;
  readonly #byShort: ReadonlyMap<string, FlagSpec>;
  readonly #args: string[];

  constructor(specs: readonly FlagSpec[], args: readonly string[]) {
    this.flags = new Flags(specs);
    this.#byName = new Map(specs.map((spec) => [spec.name, spec]));
    this.#byShort = new Map(specs.flatMap((spec) => (spec.short === undefined ? [] : [[spec.short, spec]])));
    this.#args = [...args];
  }

  next(): string | undefined {
    return this.#args.shift();
  }

  rest(): string[] {
    return this.#args.splice(0);
  }

  long(word: string): void {
    const body = word.slice(2);
    if (body.startsWith("-") || body.startsWith("=")) throw new FlagError(`bad flag syntax: ${word}`);
    const equals = body.indexOf("=");
    const name = equals < 0 ? body : body.slice(0, equals);
    const spec = this.#byName.get(name);
    if (spec === undefined) throw new FlagError(`unknown flag: --${name}`);
    if (equals >= 0) this.flags.set(spec, body.slice(equals + 1));
    else if (spec.type === "bool") this.flags.set(spec, "true");
    else this.flags.set(spec, this.#value(`flag needs an argument: --${name}`));
  }

  shorts(word: string): void {
    const letters = word.slice(1);
    for (let rest = letters; rest !== "";) {
      const letter = rest.charAt(0);
      const spec = this.#byShort.get(letter);
      if (spec === undefined) {
        if (letter === "h") return this.flags.set(HELP, "true");
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${rest}`);
      }
      const after = rest.slice(1);
      if (after.startsWith("=") && after.length > 1) return this.flags.set(spec, after.slice(1));
      if (spec.type === "bool") {
        this.flags.set(spec, "true");
        rest = after;
      } else {
        const missing = `flag needs an argument: '${letter}' in -${rest}`;
        return this.flags.set(spec, after === "" ? this.#value(missing) : after);
      }
    }
  }

  #value(missing: string): string {
    const value = this.next();
    if (value === undefined) throw new FlagError(missing);
    return value;
  }
}

/**
 * What Tab offers: commands, docker's commands and flags, names of containers and images from the
 * engine, variables and files. The word under the cursor is found by the shell's own rules as far as a
 * line being written allows.
 */
import type { EngineClient } from "../../client/engine-client.ts";
import { SlipwayError } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";
import { COMMANDS, GROUPS, commandNamed } from "../command-table.ts";
import { BUILTINS } from "./builtins.ts";
import type { Completion } from "./line-editor.ts";

export interface CompletionSource {
  readonly client: EngineClient;
  variables(): readonly string[];
  files(): readonly string[];
}

/** What the arguments of a command name: by the words of its usage line. */
type ArgumentKind = "container" | "running" | "image" | "none";

/** The engine is asked for names at most this long, so that Tab never hangs. */
const ENGINE_TIMEOUT_MS = 1500;

export async function complete(before: string, source: CompletionSource): Promise<Completion> {
  const segment = before.slice(
    Math.max(...[";", "|", "&", "(", "`"].map((mark) => before.lastIndexOf(mark))) + 1,
  );
  const words = segment.split(/[ \t]+/).filter((word, index, all) => word !== "" || index === all.length - 1);
  while (words.length > 1 && /^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0] ?? "")) words.shift();
  const word = words.at(-1) ?? "";
  const start =
    Array.from(new Intl.Segmenter().segment(before)).length -
    Array.from(new Intl.Segmenter().segment(word)).length;
  const candidates = (await candidatesFor(words.slice(0, -1), word, source)).filter((name) =>
    name.startsWith(word),
  );
  return { start, candidates: [...new Set(candidates)].sort() };
}

async function candidatesFor(
  words: readonly string[],
  word: string,
  source: CompletionSource,
): Promise<string[]> {
  if (word.startsWith("$")) return source.variables().map((name) => `$${name}`);
  const [name, ...rest] = words;
  if (/^[<>]/.test(words.at(-1) ?? "")) return [...source.files()];
  if (name === undefined) return ["docker", ...BUILTINS.keys()];
  if (name === "docker") return dockerCandidates(rest, word, source);
  return [...source.files()];
}

async function dockerCandidates(
  words: readonly string[],
  word: string,
  source: CompletionSource,
): Promise<string[]> {
  const plain = words.filter((candidate, index) => index > 0 || !candidate.startsWith("-"));
  const found = commandNamed(plain);
  if (found === undefined) {
    const [group] = plain;
    if (group === undefined || group === "help")
      return [...topLevel(), ...(word.startsWith("-") ? ["--help", "--version"] : [])];
    if (!GROUPS.has(group) || plain.length > 1) return [];
    return COMMANDS.flatMap(({ names: [path = ""] }) =>
      path.startsWith(`${group} `) ? [path.slice(group.length + 1)] : [],
    );
  }
  if (word.startsWith("-")) return flagNames(found.command);
  const kind = argumentKind(found.command, found.args);
  return kind === "none" ? [] : names(kind, source.client);
}

function topLevel(): string[] {
  return [
    ...GROUPS.keys(),
    "help",
    ...COMMANDS.flatMap((command) => command.names.filter((path) => !path.includes(" "))),
  ];
}

function flagNames(command: Command): string[] {
  const shown = command.flags.filter((spec) => spec.isHidden !== true && spec.isWindows !== true);
  return ["--help", ...shown.map((spec) => `--${spec.name}`)];
}

function argumentKind(command: Command, args: readonly string[]): ArgumentKind {
  const { use } = command;
  const positional = positionals(command, args);
  if (use.includes("IMAGE [COMMAND]")) return positional === 0 ? "image" : "none";
  if (/\b(SOURCE_IMAGE|IMAGE|NAME\[:TAG|REPOSITORY)/.test(use)) return "image";
  if (!use.includes("CONTAINER") && !use.includes("NAME|ID")) return "none";
  if (!use.includes("[CONTAINER...]") && !use.includes("NAME|ID") && positional > 0) return "none";
  const isForRunning = ["stop", "kill", "attach", "top", "wait"].includes(command.names.at(-1) ?? "");
  return isForRunning ? "running" : "container";
}

/** How many arguments `args` holds, flags and their values apart. */
function positionals(command: Command, args: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (!arg.startsWith("-")) count++;
    else if (!arg.includes("=") && takesValue(command, arg)) index++;
  }
  return count;
}

function takesValue(command: Command, arg: string): boolean {
  const isLong = arg.startsWith("--");
  const spec = command.flags.find((flag) => (isLong ? `--${flag.name}` === arg : flag.short === arg.at(-1)));
  return spec !== undefined && spec.type !== "bool";
}

async function names(kind: Exclude<ArgumentKind, "none">, client: EngineClient): Promise<string[]> {
  const signal = AbortSignal.timeout(ENGINE_TIMEOUT_MS);
  try {
    if (kind === "image") {
      const images = await client.images.imageList({ signal });
      return images
        .flatMap((image) => (image.RepoTags as string[] | null) ?? [])
        .filter((name) => !name.startsWith("<none>"));
    }
    const containers = await client.containers.containerList({ all: kind === "container", signal });
    return containers.flatMap((container) => (container.Names ?? []).map((name) => name.replace(/^\//, "")));
  } catch (thrown) {
    if (thrown instanceof SlipwayError) return []; // No names is the best answer without an engine.
    throw thrown;
  }
}

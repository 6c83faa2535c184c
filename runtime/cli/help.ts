/** The help pages: of a command, of a group of commands, and of docker itself. */
import type { Command } from "./command.ts";
import { COMMANDS, GROUPS, commandNamed } from "./command-table.ts";
import type { FlagSpec } from "./flags.ts";
import { flagUsages } from "./usage.ts";

/** The client's own flags, before any command (docker/cli: cli/flags). */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  {
    name: "config",
    type: "string",
    fallback: "/root/.docker",
    usage: "Location of client config files",
  },
  {
    name: "context",
    short: "c",
    type: "string",
    usage:
      'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
  },
  { name: "debug", short: "D", type: "bool", usage: "Enable debug mode" },
  { name: "host", short: "H", type: "list", usage: "Daemon socket to connect to" },
  {
    name: "log-level",
    short: "l",
    type: "string",
    fallback: "info",
    usage: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
  },
  { name: "tls", type: "bool", usage: "Use TLS; implied by --tlsverify" },
  {
    name: "tlscacert",
    type: "string",
    fallback: "/root/.docker/ca.pem",
    usage: "Trust certs signed only by this CA",
  },
  {
    name: "tlscert",
    type: "string",
    fallback: "/root/.docker/cert.pem",
    usage: "Path to TLS certificate file",
  },
  {
    name: "tlskey",
    type: "string",
    fallback: "/root/.docker/key.pem",
    usage: "Path to TLS key file",
  },
  { name: "tlsverify", type: "bool", usage: "Use TLS and verify the remote" },
  { name: "version", short: "v", type: "bool", usage: "Print version information and quit" },
];

/** Shown first on docker's own page, in this order. */
const COMMON = [
  "run",
  "exec",
  "ps",
  "build",
  "pull",
  "push",
  "images",
  "login",
  "logout",
  "search",
  "version",
  "info",
];

/** The page of `command`, called as `path`. */
export function commandHelp(command: Command, path: string, columns: number): string {
  const shown = command.flags.some((spec) => spec.isHidden !== true);
  const parts = [
    `Usage:  docker ${path}${command.use === "" ? "" : ` ${command.use}`}`,
    command.description ?? command.summary,
  ];
  if (command.names.length > 1)
    parts.push(`Aliases:\n  ${command.names.map((name) => `docker ${name}`).join(", ")}`);
  if (shown) parts.push(`Options:\n${flagUsages(command.flags, columns - 1)}`);
  return `${parts.join("\n\n")}\n`;
}

/** The page of a management command. */
export function groupHelp(group: string, summary: string): string {
  const rows = COMMANDS.flatMap((command) => {
    const name = command.names.find((candidate) => candidate.startsWith(`${group} `));
    return name === undefined ? [] : [[name.slice(group.length + 1), command.summary] as const];
  });
  return [
    `Usage:  docker ${group} COMMAND`,
    summary,
    commandRows("Commands", rows),
    `Run 'docker ${group} COMMAND --help' for more information on a command.\n`,
  ].join("\n\n");
}

/** docker's own page: only commands that exist. */
export function rootHelp(columns: number): string {
  const top = COMMANDS.flatMap((command) =>
    command.names
      .filter((name) => !name.includes(" "))
      .map((name) => [name, command.summary] as const),
  );
  const common = COMMON.flatMap((name) => top.filter(([candidate]) => candidate === name));
  const others = top
    .filter(([name]) => !COMMON.includes(name))
    .sort(([left], [right]) => (left < right ? -1 : 1));
  const groups = [...GROUPS].sort(([left], [right]) => (left < right ? -1 : 1));
  return [
    "Usage:  docker [OPTIONS] COMMAND",
    "A self-sufficient runtime for containers",
    commandRows("Common Commands", common),
    commandRows("Management Commands", groups),
    commandRows("Commands", others),
    `Global Options:\n${flagUsages(GLOBAL_FLAGS, columns - 1)}`,
    "Run 'docker COMMAND --help' for more information on a command.",
    "For more help on how to use Docker, head to https://docs.docker.com/go/guides/\n",
  ].join("\n\n");
}

/** cobra pads names to eleven, whatever they are. */
const NAME_COLUMNS = 11;

function commandRows(title: string, rows: readonly (readonly [string, string])[]): string {
  const sorted =
    title === "Common Commands"
      ? rows
      : [...rows].sort(([left], [right]) => (left < right ? -1 : 1));
  return `${title}:\n${sorted.map(([name, summary]) => `  ${name.padEnd(NAME_COLUMNS)} ${summary}`).join("\n")}`;
}

/** The page asked for by `docker help …`; undefined when there is no such topic. */
export function helpTopic(words: readonly string[], columns: number): string | undefined {
  if (words.length === 0) return rootHelp(columns);
  const found = commandNamed(words);
  if (found !== undefined) return commandHelp(found.command, found.path, columns);
  const summary = GROUPS.get(words[0] ?? "");
  return summary === undefined || words.length > 1 ? undefined : groupHelp(words[0] ?? "", summary);
}

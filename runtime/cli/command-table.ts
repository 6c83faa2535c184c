/** Every docker command there is, and the management commands that hold them. */
import type { Command } from "./command.ts";
import { attach, start } from "./commands/attach.ts";
import { commit } from "./commands/commit.ts";
import { kill, pause, rename, restart, rm, stop, unpause, wait } from "./commands/container-ends.ts";
import { diff, exportContainer } from "./commands/container-files.ts";
import { cp } from "./commands/cp.ts";
import { systemDf } from "./commands/disk-usage.ts";
import { events } from "./commands/events.ts";
import { exec } from "./commands/exec.ts";
import { history } from "./commands/history.ts";
import { rmi, tag } from "./commands/image-names.ts";
import { images } from "./commands/images.ts";
import { info } from "./commands/info.ts";
import { containerInspect, imageInspect, inspect } from "./commands/inspect.ts";
import { login, logout } from "./commands/login.ts";
import { logs } from "./commands/logs.ts";
import { containerPrune, imagePrune, systemPrune } from "./commands/prune.ts";
import { port } from "./commands/port.ts";
import { ps } from "./commands/ps.ts";
import { pull, push } from "./commands/pull.ts";
import { create, run } from "./commands/run.ts";
import { stats } from "./commands/stats.ts";
import { top } from "./commands/top.ts";
import { update } from "./commands/update.ts";
import { version } from "./commands/version.ts";

export const COMMANDS: readonly Command[] = [
  ...[
    run,
    create,
    start,
    attach,
    stop,
    kill,
    restart,
    rm,
    rename,
    wait,
    logs,
    top,
    exec,
    pause,
    unpause,
    update,
    diff,
    cp,
    exportContainer,
    commit,
    stats,
    port,
    ps,
    containerInspect,
    containerPrune,
  ],
  ...[images, pull, push, tag, rmi, history, imageInspect, imagePrune],
  ...[inspect, login, logout, version, info, events, systemDf, systemPrune],
];

/** Management commands and what their help says they do. */
export const GROUPS: ReadonlyMap<string, string> = new Map([
  ["container", "Manage containers"],
  ["image", "Manage images"],
  ["system", "Manage Docker"],
]);

const BY_NAME: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => command.names.map((name) => [name, command] as const)),
);

/** The command that `words` begin with, what it was called as, and the words after it. */
export function commandNamed(
  words: readonly string[],
): { command: Command; path: string; args: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const path = words.slice(0, length).join(" ");
    const command = BY_NAME.get(path);
    if (command !== undefined && words.length >= length)
      return { command, path: properPath(command, path), args: words.slice(length) };
  }
  return undefined;
}

/** An alias under its object ("container ps") reports itself by the object's own name for it. */
function properPath(command: Command, path: string): string {
  return path.includes(" ") ? (command.names[0] ?? path) : path;
}

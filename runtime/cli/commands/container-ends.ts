/**
 * The commands that take a list of containers and do one thing to each: start without attaching has
 * its own file; these print each name that worked and report the failures at the end.
 */
import { fail, isKind } from "../../../layers/base/errors.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { errorText } from "../error-text.ts";
import type { FlagSpec } from "../flags.ts";

/** As docker/cli runs them: at most this many at once (container: parallelOperation). */
const PARALLEL_MAX = 50;

/**
 * Does `act` to each of `names`, prints those that worked in order, throws the failures together. What
 * resolves to false has said all there is to say itself.
 */
export async function forEachName(
  context: CommandContext,
  names: readonly string[],
  act: (name: string) => Promise<unknown>,
): Promise<number> {
  const failures: string[] = [];
  for (let start = 0; start < names.length; start += PARALLEL_MAX) {
    const batch = names.slice(start, start + PARALLEL_MAX);
    const results = await Promise.allSettled(batch.map(act));
    for (const [index, result] of results.entries()) {
      const name = batch[index] ?? "";
      if (result.status === "fulfilled") await context.out(result.value === false ? "" : `${name}\n`);
      else if (isKind(result.reason, "cancelled")) throw result.reason;
      else failures.push(errorText(result.reason));
    }
  }
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  return 0;
}

const SIGNAL: FlagSpec = {
  name: "signal",
  short: "s",
  type: "string",
  usage: "Signal to send to the container",
};
const TIMEOUT: FlagSpec = {
  name: "timeout",
  short: "t",
  type: "int",
  usage: "Seconds to wait before killing the container",
};
const TIME: FlagSpec = {
  name: "time",
  type: "int",
  usage: "Seconds to wait before killing the container",
  isHidden: true,
  deprecatedFor: "timeout",
};
const ONE_OR_MORE = "[OPTIONS] CONTAINER [CONTAINER...]";

function stopOptions(context: CommandContext): {
  signalName?: string;
  timeoutSeconds?: number;
  signal: AbortSignal;
} {
  const { flags, signal } = context;
  return {
    signal,
    ...(flags.has("signal") ? { signalName: flags.string("signal") } : {}),
    ...(flags.has("timeout") ? { timeoutSeconds: flags.int("timeout") } : {}),
  };
}

export const stop: Command = {
  names: ["container stop", "stop"],
  use: ONE_OR_MORE,
  summary: "Stop one or more running containers",
  flags: [SIGNAL, TIMEOUT, TIME],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) =>
    forEachName(context, context.args, (name) =>
      context.client.containers.containerStop(name, stopOptions(context)),
    ),
};

export const restart: Command = {
  names: ["container restart", "restart"],
  use: ONE_OR_MORE,
  summary: "Restart one or more containers",
  flags: [SIGNAL, TIMEOUT, TIME],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) =>
    forEachName(context, context.args, (name) =>
      context.client.containers.containerRestart(name, stopOptions(context)),
    ),
};

export const pause: Command = {
  names: ["container pause", "pause"],
  use: "CONTAINER [CONTAINER...]",
  summary: "Pause all processes within one or more containers",
  flags: [],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) =>
    forEachName(context, context.args, (name) =>
      context.client.containers.containerPause(name, context.signal),
    ),
};

export const unpause: Command = {
  names: ["container unpause", "unpause"],
  use: "CONTAINER [CONTAINER...]",
  summary: "Unpause all processes within one or more containers",
  flags: [],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) =>
    forEachName(context, context.args, (name) =>
      context.client.containers.containerUnpause(name, context.signal),
    ),
};

export const kill: Command = {
  names: ["container kill", "kill"],
  use: ONE_OR_MORE,
  summary: "Kill one or more running containers",
  flags: [SIGNAL],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) =>
    forEachName(context, context.args, (name) =>
      context.client.containers.containerKill(name, context.flags.string("signal"), context.signal),
    ),
};

export const rm: Command = {
  names: ["container rm", "container remove", "rm"],
  use: ONE_OR_MORE,
  summary: "Remove one or more containers",
  flags: [
    {
      name: "force",
      short: "f",
      type: "bool",
      usage: "Force the removal of a running container (uses SIGKILL)",
    },
    { name: "link", short: "l", type: "bool", usage: "Remove the specified link" },
    {
      name: "volumes",
      short: "v",
      type: "bool",
      usage: "Remove anonymous volumes associated with the container",
    },
  ],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) => {
    const { flags, signal } = context;
    const options = {
      force: flags.bool("force"),
      link: flags.bool("link"),
      volumes: flags.bool("volumes"),
      signal,
    };
    return forEachName(context, context.args, async (name) => {
      const id = name.replace(/^\/+|\/+$/g, "");
      if (id === "") throw fail("invalidParameter", "Container name cannot be empty");
      try {
        await context.client.containers.containerDelete(id, options);
      } catch (thrown) {
        // --force is also force of habit: what is not there is removed.
        if (!(options.force && isKind(thrown, "notFound"))) throw thrown;
        await context.err(`${errorText(thrown)}\n`);
        return false;
      }
      return true;
    });
  },
};

export const wait: Command = {
  names: ["container wait", "wait"],
  use: "CONTAINER [CONTAINER...]",
  summary: "Block until one or more containers stop, then print their exit codes",
  flags: [],
  arguments: { kind: "atLeast", count: 1 },
  async run(context) {
    const failures: string[] = [];
    for (const name of context.args) {
      try {
        const { ended } = await context.client.containers.containerWait(name, "not-running", context.signal);
        await context.out(`${(await ended).StatusCode}\n`);
      } catch (thrown) {
        if (isKind(thrown, "cancelled")) throw thrown;
        failures.push(errorText(thrown));
      }
    }
    if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
    return 0;
  },
};

export const rename: Command = {
  names: ["container rename", "rename"],
  use: "CONTAINER NEW_NAME",
  summary: "Rename a container",
  flags: [],
  arguments: { kind: "exactly", count: 2 },
  async run(context) {
    const [from, to] = [context.arg(0).trim(), context.arg(1).trim()];
    if (from === "" || to === "")
      throw fail("invalidParameter", "Error: Neither old nor new names may be empty");
    try {
      await context.client.containers.containerRename(from, to, context.signal);
    } catch (thrown) {
      if (isKind(thrown, "cancelled")) throw thrown;
      await context.err(`${errorText(thrown)}\n`);
      throw new ExitError(1, `Error: failed to rename container named ${from}`);
    }
    return 0;
  },
};

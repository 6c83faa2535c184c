/** docker attach and docker start: joining a container that exists already. */
import { DisposableStore } from "../../../layers/base/disposable.ts";
import { fail, isKind } from "../../../layers/base/errors.ts";
import type { ContainerInspectResponse } from "../../api/schema/types.ts";
import { followSize, proxySignals, runSession } from "../attach-session.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { errorText } from "../error-text.ts";
import type { FlagSpec } from "../flags.ts";

const DETACH_KEYS: FlagSpec = {
  name: "detach-keys",
  type: "string",
  usage: "Override the key sequence for detaching a container",
};

export const attach: Command = {
  names: ["container attach", "attach"],
  use: "[OPTIONS] CONTAINER",
  summary: "Attach local standard input, output, and error streams to a running container",
  flags: [
    DETACH_KEYS,
    { name: "no-stdin", type: "bool", usage: "Do not attach STDIN" },
    { name: "sig-proxy", type: "bool", fallback: "true", usage: "Proxy all received signals to the process" },
  ],
  arguments: { kind: "exactly", count: 1 },
  async run(context) {
    const { client, flags } = context;
    const name = context.arg(0);
    const { value } = await client.containers.containerInspect(name, { signal: context.signal });
    const state = value.State;
    if (state?.Running !== true)
      throw fail("conflict", "You cannot attach to a stopped container, start it first");
    if (state.Paused === true)
      throw fail("conflict", "You cannot attach to a paused container, unpause it first");
    if (state.Restarting === true)
      throw fail("conflict", "You cannot attach to a restarting container, wait until it is running");
    const id = value.Id ?? name;
    const { ended } = await client.containers.containerWait(id, "not-running");
    ended.catch(() => undefined); // Not awaited when the user detaches.
    const wantsStdin = !flags.bool("no-stdin") && (value.Config?.OpenStdin ?? false);
    const end = await join(context, value, {
      wantsStdin,
      proxies: flags.bool("sig-proxy"),
      start: undefined,
    });
    if (end === "detached") {
      await context.err("read escape sequence\n");
      return 0;
    }
    return (await ended).StatusCode;
  },
};

interface JoinOptions {
  readonly wantsStdin: boolean;
  readonly proxies: boolean;
  /** Called when everything is in place. */
  readonly start: (() => Promise<void>) | undefined;
}

async function join(
  context: CommandContext,
  container: ContainerInspectResponse,
  options: JoinOptions,
): Promise<"ended" | "detached"> {
  const { client, io, flags } = context;
  const store = new DisposableStore();
  const abort = new AbortController();
  const id = container.Id ?? "";
  const isTty = container.Config?.Tty ?? false;
  try {
    if (options.proxies && !isTty) store.add(proxySignals(io, client, id));
    const detachKeys = flags.string("detach-keys") || ((await io.config.read()).detachKeys ?? "");
    const attachment = await client.containers.containerAttach(id, {
      stdin: options.wantsStdin,
      stdout: true,
      stderr: true,
      stream: true,
      detachKeys,
      isTty,
      signal: abort.signal,
    });
    const session = runSession(io, {
      attachment,
      isTty,
      hasStdin: options.wantsStdin,
      detachKeys,
      hasOutput: true,
    });
    session.catch(() => undefined); // Awaited below, unless the start fails first.
    await options.start?.();
    if (isTty) store.add(await followSize(io, (size) => client.containers.containerResize(id, size)));
    return await session;
  } finally {
    store.dispose();
    abort.abort();
  }
}

export const start: Command = {
  names: ["container start", "start"],
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Start one or more stopped containers",
  flags: [
    { name: "attach", short: "a", type: "bool", usage: "Attach STDOUT/STDERR and forward signals" },
    DETACH_KEYS,
    { name: "interactive", short: "i", type: "bool", usage: "Attach container's STDIN" },
  ],
  arguments: { kind: "atLeast", count: 1 },
  run: (context) =>
    context.flags.bool("attach") || context.flags.bool("interactive")
      ? startAttached(context)
      : startAll(context),
};

async function startAttached(context: CommandContext): Promise<number> {
  const { client, flags, args } = context;
  if (args.length > 1)
    throw fail("invalidParameter", "you cannot start and attach multiple containers at once");
  const { value } = await client.containers.containerInspect(context.arg(0), { signal: context.signal });
  const id = value.Id ?? context.arg(0);
  const condition = value.HostConfig?.AutoRemove === true ? "removed" : "next-exit";
  let ended: Promise<{ StatusCode: number }> | undefined;
  const end = await join(context, value, {
    wantsStdin: flags.bool("interactive") && (value.Config?.OpenStdin ?? false),
    proxies: true,
    start: async () => {
      ({ ended } = await client.containers.containerWait(id, condition));
      ended.catch(() => undefined); // Awaited below, unless the start fails first.
      await client.containers.containerStart(id);
    },
  });
  if (end === "detached" || ended === undefined) return 0;
  return (await ended).StatusCode;
}

async function startAll(context: CommandContext): Promise<number> {
  const failed: string[] = [];
  for (const name of context.args) {
    try {
      await context.client.containers.containerStart(name, { signal: context.signal });
      await context.out(`${name}\n`);
    } catch (thrown) {
      if (isKind(thrown, "cancelled")) throw thrown;
      await context.err(`${errorText(thrown)}\n`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new ExitError(1, `Error: failed to start containers: ${failed.join(", ")}`);
  return 0;
}

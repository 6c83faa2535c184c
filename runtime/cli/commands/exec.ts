/** docker exec: a further command in a running container (docker/cli: container/exec.go). */
import { DisposableStore } from "../../../layers/base/disposable.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { ExecConfig } from "../../client/execs.ts";
import { followSize, runSession } from "../attach-session.ts";
import type { Command, CommandContext } from "../command.ts";
import { environment } from "../container-config.ts";
import { checkTty } from "./run.ts";

export const exec: Command = {
  names: ["container exec", "exec"],
  use: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  summary: "Execute a command in a running container",
  flags: [
    { name: "detach", short: "d", type: "bool", usage: "Detached mode: run command in the background" },
    { name: "detach-keys", type: "string", usage: "Override the key sequence for detaching a container" },
    { name: "env", short: "e", type: "list", usage: "Set environment variables" },
    { name: "env-file", type: "list", usage: "Read in a file of environment variables" },
    { name: "interactive", short: "i", type: "bool", usage: "Keep STDIN open even if not attached" },
    { name: "privileged", type: "bool", usage: "Give extended privileges to the command" },
    { name: "tty", short: "t", type: "bool", usage: "Allocate a pseudo-TTY" },
    {
      name: "user",
      short: "u",
      type: "string",
      usage: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
    },
    { name: "workdir", short: "w", type: "string", usage: "Working directory inside the container" },
  ],
  arguments: { kind: "atLeast", count: 2 },
  stopsAtPositional: true,
  async run(context) {
    const { client, flags, signal } = context;
    const [container = "", ...command] = context.args;
    const config = await configOf(context, command);
    // Says that there is no such container before it says that stdin is no terminal.
    await client.containers.containerInspect(container, { signal });
    checkTty(context);
    const id = await client.execs.containerExec(container, config, signal);
    if (id === "") throw fail("system", "exec ID empty");
    const options = { Tty: config.Tty ?? false, ...consoleSize(context) };
    if (!flags.bool("detach")) return runAttached(context, id, config, options);
    await client.execs.execStartDetached(id, options, signal);
    return 0;
  },
};

async function configOf(context: CommandContext, command: readonly string[]): Promise<ExecConfig> {
  const { flags, io } = context;
  const isAttached = !flags.bool("detach");
  const env = await environment(context);
  return {
    User: flags.string("user"),
    Privileged: flags.bool("privileged"),
    Tty: flags.bool("tty"),
    ...(isAttached ? {} : { Detach: true }),
    AttachStdin: isAttached && flags.bool("interactive"),
    AttachStderr: isAttached,
    AttachStdout: isAttached,
    DetachKeys: flags.string("detach-keys") || ((await io.config.read()).detachKeys ?? ""),
    Env: env,
    WorkingDir: flags.string("workdir"),
    Cmd: command,
    ...consoleSize(context),
  };
}

function consoleSize({ flags, io }: CommandContext): Pick<ExecConfig, "ConsoleSize"> {
  const size = flags.bool("tty") && io.isTerminal.stdout ? io.terminal?.size() : undefined;
  return size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] };
}

async function runAttached(
  context: CommandContext,
  id: string,
  config: ExecConfig,
  options: Pick<ExecConfig, "Tty" | "ConsoleSize">,
): Promise<number> {
  const { client, io } = context;
  const store = new DisposableStore();
  const abort = new AbortController();
  const isTty = config.Tty === true;
  try {
    const attachment = await client.execs.execStart(id, options, abort.signal);
    const session = runSession(io, {
      attachment,
      isTty,
      hasStdin: config.AttachStdin === true,
      detachKeys: config.DetachKeys ?? "",
      hasOutput: true,
    });
    session.catch(() => undefined); // Awaited below.
    if (isTty) store.add(await followSize(io, (size) => client.execs.execResize(id, size)));
    if ((await session) === "detached") return 0;
    const { ExitCode: exitCode } = await client.execs.execInspect(id);
    return exitCode ?? 0;
  } finally {
    store.dispose();
    abort.abort();
  }
}

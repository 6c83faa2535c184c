/**
 * docker run and docker create. The order of run's calls is what makes it right: attach and wait are
 * in place before start, so no output and no exit code can be missed.
 */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { DisposableStore } from "../../../layers/base/disposable.ts";
import { fail, isKind, messageOf } from "../../../layers/base/errors.ts";
import type { ContainerCreateRequest, ContainerWaitResponse } from "../../api/schema/types.ts";
import { followSize, proxySignals, runSession } from "../attach-session.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { createRequest } from "../container-config.ts";
import { CONTAINER_FLAGS } from "../container-flags.ts";
import { errorText } from "../error-text.ts";
import type { FlagSpec } from "../flags.ts";
import { familiarReference, parseImageName, withDefaultTag } from "../references.ts";
import { pullImage } from "./pull.ts";

const PULL_FLAG = (usage: string): FlagSpec => ({ name: "pull", type: "string", fallback: "missing", usage });
const USE = "[OPTIONS] IMAGE [COMMAND] [ARG...]";

export const create: Command = {
  names: ["container create", "create"],
  use: USE,
  summary: "Create a new container",
  flags: [...CONTAINER_FLAGS, PULL_FLAG('Pull image before creating ("always", "|missing", "never")')],
  arguments: { kind: "atLeast", count: 1 },
  stopsAtPositional: true,
  isRun: true,
  async run(context) {
    const request = await requestOf(context);
    try {
      const id = await createContainer(context, request);
      await context.out(`${id}\n`);
    } catch (thrown) {
      throw plainly(thrown);
    }
    return 0;
  },
};

export const run: Command = {
  names: ["container run", "run"],
  use: USE,
  summary: "Create and run a new container from an image",
  flags: [
    ...CONTAINER_FLAGS,
    { name: "detach", short: "d", type: "bool", usage: "Run container in background and print container ID" },
    { name: "detach-keys", type: "string", usage: "Override the key sequence for detaching a container" },
    PULL_FLAG('Pull image before running ("always", "missing", "never")'),
    { name: "sig-proxy", type: "bool", fallback: "true", usage: "Proxy received signals to the process" },
  ],
  arguments: { kind: "atLeast", count: 1 },
  stopsAtPositional: true,
  isRun: true,
  async run(context) {
    if (context.flags.bool("detach") && context.flags.has("attach")) {
      throw new ExitError(1, "conflicting options: cannot specify both --attach and --detach");
    }
    checkTty(context);
    const request = await requestOf(context);
    const created = { id: await createContainer(context, request), request };
    return context.flags.bool("detach") ? runDetached(context, created) : runAttached(context, created);
  },
};

/** A terminal inside needs one outside, when stdin is wanted. */
export function checkTty(context: CommandContext): void {
  const { flags, io } = context;
  const wantsStdin = flags.has("attach")
    ? flags.list("attach").some((name) => name.toLowerCase() === "stdin")
    : flags.bool("interactive");
  if (flags.bool("detach") || !flags.bool("tty") || !wantsStdin || io.isTerminal.stdin) return;
  throw new ExitError(1, "the input device is not a TTY");
}

interface Created {
  readonly id: string;
  readonly request: ContainerCreateRequest;
}

/** A failure with its own message and exit code 1, without run's hint. */
function plainly(thrown: unknown): unknown {
  return isKind(thrown, "cancelled") || thrown instanceof ExitError
    ? thrown
    : new ExitError(1, errorText(thrown));
}

/** The request the flags ask for, checked as far as the client checks. */
async function requestOf(context: CommandContext): Promise<ContainerCreateRequest> {
  const policy = context.flags.string("pull");
  if (!["always", "missing", "never"].includes(policy)) {
    throw fail(
      "invalidParameter",
      `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
    );
  }
  return createRequest(context);
}

async function createContainer(context: CommandContext, request: ContainerCreateRequest): Promise<string> {
  const { flags, client, signal } = context;
  const policy = flags.string("pull");
  const image = imageOf(request.Image ?? "");
  const platform = flags.string("platform");
  const options = {
    name: flags.string("name"),
    ...(platform === "" ? {} : { platform: platform.toLowerCase() }),
    signal,
  };
  const pull = async (): Promise<void> => {
    if (image === undefined) return;
    await pullImage(context, image, { platform, stream: flags.bool("quiet") ? "none" : "stderr" });
  };
  if (policy === "always") await pull();
  let created: { Id: string; Warnings: string[] | null };
  try {
    created = await client.containers.containerCreate(request, options);
  } catch (thrown) {
    if (!isKind(thrown, "notFound") || image === undefined || policy !== "missing") throw thrown;
    if (!flags.bool("quiet"))
      await context.err(`Unable to find image '${familiarReference(image)}' locally\n`);
    await pull();
    created = await client.containers.containerCreate(request, options);
  }
  for (const warning of created.Warnings ?? []) await context.err(`WARNING: ${warning}\n`);
  const idFile = flags.string("cidfile");
  if (idFile !== "") await writeIdFile(context, idFile, created.Id);
  return created.Id;
}

/** The name to pull, when what was given is a name and not an image's id. */
function imageOf(text: string): ReturnType<typeof parseImageName> | undefined {
  if (/^(sha256:)?[a-f0-9]{64}$/.test(text)) return undefined;
  return withDefaultTag(parseImageName(text));
}

async function writeIdFile(context: CommandContext, path: string, id: string): Promise<void> {
  if (context.io.files === undefined)
    throw fail(
      "invalidParameter",
      `failed to create the container ID file: open ${path}: no such file or directory`,
    );
  await context.io.files.write(path, encodeUtf8(id));
}

async function runDetached(context: CommandContext, { id }: Created): Promise<number> {
  try {
    await context.client.containers.containerStart(id, { signal: context.signal });
  } catch (thrown) {
    await context.out(`${id}\n`);
    throw startFailure(thrown, context);
  }
  await context.out(`${id}\n`);
  return 0;
}

async function runAttached(context: CommandContext, { id, request }: Created): Promise<number> {
  const { client, io, flags } = context;
  const store = new DisposableStore();
  const isTty = request.Tty === true;
  // From here on ^C belongs to the container, so the command's own signal is not passed along.
  const abort = new AbortController();
  try {
    if (flags.bool("sig-proxy")) store.add(proxySignals(io, client, id));
    const hasStreams =
      request.AttachStdin === true || request.AttachStdout === true || request.AttachStderr === true;
    const detachKeys = flags.string("detach-keys") || ((await io.config.read()).detachKeys ?? "");
    const attachment = hasStreams
      ? await client.containers
          .containerAttach(id, {
            stdin: request.AttachStdin ?? false,
            stdout: request.AttachStdout ?? false,
            stderr: request.AttachStderr ?? false,
            stream: true,
            detachKeys,
            isTty,
            signal: abort.signal,
          })
          .catch((thrown: unknown) => {
            throw plainly(thrown);
          })
      : undefined;
    const session =
      attachment === undefined
        ? undefined
        : {
            attachment,
            isTty,
            detachKeys,
            hasStdin: request.AttachStdin ?? false,
            hasOutput: request.AttachStdout === true || request.AttachStderr === true,
          };
    const { ended } = await client.containers.containerWait(
      id,
      flags.bool("rm") ? "removed" : "next-exit",
      abort.signal,
    );
    ended.catch(() => undefined); // Awaited below, unless the start fails first.
    const running = session === undefined ? undefined : runSession(io, session);
    running?.catch(() => undefined); // Awaited below, likewise.
    try {
      await client.containers.containerStart(id);
    } catch (thrown) {
      abort.abort();
      await running?.catch(() => undefined); // Ended by the abort.
      throw startFailure(thrown, context);
    }
    if (isTty) store.add(await followSize(io, (size) => client.containers.containerResize(id, size)));
    if ((await running) === "detached") return 0;
    return await exitCodeOf(await ended, context);
  } finally {
    store.dispose();
    abort.abort();
  }
}

async function exitCodeOf(response: ContainerWaitResponse, context: CommandContext): Promise<number> {
  const message = response.Error?.Message ?? "";
  if (message === "") return response.StatusCode;
  await context.err(`Error waiting for container: ${message}\n`);
  return 125;
}

/** A start that fails says why by its exit code too: 126 not executable, 127 not found. */
export function startFailure(thrown: unknown, context: CommandContext): ExitError {
  const text = messageOf(thrown);
  const hint = `\n\nRun 'docker ${context.path} --help' for more information`;
  return new ExitError(startExitCode(text), `docker: ${errorText(thrown)}${hint}`);
}

function startExitCode(text: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(text))
    return 127;
  if (/permission denied|not a directory|is a directory|exec format error/.test(text)) return 126;
  return 125;
}

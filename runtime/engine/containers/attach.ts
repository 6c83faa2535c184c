/**
 * `docker attach`: a client joins a container's streams, before it starts or while it runs. What the
 * client writes goes to stdin until it ends its side; what the program writes comes back until the
 * run ends, the client goes away, or it types the detach keys.
 */
import { fail, isKind } from "../../../layers/base/errors.ts";
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import { DetachKeys, parseDetachKeys } from "./detach-keys.ts";
import { readLog } from "./log-reader.ts";
import type { OutputListener, OutputName, StandardStreams } from "./standard-streams.ts";

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** What was written so far, from the log. */
  readonly logs: boolean;
  /** What comes from now on. */
  readonly stream: boolean;
  /** Such as "ctrl-p,ctrl-q"; empty: Docker's default. */
  readonly detachKeys: string;
}

export interface AttachedClient {
  readonly input: ByteStream;
  write(name: OutputName, piece: Uint8Array): Promise<void>;
  readonly signal: AbortSignal;
}

export interface Attachment {
  readonly hasTerminal: boolean;
  /** Runs until the client is done with. */
  serve(client: AttachedClient): Promise<void>;
}

/** Checks that `nameOrId` can be attached to. `notFound`, `conflict`, `invalidParameter`. */
export function attachContainer(
  context: EngineContext,
  nameOrId: string,
  options: AttachOptions,
): Attachment {
  const keys = parseDetachKeys(options.detachKeys);
  const container = context.containers.get(nameOrId);
  const { state } = container.record;
  if (state.isPaused)
    throw fail("conflict", `container ${nameOrId} is paused, unpause the container before attach`);
  if (state.isRestarting) {
    throw fail("conflict", `container ${nameOrId} is restarting, wait until the container is running`);
  }
  containerEvent(context, container, "attach");
  return {
    hasTerminal: container.record.config.Tty,
    serve: (client) => serveClient(context, container, options, keys, client),
  };
}

/** What a client can join: a container's first process, or an exec. */
export interface StreamTarget {
  readonly streams: StandardStreams;
  readonly hasStdin: boolean;
  readonly hasTerminal: boolean;
  /** The client's end of input is the program's. */
  readonly closesStdin: boolean;
  onDetach(): void;
  /** Between registering for output and passing it on. */
  beforeOutput(): Promise<void>;
}

function serveClient(
  context: EngineContext,
  container: Container,
  options: AttachOptions,
  keys: readonly number[],
  client: AttachedClient,
): Promise<void> {
  const { config } = container.record;
  const target: StreamTarget = {
    streams: container.streams,
    hasStdin: config.OpenStdin,
    hasTerminal: config.Tty,
    closesStdin: config.StdinOnce && !config.Tty,
    onDetach: () => containerEvent(context, container, "detach"),
    beforeOutput: async () => {
      if (options.logs) await replay(context, container, options, client);
    },
  };
  return serveStreams(target, options, keys, client);
}

/** Runs until the process has ended, the client has gone or typed the detach keys. */
export async function serveStreams(
  target: StreamTarget,
  options: Pick<AttachOptions, "stdin" | "stdout" | "stderr" | "stream">,
  keys: readonly number[],
  client: AttachedClient,
): Promise<void> {
  const done = new AbortController();
  const finish = (): void => done.abort();
  client.signal.addEventListener("abort", finish, { once: true });
  const outputs = options.stream ? listenFor(target.streams, options, client, finish) : undefined;
  try {
    // The listener is registered already: output that comes during the replay waits behind it.
    await target.beforeOutput();
    outputs?.release();
    if (options.stream) await streamUntilDone(target, { options, keys, client, done });
  } finally {
    outputs?.dispose();
    client.signal.removeEventListener("abort", finish);
    done.abort();
  }
}

type Wanted = Pick<AttachOptions, "stdin" | "stdout" | "stderr">;

interface Serving {
  readonly options: Wanted;
  readonly keys: readonly number[];
  readonly client: AttachedClient;
  readonly done: AbortController;
}

async function streamUntilDone(target: StreamTarget, serving: Serving): Promise<void> {
  const { options, client, done } = serving;
  const ended = new Promise<void>((resolve) => {
    if (done.signal.aborted) resolve();
    done.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  // A client without outputs and without stdin would wait for nothing.
  if (!options.stdout && !options.stderr && !options.stdin) return;
  if (options.stdin && target.hasStdin) {
    void copyInput(target, serving);
  } else {
    client.input.cancel().catch(() => undefined); // The carrier has ended it already.
  }
  await ended;
}

/** Registers for output now, delivers it once `release` is called. */
function listenFor(
  streams: StandardStreams,
  options: Wanted,
  client: AttachedClient,
  finish: () => void,
): { release(): void; dispose(): void } {
  let release = (): void => undefined;
  const isReleased = new Promise<void>((resolve) => (release = resolve));
  let last: Promise<void> = isReleased;
  const listener: OutputListener = {
    write(name, piece) {
      if (!(name === "stdout" ? options.stdout : options.stderr)) return undefined;
      last = last.then(() => client.write(name, piece));
      return last;
    },
    end() {
      // The client still gets what is on its way.
      void last.then(finish, finish);
    },
  };
  const listening = streams.listen(listener);
  return { release, dispose: () => listening.dispose() };
}

async function copyInput(target: StreamTarget, serving: Serving): Promise<void> {
  const { client, keys, done } = serving;
  const detach = new DetachKeys(keys);
  try {
    for await (const piece of piecesOf(client.input)) {
      const { bytes, isDetached } = detach.filter(piece);
      if (bytes.length > 0 && !(await target.streams.write(bytes, done.signal))) return;
      if (!isDetached) continue;
      target.onDetach();
      done.abort();
      return;
    }
    if (target.closesStdin) await target.streams.closeStdin(done.signal);
    else done.abort(); // As moby: the client's end of input ends its outputs too.
  } catch (thrown) {
    // The connection broke: the client is gone, the container goes on.
    if (!isKind(thrown, "cancelled")) done.abort();
  }
}

async function replay(
  context: EngineContext,
  container: Container,
  options: AttachOptions,
  client: AttachedClient,
): Promise<void> {
  if (container.log === undefined) return;
  const entries = readLog(container.log, context.storage.files, {
    tail: undefined,
    sinceNs: undefined,
    untilNs: undefined,
    ended: undefined,
    signal: client.signal,
  });
  for await (const entry of entries) {
    if (entry.stream === "stdout" ? options.stdout : options.stderr)
      await client.write(entry.stream, encodeUtf8(entry.text));
  }
}

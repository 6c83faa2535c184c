/**
 * `docker exec`: a further process in a running container. Execs are not records: they live as long as
 * the task they run in, and can be inspected until the container is removed or started again.
 */
import { SlipwayError, fail, messageOf } from "../../../layers/base/errors.ts";
import type { ConsoleSize, Process, ProcessSpec, StartFailure } from "../../backends/backend.ts";
import type { EngineContext } from "../context.ts";
import { randomId } from "../ids.ts";
import type { AttachedClient } from "./attach.ts";
import { serveStreams } from "./attach.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import type { Exec, ExecRequest } from "./exec-record.ts";
import { requireTask } from "./processes.ts";
import { StandardStreams } from "./standard-streams.ts";
import { processSpecOf } from "./task-spec.ts";

export async function createExec(
  context: EngineContext,
  nameOrId: string,
  request: ExecRequest,
): Promise<string> {
  const container = context.containers.get(nameOrId);
  requireExecutable(container, nameOrId);
  if (request.command.length === 0) throw fail("invalidParameter", "No exec command specified");
  parseDetachKeys(request.detachKeys);
  const exec: Exec = {
    id: randomId(context.rng),
    containerID: container.id,
    request,
    spec: specOf(container, request),
    streams: new StandardStreams(),
    process: undefined,
    wantedSize: undefined,
    state: "created",
    exitCode: undefined,
  };
  container.execs.set(exec.id, exec);
  containerEvent(context, container, `exec_create: ${request.command.join(" ")}`, { execID: exec.id });
  return exec.id;
}

export function requireExecutable(container: Container, nameOrId = container.id): void {
  requireTask(container);
  if (container.record.state.isPaused) {
    throw fail("conflict", `Container ${nameOrId} is paused, unpause the container before exec`);
  }
}

export function findExec(
  context: EngineContext,
  id: string,
): { readonly exec: Exec; readonly container: Container } {
  for (const container of context.containers.all()) {
    const exec = container.execs.get(id);
    if (exec !== undefined) return { exec, container };
  }
  throw fail("notFound", `No such exec instance: ${id}`);
}

/** The container's own process with what the exec asks for instead. */
function specOf(container: Container, request: ExecRequest): ProcessSpec {
  const process = processSpecOf(container.record);
  const { hostConfig } = container.record;
  const names = new Set(request.env.map((entry) => entry.split("=", 1)[0]));
  return {
    ...process,
    args: request.command,
    env: [...process.env.filter((entry) => !names.has(entry.split("=", 1)[0])), ...request.env],
    user: request.user === "" ? process.user : request.user,
    workingDirectory: request.workingDir === "" ? process.workingDirectory : request.workingDir,
    hasTerminal: request.hasTerminal,
    hasStdin: request.stdin,
    capabilities: request.isPrivileged
      ? capabilitiesOf({ add: hostConfig.CapAdd, drop: hostConfig.CapDrop, isPrivileged: true })
      : process.capabilities,
  };
}

/** Starts and, unless `client` is undefined, serves the client until the process or the client ends. */
export async function startExec(
  context: EngineContext,
  id: string,
  options: { readonly consoleSize: ConsoleSize | undefined },
): Promise<{
  readonly hasTerminal: boolean;
  serve(client: AttachedClient): Promise<void>;
  detached(): Promise<void>;
}> {
  const { exec, container } = findExec(context, id);
  const task = requireTask(container);
  requireExecutable(container);
  if (exec.state === "running") throw fail("conflict", `Error: Exec command ${id} is already running`);
  if (exec.state === "exited") throw fail("conflict", `Error: Exec command ${id} has already run`);
  exec.state = "running";
  const start = async (): Promise<void> => {
    try {
      const asked = exec.wantedSize;
      const process = await task.exec({
        ...exec.spec,
        consoleSize: asked ?? options.consoleSize ?? exec.spec.consoleSize,
      });
      exec.process = process;
      const copied = exec.streams.connect(process);
      await process.start();
      if (exec.wantedSize !== undefined && exec.wantedSize !== asked) await process.resize(exec.wantedSize);
      containerEvent(context, container, `exec_start: ${exec.request.command.join(" ")}`, { execID: id });
      context.background.run(finish(context, container, exec, { process, copied }));
    } catch (thrown) {
      throw failedStart(exec, thrown);
    }
  };
  return {
    hasTerminal: exec.request.hasTerminal,
    detached: start,
    serve: (client) => serveExec(exec, client, start),
  };
}

async function serveExec(exec: Exec, client: AttachedClient, start: () => Promise<void>): Promise<void> {
  const { stdin, stdout, stderr, hasTerminal, detachKeys } = exec.request;
  const target = {
    streams: exec.streams,
    hasStdin: stdin,
    hasTerminal,
    closesStdin: !hasTerminal,
    onDetach: () => undefined,
    // The client listens before the first instruction.
    beforeOutput: start,
  };
  try {
    await serveStreams(target, { stdin, stdout, stderr, stream: true }, parseDetachKeys(detachKeys), client);
  } catch (thrown) {
    // The connection is taken over already: the reason goes where the output would, as in moby.
    await client.write("stdout", new TextEncoder().encode(`${messageOf(thrown)}\r\n`));
  }
}

function failedStart(exec: Exec, thrown: unknown): SlipwayError {
  exec.state = "exited";
  const exitCode =
    thrown instanceof SlipwayError ? (thrown.data as Partial<StartFailure> | undefined)?.exitCode : undefined;
  exec.exitCode = exitCode ?? 126;
  exec.streams.disconnect();
  if (exitCode === undefined) return SlipwayError.from(thrown);
  const message = `OCI runtime exec failed: exec failed: unable to start container process: ${messageOf(thrown)}: unknown`;
  return new SlipwayError("invalidParameter", message, { cause: thrown, data: { exitCode } });
}

async function finish(
  context: EngineContext,
  container: Container,
  exec: Exec,
  running: { readonly process: Process; readonly copied: Promise<void> },
): Promise<void> {
  const status = await running.process.exited;
  await running.copied;
  exec.state = "exited";
  exec.exitCode = status.exitCode;
  exec.streams.disconnect();
  containerEvent(context, container, "exec_die", { execID: exec.id, exitCode: String(status.exitCode) });
}

export async function resizeExec(context: EngineContext, id: string, size: ConsoleSize): Promise<void> {
  const { exec } = findExec(context, id);
  if (exec.state === "exited") throw fail("invalidParameter", "exec process is not started");
  exec.wantedSize = size;
  // One that is starting gets it once it has started.
  if (exec.process !== undefined && exec.process.pid !== 0) await exec.process.resize(size);
}

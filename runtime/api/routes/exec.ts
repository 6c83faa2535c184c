/** Further processes in running containers, one function per operation. */
import { fail } from "../../../layers/base/errors.ts";
import { createExec, findExec, resizeExec, startExec } from "../../engine/containers/exec.ts";
import type { ExecRequest } from "../../engine/containers/exec-record.ts";
import type { Route } from "../call.ts";
import { param, readJsonBody } from "../call.ts";
import { EXEC_CONFIG, EXEC_START_CONFIG } from "../go/container-structs.ts";
import { decodeStruct } from "../go/go-json.ts";
import { MULTIPLEXED_STREAM, RAW_STREAM } from "../multiplex.ts";
import { emptyReply, jsonReply } from "../replies.ts";
import { dimension, serveHijacked } from "./container-streams.ts";

interface ExecConfig {
  readonly User: string;
  readonly Privileged: boolean;
  readonly Tty: boolean;
  readonly AttachStdin: boolean;
  readonly AttachStderr: boolean;
  readonly AttachStdout: boolean;
  readonly DetachKeys: string;
  readonly Env: readonly string[] | null;
  readonly WorkingDir: string;
  readonly Cmd: readonly string[] | null;
}

export const containerExec: Route = async (call) => {
  const config = decodeStruct(EXEC_CONFIG, await readJsonBody(call)) as unknown as ExecConfig; // Its fields' types.
  const request: ExecRequest = {
    command: config.Cmd ?? [],
    env: config.Env ?? [],
    user: config.User,
    workingDir: config.WorkingDir,
    hasTerminal: config.Tty,
    isPrivileged: config.Privileged,
    stdin: config.AttachStdin,
    stdout: config.AttachStdout,
    stderr: config.AttachStderr,
    detachKeys: config.DetachKeys,
  };
  return jsonReply(201, { Id: await createExec(call.engine, param(call, "id"), request) });
};

export const execStart: Route = async (call) => {
  const config = decodeStruct(EXEC_START_CONFIG, await readJsonBody(call));
  const [rows = 0, columns = 0] = (config["ConsoleSize"] as readonly number[] | null) ?? []; // As described.
  const consoleSize = rows > 0 && columns > 0 ? { rows, columns } : undefined;
  const started = await startExec(call.engine, param(call, "id"), { consoleSize });
  if (config["Detach"] === true) {
    await started.detached();
    return emptyReply(200);
  }
  const isUpgrade = call.request.headers["upgrade"] !== undefined;
  const isMultiplexed = !started.hasTerminal && isUpgrade && call.version >= 42;
  return {
    kind: "hijack",
    headers: { "content-type": isMultiplexed ? MULTIPLEXED_STREAM : RAW_STREAM },
    serve: (connection) => serveHijacked(started, connection, call.request.signal),
  };
};

export const execResize: Route = async (call) => {
  await resizeExec(call.engine, param(call, "id"), {
    rows: dimension(call, "h", "height"),
    columns: dimension(call, "w", "width"),
  });
  return emptyReply(200);
};

export const execInspect: Route = async (call) => {
  const { exec } = findExec(call.engine, param(call, "id"));
  const [entrypoint, ...rest] = exec.request.command;
  if (entrypoint === undefined) throw fail("system", "an exec without a command");
  return jsonReply(200, {
    ID: exec.id,
    Running: exec.state === "running",
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: exec.request.hasTerminal,
      entrypoint,
      arguments: rest,
      privileged: exec.request.isPrivileged,
      ...(exec.request.user === "" ? {} : { user: exec.request.user }),
    },
    OpenStdin: exec.request.stdin,
    OpenStderr: exec.request.stderr,
    OpenStdout: exec.request.stdout,
    CanRemove: exec.state === "exited",
    ContainerID: exec.containerID,
    DetachKeys: exec.request.detachKeys,
    Pid: exec.process?.pid ?? 0,
  });
};

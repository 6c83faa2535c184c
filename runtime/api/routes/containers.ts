/** Containers: create, list, inspect and the verbs, one function per operation. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { SlipwayError, fail, messageOf } from "../../../layers/base/errors.ts";
import type { ContainerConfig } from "../../engine/containers/config.ts";
import type { WaitCondition, WaitResult } from "../../engine/containers/container.ts";
import { createContainer } from "../../engine/containers/create.ts";
import type { HostConfig } from "../../engine/containers/host-config.ts";
import { listContainers } from "../../engine/containers/list.ts";
import { diagnosticsOf } from "../../engine/containers/processes.ts";
import { pruneContainers } from "../../engine/containers/prune.ts";
import { removeContainer } from "../../engine/containers/remove.ts";
import { renameContainer } from "../../engine/containers/rename.ts";
import { containerSizes } from "../../engine/containers/sizes.ts";
import { startContainer } from "../../engine/containers/start.ts";
import { killContainer, restartContainer, stopContainer } from "../../engine/containers/stop.ts";
import type { StopOptions } from "../../engine/containers/stop.ts";
import type { Filters } from "../../engine/filters.ts";
import { readPlatform } from "../../engine/images/requests.ts";
import type { ApiCall, Route } from "../call.ts";
import { param, readJsonBody } from "../call.ts";
import { containerInspect, containerSummary } from "../container-json.ts";
import { CREATE_REQUEST, HOST_CONFIG } from "../go/container-structs.ts";
import { decodeStruct } from "../go/go-json.ts";
import { emptyReply, jsonReply, streamReply } from "../replies.ts";

export const containerList: Route = async ({ engine, query }) => {
  const filters = withLegacy(query.filters(), { since: query.text("since"), before: query.text("before") });
  const options = { all: query.boolean("all"), limit: query.integer("limit") ?? 0, filters };
  const summaries: object[] = [];
  for (const container of listContainers(engine, options)) {
    const sizes = query.boolean("size") ? await containerSizes(engine, container) : undefined;
    summaries.push(containerSummary(engine, container, sizes));
  }
  return jsonReply(200, summaries);
};

/** `since` and `before` were parameters of their own before they were filters. */
function withLegacy(filters: Filters, extra: Readonly<Record<string, string>>): Filters {
  const given = Object.entries(extra).filter(([, value]) => value !== "");
  return given.length === 0
    ? filters
    : filters.with(Object.fromEntries(given.map(([key, value]) => [key, [value]])));
}

export const containerCreate: Route = async (call) => {
  const body = await readJsonBody(call);
  if (body === undefined) throw fail("invalidParameter", "invalid JSON: got EOF while reading request body");
  if (body === null) throw fail("invalidParameter", "config cannot be empty in order to create a container");
  const fields = decodeStruct(CREATE_REQUEST, body);
  const { HostConfig: host, NetworkingConfig: _networking, ...config } = fields;
  const result = await createContainer(call.engine, {
    name: call.query.text("name"),
    config: config as unknown as ContainerConfig, // decodeStruct gave every field its type.
    hostConfig: (host ?? decodeStruct(HOST_CONFIG, undefined)) as unknown as HostConfig, // Likewise.
    platform: readPlatform(call.query.text("platform")),
  });
  return jsonReply(201, { Id: result.id, Warnings: result.warnings });
};

export const containerInspectRoute: Route = async (call) => {
  const container = call.engine.containers.get(param(call, "id"));
  const sizes = call.query.boolean("size") ? await containerSizes(call.engine, container) : undefined;
  const diagnostics = await diagnosticsOf(container);
  return jsonReply(200, containerInspect(call.engine, container, { sizes, diagnostics }));
};

export const containerStart: Route = async (call) => {
  if (Number(call.request.headers["content-length"] ?? 0) > 7) {
    throw fail(
      "invalidParameter",
      "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
    );
  }
  if (call.query.text("checkpoint") !== "") {
    throw fail("invalidParameter", "checkpoint is only supported in experimental mode");
  }
  await startContainer(call.engine, param(call, "id"));
  return emptyReply(204);
};

export const containerStop: Route = async (call) => {
  await stopContainer(call.engine, param(call, "id"), stopOptions(call));
  return emptyReply(204);
};

export const containerRestart: Route = async (call) => {
  await restartContainer(call.engine, param(call, "id"), stopOptions(call));
  return emptyReply(204);
};

function stopOptions(call: ApiCall): StopOptions {
  return { signal: call.version >= 42 ? call.query.text("signal") : "", timeoutS: call.query.integer("t") };
}

export const containerKill: Route = async (call) => {
  const name = param(call, "id");
  try {
    await killContainer(call.engine, name, call.query.text("signal"));
  } catch (thrown) {
    const error = SlipwayError.from(thrown);
    throw fail(error.kind, `cannot kill container: ${name}: ${messageOf(error)}`, { cause: thrown });
  }
  return emptyReply(204);
};

export const containerRename: Route = async (call) => {
  await renameContainer(call.engine, param(call, "id"), call.query.text("name"));
  return emptyReply(204);
};

export const containerDelete: Route = async (call) => {
  await removeContainer(call.engine, param(call, "id"), {
    force: call.query.boolean("force"),
    withVolumes: call.query.boolean("v"),
    isLink: call.query.boolean("link"),
  });
  return emptyReply(204);
};

export const containerPrune: Route = async ({ engine, query }) => {
  const result = await pruneContainers(engine, query.filters());
  return jsonReply(200, {
    ContainersDeleted: result.deleted.length === 0 ? null : result.deleted,
    SpaceReclaimed: result.reclaimedBytes,
  });
};

const WAIT_CONDITIONS: ReadonlySet<string> = new Set(["not-running", "next-exit", "removed"]);

/** Headers go out at once, the body when the container has ended: the client starts it in between. */
export const containerWait: Route = async (call) => {
  const text = call.query.text("condition");
  if (text !== "" && !WAIT_CONDITIONS.has(text))
    throw fail("invalidParameter", `invalid condition: ${JSON.stringify(text)}`);
  const condition = (text === "" ? "not-running" : text) as WaitCondition; // One of the set.
  const ended = call.engine.containers.get(param(call, "id")).wait(condition);
  return streamReply("application/json", call.client.stream(waitBody(ended, call.client.signal)));
};

async function* waitBody(
  ended: Promise<WaitResult>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const gone = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const result = await Promise.race([ended, gone]);
  if (result === undefined) return;
  const error = result.error === "" ? {} : { Error: { Message: result.error } };
  yield encodeUtf8(`${JSON.stringify({ StatusCode: result.exitCode, ...error })}\n`);
}

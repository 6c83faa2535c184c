/** The engine as a whole: ping, version, events. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { EngineEvent } from "../../engine/events/events.ts";
import { streamEvents } from "../../engine/events/stream.ts";
import { parseTimestamp, unixSeconds } from "../../engine/time.ts";
import type { Route } from "../call.ts";
import type { ApiReply } from "../handler.ts";
import { jsonReply, streamReply } from "../replies.ts";
import { API_VERSION, API_VERSION_MIN } from "../schema/types.ts";

const PING_HEADERS = {
  "cache-control": "no-cache, no-store, must-revalidate",
  pragma: "no-cache",
  "builder-version": "1",
  swarm: "inactive",
  "content-type": "text/plain; charset=utf-8",
};

export const systemPing: Route = async (): Promise<ApiReply> => ({
  kind: "response",
  status: 200,
  headers: PING_HEADERS,
  body: encodeUtf8("OK"),
});

export const systemPingHead: Route = async (): Promise<ApiReply> => ({
  kind: "response",
  status: 200,
  headers: { ...PING_HEADERS, "content-length": "0" },
  body: undefined,
});

export const systemVersion: Route = async ({ engine }) => {
  const { host } = engine;
  const details = {
    ApiVersion: API_VERSION,
    Arch: "amd64",
    BuildTime: host.buildTime,
    Experimental: "false",
    GitCommit: host.gitCommit,
    GoVersion: "none",
    KernelVersion: host.kernelVersion,
    MinAPIVersion: API_VERSION_MIN,
    Os: "linux",
  };
  return jsonReply(200, {
    Platform: { Name: "Slipway" },
    Components: [{ Name: "Engine", Version: host.version, Details: details }],
    Version: host.version,
    ApiVersion: API_VERSION,
    MinAPIVersion: API_VERSION_MIN,
    GitCommit: host.gitCommit,
    GoVersion: "none",
    Os: "linux",
    Arch: "amd64",
    KernelVersion: host.kernelVersion,
    BuildTime: host.buildTime,
  });
};

export const systemEvents: Route = async ({ engine, query, client }) => {
  const nowNs = engine.clock.nowNs();
  const bound = (name: string): bigint | undefined =>
    query.text(name) === "" ? undefined : parseTimestamp(query.text(name), nowNs);
  const [sinceNs, untilNs] = [bound("since"), bound("until")];
  if (sinceNs !== undefined && untilNs !== undefined && untilNs < sinceNs) {
    throw fail("invalidParameter", "`since` time cannot be after `until` time");
  }
  const events = streamEvents(engine, { sinceNs, untilNs, filters: query.filters(), signal: client.signal });
  return streamReply("application/json", client.stream(eventLines(events)));
};

async function* eventLines(events: AsyncIterable<EngineEvent>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const event of events) yield encodeUtf8(`${eventText(event)}\n`);
}

/** timeNano is beyond what a double holds, so it is put into the text as digits. */
function eventText(event: EngineEvent): string {
  const { id, attributes } = event.actor;
  const sorted = Object.fromEntries(Object.entries(attributes).sort(([left], [right]) => (left < right ? -1 : 1)));
  const legacy =
    event.type === "container" || event.type === "image"
      ? { status: event.action, id, ...(event.type === "container" ? { from: attributes["image"] ?? "" } : {}) }
      : {};
  const fields = {
    ...legacy,
    Type: event.type,
    Action: event.action,
    Actor: { ID: id, Attributes: sorted },
    scope: "local",
    time: unixSeconds(event.timeNs),
  };
  return `${JSON.stringify(fields).slice(0, -1)},"timeNano":${event.timeNs}}`;
}

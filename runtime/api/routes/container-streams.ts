/** Containers' streams: attach, logs, resize, top, stats, pause and unpause. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { Duplex } from "../../../layers/base/streams.ts";
import { attachContainer } from "../../engine/containers/attach.ts";
import type { Attachment } from "../../engine/containers/attach.ts";
import type { LogEntry } from "../../engine/containers/log-reader.ts";
import { containerLogs as readLogs } from "../../engine/containers/logs.ts";
import { pauseContainer, unpauseContainer } from "../../engine/containers/pause.ts";
import { resizeContainer, topContainer } from "../../engine/containers/processes.ts";
import type { ApiCall, Route } from "../call.ts";
import { param } from "../call.ts";
import { MULTIPLEXED_STREAM, RAW_STREAM, frame } from "../multiplex.ts";
import { emptyReply, jsonReply, streamReply } from "../replies.ts";

export const containerAttach: Route = async (call) => {
  const { query, request } = call;
  const attachment = attachContainer(call.engine, param(call, "id"), {
    stdin: query.boolean("stdin"),
    stdout: query.boolean("stdout"),
    stderr: query.boolean("stderr"),
    logs: query.boolean("logs"),
    stream: query.boolean("stream"),
    detachKeys: query.text("detachKeys"),
  });
  const isUpgrade = request.headers["upgrade"] !== undefined;
  const isMultiplexed = !attachment.hasTerminal && isUpgrade && call.version >= 42;
  return {
    kind: "hijack",
    headers: { "content-type": isMultiplexed ? MULTIPLEXED_STREAM : RAW_STREAM },
    serve: (connection) => serveHijacked(attachment, connection, request.signal),
  };
};

export async function serveHijacked(
  attachment: Attachment,
  connection: Duplex,
  signal: AbortSignal,
): Promise<void> {
  const writer = connection.writable.getWriter();
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  signal.addEventListener("abort", leave, { once: true });
  writer.closed.catch(leave); // The client has broken off.
  try {
    await attachment.serve({
      input: connection.readable,
      signal: gone.signal,
      write: async (name, piece) => {
        await writer.ready;
        await writer.write(attachment.hasTerminal ? piece : frame(name, piece));
      },
    });
  } finally {
    signal.removeEventListener("abort", leave);
    await writer.close().catch(() => undefined); // It is broken already.
    if (!connection.readable.locked) connection.readable.cancel().catch(() => undefined); // Likewise.
  }
}

export const containerLogs: Route = async (call) => {
  const { query, client, version } = call;
  const options = { stdout: query.boolean("stdout"), stderr: query.boolean("stderr") };
  if (!options.stdout && !options.stderr) {
    throw fail("invalidParameter", "Bad parameters: you must choose at least one stream");
  }
  const logs = readLogs(call.engine, param(call, "id"), {
    ...options,
    follow: query.boolean("follow"),
    since: query.text("since"),
    until: query.text("until"),
    tail: query.text("tail"),
    signal: client.signal,
  });
  const isMultiplexed = !logs.hasTerminal;
  const hasTimes = query.boolean("timestamps");
  const type = isMultiplexed && version >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM;
  return streamReply(type, client.stream(logBytes(logs.entries, isMultiplexed, hasTimes)));
};

async function* logBytes(
  entries: AsyncIterable<LogEntry>,
  isMultiplexed: boolean,
  hasTimes: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const entry of entries) {
    const bytes = encodeUtf8(hasTimes ? `${fullTime(entry.time)} ${entry.text}` : entry.text);
    yield isMultiplexed ? frame(entry.stream, bytes) : bytes;
  }
}

/** All nine digits, so that columns line up (moby: jsonmessage.RFC3339NanoFixed). */
function fullTime(time: string): string {
  const [whole = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return `${whole}.${fraction.padEnd(9, "0")}Z`;
}

export const containerResize: Route = async (call) => {
  const size = { rows: dimension(call, "h", "height"), columns: dimension(call, "w", "width") };
  await resizeContainer(call.engine, param(call, "id"), size);
  return emptyReply(200);
};

export function dimension(call: ApiCall, name: "h" | "w", word: string): number {
  const text = call.query.text(name);
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const reason = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw fail("invalidParameter", `invalid resize ${word} ${JSON.stringify(text)}: ${reason}`);
}

export const containerTop: Route = async (call) => {
  const table = await topContainer(call.engine, param(call, "id"), call.query.text("ps_args"));
  return jsonReply(200, { Titles: table.titles, Processes: table.rows });
};

export const containerPause: Route = async (call) => {
  await pauseContainer(call.engine, param(call, "id"));
  return emptyReply(204);
};

export const containerUnpause: Route = async (call) => {
  await unpauseContainer(call.engine, param(call, "id"));
  return emptyReply(204);
};

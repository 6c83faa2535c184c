/** The few shapes of answers: JSON as Go writes it, nothing, and streams. */
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import type { Client } from "./client.ts";
import type { ApiReply } from "./handler.ts";

const JSON_TYPE = "application/json";

/** Go's encoder ends every value with a newline. */
export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): ApiReply {
  const body = encodeUtf8(`${JSON.stringify(value)}\n`);
  return { kind: "response", status, headers: { "content-type": JSON_TYPE, ...headers }, body };
}

export function emptyReply(status: number): ApiReply {
  return { kind: "response", status, headers: {}, body: undefined };
}

export function streamReply(contentType: string, body: ByteStream): ApiReply {
  return { kind: "response", status: 200, headers: { "content-type": contentType }, body };
}

/** One JSON value a line, each sent as it comes. */
export function jsonLinesReply(client: Client, values: AsyncIterable<unknown>): ApiReply {
  return streamReply(JSON_TYPE, client.stream(jsonLines(values)));
}

async function* jsonLines(values: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  // Docker's progress readers accept both; dockerd ends messages with CR LF.
  for await (const value of values) yield encodeUtf8(`${JSON.stringify(value)}\r\n`);
}

/**
 * Serves the Engine API over a Peer: what carries it between a page, a service worker or a WebSocket
 * and the engine's worker. A hijack is a reply of status 101 whose two bodies stay open.
 */
import { fail } from "../../layers/base/errors.ts";
import type { CallHandler, CallReply, IncomingCall } from "../../layers/base/peer.ts";
import { INTERACTIVE_WINDOW_BYTES, Peer } from "../../layers/base/peer.ts";
import type { Port } from "../../layers/base/port.ts";
import { streamOf } from "../../layers/base/streams.ts";
import type { ApiHandler, ApiReply } from "./handler.ts";
import { RAW_STREAM } from "./multiplex.ts";
import type { WireRequest, WireResponse } from "./schema/wire.ts";
import { HTTP_CALL } from "./schema/wire.ts";

/** A peer that answers the API's calls. Ends with the port. */
export function serveApi(port: Port, handler: ApiHandler): Peer {
  return new Peer(port, apiCallHandler(handler));
}

/** For a peer that answers other calls too; `otherwise` gets those. */
export function apiCallHandler(handler: ApiHandler, otherwise?: CallHandler): CallHandler {
  return async (call) => {
    if (call.method === HTTP_CALL) return answer(handler, call);
    if (otherwise !== undefined) return otherwise(call);
    throw fail("notImplemented", `no such call: ${call.method}`);
  };
}

async function answer(handler: ApiHandler, call: IncomingCall): Promise<CallReply> {
  const { method, target, headers, content } = readRequest(call.params);
  const body = content === undefined ? call.body : streamOf(content);
  const reply = await handler({ method, target, headers, body, signal: call.signal });
  return reply.kind === "response" ? respond(reply) : hijack(reply, call);
}

function respond(reply: Extract<ApiReply, { kind: "response" }>): CallReply {
  const result: WireResponse = { status: reply.status, headers: reply.headers };
  if (reply.body === undefined) return { result };
  return { result, body: reply.body instanceof Uint8Array ? streamOf(reply.body) : reply.body };
}

function hijack(reply: Extract<ApiReply, { kind: "hijack" }>, call: IncomingCall): CallReply {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  reply.serve({ readable: call.body, writable }).catch(async (thrown: unknown) => {
    // The other end sees its stream break off with the reason.
    await writable.abort(thrown).catch(() => undefined); // It is closed already.
  });
  const result: WireResponse = { status: 101, headers: reply.headers };
  // Raw is a terminal's: a person watches it.
  const isTerminal = reply.headers["content-type"] === RAW_STREAM;
  return { result, body: readable, ...(isTerminal ? { windowBytes: INTERACTIVE_WINDOW_BYTES } : {}) };
}

function readRequest(params: unknown): WireRequest {
  const request = params as Partial<WireRequest> | undefined; // Checked just below.
  if (typeof request?.method !== "string" || typeof request.target !== "string") {
    throw fail("invalidParameter", "malformed API call");
  }
  const { method, target, headers = {}, content } = request;
  return { method, target, headers, ...(content instanceof Uint8Array ? { content } : {}) };
}

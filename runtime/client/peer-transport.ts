/**
 * The Engine API over a `Peer`: a message port to the engine's worker, or a WebSocket. A request is one
 * call; a hijacked connection is the same call with both bodies left open (runtime/api/schema/wire.ts).
 */
import { fail } from "../../layers/base/errors.ts";
import type { CallResult, Peer } from "../../layers/base/peer.ts";
import type { Duplex } from "../../layers/base/streams.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import { API_VERSION } from "../api/schema/types.ts";
import type { WireRequest, WireResponse } from "../api/schema/wire.ts";
import { HTTP_CALL } from "../api/schema/wire.ts";
import { errorOf } from "./api-errors.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

/** What goes ahead of a hijacked connection is a small configuration. */
const CONTENT_BYTES_MAX = 1024 * 1024;

export class PeerTransport implements Transport {
  readonly #peer: Peer;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const { result, body } = await this.#call(request);
    const { status, headers } = wireResponse(result);
    return { status, headers, body };
  }

  async hijack(
    request: TransportRequest,
  ): Promise<{ headers: Readonly<Record<string, string>>; connection: Duplex }> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const headers = { connection: "Upgrade", upgrade: "tcp", ...request.headers };
    const content = request.body && (await collectBytes(request.body, CONTENT_BYTES_MAX));
    const { result, body } = await this.#call({ ...request, headers, body: readable }, content);
    const response = wireResponse(result);
    if (response.status >= 400) throw await errorOf({ ...response, body });
    if (response.status !== 101)
      throw fail("system", `unable to upgrade to tcp, received ${response.status}`);
    return { headers: response.headers, connection: { readable: body, writable } };
  }

  #call(request: TransportRequest, content?: Uint8Array): Promise<CallResult> {
    // _ping is asked before a version is agreed on, as Docker's client does.
    const prefix = request.target.startsWith("/_ping") ? "" : `/v${API_VERSION}`;
    const wire: WireRequest = {
      method: request.method,
      target: prefix + request.target,
      headers: request.headers ?? {},
      ...(content === undefined ? {} : { content }),
    };
    return this.#peer.call(HTTP_CALL, wire, {
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  }
}

function wireResponse(result: unknown): WireResponse {
  if (typeof result !== "object" || result === null || !("status" in result) || !("headers" in result)) {
    throw fail("system", "the other end does not speak the Engine API");
  }
  return result as WireResponse; // Checked just above; the headers are the engine's own.
}

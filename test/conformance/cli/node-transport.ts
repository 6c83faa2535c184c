/** The Engine API over a real HTTP socket, from Node: what lets our CLI talk to the very server the real one talks to. */
import http from "node:http";
import { Readable, Writable } from "node:stream";
import type { Duplex as NodeDuplex } from "node:stream";
import { fail, messageOf } from "../../../layers/base/errors.ts";
import type { ByteStream, Duplex } from "../../../layers/base/streams.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import { API_VERSION } from "../../../runtime/api/schema/types.ts";
import { errorOf } from "../../../runtime/client/api-errors.ts";
import type {
  Transport,
  TransportRequest,
  TransportResponse,
} from "../../../runtime/client/engine-client.ts";

export class NodeTransport implements Transport {
  readonly #target: { readonly host: string; readonly port: number } | { readonly socketPath: string };
  readonly #version: string;

  constructor(
    target: { readonly host: string; readonly port: number } | { readonly socketPath: string },
    version: string = API_VERSION,
  ) {
    this.#target = target;
    this.#version = version;
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const outgoing = this.#open(request, {});
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      outgoing.on("response", resolve);
      outgoing.on("error", (error) => reject(fail("unavailable", messageOf(error))));
    });
    if (request.body !== undefined) for await (const piece of piecesOf(request.body)) outgoing.write(piece);
    outgoing.end();
    return responseOf(await answer);
  }

  async hijack(
    request: TransportRequest,
  ): Promise<{ headers: Readonly<Record<string, string>>; connection: Duplex }> {
    const outgoing = this.#open(request, { connection: "Upgrade", upgrade: "tcp" });
    if (request.body !== undefined) for await (const piece of piecesOf(request.body)) outgoing.write(piece);
    outgoing.end();
    const answer = await new Promise<
      http.IncomingMessage | { socket: NodeDuplex; headers: http.IncomingHttpHeaders }
    >((resolve, reject) => {
      outgoing.on("upgrade", (response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve({ socket, headers: response.headers });
      });
      outgoing.on("response", resolve);
      outgoing.on("error", (error) => reject(fail("unavailable", messageOf(error))));
    });
    if (answer instanceof http.IncomingMessage) throw await errorOf(responseOf(answer));
    const readable = Readable.toWeb(answer.socket) as unknown as ByteStream; // Node's own type of the same class.
    const writable = Writable.toWeb(answer.socket) as unknown as WritableStream<Uint8Array>;
    return { headers: flat(answer.headers), connection: { readable, writable } };
  }

  #open(request: TransportRequest, extra: Record<string, string>): http.ClientRequest {
    const prefix = request.target.startsWith("/_ping") ? "" : `/v${this.#version}`;
    return http.request({
      ...this.#target,
      method: request.method,
      path: prefix + request.target,
      headers: { ...request.headers, ...extra },
      agent: false,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  }
}

function responseOf(message: http.IncomingMessage): TransportResponse {
  const body = Readable.toWeb(message) as unknown as ByteStream; // Node's own type of the same class.
  return { status: message.statusCode ?? 0, headers: flat(message.headers), body };
}

function flat(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

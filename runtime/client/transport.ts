/** How requests reach an engine: the one contract every carrier implements. */
import type { ByteStream, Duplex } from "../../layers/base/streams.ts";

export interface TransportRequest {
  readonly method: string;
  /** Path and query without the version prefix: "/containers/json?all=1". */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: ByteStream;
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ByteStream;
}

/** How requests reach an engine: a message port, a WebSocket, or a function in this process. */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  /** A request that asks for an upgrade; fails like `request` when the engine answers anything but 101. */
  hijack(
    request: TransportRequest,
  ): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly connection: Duplex }>;
}

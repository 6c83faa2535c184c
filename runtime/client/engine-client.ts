/**
 * The typed Engine API client over any transport: one object per area of the API, one method per
 * operation, named as the API's operation ids are. The hard part, streams, lives in the files beside.
 */
import type { ByteStream, Duplex } from "../../layers/base/streams.ts";
import { ApiCaller } from "./api-caller.ts";
import { ContainersApi } from "./containers.ts";
import { ImagesApi } from "./images.ts";
import { SystemApi } from "./system.ts";

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
  hijack(request: TransportRequest): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly connection: Duplex }>;
}

export class EngineClient {
  readonly transport: Transport;
  readonly containers: ContainersApi;
  readonly images: ImagesApi;
  readonly system: SystemApi;

  constructor(transport: Transport) {
    this.transport = transport;
    const caller = new ApiCaller(transport);
    this.containers = new ContainersApi(caller);
    this.images = new ImagesApi(caller);
    this.system = new SystemApi(caller);
  }
}

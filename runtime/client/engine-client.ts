/**
 * The typed Engine API client over any transport: one object per area of the API, one method per
 * operation, named as the API's operation ids are. The hard part, streams, lives in the files beside.
 */
import { ApiCaller } from "./api-caller.ts";
import { ContainerArchivesApi } from "./container-archives.ts";
import { ContainersApi } from "./containers.ts";
import { ExecsApi } from "./execs.ts";
import { ImagesApi } from "./images.ts";
import { SystemApi } from "./system.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

export type { Transport, TransportRequest, TransportResponse };

export class EngineClient {
  readonly transport: Transport;
  readonly containers: ContainersApi;
  readonly archives: ContainerArchivesApi;
  readonly execs: ExecsApi;
  readonly images: ImagesApi;
  readonly system: SystemApi;

  constructor(transport: Transport) {
    this.transport = transport;
    const caller = new ApiCaller(transport);
    this.containers = new ContainersApi(caller);
    this.archives = new ContainerArchivesApi(caller);
    this.execs = new ExecsApi(caller);
    this.images = new ImagesApi(caller);
    this.system = new SystemApi(caller);
  }
}

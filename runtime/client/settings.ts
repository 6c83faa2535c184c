/**
 * Where the engine gets images from, read and written over the API (GET and PUT /slipway/settings, our
 * own two operations beside Docker's). The engine keeps them, so every tab and the real docker CLI
 * see the same; credentials are not among them (docker-config.ts).
 */
import { ApiCaller } from "./api-caller.ts";
import type { Transport } from "./engine-client.ts";

export interface Settings {
  /** Absolute addresses of OCI image layouts, asked first and in order. */
  readonly mirrors: readonly string[];
  /** Absolute address of the CORS proxy; "" is none. */
  readonly proxy: string;
  /** Domains of registries spoken to over plain HTTP. */
  readonly insecureRegistries: readonly string[];
}

const TARGET = "/slipway/settings";

export class EngineSettings {
  readonly #caller: ApiCaller;

  constructor(transport: Transport) {
    this.#caller = new ApiCaller(transport);
  }

  read(signal?: AbortSignal): Promise<Settings> {
    return this.#caller.json("GET", TARGET, { signal });
  }

  async write(settings: Settings): Promise<void> {
    await this.#caller.run("PUT", TARGET, { json: settings });
  }
}

/**
 * Where the engine gets images from, read and written over the API (GET and PUT /slipway/settings, our
 * own two operations beside Docker's). The engine keeps them, so every tab and the real docker CLI
 * see the same; credentials are not among them (docker-config.ts).
 */
import { ApiCaller } from "./api-caller.ts";
import type { Transport } from "./engine-client.ts";

export interface RegistryHost {
  /** Plain http; undefined decides by the host. */
  readonly insecure?: boolean | undefined;
  /** true: never through the proxy; false: always; undefined: direct first. */
  readonly direct?: boolean | undefined;
}

export interface Settings {
  /** Addresses of OCI image layouts, asked first and in order. */
  readonly mirrors: readonly string[];
  /** Address of the CORS proxy; null is none. */
  readonly proxy: string | null;
  /** By the domain in references. */
  readonly registries: Readonly<Record<string, RegistryHost>>;
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

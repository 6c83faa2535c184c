/**
 * What a `RegistryClient` is made from. Everything the platform or the user decides comes in here;
 * settings are asked for on every request, so that a changed proxy or mirror takes effect at once.
 */
import type { Clock } from "../base/clock.ts";
import type { HasherFactory } from "../oci/hasher.ts";
import type { Credentials } from "./registry.ts";

export interface RegistryHostSettings {
  /** Plain http; undefined decides by the host: loopback is plain, everything else is https. */
  readonly insecure?: boolean | undefined;
  /** true: never through the proxy; false: always; undefined: direct first, the proxy when refused. */
  readonly direct?: boolean | undefined;
}

export interface RegistrySettings {
  /** Base URLs of OCI image layouts, asked first and in order. */
  readonly mirrors: readonly string[];
  /** Base URL of the CORS proxy, such as "https://page.example/proxy/". */
  readonly proxy: string | undefined;
  /** By the domain as it stands in references: "docker.io", "127.0.0.1:5000". */
  readonly registries: Readonly<Record<string, RegistryHostSettings>>;
}

export interface RegistryClientOptions {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly hasher: HasherFactory;
  readonly settings: () => RegistrySettings;
  /** Stored credentials by domain ("docker.io"). */
  readonly credentials?: ((domain: string) => Promise<Credentials | undefined>) | undefined;
  /**
   * "manual" where fetch shows redirects (Node): we follow them and drop Authorization ourselves.
   * "follow" (browsers, the default): the platform follows and drops it, as the Fetch standard says.
   */
  readonly redirects?: "manual" | "follow" | undefined;
  /** 0 ≤ x < 1, for the jitter of retries. */
  readonly random?: (() => number) | undefined;
}

export const NO_SETTINGS: RegistrySettings = { mirrors: [], proxy: undefined, registries: {} };

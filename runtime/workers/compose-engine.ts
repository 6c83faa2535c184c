/**
 * Puts an engine together from what a host offers: the tab's engine worker and the Node engine both
 * call this, so that they cannot differ in more than the parts they pass in.
 */
import type { Clock, Rng } from "../../layers/base/clock.ts";
import { systemClock, systemRng } from "../../layers/base/clock.ts";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import type { Storage } from "../../layers/content/storage.ts";
import type { HasherFactory } from "../../layers/oci/hasher.ts";
import { RegistryClient } from "../../layers/registry/client.ts";
import type { RegistryClientOptions, RegistrySettings } from "../../layers/registry/settings.ts";
import { NO_SETTINGS } from "../../layers/registry/settings.ts";
import type { Snapshotter } from "../../layers/snapshots/snapshotter.ts";
import { createApiHandler } from "../api/create-handler.ts";
import type { ApiHandler } from "../api/handler.ts";
import type { Backend } from "../backends/backend.ts";
import type { HostDescription } from "../engine/context.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineSettings } from "../engine/settings.ts";

export interface EngineParts {
  readonly storage: Storage;
  readonly snapshots: Snapshotter;
  readonly hasher: HasherFactory;
  readonly backends: readonly Backend[];
  readonly fetch: RegistryClientOptions["fetch"];
  readonly redirects: RegistryClientOptions["redirects"];
  readonly host: Partial<HostDescription>;
  readonly defaultSettings: Partial<EngineSettings>;
  readonly clock?: Clock;
  readonly rng?: Rng;
}

export interface ComposedEngine {
  readonly engine: Engine;
  readonly handler: ApiHandler;
  /** Ends the containers, then the backends, then the storage. */
  close(): Promise<void>;
}

export async function composeEngine(parts: EngineParts): Promise<ComposedEngine> {
  const clock = parts.clock ?? systemClock;
  let settings = NO_SETTINGS;
  const registry = new RegistryClient({
    fetch: parts.fetch,
    clock,
    hasher: parts.hasher,
    settings: () => settings,
    redirects: parts.redirects,
  });
  const engine = await Engine.open({
    storage: parts.storage,
    content: new StorageContentStore(parts.storage.files, parts.hasher),
    snapshots: parts.snapshots,
    registry,
    backends: parts.backends,
    clock,
    rng: parts.rng ?? systemRng,
    hasher: parts.hasher,
    host: parts.host,
    defaultSettings: parts.defaultSettings,
    onSettings: (changed) => {
      settings = toRegistrySettings(changed);
    },
  });
  return {
    engine,
    handler: createApiHandler(engine),
    async close(): Promise<void> {
      await engine.close();
      for (const backend of parts.backends) backend.dispose();
      await parts.storage.close();
    },
  };
}

function toRegistrySettings(settings: EngineSettings): RegistrySettings {
  return {
    mirrors: settings.mirrors,
    proxy: settings.proxy === "" ? undefined : settings.proxy,
    registries: Object.fromEntries(settings.insecureRegistries.map((domain) => [domain, { insecure: true }])),
  };
}

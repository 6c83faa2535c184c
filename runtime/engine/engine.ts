/**
 * The engine: containers, images and events over a storage, a registry client and the backends it is
 * given. Opening it brings back everything the storage remembers; closing it ends what runs. One
 * engine at a time may own a storage.
 */
import type { Clock, Rng } from "../../layers/base/clock.ts";
import { systemClock, systemRng } from "../../layers/base/clock.ts";
import type { ContentStore } from "../../layers/content/content-store.ts";
import type { Storage } from "../../layers/content/storage.ts";
import type { HasherFactory } from "../../layers/oci/hasher.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import type { Registry } from "../../layers/registry/registry.ts";
import type { Snapshotter } from "../../layers/snapshots/snapshotter.ts";
import type { Backend } from "../backends/backend.ts";
import { BackgroundWork } from "./background.ts";
import { ContainerStore } from "./containers/container-store.ts";
import { restoreContainers } from "./containers/restore.ts";
import { endContainers } from "./containers/shutdown.ts";
import type { EngineContext, HostDescription } from "./context.ts";
import { EventBus } from "./events/events.ts";
import { randomId } from "./ids.ts";
import { ImageStore } from "./images/image-store.ts";
import { PullShare } from "./images/pull-share.ts";
import { removeStagedLayers } from "./images/staged-layer.ts";
import { sweepLayers } from "./images/sweep.ts";
import { pinUnfinishedPulls } from "./images/unfinished-pulls.ts";
import { KeyedLock } from "./lock.ts";
import type { EngineSettings } from "./settings.ts";
import { EMPTY_SETTINGS, SETTINGS_KEY, readSettings } from "./settings.ts";

export interface EngineOptions {
  readonly storage: Storage;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly registry: Registry;
  readonly backends: readonly Backend[];
  readonly clock?: Clock;
  readonly rng?: Rng;
  /** SHA-256 in wasm when the host has nothing faster. */
  readonly hasher?: HasherFactory;
  readonly host?: Partial<HostDescription>;
  /** What applies until a person changes it. */
  readonly defaultSettings?: Partial<EngineSettings>;
  /** Called with the settings at opening and after each change: the composer configures the registry client. */
  readonly onSettings?: (settings: EngineSettings) => void;
}

const ID_KEY = "engine/id";

const UNKNOWN_HOST: HostDescription = {
  name: "slipway",
  operatingSystem: "Slipway",
  kernelVersion: "6.6.0-slipway",
  architecture: "x86_64",
  cpus: 1,
  memoryBytes: 0,
  version: "0.1.0",
  gitCommit: "unknown",
  buildTime: "",
};

export class Engine implements EngineContext {
  readonly storage: Storage;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly registry: Registry;
  readonly backends: readonly Backend[];
  readonly clock: Clock;
  readonly rng: Rng;
  readonly hasher: HasherFactory;
  readonly host: HostDescription;
  readonly id: string;
  readonly images: ImageStore;
  readonly containers: ContainerStore;
  readonly events: EventBus;
  readonly pulls = new PullShare();
  readonly background: BackgroundWork;
  readonly locks = new KeyedLock();
  readonly #closing = new AbortController();
  readonly #onSettings: (settings: EngineSettings) => void;
  #settings: EngineSettings;
  #closed: Promise<void> | undefined;

  private constructor(options: EngineOptions, restored: Restored) {
    this.storage = options.storage;
    this.content = options.content;
    this.snapshots = options.snapshots;
    this.registry = options.registry;
    this.backends = options.backends;
    this.clock = options.clock ?? systemClock;
    this.rng = options.rng ?? systemRng;
    this.hasher = options.hasher ?? createWasmHasher;
    this.host = { ...UNKNOWN_HOST, ...options.host };
    this.id = restored.id;
    this.events = new EventBus(this.clock);
    this.background = new BackgroundWork((error) => this.events.emit("daemon", "failure", this.id, { error }));
    this.images = restored.images;
    this.containers = restored.containers;
    this.#settings = restored.settings;
    this.#onSettings = options.onSettings ?? ((): void => undefined);
  }

  static async open(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options, await restore(options));
    engine.#onSettings(engine.#settings);
    await restoreContainers(engine);
    await pinUnfinishedPulls(engine);
    await removeStagedLayers(engine.storage.files);
    await sweepLayers(engine);
    return engine;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  settings(): EngineSettings {
    return this.#settings;
  }

  /** Replaces the fields given. `invalidParameter` for what makes no sense. */
  async updateSettings(changes: unknown): Promise<EngineSettings> {
    const settings = readSettings(changes, this.#settings);
    await this.storage.records.apply([{ kind: "put", key: SETTINGS_KEY, value: settings }]);
    this.#settings = settings;
    this.#onSettings(settings);
    return settings;
  }

  /** Ends every container and every stream; the storage stays open: it is the composer's. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await endContainers(this);
    await this.background.settled();
  }
}

interface Restored {
  readonly id: string;
  readonly images: ImageStore;
  readonly containers: ContainerStore;
  readonly settings: EngineSettings;
}

async function restore(options: EngineOptions): Promise<Restored> {
  const { storage } = options;
  const settings = await storage.records.get(SETTINGS_KEY);
  return {
    id: await engineId(storage, options.rng ?? systemRng),
    images: await ImageStore.open(storage.records),
    containers: await ContainerStore.open(storage, options.clock ?? systemClock),
    settings: {
      ...EMPTY_SETTINGS,
      ...options.defaultSettings,
      ...(settings as Partial<EngineSettings> | undefined), // Written only by updateSettings.
    },
  };
}

/** Drawn once per storage; looks like dockerd's: a UUID. */
async function engineId(storage: Storage, rng: Rng): Promise<string> {
  const known = await storage.records.get(ID_KEY);
  if (typeof known === "string") return known;
  const digits = randomId(rng);
  const id = [8, 4, 4, 4, 12].reduce<{ text: string[]; start: number }>(
    ({ text, start }, length) => ({ text: [...text, digits.slice(start, start + length)], start: start + length }),
    { text: [], start: 0 },
  );
  const uuid = id.text.join("-");
  await storage.records.apply([{ kind: "put", key: ID_KEY, value: uuid }]);
  return uuid;
}

/**
 * What every verb of the engine works with. The verbs are functions that take this context, one file
 * each; `engine.ts` makes it and is the only one who owns it.
 */
import type { Clock, Rng } from "../../layers/base/clock.ts";
import type { ContentStore } from "../../layers/content/content-store.ts";
import type { Storage } from "../../layers/content/storage.ts";
import type { HasherFactory } from "../../layers/oci/hasher.ts";
import type { Registry } from "../../layers/registry/registry.ts";
import type { Snapshotter } from "../../layers/snapshots/snapshotter.ts";
import type { Backend } from "../backends/backend.ts";
import type { BackgroundWork } from "./background.ts";
import type { ContainerStore } from "./containers/container-store.ts";
import type { EventBus } from "./events/events.ts";
import type { ImageStore } from "./images/image-store.ts";
import type { PullShare } from "./images/pull-share.ts";
import type { KeyedLock } from "./lock.ts";
import type { EngineSettings } from "./settings.ts";

/** Where the engine runs, as `docker info` and `docker version` show it. */
export interface HostDescription {
  readonly name: string;
  /** Such as "Slipway (Chromium 131)". */
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Slipway's own version. */
  readonly version: string;
  readonly gitCommit: string;
  readonly buildTime: string;
}

export interface EngineContext {
  readonly storage: Storage;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly registry: Registry;
  readonly backends: readonly Backend[];
  readonly clock: Clock;
  readonly hasher: HasherFactory;
  readonly rng: Rng;
  readonly host: HostDescription;
  /** Survives restarts: `docker info`'s ID. */
  readonly id: string;
  readonly images: ImageStore;
  readonly containers: ContainerStore;
  readonly events: EventBus;
  readonly pulls: PullShare;
  readonly background: BackgroundWork;
  /** Serialises what must not overlap across containers: removal of layers and the pull of one layer. */
  readonly locks: KeyedLock;
  /** Aborts when the engine closes. */
  readonly closing: AbortSignal;
  settings(): EngineSettings;
}

/**
 * What a WASI pod's worker runs: one SDK client and one container at a time. It also answers its guests'
 * file calls, on the same thread: a guest sleeps while it is answered, and the pod never waits for a guest
 * synchronously, so neither can hold up the other.
 */
import type { Clock } from "../../../../layers/base/clock.ts";
import { fail } from "../../../../layers/base/errors.ts";
import { FsError } from "../../../../layers/fs/errors.ts";
import type { Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import type { TaskSpec } from "../../backend.ts";
import type { PodContainer, PodHost } from "../../pod/pod-server.ts";
import { GuestAnswerer } from "../guest/bridge.ts";
import type { GuestMessage } from "../guest/bridge.ts";
import { CompiledModules } from "./compiled-modules.ts";
import { Container } from "./container.ts";
import type { SdkFiles } from "./sdk.ts";
import { Sdk } from "./sdk.ts";
import { WARM_UP_MODULE } from "./warm-up.ts";

export interface WasiPodOptions {
  readonly sdk: SdkFiles;
  readonly openSnapshotter: () => Promise<Snapshotter>;
  readonly clock: Clock;
}

export class WasiPod implements PodHost {
  readonly #options: WasiPodOptions;
  readonly #modules = new CompiledModules();
  readonly #answerer = new GuestAnswerer((method, args, worker) => {
    // The warm-up module is no container's.
    if (this.#container === undefined) throw new FsError("ENOSYS");
    return this.#container.answer(method, args, worker);
  });
  #sdk: Promise<Sdk> | undefined;
  #snapshotter: Promise<Snapshotter> | undefined;
  #container: Container | undefined;

  constructor(options: WasiPodOptions) {
    this.#options = options;
  }

  /** A message of a guest's worker. */
  answerGuest(message: GuestMessage): void {
    this.#answerer.answer(message);
  }

  /** The SDK's host-mount call on the pod's own thread. */
  hostCall(mount: number, method: string, args: readonly unknown[]): unknown {
    if (this.#container === undefined) throw fail("conflict", "the pod has no container");
    return this.#container.answer("host", [mount, method, args], "pod");
  }

  async warm(): Promise<void> {
    await Promise.all([this.#runNothing(), this.#storage()]);
  }

  async open(spec: TaskSpec): Promise<PodContainer> {
    const machine = { sdk: () => this.#startSdk(), modules: this.#modules, clock: this.#options.clock };
    this.#container = await Container.open(spec, await this.#storage(), machine);
    return this.#container;
  }

  #startSdk(): Promise<Sdk> {
    this.#sdk ??= Sdk.start(this.#options.sdk);
    return this.#sdk;
  }

  #storage(): Promise<Snapshotter> {
    this.#snapshotter ??= this.#options.openSnapshotter();
    return this.#snapshotter;
  }

  /** Runs a module that does nothing: the SDK starts its workers at the first run, 0.1-0.3 s. */
  async #runNothing(): Promise<void> {
    const sdk = await this.#startSdk();
    const compiled = await sdk.compile(WARM_UP_MODULE);
    const running = await sdk.run(compiled, { hasStdin: false, mounts: [], args: [], env: {}, workingDirectory: "/" });
    await running.ended;
  }
}

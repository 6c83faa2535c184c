/** Everything the page knows, made once: the only place where the state's parts meet the engine. */
import type { EngineRole, Slipway } from "../../runtime/client/slipway.ts";
import { ContainerLog } from "./container-log.ts";
import { Containers } from "./containers.ts";
import { EngineFeed } from "./engine-feed.ts";
import { Images } from "./images.ts";
import { Pulls } from "./pulls.ts";
import { SettingsState } from "./settings.ts";
import { Store } from "./store.ts";
import { Terminals } from "./terminals.ts";
import { Theme } from "./theme.ts";
import { UsageState } from "./usage.ts";

export interface OpenLog {
  readonly id: string;
  readonly name: string;
  readonly log: ContainerLog;
}

export class Model {
  readonly role: Store<EngineRole>;
  readonly theme = new Theme();
  readonly containers: Containers;
  readonly images: Images;
  readonly pulls: Pulls;
  readonly usage: UsageState;
  readonly settings: SettingsState;
  readonly terminals: Terminals;
  /** The container whose log is shown. */
  readonly openLog = new Store<OpenLog | undefined>(undefined);
  readonly #slipway: Slipway;

  constructor(slipway: Slipway) {
    this.#slipway = slipway;
    this.role = new Store(slipway.role);
    slipway.onRoleChange((role) => this.role.set(role));
    const feed = new EngineFeed(slipway);
    this.containers = new Containers(slipway, feed);
    this.images = new Images(slipway, feed);
    this.pulls = new Pulls(slipway);
    this.usage = new UsageState(slipway, feed);
    this.settings = new SettingsState(slipway);
    this.terminals = new Terminals(slipway);
    this.terminals.open();
  }

  /** Why there is no engine, in words. */
  get failure(): string {
    return this.#slipway.failure?.message ?? "";
  }

  retryEngine(): void {
    this.#slipway.retry();
  }

  showLog(id: string, name: string): void {
    this.hideLog();
    this.openLog.set({ id, name, log: new ContainerLog(this.#slipway, id) });
  }

  hideLog(): void {
    this.openLog.value?.log.dispose();
    this.openLog.set(undefined);
  }
}

/** The images of the engine: the list, kept live by events, the details of one, and removal. */
import type { Slipway } from "../../runtime/client/slipway.ts";
import type { HistoryItem, ImageInspect, ImageSummary } from "./api-types.ts";
import type { EngineFeed } from "./engine-feed.ts";
import { messageOf } from "./messages.ts";
import type { Loadable } from "./store.ts";
import { LOADING, Store } from "./store.ts";

export interface ImageList {
  readonly images: readonly ImageSummary[];
  readonly busy: ReadonlySet<string>;
  readonly errors: ReadonlyMap<string, string>;
}

/** One image opened up: what it runs and what it is made of. */
export interface ImageDetails {
  readonly id: string;
  readonly inspect: ImageInspect;
  /** Newest first, as `docker history`. */
  readonly history: readonly HistoryItem[];
}

export class Images {
  readonly list = new Store<Loadable<ImageList>>(LOADING);
  /** Of the image that is open; undefined when none is. */
  readonly details = new Store<Loadable<ImageDetails> | undefined>(undefined);
  readonly #slipway: Slipway;
  #images: readonly ImageSummary[] = [];
  readonly #busy = new Set<string>();
  readonly #errors = new Map<string, string>();

  constructor(slipway: Slipway, feed: EngineFeed) {
    this.#slipway = slipway;
    feed.on("image", () => void this.refresh());
  }

  async refresh(): Promise<void> {
    try {
      this.#images = await this.#slipway.engine.images.imageList();
      this.#publish();
    } catch (thrown) {
      this.list.set({ kind: "failed", message: messageOf(thrown) });
    }
  }

  async open(id: string): Promise<void> {
    this.details.set(LOADING);
    try {
      const { images } = this.#slipway.engine;
      const [{ value: inspect }, history] = await Promise.all([images.imageInspect(id), images.imageHistory(id)]);
      this.details.set({ kind: "ready", value: { id, inspect, history } });
    } catch (thrown) {
      this.details.set({ kind: "failed", message: messageOf(thrown) });
    }
  }

  /** Removes one name of an image, or the image when it has no other. */
  async remove(id: string, reference: string): Promise<void> {
    this.#busy.add(id);
    this.#errors.delete(id);
    this.#publish();
    try {
      await this.#slipway.engine.images.imageDelete(reference);
    } catch (thrown) {
      this.#errors.set(id, messageOf(thrown));
    }
    this.#busy.delete(id);
    await this.refresh();
  }

  #publish(): void {
    const value = { images: this.#images, busy: new Set(this.#busy), errors: new Map(this.#errors) };
    this.list.set({ kind: "ready", value });
  }
}

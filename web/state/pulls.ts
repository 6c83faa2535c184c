/**
 * Pulls begun from the page, each with the progress of its layers. The engine's stream of JSON lines
 * is Docker's: a line with an id belongs to a layer, one without to the whole.
 */
import type { Slipway } from "../../runtime/client/slipway.ts";
import { messageOf } from "./messages.ts";
import { Store } from "./store.ts";

export interface LayerProgress {
  readonly id: string;
  readonly status: string;
  readonly current: number | undefined;
  readonly total: number | undefined;
}

export interface Pull {
  readonly reference: string;
  readonly layers: readonly LayerProgress[];
  /** The last line about the whole: "Status: Downloaded newer image for …". */
  readonly status: string;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly error: string | undefined;
}

const HUB = "docker.io";

/** The registry's domain in a reference: its first component when that can be a host. */
export function domainOf(reference: string): string {
  const slash = reference.indexOf("/");
  const first = slash < 0 ? "" : reference.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost" || first !== first.toLowerCase();
  return isHost ? first : HUB;
}

/** Without a tag or a digest Docker means "latest". */
export function tagOf(reference: string): string {
  const name = reference.slice(reference.lastIndexOf("/") + 1);
  return name.includes(":") || reference.includes("@") ? "" : "latest";
}

export class Pulls {
  readonly list = new Store<readonly Pull[]>([]);
  readonly #slipway: Slipway;
  readonly #ends = new Map<string, AbortController>();

  constructor(slipway: Slipway) {
    this.#slipway = slipway;
  }

  async pull(reference: string): Promise<void> {
    if (this.#ends.has(reference)) return;
    const end = new AbortController();
    this.#ends.set(reference, end);
    const layers = new Map<string, LayerProgress>();
    const show = (change: Partial<Pull>): void => this.#put(reference, { layers: [...layers.values()], ...change });
    this.#remove(reference);
    show({ state: "running", status: "Contacting the registry", error: undefined });
    try {
      const auth = await this.#slipway.credentials.authFor(domainOf(reference));
      const options = { signal: end.signal, ...(auth === undefined ? {} : { auth }) };
      const messages = await this.#slipway.engine.images.imageCreate(reference, tagOf(reference), options);
      for await (const message of messages) {
        const failure = message.errorDetail?.message ?? message.error;
        if (failure !== undefined) throw new Error(failure);
        if (message.id === undefined || message.status?.startsWith("Pulling from") === true) {
          show({ status: message.status ?? "" });
          continue;
        }
        const { current, total } = message.progressDetail ?? {};
        layers.set(message.id, { id: message.id, status: message.status ?? "", current, total });
        show({});
      }
      show({ state: "done" });
    } catch (thrown) {
      const isCancelled = end.signal.aborted;
      show({ state: isCancelled ? "cancelled" : "failed", error: isCancelled ? undefined : messageOf(thrown) });
    }
    this.#ends.delete(reference);
  }

  cancel(reference: string): void {
    this.#ends.get(reference)?.abort();
  }

  dismiss(reference: string): void {
    this.cancel(reference);
    this.#remove(reference);
  }

  #remove(reference: string): void {
    this.list.set(this.list.value.filter((pull) => pull.reference !== reference));
  }

  #put(reference: string, change: Partial<Pull>): void {
    const others = this.list.value.filter((pull) => pull.reference !== reference);
    const before = this.list.value.find((pull) => pull.reference === reference);
    const fresh: Pull = { reference, layers: [], status: "", state: "running", error: undefined };
    this.list.set([...others, { ...fresh, ...before, ...change }]);
  }
}

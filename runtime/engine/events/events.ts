/**
 * What happened, for `docker events`: a ring of the latest events and a stream of those to come.
 * Events announce; nothing in the engine waits for one.
 */
import type { Clock } from "../../../layers/base/clock.ts";
import type { Disposable } from "../../../layers/base/disposable.ts";
import { disposable } from "../../../layers/base/disposable.ts";
import type { Filters } from "../filters.ts";

export type EventType = "container" | "image" | "volume" | "network" | "daemon" | "builder";

export interface EngineEvent {
  readonly type: EventType;
  /** Docker's word: "create", "die", "exec_start: sh -c x". */
  readonly action: string;
  readonly actor: { readonly id: string; readonly attributes: Readonly<Record<string, string>> };
  readonly timeNs: bigint;
}

/** How many events `--since` can look back on: moby's own number (daemon/events). */
const EVENTS_KEPT_MAX = 256;

/** Event filters of the API: everything but `label` and `image` names an attribute or a field. */
export const EVENT_FILTERS: ReadonlySet<string> = new Set([
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
]);

export class EventBus {
  readonly #clock: Clock;
  readonly #ring: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #lastNs = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  emit(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    // Two events never share an instant, so that `since` can name the place between them.
    const nowNs = this.#clock.nowNs();
    this.#lastNs = nowNs > this.#lastNs ? nowNs : this.#lastNs + 1n;
    const event: EngineEvent = { type, action, actor: { id, attributes }, timeNs: this.#lastNs };
    this.#ring.push(event);
    if (this.#ring.length > EVENTS_KEPT_MAX) this.#ring.shift();
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Past events within [sinceNs, untilNs]. */
  past(sinceNs: bigint, untilNs: bigint | undefined): readonly EngineEvent[] {
    return this.#ring.filter(
      (event) => event.timeNs >= sinceNs && (untilNs === undefined || event.timeNs <= untilNs),
    );
  }

  listen(listener: (event: EngineEvent) => void): Disposable {
    this.#listeners.add(listener);
    return disposable(() => this.#listeners.delete(listener));
  }
}

/** Whether `event` passes `filters`, with moby's rules for each key. */
export function eventMatches(event: EngineEvent, filters: Filters): boolean {
  const attributes = event.actor.attributes;
  const colon = event.action.indexOf(":");
  const word = colon < 0 ? event.action : event.action.slice(0, colon);
  return (
    (filters.matchesExactly("event", event.action) || filters.matchesExactly("event", word)) &&
    filters.matchesExactly("type", event.type) &&
    filters.matchesExactly("scope", "local") &&
    actorMatches(event, "container", filters) &&
    actorMatches(event, "volume", filters) &&
    actorMatches(event, "network", filters) &&
    actorMatches(event, "daemon", filters) &&
    imageMatches(event, filters) &&
    filters.matchesLabels("label", attributes)
  );
}

function actorMatches(event: EngineEvent, type: EventType, filters: Filters): boolean {
  if (!filters.has(type)) return true;
  const name = event.actor.attributes["name"] ?? "";
  if (event.type !== type) return false;
  return filters.matchesFuzzily(type, event.actor.id) || filters.matchesFuzzily(type, name);
}

/** `image=x` finds the image's own events and those of containers made from it, with or without tag. */
function imageMatches(event: EngineEvent, filters: Filters): boolean {
  if (!filters.has("image")) return true;
  const attribute = event.actor.attributes[event.type === "image" ? "name" : "image"] ?? "";
  const names = [event.actor.id, withoutTag(event.actor.id), attribute, withoutTag(attribute)];
  return names.some((name) => name !== "" && filters.matchesExactly("image", name));
}

function withoutTag(name: string): string {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}

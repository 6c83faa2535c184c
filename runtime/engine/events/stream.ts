/** `docker events`: what the ring still holds since a moment, then what comes, until a moment. */
import type { Clock } from "../../../layers/base/clock.ts";
import type { Filters } from "../filters.ts";
import type { EngineEvent, EventBus } from "./events.ts";
import { EVENT_FILTERS, eventMatches } from "./events.ts";

export interface EventQuery {
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  readonly filters: Filters;
  readonly signal: AbortSignal;
}

/** What this needs of the engine. */
export interface EventSource {
  readonly events: EventBus;
  readonly clock: Clock;
  readonly closing: AbortSignal;
}

/** Unread events a slow client may leave; the oldest are dropped beyond, as moby's pubsub drops. */
const QUEUE_LENGTH_MAX = 1024;

/** Listens from this very call on, so that nothing between it and the first read is lost. */
export function streamEvents(
  source: EventSource,
  query: EventQuery,
): AsyncGenerator<EngineEvent, void, undefined> {
  query.filters.validate(EVENT_FILTERS);
  const queue: EngineEvent[] = [];
  if (query.sinceNs !== undefined) queue.push(...source.events.past(query.sinceNs, query.untilNs));
  let wake = (): void => undefined;
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
    wake();
  };
  const listening = source.events.listen((event) => {
    if (ended.signal.aborted) return;
    queue.push(event);
    if (queue.length > QUEUE_LENGTH_MAX) queue.shift();
    wake();
  });
  const timer =
    query.untilNs === undefined ? undefined : source.clock.after(msUntil(source.clock, query.untilNs), end);
  query.signal.addEventListener("abort", end, { once: true });
  source.closing.addEventListener("abort", end, { once: true });
  if (query.signal.aborted || source.closing.aborted) end();
  return (async function* () {
    try {
      for (;;) {
        const news = new Promise<void>((resolve) => (wake = resolve));
        for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
          if (eventMatches(event, query.filters)) yield event;
        }
        if (ended.signal.aborted) return;
        if (queue.length === 0) await news;
      }
    } finally {
      listening.dispose();
      timer?.dispose();
      query.signal.removeEventListener("abort", end);
      source.closing.removeEventListener("abort", end);
    }
  })();
}

function msUntil(clock: Clock, untilNs: bigint): number {
  return Math.max(0, Number((untilNs - clock.nowNs()) / 1_000_000n));
}

/**
 * Docker's progress messages (moby pkg/jsonmessage) and the queue between who works and who reads:
 * a slow reader loses intermediate byte counts, never a change of state.
 */
import type { Clock } from "../../../layers/base/clock.ts";
import type { SlipwayError } from "../../../layers/base/errors.ts";

export interface ProgressMessage {
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly id?: string;
  readonly aux?: unknown;
  readonly errorDetail?: { readonly message: string };
  readonly error?: string;
}

/** Unread messages beyond which byte counts are dropped. */
const QUEUE_LENGTH_MAX = 200;
/** At most one byte count per line and this long (moby pkg/progress). */
const COUNT_INTERVAL_MS = 100;

export class ProgressQueue {
  readonly #clock: Clock;
  readonly #messages: ProgressMessage[] = [];
  readonly #lastCountMs = new Map<string, number>();
  #wake = (): void => undefined;
  #hasEnded = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A line of text, or the state of the line `id`. */
  status(status: string, id?: string): void {
    this.#push(id === undefined ? { status } : { status, progressDetail: {}, id });
  }

  /** A line that names its subject without being a bar ("latest: Pulling from library/x"). */
  titled(status: string, id: string): void {
    this.#push({ status, id });
  }

  aux(aux: unknown): void {
    this.#push({ progressDetail: {}, aux });
  }

  /** How far line `id` is. The last count, when `current` reaches `total`, is never left out. */
  count(status: string, id: string, current: number, total: number | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    const isLast = current === total;
    const isTooSoon = nowMs - (this.#lastCountMs.get(id) ?? Number.NEGATIVE_INFINITY) < COUNT_INTERVAL_MS;
    if (!isLast && (isTooSoon || this.#messages.length > QUEUE_LENGTH_MAX)) return;
    this.#lastCountMs.set(id, nowMs);
    this.#push({ status, progressDetail: total === undefined ? { current } : { current, total }, id });
  }

  fail(error: SlipwayError): void {
    this.#push({ errorDetail: { message: error.message }, error: error.message });
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Settles when there is something to read or nothing will come. */
  async ready(): Promise<void> {
    while (this.#messages.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async *messages(): AsyncGenerator<ProgressMessage, void, undefined> {
    for (;;) {
      await this.ready();
      const message = this.#messages.shift();
      if (message === undefined) return;
      yield message;
    }
  }

  #push(message: ProgressMessage): void {
    this.#messages.push(message);
    this.#wake();
  }
}

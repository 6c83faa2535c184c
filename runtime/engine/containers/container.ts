/**
 * A container while the engine is open: its record, and what does not outlive the engine (the task,
 * the clients' streams, those who wait for its end). The record is replaced as a whole, never edited.
 */
import type { Clock } from "../../../layers/base/clock.ts";
import type { Task } from "../../backends/backend.ts";
import type { Exec } from "./exec-record.ts";
import { Lock } from "../lock.ts";
import type { JsonLog } from "./json-log.ts";
import type { ContainerRecord, StatusWord } from "./record.ts";
import { statusWord } from "./record.ts";
import { RestartManager } from "./restart-manager.ts";
import { StandardStreams } from "./standard-streams.ts";

export interface WaitResult {
  readonly exitCode: number;
  readonly error: string;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export class Container {
  record: ContainerRecord;
  task: Task | undefined;
  isRemovalInProgress = false;
  /** `docker restart`: the end of the old task must not remove or restart the container by itself. */
  isBeingRestarted = false;
  readonly streams = new StandardStreams();
  readonly restarts: RestartManager;
  readonly lock = new Lock();
  /** Undefined for logging drivers that keep nothing. */
  readonly log: JsonLog | undefined;
  /** Aborting it ends the health checks under way. */
  healthWatch: AbortController | undefined;
  /** Live and finished execs by id, until the container goes. */
  readonly execs = new Map<string, Exec>();
  readonly #exitWaiters: ((result: WaitResult) => void)[] = [];
  readonly #removalWaiters: ((result: WaitResult) => void)[] = [];

  constructor(record: ContainerRecord, log: JsonLog | undefined, clock: Clock) {
    this.record = record;
    this.log = log;
    this.restarts = new RestartManager(clock);
  }

  get id(): string {
    return this.record.id;
  }

  get isRunning(): boolean {
    return this.record.state.isRunning;
  }

  get status(): StatusWord {
    return statusWord(this.record, this.isRemovalInProgress);
  }

  /** Settles when `condition` comes true; for `not-running` that may be now. */
  wait(condition: WaitCondition): Promise<WaitResult> {
    if (condition === "not-running" && !this.isRunning) return Promise.resolve(this.#result());
    const waiters = condition === "removed" ? this.#removalWaiters : this.#exitWaiters;
    return new Promise((resolve) => waiters.push(resolve));
  }

  /** Called when a run has ended (also when a restart follows). */
  notifyExit(): void {
    for (const waiter of this.#exitWaiters.splice(0)) waiter(this.#result());
  }

  notifyRemoved(): void {
    this.notifyExit();
    // A failed start was told by the start itself.
    const { exitCode } = this.#result();
    for (const waiter of this.#removalWaiters.splice(0)) waiter({ exitCode, error: "" });
  }

  #result(): WaitResult {
    return { exitCode: this.record.state.exitCode, error: this.record.state.error };
  }
}

/** The containers of the Engine API: one method per operation. */
import { fail } from "../../layers/base/errors.ts";
import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspectResponse,
  ContainerPruneResponse,
  ContainerSummary,
  ContainerTopResponse,
  ContainerWaitResponse,
} from "../api/schema/types.ts";
import type { ApiCaller, Filters, WithRaw } from "./api-caller.ts";
import { encodeFilters, segment } from "./api-caller.ts";
import type { OutputPiece } from "./output-frames.ts";
import { outputOf } from "./output-frames.ts";

export interface ContainerListOptions {
  readonly all?: boolean;
  readonly limit?: number;
  readonly size?: boolean;
  readonly filters?: Filters;
  readonly signal?: AbortSignal;
}

export interface ContainerCreateOptions {
  readonly name?: string;
  /** Such as "wasi/wasm". */
  readonly platform?: string;
  readonly signal?: AbortSignal;
}

export interface ContainerLogsOptions {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  readonly details?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly tail?: string;
  /** Whether the container has a terminal: its log is then not multiplexed. */
  readonly isTty: boolean;
  readonly signal?: AbortSignal;
}

export interface ContainerAttachOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly logs?: boolean;
  readonly stream?: boolean;
  readonly detachKeys?: string;
  readonly isTty: boolean;
  readonly signal?: AbortSignal;
}

/** A hijacked connection: bytes in, pieces of stdout and stderr out in the order they were written. */
export interface Attachment {
  /** Closing it is EOF for the container's stdin. */
  readonly stdin: WritableStream<Uint8Array>;
  readonly output: AsyncGenerator<OutputPiece, void, undefined>;
}

export interface StopOptions {
  readonly signalName?: string;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export class ContainersApi {
  readonly #caller: ApiCaller;

  constructor(caller: ApiCaller) {
    this.#caller = caller;
  }

  containerList(options: ContainerListOptions = {}): Promise<ContainerSummary[]> {
    const { all, limit, size, signal } = options;
    const query = { all, limit, size, filters: encodeFilters(options.filters) };
    return this.#caller.json("GET", "/containers/json", { query, signal });
  }

  containerCreate(
    config: ContainerCreateRequest,
    options: ContainerCreateOptions = {},
  ): Promise<ContainerCreateResponse> {
    const { name, platform, signal } = options;
    return this.#caller.json("POST", "/containers/create", {
      query: { name, platform },
      json: config,
      signal,
    });
  }

  containerInspect(
    id: string,
    options: { readonly size?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<WithRaw<ContainerInspectResponse>> {
    const { size, signal } = options;
    return this.#caller.withRaw("GET", `/containers/${segment(id)}/json`, { query: { size }, signal });
  }

  async containerStart(
    id: string,
    options: { readonly detachKeys?: string; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const { detachKeys, signal } = options;
    await this.#caller.run("POST", `/containers/${segment(id)}/start`, { query: { detachKeys }, signal });
  }

  async containerStop(id: string, options: StopOptions = {}): Promise<void> {
    await this.#end("stop", id, options);
  }

  async containerRestart(id: string, options: StopOptions = {}): Promise<void> {
    await this.#end("restart", id, options);
  }

  async #end(verb: string, id: string, options: StopOptions): Promise<void> {
    const query = { t: options.timeoutSeconds, signal: options.signalName };
    await this.#caller.run("POST", `/containers/${segment(id)}/${verb}`, { query, signal: options.signal });
  }

  async containerKill(id: string, signalName?: string, signal?: AbortSignal): Promise<void> {
    await this.#caller.run("POST", `/containers/${segment(id)}/kill`, {
      query: { signal: signalName },
      signal,
    });
  }

  async containerDelete(
    id: string,
    options: {
      readonly force?: boolean;
      readonly volumes?: boolean;
      readonly link?: boolean;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<void> {
    const { force, volumes: v, link, signal } = options;
    await this.#caller.run("DELETE", `/containers/${segment(id)}`, { query: { force, v, link }, signal });
  }

  async containerPause(id: string, signal?: AbortSignal): Promise<void> {
    await this.#caller.run("POST", `/containers/${segment(id)}/pause`, { signal });
  }

  async containerUnpause(id: string, signal?: AbortSignal): Promise<void> {
    await this.#caller.run("POST", `/containers/${segment(id)}/unpause`, { signal });
  }

  async containerRename(id: string, name: string, signal?: AbortSignal): Promise<void> {
    await this.#caller.run("POST", `/containers/${segment(id)}/rename`, { query: { name }, signal });
  }

  /** A tty's new size; silently nothing when the container has ended meanwhile is the caller's choice. */
  async containerResize(
    id: string,
    size: { readonly columns: number; readonly rows: number },
    signal?: AbortSignal,
  ): Promise<void> {
    const query = { h: size.rows, w: size.columns };
    await this.#caller.run("POST", `/containers/${segment(id)}/resize`, { query, signal });
  }

  containerTop(id: string, psArgs?: string, signal?: AbortSignal): Promise<ContainerTopResponse> {
    return this.#caller.json("GET", `/containers/${segment(id)}/top`, { query: { ps_args: psArgs }, signal });
  }

  /**
   * Waits for a container to end. The outer promise settles when the daemon has begun to wait (its
   * headers came), the inner one with the exit code: so that a start in between cannot be missed.
   */
  async containerWait(
    id: string,
    condition: WaitCondition = "not-running",
    signal?: AbortSignal,
  ): Promise<{ readonly ended: Promise<ContainerWaitResponse> }> {
    const path = `/containers/${segment(id)}/wait`;
    const ended = this.#caller.begin<ContainerWaitResponse>("POST", path, { query: { condition }, signal });
    return { ended: (await ended).value };
  }

  async containerLogs(
    id: string,
    options: ContainerLogsOptions,
  ): Promise<AsyncGenerator<OutputPiece, void, undefined>> {
    const { isTty, signal, ...query } = options;
    const path = `/containers/${segment(id)}/logs`;
    const response = await this.#caller.call("GET", path, { query, signal });
    return outputOf(response.body, isTty, signal);
  }

  async containerAttach(id: string, options: ContainerAttachOptions): Promise<Attachment> {
    const { isTty, signal, ...query } = options;
    const path = `/containers/${segment(id)}/attach`;
    const { connection } = await this.#caller.hijack(path, {
      query: { ...query, stream: query.stream ?? true },
      signal,
    });
    return { stdin: connection.writable, output: outputOf(connection.readable, isTty, signal) };
  }

  containerPrune(filters?: Filters, signal?: AbortSignal): Promise<ContainerPruneResponse> {
    return this.#caller.json("POST", "/containers/prune", {
      query: { filters: encodeFilters(filters) },
      signal,
    });
  }
}

/** A container reference that must not be empty, as Docker's client checks before it asks. */
export function requireContainer(id: string): string {
  if (id.trim() === "") throw fail("invalidParameter", "invalid container name or ID: value is empty");
  return id;
}

/** The daemon itself: ping, version, info, disk usage, events, credentials check. */
import type {
  EventMessage,
  SystemAuthResponse,
  SystemDataUsageResponse,
  SystemInfo,
  SystemVersion,
} from "../api/schema/types.ts";
import type { ApiCaller, Filters, WithRaw } from "./api-caller.ts";
import { encodeFilters } from "./api-caller.ts";
import { jsonLines } from "./json-lines.ts";
import type { RegistryAuth } from "./registry-auth.ts";

export interface Ping {
  readonly apiVersion: string;
  readonly osType: string;
  readonly isExperimental: boolean;
}

/** Nanosecond times exceed 2^53 and come as bigint. */
export type Event = Omit<EventMessage, "timeNano"> & { readonly timeNano?: number | bigint };

export class SystemApi {
  readonly #caller: ApiCaller;

  constructor(caller: ApiCaller) {
    this.#caller = caller;
  }

  async systemPing(signal?: AbortSignal): Promise<Ping> {
    const response = await this.#caller.call("HEAD", "/_ping", { signal });
    await response.body.cancel();
    return {
      apiVersion: response.headers["api-version"] ?? "",
      osType: response.headers["ostype"] ?? "",
      isExperimental: response.headers["docker-experimental"] === "true",
    };
  }

  systemVersion(signal?: AbortSignal): Promise<WithRaw<SystemVersion>> {
    return this.#caller.withRaw("GET", "/version", { signal });
  }

  systemInfo(signal?: AbortSignal): Promise<WithRaw<SystemInfo>> {
    return this.#caller.withRaw("GET", "/info", { signal });
  }

  systemDataUsage(types: readonly string[] = [], signal?: AbortSignal): Promise<SystemDataUsageResponse> {
    return this.#caller.json("GET", "/system/df", { query: { type: types }, signal });
  }

  /** Times are seconds since the epoch, RFC 3339, or durations, as `docker events` takes them. */
  async systemEvents(
    options: {
      readonly since?: string;
      readonly until?: string;
      readonly filters?: Filters;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<AsyncGenerator<Event, void, undefined>> {
    const { since, until, signal } = options;
    const query = { since, until, filters: encodeFilters(options.filters) };
    const response = await this.#caller.call("GET", "/events", { query, signal });
    return jsonLines(response.body, signal);
  }

  systemAuth(auth: RegistryAuth, signal?: AbortSignal): Promise<SystemAuthResponse> {
    return this.#caller.json("POST", "/auth", { json: auth, signal });
  }
}

/** The images of the Engine API: one method per operation; pull and push are streams of progress. */
import type {
  HistoryResponseItem,
  ImageDeleteResponseItem,
  ImageInspect,
  ImagePruneResponse,
  ImageSummary,
} from "../api/schema/types.ts";
import type { ApiCaller, Filters, WithRaw } from "./api-caller.ts";
import { encodeFilters, segment } from "./api-caller.ts";
import { jsonLines } from "./json-lines.ts";
import type { RegistryAuth } from "./registry-auth.ts";
import { encodeRegistryAuth } from "./registry-auth.ts";

/** One line of progress (moby: pkg/jsonmessage). An error ends the stream with `errorDetail`. */
export interface ProgressMessage {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly progressDetail?: ProgressNumbers;
  readonly progress?: string;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
  readonly error?: string;
  readonly aux?: unknown;
}

export interface ProgressNumbers {
  readonly current?: number;
  readonly total?: number;
  readonly start?: number;
  readonly hidecounts?: boolean;
  readonly units?: string;
}

export interface ImageCreateOptions {
  readonly platform?: string;
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
}

export class ImagesApi {
  readonly #caller: ApiCaller;

  constructor(caller: ApiCaller) {
    this.#caller = caller;
  }

  imageList(
    options: {
      readonly all?: boolean;
      readonly digests?: boolean;
      readonly filters?: Filters;
      readonly sharedSize?: boolean;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<ImageSummary[]> {
    const { all, digests, signal } = options;
    const query = {
      all,
      digests,
      "shared-size": options.sharedSize,
      filters: encodeFilters(options.filters),
    };
    return this.#caller.json("GET", "/images/json", { query, signal });
  }

  /** Pulls. `fromImage` without a tag or digest needs `tag`. */
  async imageCreate(
    fromImage: string,
    tag: string,
    options: ImageCreateOptions = {},
  ): Promise<AsyncGenerator<ProgressMessage, void, undefined>> {
    const { platform, signal } = options;
    const query = { fromImage, tag, platform: platform?.toLowerCase() };
    const headers = authHeader(options.auth);
    const response = await this.#caller.call("POST", "/images/create", { query, headers, signal });
    return jsonLines(response.body, signal);
  }

  async imagePush(
    name: string,
    tag: string,
    options: ImageCreateOptions & { readonly platform?: string } = {},
  ): Promise<AsyncGenerator<ProgressMessage, void, undefined>> {
    const { platform, signal } = options;
    // The daemon refuses a push without the header, so it is sent even when empty.
    const headers = authHeader(options.auth ?? {});
    const response = await this.#caller.call("POST", `/images/${segment(name)}/push`, {
      query: { tag, platform },
      headers,
      signal,
    });
    return jsonLines(response.body, signal);
  }

  imageInspect(
    name: string,
    options: { readonly platform?: string; readonly signal?: AbortSignal } = {},
  ): Promise<WithRaw<ImageInspect>> {
    const { platform, signal } = options;
    return this.#caller.withRaw("GET", `/images/${segment(name)}/json`, { query: { platform }, signal });
  }

  imageHistory(
    name: string,
    options: { readonly platform?: string; readonly signal?: AbortSignal } = {},
  ): Promise<HistoryResponseItem[]> {
    const { platform, signal } = options;
    return this.#caller.json("GET", `/images/${segment(name)}/history`, { query: { platform }, signal });
  }

  async imageTag(name: string, repo: string, tag: string, signal?: AbortSignal): Promise<void> {
    await this.#caller.run("POST", `/images/${segment(name)}/tag`, { query: { repo, tag }, signal });
  }

  imageDelete(
    name: string,
    options: {
      readonly force?: boolean;
      readonly noprune?: boolean;
      readonly platforms?: readonly string[];
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<ImageDeleteResponseItem[]> {
    const { force, noprune, platforms, signal } = options;
    return this.#caller.json("DELETE", `/images/${segment(name)}`, {
      query: { force, noprune, platforms },
      signal,
    });
  }

  imagePrune(filters?: Filters, signal?: AbortSignal): Promise<ImagePruneResponse> {
    return this.#caller.json("POST", "/images/prune", { query: { filters: encodeFilters(filters) }, signal });
  }
}

function authHeader(auth: RegistryAuth | undefined): Record<string, string> {
  return auth === undefined ? {} : { "x-registry-auth": encodeRegistryAuth(auth) };
}

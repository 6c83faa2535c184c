/** An engine whose images come from a layout in memory, and what tests of pulling ask it. */
import { systemClock } from "../../layers/base/clock.ts";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { createApiHandler } from "../../runtime/api/create-handler.ts";
import type { Engine } from "../../runtime/engine/engine.ts";
import { ApiClient } from "./api-calls.ts";
import { openTestEngine } from "./engine.ts";
import { ImageLayout } from "./image-layout.ts";
import { testClient } from "./registry-client.ts";

export interface World {
  readonly engine: Engine;
  readonly api: ApiClient;
  readonly layout: ImageLayout;
}

export async function openWorld(options: { place?: MemoryPlace; layout?: ImageLayout } = {}): Promise<World> {
  const layout = options.layout ?? new ImageLayout();
  const storage = new MemoryStorage(options.place ?? new MemoryPlace());
  const engine = await openTestEngine({
    isEmpty: true,
    storage,
    content: new StorageContentStore(storage.files, createNodeHasher),
    snapshots: new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock }),
    registry: testClient({ mirrors: ["http://mirror.test/oci/"] }, { fetch: mirrorOnly(layout) }),
  });
  return { engine, api: new ApiClient(createApiHandler(engine)), layout };
}

/** Hosts other than the mirror are out of reach. */
function mirrorOnly(layout: ImageLayout): (input: string, init: RequestInit) => Promise<Response> {
  return async (input, init) => {
    if (new URL(input).host !== "mirror.test") throw new TypeError("fetch failed");
    return layout.fetch(input, init);
  };
}

export interface Message {
  readonly status?: string;
  readonly id?: string;
  readonly errorDetail?: { readonly message: string };
  readonly progressDetail?: { readonly current?: number };
}

export async function pull(api: ApiClient, name: string, query = ""): Promise<readonly Message[]> {
  const [image = "", tag = ""] = name.split(":");
  const { text, status } = await api.call(
    "POST",
    `/images/create?fromImage=${image}&tag=${tag || "latest"}${query}`,
  );
  const messages = text
    .trim()
    .split("\r\n")
    .map((line) => JSON.parse(line) as Message & { message?: string });
  return status === 200
    ? messages
    : [{ errorDetail: { message: `${status}: ${messages[0]?.message ?? ""}` } }];
}

/** The words of a pull without byte counts. */
export function words(messages: readonly Message[]): readonly string[] {
  return messages
    .filter((message) => message.progressDetail?.current === undefined)
    .map(
      (message) =>
        message.errorDetail?.message ??
        `${message.id === undefined ? "" : `${message.id}: `}${message.status ?? ""}`,
    );
}

export const failureOf = (messages: readonly Message[]): string | undefined => messages.at(-1)?.errorDetail?.message;
export const short = (digest: string): string => digest.slice(7, 19);

export function twoLayers(layout: ImageLayout, name = "app"): ReturnType<ImageLayout["build"]> {
  const image = layout.build({
    layers: [{ "bin/a": "first" }, { "etc/b": "second" }],
    config: { Cmd: ["cat"], Labels: { tier: "web" } },
  });
  layout.name(name, image.manifest);
  return image;
}

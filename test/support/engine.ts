/** An engine in memory with JavaScript programs, and an image to make containers from. */
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { fail } from "../../layers/base/errors.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { parseReference, withDefaultTag } from "../../layers/oci/reference.ts";
import type { Registry } from "../../layers/registry/registry.ts";
import type { Backend } from "../../runtime/backends/backend.ts";
import type { ContainerConfig } from "../../runtime/engine/containers/config.ts";
import { EMPTY_CONFIG } from "../../runtime/engine/containers/config.ts";
import type { EngineOptions } from "../../runtime/engine/engine.ts";
import { Engine } from "../../runtime/engine/engine.ts";
import type { ImageRecord } from "../../runtime/engine/images/image-record.ts";
import { FakeBackend } from "./fake-backend.ts";
import { FakeSnapshotter } from "./fake-snapshotter.ts";

export interface TestEngineOptions extends Partial<EngineOptions> {
  readonly place?: MemoryPlace;
  readonly programs?: FakeBackend["programs"];
  /** Leave out the image `busybox`. */
  readonly isEmpty?: boolean;
}

/** Everything of an engine that a reopened one shares. */
export async function openTestEngine(options: TestEngineOptions = {}): Promise<Engine> {
  const storage = options.storage ?? new MemoryStorage(options.place ?? new MemoryPlace());
  const backends: readonly Backend[] = options.backends ?? [
    new FakeBackend(options.programs === undefined ? {} : { programs: options.programs }),
  ];
  const engine = await Engine.open({
    content: new StorageContentStore(storage.files, createWasmHasher),
    snapshots: new FakeSnapshotter(),
    registry: noRegistry,
    ...options,
    storage,
    backends,
  });
  if (options.isEmpty !== true && engine.images.find("busybox") === undefined) {
    await addImage(engine, "busybox", { Cmd: ["echo", "hello"], Env: ["PATH=/bin"] });
  }
  return engine;
}

/** An image without bytes, as if it had been pulled. */
export async function addImage(
  engine: Engine,
  name: string,
  config: Partial<ContainerConfig>,
  platform = "linux/amd64",
): Promise<ImageRecord> {
  const digits = Buffer.from(name).toString("hex");
  const digest = (prefix: string): string => `sha256:${(prefix + digits).padEnd(64, "0").slice(0, 64)}`;
  const [os = "", architecture = ""] = platform.split("/");
  const image: ImageRecord = {
    id: digest("1"),
    created: "2026-01-02T03:04:05.000000006Z",
    os,
    architecture,
    variant: "",
    author: "",
    comment: "",
    config: { ...EMPTY_CONFIG, ...config },
    history: [],
    diffIDs: [],
    blobs: [],
    manifest: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digest("2"), size: 2 },
    configDescriptor: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digest("1"), size: 2 },
    sizeBytes: 0,
    lastTagTime: "2026-01-02T03:04:05Z",
  };
  await engine.images.put(image, [withDefaultTag(parseReference(name))]);
  return image;
}

const refuse = (): never => {
  throw fail("unavailable", "no registry in this test");
};
const noRegistry: Registry = {
  manifest: async () => refuse(),
  blob: refuse,
  pushBlob: async () => refuse(),
  pushManifest: async () => refuse(),
  login: async () => refuse(),
};

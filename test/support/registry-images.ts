/** Small images for registry tests: bytes from a seed, manifests that any registry accepts. */
import { createHash } from "node:crypto";
import type { Descriptor } from "../../layers/oci/descriptor.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from "../../layers/oci/media-types.ts";
import type { Reference } from "../../layers/oci/reference.ts";
import type { Registry, RegistryRequest } from "../../layers/registry/registry.ts";
import { streamOf } from "../../layers/base/streams.ts";

export interface TestImage {
  readonly manifest: Uint8Array<ArrayBuffer>;
  readonly descriptor: Descriptor;
  /** Config first, then layers. */
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array<ArrayBuffer> }[];
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** `length` bytes that do not compress and differ by seed. */
export function noise(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export function testImage(options: {
  seed: number;
  layerBytes: readonly number[];
  dialect?: "docker" | "oci";
}): TestImage {
  const isDocker = options.dialect === "docker";
  const layers = options.layerBytes.map((length, index) => {
    const bytes = noise(options.seed * 100 + index, length);
    return blob(bytes, isDocker ? DOCKER_LAYER_GZIP : OCI_LAYER_GZIP);
  });
  const config = json({
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["sh"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
    history: layers.map(() => ({ created_by: "test" })),
  });
  const configBlob = blob(config, isDocker ? DOCKER_CONFIG : OCI_CONFIG);
  const mediaType = isDocker ? DOCKER_MANIFEST : OCI_MANIFEST;
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    config: configBlob.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return {
    manifest,
    descriptor: { mediaType, digest: sha256(manifest), size: manifest.length },
    blobs: [configBlob, ...layers],
  };
}

export async function pushImage(
  registry: Registry,
  reference: Reference,
  image: TestImage,
  request: RegistryRequest = {},
): Promise<void> {
  for (const { descriptor, bytes } of image.blobs) {
    await registry.pushBlob(reference, descriptor, async () => streamOf(bytes), request);
  }
  await registry.pushManifest(reference, image.manifest, image.descriptor.mediaType, request);
}

function blob(bytes: Uint8Array<ArrayBuffer>, mediaType: string): TestImage["blobs"][number] {
  return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
}

function json(value: object): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(JSON.stringify(value)));
}

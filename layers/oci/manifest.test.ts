/** Manifests, indexes, layouts, image configs and wasm artifacts: what is read and what is refused. */
import { expect, test } from "vitest";
import { encodeUtf8 } from "../base/bytes.ts";
import { checkConfigMatches, parseImageConfig } from "./image-config.ts";
import { findInLayout, imagesInLayout, layoutAnnotations, layoutBlobPath } from "./layout.ts";
import type { ImageIndex, ImageManifest } from "./manifest.ts";
import { chooseManifest, parseManifest, platformsOf } from "./manifest.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
  WASM_CONFIG,
  WASM_LAYER,
  configKindOf,
  layerKindOf,
} from "./media-types.ts";
import { parsePlatform } from "./platform.ts";
import { parseReference } from "./reference.ts";
import { asksForWasm, isWasmArtifact, readWasmArtifact } from "./wasm-artifact.ts";

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
const bytesOf = (value: unknown): Uint8Array => encodeUtf8(JSON.stringify(value));
const config = { mediaType: OCI_CONFIG, digest: digestOf("c"), size: 2 };
const layer = { mediaType: OCI_LAYER, digest: digestOf("1"), size: 3 };
const ociManifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
const parse = (value: unknown, mediaType?: string) =>
  parseManifest(bytesOf(value), mediaType, "docker.io/library/x:latest");

test("an OCI manifest, with and without its own media type, is read", () => {
  const expected: ImageManifest = {
    kind: "manifest",
    mediaType: OCI_MANIFEST,
    artifactType: undefined,
    config,
    layers: [layer],
    annotations: {},
  };
  expect(parse(ociManifest, OCI_MANIFEST)).toEqual(expected);
  expect(parse({ ...ociManifest, mediaType: undefined }, OCI_MANIFEST)).toEqual(expected);
  expect(parse({ ...ociManifest, mediaType: undefined })).toEqual(expected);
  expect(parse({ ...ociManifest, annotations: null }, "application/octet-stream")).toEqual(expected);
});

test("a Docker manifest and a manifest list are read", () => {
  const docker = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: { ...config, mediaType: DOCKER_CONFIG },
    layers: [{ ...layer, mediaType: DOCKER_LAYER_GZIP }],
  };
  expect(parse(docker, DOCKER_MANIFEST)).toMatchObject({ kind: "manifest", mediaType: DOCKER_MANIFEST });
  const entry = {
    mediaType: DOCKER_MANIFEST,
    digest: digestOf("a"),
    size: 5,
    platform: { os: "linux", architecture: "arm", variant: "v7" },
  };
  const list = { schemaVersion: 2, mediaType: DOCKER_MANIFEST_LIST, manifests: [entry] };
  expect(parse(list, DOCKER_MANIFEST_LIST)).toMatchObject({ kind: "index", manifests: [entry] });
});

test.each([
  ["not an object", [], undefined, /invalid manifest: must be an object/],
  ["no schema version", { ...ociManifest, schemaVersion: undefined }, OCI_MANIFEST, /schema version/],
  ["another media type than announced", ociManifest, DOCKER_MANIFEST, /mediaType in manifest should be/],
  ["both shapes", { ...ociManifest, manifests: [] }, OCI_MANIFEST, /belong to an index/],
  [
    "both shapes as index",
    { schemaVersion: 2, manifests: [], layers: [] },
    OCI_INDEX,
    /belong to a manifest/,
  ],
  [
    "both shapes and no type",
    { schemaVersion: 2, manifests: [], layers: [] },
    undefined,
    /unsupported manifest media type/,
  ],
  [
    "an unknown media type",
    { schemaVersion: 2, mediaType: "application/x" },
    undefined,
    /unsupported manifest media type application\/x/,
  ],
  ["no layers", { ...ociManifest, layers: null }, OCI_MANIFEST, /manifest\.layers: must be an array/],
  [
    "a digest that is a path",
    { ...ociManifest, layers: [{ ...layer, digest: "sha256:../../etc" }] },
    OCI_MANIFEST,
    /layers\[0\]\.digest: must be a digest/,
  ],
  [
    "a negative size",
    { ...ociManifest, layers: [{ ...layer, size: -1 }] },
    OCI_MANIFEST,
    /layers\[0\]\.size/,
  ],
  ["a fractional size", { ...ociManifest, config: { ...config, size: 1.5 } }, OCI_MANIFEST, /config\.size/],
  ["too many layers", { ...ociManifest, layers: new Array(5000).fill(layer) }, OCI_MANIFEST, /at most 1024/],
])("%s is refused", (_what, value, mediaType, message) => {
  expect(() => parse(value, mediaType)).toThrow(
    expect.objectContaining({ kind: "invalidParameter", message: expect.stringMatching(message) }),
  );
});

test("bytes that are not JSON are refused", () => {
  expect(() => parseManifest(encodeUtf8("<html>"), OCI_MANIFEST, "x")).toThrow("invalid manifest: not JSON");
});

test("schema 1 gets Docker's notice", () => {
  const message = /^Docker Image Format v1 .* Suggest the author of docker\.io\/library\/x:latest to upgrade/;
  expect(() => parse({ schemaVersion: 1, name: "x" })).toThrow(message);
  expect(() => parse({}, "application/vnd.docker.distribution.manifest.v1+prettyjws")).toThrow(message);
});

test("unknown layers and configs are refused by name", () => {
  expect(layerKindOf(OCI_LAYER_ZSTD)).toEqual({ kind: "tar", compression: "zstd", isForeign: false });
  expect(() => layerKindOf("application/x-rpm")).toThrow("unsupported media type application/x-rpm");
  expect(() => configKindOf("application/vnd.cncf.helm.config.v1+json")).toThrow("unsupported media type");
});

const indexOf = (...platforms: string[]): ImageIndex => ({
  kind: "index",
  mediaType: OCI_INDEX,
  annotations: {},
  manifests: platforms.map((platform, index) => {
    const [os = "", architecture = ""] = platform.split("/");
    return {
      mediaType: OCI_MANIFEST,
      digest: digestOf(String(index)),
      size: 1,
      platform: { os, architecture },
    };
  }),
});

test("an index gives the entry for a platform, or says which there are", () => {
  const index = indexOf("linux/arm64", "wasi/wasm32", "unknown/unknown");
  expect(chooseManifest(index, undefined).digest).toBe(digestOf("1"));
  expect(chooseManifest(index, parsePlatform("linux/arm64")).digest).toBe(digestOf("0"));
  expect(platformsOf(index)).toEqual(["linux/arm64", "wasi/wasm"]);
  expect(() => chooseManifest(index, parsePlatform("linux/386"))).toThrow(
    expect.objectContaining({
      kind: "notFound",
      message:
        "no matching manifest for linux/386 in the manifest list entries; available: linux/arm64, wasi/wasm",
    }),
  );
  expect(() => chooseManifest(indexOf("linux/s390x"), undefined)).toThrow(
    "no matching manifest for linux/amd64 or wasi/wasm in the manifest list entries; available: linux/s390x",
  );
  expect(() => chooseManifest(indexOf(), undefined)).toThrow("available: none");
});

test("a layout finds images by full name, by short name, and by digest", () => {
  const named = (digit: string, annotations: Record<string, string>) => ({
    mediaType: OCI_MANIFEST,
    digest: digestOf(digit),
    size: 1,
    annotations,
  });
  const layout: ImageIndex = {
    kind: "index",
    mediaType: OCI_INDEX,
    annotations: {},
    manifests: [
      named("1", {
        "io.containerd.image.name": "docker.io/library/debian:bookworm",
        "org.opencontainers.image.ref.name": "bookworm",
      }),
      named("2", { "org.opencontainers.image.ref.name": "debian:slim" }),
      named("3", { "org.opencontainers.image.ref.name": "ghcr.io/a/b:c" }),
      named("4", { "org.opencontainers.image.ref.name": "Not A Name" }),
      { mediaType: OCI_MANIFEST, digest: digestOf("5"), size: 1 },
    ],
  };
  const find = (text: string) => findInLayout(layout, parseReference(text))?.digest;
  expect(find("debian:bookworm")).toBe(digestOf("1"));
  expect(find("debian:slim")).toBe(digestOf("2"));
  expect(find("ghcr.io/a/b:c")).toBe(digestOf("3"));
  expect(find("debian")).toBeUndefined();
  expect(find(`debian@${digestOf("5")}`)).toBe(digestOf("5"));
  expect(imagesInLayout(layout)).toHaveLength(3);
  expect(layoutBlobPath(digestOf("1"))).toBe(`blobs/sha256/${"1".repeat(64)}`);
  const annotated = {
    ...layout,
    manifests: [named("7", { ...layoutAnnotations(parseReference("hello-wasi")) })],
  };
  expect(findInLayout(annotated, parseReference("hello-wasi:latest"))?.digest).toBe(digestOf("7"));
});

const imageConfig = {
  created: "2026-11-21T00:00:00Z",
  architecture: "x86_64",
  os: "linux",
  config: {
    User: "nobody",
    ExposedPorts: { "80/tcp": {} },
    Env: ["PATH=/bin"],
    Entrypoint: null,
    Cmd: ["sh"],
    Volumes: { "/data": {} },
    Labels: null,
    StopSignal: "SIGQUIT",
    Healthcheck: { Test: ["CMD", "true"], Interval: 5_000_000_000 },
  },
  rootfs: { type: "layers", diff_ids: [digestOf("1")] },
  history: [{ created_by: "ADD" }, { created_by: "CMD", empty_layer: true }],
};

test("an image config is read with Docker's fields, null meaning absent", () => {
  const parsed = parseImageConfig(bytesOf(imageConfig));
  expect(parsed).toMatchObject({
    platform: { os: "linux", architecture: "amd64" },
    config: {
      user: "nobody",
      exposedPorts: ["80/tcp"],
      env: ["PATH=/bin"],
      entrypoint: undefined,
      cmd: ["sh"],
      volumes: ["/data"],
      labels: {},
      stopSignal: "SIGQUIT",
      healthcheck: { test: ["CMD", "true"], intervalNs: 5_000_000_000, retries: 0 },
    },
    diffIds: [digestOf("1")],
    history: [
      { createdBy: "ADD", isEmptyLayer: false },
      { createdBy: "CMD", isEmptyLayer: true },
    ],
  });
  const manifest = parse(ociManifest) as ImageManifest;
  checkConfigMatches(parsed, manifest);
  expect(() => checkConfigMatches({ ...parsed, diffIds: [] }, manifest)).toThrow(
    "lists 0 layers, but the manifest has 1",
  );
});

test.each([
  ["no rootfs", { ...imageConfig, rootfs: undefined }, /no rootfs/],
  ["another rootfs", { ...imageConfig, rootfs: { type: "x" } }, /rootfs of type x/],
  [
    "a diffID that is none",
    { ...imageConfig, rootfs: { type: "layers", diff_ids: ["x"] } },
    /diff_ids\[0\]: must be a digest/,
  ],
  ["a string for Env", { ...imageConfig, config: { Env: "x" } }, /config\.Env: must be an array/],
  ["numbers in Cmd", { ...imageConfig, config: { Cmd: [1] } }, /config\.Cmd\[0\]: must be a string/],
])("a config with %s is refused", (_what, value, message) => {
  expect(() => parseImageConfig(bytesOf(value))).toThrow(message);
});

test("a wasm artifact becomes a config whose entrypoint is the module", () => {
  const manifest = parse({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { ...config, mediaType: WASM_CONFIG },
    layers: [
      {
        ...layer,
        mediaType: WASM_LAYER,
        annotations: { "org.opencontainers.image.title": "out/hello.wasm" },
      },
    ],
  }) as ImageManifest;
  expect(isWasmArtifact(manifest)).toBe(true);
  expect(isWasmArtifact(parse(ociManifest) as ImageManifest)).toBe(false);
  const artifact = readWasmArtifact(
    manifest,
    bytesOf({ architecture: "wasm", os: "wasip1", layerDigests: [] }),
  );
  expect(artifact).toMatchObject({
    fileName: "hello.wasm",
    config: { platform: { os: "wasi", architecture: "wasm" }, config: { entrypoint: ["/hello.wasm"] } },
  });
  expect(() => readWasmArtifact(manifest, bytesOf({ architecture: "wasm", os: "wasip2" }))).toThrow(
    "wasip2/wasm",
  );
});

test("crun's and WasmEdge's annotations ask for wasm", () => {
  expect(asksForWasm({ "run.oci.handler": "wasm" })).toBe(true);
  expect(asksForWasm({ "module.wasm.image/variant": "compat-smart" })).toBe(true);
  expect(asksForWasm({ "run.oci.handler": "krun" })).toBe(false);
});

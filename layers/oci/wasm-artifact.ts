/**
 * WebAssembly modules in registries. Three conventions are in use: the CNCF artifact (a config of its
 * own type and one application/wasm layer), which is no filesystem and gets an image config made up
 * here; the ordinary image of platform wasi/wasm whose entrypoint is a module; and the ordinary
 * linux image that crun and WasmEdge recognise by an annotation.
 */
import { fail } from "../base/errors.ts";
import type { Descriptor } from "./descriptor.ts";
import type { ImageConfig, RunConfig } from "./image-config.ts";
import { parseJsonObject, readOptionalString } from "./json-shape.ts";
import type { ImageManifest } from "./manifest.ts";
import { configKindOf, layerKindOf } from "./media-types.ts";
import type { Platform } from "./platform.ts";
import { WASI_WASM, normalizePlatform } from "./platform.ts";

export interface WasmArtifact {
  /** The module itself, not a tar. */
  readonly module: Descriptor;
  /** Name of the module in the root directory of a container made from it. */
  readonly fileName: string;
  readonly config: ImageConfig;
}

const TITLE_ANNOTATION = "org.opencontainers.image.title";
/** OCI 1.1 artifacts without a config of their own. */
const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";
const DEFAULT_FILE_NAME = "module.wasm";

/** Set by who wants crun or WasmEdge to run an image's entrypoint as a module. */
const HANDLER_ANNOTATIONS: Readonly<Record<string, readonly string[]>> = {
  "module.wasm.image/variant": ["compat", "compat-smart"],
  "run.oci.handler": ["wasm"],
};

/** Whether the manifest is a bare module rather than an image. */
export function isWasmArtifact(manifest: ImageManifest): boolean {
  const [only] = manifest.layers;
  if (only === undefined || manifest.layers.length !== 1) return false;
  const isConfigFitting =
    manifest.config.mediaType === EMPTY_CONFIG || configKindOf(manifest.config.mediaType) === "wasm";
  return isConfigFitting && layerKindOf(only.mediaType).kind === "wasm";
}

/** Whether annotations ask for the entrypoint to be run as a WASI module. */
export function asksForWasm(annotations: Readonly<Record<string, string>>): boolean {
  return Object.entries(HANDLER_ANNOTATIONS).some(([name, values]) => values.includes(annotations[name] ?? ""));
}

/**
 * The artifact of `manifest`, whose config blob is `configBytes`.
 * @throws SlipwayError `invalidParameter` when the module is a component (wasip2), which nothing here runs.
 */
export function readWasmArtifact(manifest: ImageManifest, configBytes: Uint8Array): WasmArtifact {
  const [module] = manifest.layers;
  if (module === undefined) throw fail("invalidParameter", "wasm artifact without a layer");
  const json = parseJsonObject(configBytes, "wasm config");
  const os = readOptionalString(json["os"], "wasm config.os") || WASI_WASM.os;
  const architecture = readOptionalString(json["architecture"], "wasm config.architecture") || WASI_WASM.architecture;
  const platform = normalizePlatform({ os, architecture });
  if (platform.os !== WASI_WASM.os || platform.architecture !== WASI_WASM.architecture) {
    throw fail("invalidParameter", `wasm artifact is for ${os}/${architecture}, not for wasi preview 1`);
  }
  const fileName = fileNameOf(module);
  return {
    module,
    fileName,
    config: {
      created: readOptionalString(json["created"], "wasm config.created"),
      author: readOptionalString(json["author"], "wasm config.author") ?? "",
      dockerVersion: "",
      comment: "",
      platform: platform satisfies Platform,
      config: runConfigFor(`/${fileName}`),
      // Whoever unpacks the module computes the diffID of the one-file layer it becomes.
      diffIds: [],
      history: [],
    },
  };
}

/** The last part of the layer's title, when it is a plain name. */
function fileNameOf(module: Descriptor): string {
  const name = (module.annotations?.[TITLE_ANNOTATION] ?? "").split("/").at(-1) ?? "";
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(name) ? name : DEFAULT_FILE_NAME;
}

function runConfigFor(entrypoint: string): RunConfig {
  return {
    user: "",
    exposedPorts: [],
    env: [],
    entrypoint: [entrypoint],
    cmd: undefined,
    volumes: [],
    workingDir: "/",
    labels: {},
    stopSignal: undefined,
    stopTimeoutSeconds: undefined,
    healthcheck: undefined,
    shell: undefined,
    onBuild: [],
    argsEscaped: false,
  };
}

/**
 * Image manifests and indexes: Docker v2 schema 2 and OCI, which differ only in media types. Parsing
 * validates everything the rest of Slipway relies on: digests can be keys, sizes can be limits. The
 * hard idea is that bytes decide nothing by their looks: a document with both `layers` and
 * `manifests` means different things to different readers (CVE-2021-41190) and is refused.
 */
import { fail } from "../base/errors.ts";
import type { Descriptor } from "./descriptor.ts";
import type { JsonObject } from "./json-shape.ts";
import {
  isAbsent,
  parseJsonObject,
  readArray,
  readDigest,
  readObject,
  readOptionalObject,
  readOptionalString,
  readOptionalStrings,
  readSize,
  readString,
  readStringMap,
  wrong,
} from "./json-shape.ts";
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST, manifestKindOf } from "./media-types.ts";
import type { Platform } from "./platform.ts";
import { DEFAULT_PLATFORMS, choosePlatform, formatPlatform } from "./platform.ts";

export interface ImageManifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export type Manifest = ImageManifest | ImageIndex;

/** The limit every registry and engine puts on a manifest (distribution spec: at least 4 MiB). */
export const MANIFEST_SIZE_BYTES_MAX = 4 * 1024 * 1024;
/** overlay2 stops at 128 layers; a wide margin for artifacts, small enough to hold. */
const LAYERS_MAX = 1024;
/** An OCI layout served as a mirror lists every image in one index. */
const MANIFESTS_MAX = 20_000;

/**
 * The manifest in `bytes`. `mediaType` is what the server or the descriptor called it; without one
 * the document's own, and for OCI documents without either, their shape.
 * @throws SlipwayError `invalidParameter`; for schema 1 with Docker's notice, naming `name`.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string | undefined, name: string): Manifest {
  const json = parseJsonObject(bytes, "manifest");
  if (json["schemaVersion"] === 1 || manifestKindOf(mediaType ?? "") === "schema1") {
    throw schema1Error(name);
  }
  const own = readOptionalString(json["mediaType"], "manifest.mediaType");
  const given = manifestKindOf(mediaType ?? "") === undefined ? undefined : mediaType;
  if (given !== undefined && own !== undefined && own !== given) {
    throw fail("invalidParameter", `if present, mediaType in manifest should be '${given}' not '${own}'`);
  }
  const type = given ?? own ?? shapeOf(json, mediaType);
  const kind = manifestKindOf(type);
  if (kind !== "manifest" && kind !== "index") {
    throw fail("invalidParameter", `unsupported manifest media type ${type}`);
  }
  if (json["schemaVersion"] !== 2) {
    throw fail("invalidParameter", `unrecognized manifest schema version ${String(json["schemaVersion"])}`);
  }
  return kind === "manifest" ? readManifest(json, type) : readIndex(json, type);
}

/** A descriptor as it stands in manifests, indexes and annotations. */
export function readDescriptor(value: unknown, path: string): Descriptor {
  const json = readObject(value, path);
  const platform = readOptionalObject(json["platform"], `${path}.platform`);
  const urls = readOptionalStrings(json["urls"], `${path}.urls`, 100);
  const artifactType = readOptionalString(json["artifactType"], `${path}.artifactType`);
  return {
    mediaType: readString(json["mediaType"], `${path}.mediaType`),
    digest: readDigest(json["digest"], `${path}.digest`),
    size: readSize(json["size"], `${path}.size`),
    ...(platform === undefined ? {} : { platform: readPlatform(platform, `${path}.platform`) }),
    ...(isAbsent(json["annotations"])
      ? {}
      : { annotations: readStringMap(json["annotations"], `${path}.annotations`) }),
    ...(urls === undefined ? {} : { urls }),
    ...(artifactType === undefined || artifactType === "" ? {} : { artifactType }),
  };
}

/**
 * The entry of `index` for `wanted` (undefined: linux/amd64, else wasi/wasm).
 * @throws SlipwayError `notFound`, Docker's words plus what there is.
 */
export function chooseManifest(index: ImageIndex, wanted: Platform | undefined): Descriptor {
  const chosen = choosePlatform(index.manifests, (entry) => entry.platform, wanted);
  if (chosen !== undefined) return chosen;
  const [only] = index.manifests;
  // An index of one without a platform: its config will say; the engine checks that.
  if (index.manifests.length === 1 && only !== undefined && only.platform === undefined) return only;
  const names = (wanted === undefined ? DEFAULT_PLATFORMS : [wanted]).map(formatPlatform);
  const available = platformsOf(index);
  throw fail(
    "notFound",
    `no matching manifest for ${names.join(" or ")} in the manifest list entries; available: ` +
      (available.length === 0 ? "none" : available.join(", ")),
    { data: { available } },
  );
}

/** Platforms in `index` by name, without attestations ("unknown/unknown") and repetitions. */
export function platformsOf(index: ImageIndex): readonly string[] {
  const names = new Set<string>();
  for (const entry of index.manifests) {
    if (entry.platform !== undefined && entry.platform.os !== "unknown") {
      names.add(formatPlatform(entry.platform));
    }
  }
  return [...names];
}

/** dockerd's words since schema 1 was removed. */
export function schema1Error(name: string): Error {
  return fail(
    "invalidParameter",
    "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. " +
      `Suggest the author of ${name} to upgrade the image to the OCI Format or Docker Image manifest v2, ` +
      "schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/",
  );
}

function readManifest(json: JsonObject, mediaType: string): ImageManifest {
  if (!isAbsent(json["manifests"])) throw wrong("manifest", "without `manifests`, which belong to an index");
  const layers = readArray(json["layers"], "manifest.layers", LAYERS_MAX);
  return {
    kind: "manifest",
    mediaType,
    artifactType: readOptionalString(json["artifactType"], "manifest.artifactType"),
    config: readDescriptor(json["config"], "manifest.config"),
    layers: layers.map((layer, position) => readDescriptor(layer, `manifest.layers[${position}]`)),
    annotations: isAbsent(json["annotations"])
      ? {}
      : readStringMap(json["annotations"], "manifest.annotations"),
  };
}

function readIndex(json: JsonObject, mediaType: string): ImageIndex {
  if (!isAbsent(json["layers"]) || !isAbsent(json["config"])) {
    throw wrong("index", "without `config` and `layers`, which belong to a manifest");
  }
  const manifests = isAbsent(json["manifests"])
    ? []
    : readArray(json["manifests"], "index.manifests", MANIFESTS_MAX);
  return {
    kind: "index",
    mediaType,
    manifests: manifests.map((entry, position) => readDescriptor(entry, `index.manifests[${position}]`)),
    annotations: isAbsent(json["annotations"]) ? {} : readStringMap(json["annotations"], "index.annotations"),
  };
}

function readPlatform(json: JsonObject, path: string): Platform {
  const variant = readOptionalString(json["variant"], `${path}.variant`);
  const version = readOptionalString(json["os.version"], `${path}.os.version`);
  const features = readOptionalStrings(json["os.features"], `${path}.os.features`, 100);
  return {
    os: readString(json["os"], `${path}.os`),
    architecture: readString(json["architecture"], `${path}.architecture`),
    ...(variant === undefined || variant === "" ? {} : { variant }),
    ...(version === undefined || version === "" ? {} : { "os.version": version }),
    ...(features === undefined ? {} : { "os.features": features }),
  };
}

/** OCI documents may leave `mediaType` out; then exactly one of the two shapes must be there. */
function shapeOf(json: JsonObject, mediaType: string | undefined): string {
  const isIndex = Array.isArray(json["manifests"]);
  const isManifest = Array.isArray(json["layers"]);
  if (isIndex !== isManifest) return isIndex ? OCI_INDEX : OCI_MANIFEST;
  throw fail("invalidParameter", `unsupported manifest media type ${mediaType ?? "(none)"}`);
}

/** Whether the manifest speaks Docker's dialect rather than OCI's. */
export function isDockerManifest(manifest: Manifest): boolean {
  return manifest.mediaType === DOCKER_MANIFEST || manifest.mediaType === DOCKER_MANIFEST_LIST;
}

/**
 * Media types of manifests, configs and layers, Docker's and OCI's, and what each means to us. A type
 * that is not in these tables is refused by name; nothing is guessed from bytes.
 */
import { fail } from "../base/errors.ts";

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
export const OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
export const OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";

export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip";
export const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";
export const DOCKER_LAYER_ZSTD = "application/vnd.docker.image.rootfs.diff.tar.zstd";

/** CNCF tag-runtime "wasm OCI artifact" layout. */
export const WASM_CONFIG = "application/vnd.wasm.config.v0+json";
export const WASM_LAYER = "application/wasm";
/** What wasm-to-oci wrote before that. */
const WASM_CONFIG_V1 = "application/vnd.wasm.config.v1+json";
const WASM_LAYER_V1 = "application/vnd.wasm.content.layer.v1+wasm";

const SCHEMA1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/;

/** The Accept header for manifests, in the order dockerd sends it. */
export const MANIFEST_ACCEPT = [
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_MANIFEST,
  OCI_INDEX,
  "*/*;q=0.1",
].join(", ");

export type ManifestKind = "manifest" | "index" | "schema1";
export type ConfigKind = "image" | "wasm";
export type LayerCompression = "none" | "gzip" | "zstd";

export type LayerKind =
  | { readonly kind: "tar"; readonly compression: LayerCompression; readonly isForeign: boolean }
  | { readonly kind: "wasm" };

const LAYERS: Readonly<Record<string, LayerKind>> = {
  [OCI_LAYER]: tar("none"),
  [OCI_LAYER_GZIP]: tar("gzip"),
  [OCI_LAYER_ZSTD]: tar("zstd"),
  [DOCKER_LAYER]: tar("none"),
  [DOCKER_LAYER_GZIP]: tar("gzip"),
  [DOCKER_LAYER_ZSTD]: tar("zstd"),
  "application/vnd.oci.image.layer.nondistributable.v1.tar": tar("none", true),
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": tar("gzip", true),
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": tar("zstd", true),
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": tar("gzip", true),
  [WASM_LAYER]: { kind: "wasm" },
  [WASM_LAYER_V1]: { kind: "wasm" },
};

const CONFIGS: Readonly<Record<string, ConfigKind>> = {
  [OCI_CONFIG]: "image",
  [DOCKER_CONFIG]: "image",
  [WASM_CONFIG]: "wasm",
  [WASM_CONFIG_V1]: "wasm",
};

/** The type without parameters: `application/json; charset=utf-8` → `application/json`. */
export function bareMediaType(header: string | null | undefined): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** What a manifest of this type is; undefined for every other type. */
export function manifestKindOf(mediaType: string): ManifestKind | undefined {
  if (mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST) return "manifest";
  if (mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST) return "index";
  return SCHEMA1.test(mediaType) ? "schema1" : undefined;
}

/** @throws SlipwayError `invalidParameter` "unsupported media type …", as dockerd. */
export function configKindOf(mediaType: string): ConfigKind {
  const kind = CONFIGS[mediaType];
  if (kind === undefined) throw fail("invalidParameter", `unsupported media type ${mediaType}`);
  return kind;
}

/** @throws SlipwayError `invalidParameter` "unsupported media type …", as dockerd. */
export function layerKindOf(mediaType: string): LayerKind {
  const kind = LAYERS[mediaType];
  if (kind === undefined) throw fail("invalidParameter", `unsupported media type ${mediaType}`);
  return kind;
}

function tar(compression: LayerCompression, isForeign = false): LayerKind {
  return { kind: "tar", compression, isForeign };
}

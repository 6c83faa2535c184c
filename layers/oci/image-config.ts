/**
 * The image configuration (OCI image spec config.md, and the fields Docker adds): what to run by
 * default and which unpacked layers it consists of. Parsed into one shape with every list and map
 * present; `null`, which Go writes for empty ones, counts as absent.
 */
import { fail } from "../base/errors.ts";
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
  readStringMap,
  wrong,
} from "./json-shape.ts";
import type { ImageManifest } from "./manifest.ts";
import type { Platform } from "./platform.ts";
import { normalizePlatform } from "./platform.ts";

/** Docker's HEALTHCHECK; times in nanoseconds, 0 means the default. */
export interface HealthConfig {
  /** [] inherits, ["NONE"], ["CMD", …] or ["CMD-SHELL", …]. */
  readonly test: readonly string[];
  readonly intervalNs: number;
  readonly timeoutNs: number;
  readonly startPeriodNs: number;
  readonly startIntervalNs: number;
  readonly retries: number;
}

/** The defaults a container of this image starts with. */
export interface RunConfig {
  readonly user: string;
  /** "80/tcp". */
  readonly exposedPorts: readonly string[];
  /** NAME=value. */
  readonly env: readonly string[];
  /** Undefined when the image sets none, which differs from an empty list. */
  readonly entrypoint: readonly string[] | undefined;
  readonly cmd: readonly string[] | undefined;
  readonly volumes: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | undefined;
  readonly stopTimeoutSeconds: number | undefined;
  readonly healthcheck: HealthConfig | undefined;
  readonly shell: readonly string[] | undefined;
  readonly onBuild: readonly string[];
  readonly argsEscaped: boolean;
}

export interface HistoryEntry {
  readonly created: string | undefined;
  readonly createdBy: string;
  readonly author: string;
  readonly comment: string;
  /** No layer belongs to this step. */
  readonly isEmptyLayer: boolean;
}

export interface ImageConfig {
  readonly created: string | undefined;
  readonly author: string;
  /** Docker's own field, shown by `docker inspect`. */
  readonly dockerVersion: string;
  readonly comment: string;
  readonly platform: Platform;
  readonly config: RunConfig;
  /** diffIDs, lowest first. */
  readonly diffIds: readonly string[];
  readonly history: readonly HistoryEntry[];
}

/** The limit on a configuration: manifests may be as large, and no real one comes near. */
export const CONFIG_SIZE_BYTES_MAX = 8 * 1024 * 1024;
const LIST_LENGTH_MAX = 10_000;
const LAYERS_MAX = 1024;

/** @throws SlipwayError `invalidParameter` naming the field. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const json = parseJsonObject(bytes, "image config");
  const rootfs = readOptionalObject(json["rootfs"], "image config.rootfs");
  if (rootfs === undefined) throw fail("invalidParameter", "image config has no rootfs");
  const type = readOptionalString(rootfs["type"], "image config.rootfs.type");
  if (type !== "layers")
    throw fail("invalidParameter", `image config has rootfs of type ${type ?? "(none)"}, not layers`);
  const diffIds = isAbsent(rootfs["diff_ids"])
    ? []
    : readArray(rootfs["diff_ids"], "image config.rootfs.diff_ids", LAYERS_MAX);
  return {
    created: readOptionalString(json["created"], "image config.created"),
    author: readOptionalString(json["author"], "image config.author") ?? "",
    dockerVersion: readOptionalString(json["docker_version"], "image config.docker_version") ?? "",
    comment: readOptionalString(json["comment"], "image config.comment") ?? "",
    platform: readPlatform(json),
    config: readRunConfig(readOptionalObject(json["config"], "image config.config") ?? {}),
    diffIds: diffIds.map((id, index) => readDigest(id, `image config.rootfs.diff_ids[${index}]`)),
    history: readHistory(json["history"]),
  };
}

/**
 * That the configuration belongs to the manifest: as many unpacked layers as packed ones.
 * @throws SlipwayError `invalidParameter`.
 */
export function checkConfigMatches(config: ImageConfig, manifest: ImageManifest): void {
  if (config.diffIds.length === manifest.layers.length) return;
  throw fail(
    "invalidParameter",
    `image config lists ${config.diffIds.length} layers, but the manifest has ${manifest.layers.length}`,
  );
}

function readPlatform(json: JsonObject): Platform {
  const variant = readOptionalString(json["variant"], "image config.variant") ?? "";
  const version = readOptionalString(json["os.version"], "image config.os.version") ?? "";
  // Images without them are as old as Docker, when there was only one platform.
  return normalizePlatform({
    os: readOptionalString(json["os"], "image config.os") || "linux",
    architecture: readOptionalString(json["architecture"], "image config.architecture") || "amd64",
    ...(variant === "" ? {} : { variant }),
    ...(version === "" ? {} : { "os.version": version }),
  });
}

function readRunConfig(json: JsonObject): RunConfig {
  const text = (name: string): string => readOptionalString(json[name], `image config.config.${name}`) ?? "";
  const list = (name: string): readonly string[] | undefined =>
    readOptionalStrings(json[name], `image config.config.${name}`, LIST_LENGTH_MAX);
  const keys = (name: string): readonly string[] =>
    Object.keys(readOptionalObject(json[name], `image config.config.${name}`) ?? {});
  const stopTimeout = json["StopTimeout"];
  return {
    user: text("User"),
    exposedPorts: keys("ExposedPorts"),
    env: list("Env") ?? [],
    entrypoint: list("Entrypoint"),
    cmd: list("Cmd"),
    volumes: keys("Volumes"),
    workingDir: text("WorkingDir"),
    labels: isAbsent(json["Labels"]) ? {} : readStringMap(json["Labels"], "image config.config.Labels"),
    stopSignal: text("StopSignal") || undefined,
    stopTimeoutSeconds: isAbsent(stopTimeout)
      ? undefined
      : readSize(stopTimeout, "image config.config.StopTimeout"),
    healthcheck: readHealth(json["Healthcheck"]),
    shell: list("Shell"),
    onBuild: list("OnBuild") ?? [],
    argsEscaped: json["ArgsEscaped"] === true,
  };
}

function readHealth(value: unknown): HealthConfig | undefined {
  if (isAbsent(value)) return undefined;
  const json = readObject(value, "image config.config.Healthcheck");
  const number = (name: string): number =>
    isAbsent(json[name]) ? 0 : readSize(json[name], `image config.config.Healthcheck.${name}`);
  return {
    test: readOptionalStrings(json["Test"], "image config.config.Healthcheck.Test", LIST_LENGTH_MAX) ?? [],
    intervalNs: number("Interval"),
    timeoutNs: number("Timeout"),
    startPeriodNs: number("StartPeriod"),
    startIntervalNs: number("StartInterval"),
    retries: number("Retries"),
  };
}

function readHistory(value: unknown): readonly HistoryEntry[] {
  if (isAbsent(value)) return [];
  return readArray(value, "image config.history", LIST_LENGTH_MAX).map((item, index) => {
    const path = `image config.history[${index}]`;
    const json = readObject(item, path);
    const isEmptyLayer = json["empty_layer"] ?? false;
    if (typeof isEmptyLayer !== "boolean") throw wrong(`${path}.empty_layer`, "a boolean");
    return {
      created: readOptionalString(json["created"], `${path}.created`),
      createdBy: readOptionalString(json["created_by"], `${path}.created_by`) ?? "",
      author: readOptionalString(json["author"], `${path}.author`) ?? "",
      comment: readOptionalString(json["comment"], `${path}.comment`) ?? "",
      isEmptyLayer,
    };
  });
}

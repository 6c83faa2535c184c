/** What `--log-driver` and `--log-opt` mean here: json-file (and local, its sibling) or none. */
import { fail } from "../../../layers/base/errors.ts";
import type { HostConfig } from "./host-config.ts";
import type { LogOptions } from "./json-log.ts";

const DRIVERS: ReadonlySet<string> = new Set(["json-file", "local", "none"]);
const OPTIONS: ReadonlySet<string> = new Set([
  "max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size",
]);
const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Undefined when nothing is kept. `invalidParameter` for what dockerd would refuse. */
export function logOptionsOf(hostConfig: HostConfig): LogOptions | undefined {
  const { Type: type, Config: config } = hostConfig.LogConfig;
  if (type === "none") return undefined;
  const maxFile = config?.["max-file"];
  const maxSize = config?.["max-size"];
  return {
    sizeBytesMax: maxSize === undefined ? undefined : parseSize(maxSize),
    filesMax: maxFile === undefined ? 1 : parseCount(maxFile),
  };
}

export function validateLogConfig(hostConfig: HostConfig): void {
  const { Type: type, Config: config } = hostConfig.LogConfig;
  if (type !== "" && !DRIVERS.has(type)) {
    throw fail("invalidParameter", `logger: no log driver named '${type}' is registered`);
  }
  if (type === "none") return;
  for (const name of Object.keys(config ?? {})) {
    if (OPTIONS.has(name)) continue;
    throw fail("invalidParameter", `unknown log opt '${name}' for ${type === "" ? "json-file" : type} log driver`);
  }
  const options = logOptionsOf(hostConfig);
  if (options !== undefined && options.filesMax > 1 && options.sizeBytesMax === undefined) {
    throw fail("invalidParameter", "max-file cannot be more than 1 when max-size is not set"); 
  }
}

function parseSize(text: string): number {
  if (text === "-1") return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg]?)i?b?$/i.exec(text);
  if (match === null) throw fail("invalidParameter", `invalid size: '${text}'`);
  return Math.floor(Number(match[1]) * (UNITS[(match[2] ?? "").toLowerCase()] ?? 1));
}

function parseCount(text: string): number {
  if (!/^-?\d+$/.test(text)) {
    throw fail("invalidParameter", `strconv.Atoi: parsing "${text}": invalid syntax`);
  }
  if (Number(text) < 1) throw fail("invalidParameter", "max-file cannot be less than 1");
  return Number(text);
}

/** The HostConfig of run and create: resources, mounts, networks, security (docker/cli: container/opts.go). */
import { fail } from "../../layers/base/errors.ts";
import type { HostConfig, PortBinding } from "../api/schema/types.ts";
import type { CommandContext } from "./command.ts";
import { splitPair } from "./pairs.ts";
import type { Flags } from "./flags.ts";
import { parseRamBytes } from "./format/units.ts";
import {
  parseDevice,
  parseMount,
  parseThrottle,
  parseTmpfs,
  parseUlimit,
  parseWeight,
} from "./host-values.ts";
import { networkNames } from "./network-flags.ts";

/** The fields that are the value of one flag. */
const STRINGS: readonly (readonly [keyof HostConfig, string])[] = [
  ["CgroupParent", "cgroup-parent"],
  ["CpusetCpus", "cpuset-cpus"],
  ["CpusetMems", "cpuset-mems"],
  ["VolumeDriver", "volume-driver"],
  ["CgroupnsMode", "cgroupns"],
  ["IpcMode", "ipc"],
  ["PidMode", "pid"],
  ["UTSMode", "uts"],
  ["UsernsMode", "userns"],
  ["Isolation", "isolation"],
  ["Runtime", "runtime"],
  ["ContainerIDFile", "cidfile"],
];
const NUMBERS: readonly (readonly [keyof HostConfig, string])[] = [
  ["CpuShares", "cpu-shares"],
  ["CpuPeriod", "cpu-period"],
  ["CpuQuota", "cpu-quota"],
  ["CpuRealtimePeriod", "cpu-rt-period"],
  ["CpuRealtimeRuntime", "cpu-rt-runtime"],
  ["BlkioWeight", "blkio-weight"],
  ["OomScoreAdj", "oom-score-adj"],
  ["PidsLimit", "pids-limit"],
  ["MemorySwappiness", "memory-swappiness"],
];
const BYTES: readonly (readonly [keyof HostConfig, string])[] = [
  ["Memory", "memory"],
  ["MemoryReservation", "memory-reservation"],
  ["MemorySwap", "memory-swap"],
  ["ShmSize", "shm-size"],
];
const BOOLEANS: readonly (readonly [keyof HostConfig, string])[] = [
  ["AutoRemove", "rm"],
  ["Privileged", "privileged"],
  ["PublishAllPorts", "publish-all"],
  ["ReadonlyRootfs", "read-only"],
  ["OomKillDisable", "oom-kill-disable"],
  ["Init", "init"],
];
const LISTS: readonly (readonly [keyof HostConfig, readonly string[]])[] = [
  ["Dns", ["dns"]],
  ["DnsOptions", ["dns-option", "dns-opt"]],
  ["DnsSearch", ["dns-search"]],
  ["GroupAdd", ["group-add"]],
  ["VolumesFrom", ["volumes-from"]],
  ["SecurityOpt", ["security-opt"]],
  ["DeviceCgroupRules", ["device-cgroup-rule"]],
];

/** The limits that run, create and update share. */
export function resourceFields(flags: Flags): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const [field, flag] of STRINGS) if (flags.has(flag)) config[field] = flags.string(flag);
  for (const [field, flag] of NUMBERS) if (flags.has(flag)) config[field] = flags.int(flag);
  for (const [field, flag] of BYTES)
    if (flags.has(flag)) config[field] = flags.string(flag) === "-1" ? -1 : parseRamBytes(flags.string(flag));
  if (flags.has("cpus")) config["NanoCpus"] = nanoCpus(flags.string("cpus"));
  return config;
}

export function hostConfig(
  context: CommandContext,
  bindings: Readonly<Record<string, PortBinding[]>>,
): HostConfig {
  const { flags } = context;
  const config = resourceFields(flags);
  for (const [field, flag] of BOOLEANS) if (flags.has(flag)) config[field] = flags.bool(flag);
  for (const [field, names] of LISTS) {
    const values = names.flatMap((name) => flags.list(name));
    if (values.length > 0) config[field] = values;
  }
  if (flags.string("log-driver") === "none" && flags.has("log-opt"))
    throw fail("invalidParameter", "invalid logging opts for driver none");
  const size = context.io.isTerminal.stdout && flags.bool("tty") ? context.io.terminal?.size() : undefined;
  return {
    ...config,
    ...mounts(flags),
    ...devices(flags),
    CapAdd: capabilities(flags.list("cap-add")),
    CapDrop: capabilities(flags.list("cap-drop")),
    ConsoleSize: size === undefined ? [0, 0] : [size.rows, size.columns],
    ExtraHosts: flags.list("add-host").map(extraHost),
    Links: [...flags.list("link")],
    LogConfig: {
      Type: flags.string("log-driver") as "local",
      Config: Object.fromEntries(flags.list("log-opt").map(splitPair)),
    }, // Any driver's name.
    NetworkMode: networkNames(flags)[0] ?? "default",
    PortBindings: { ...bindings },
    RestartPolicy: restartPolicy(flags),
    StorageOpt: Object.fromEntries(flags.list("storage-opt").map(splitPair)),
    Sysctls: Object.fromEntries(flags.list("sysctl").map(splitPair)),
    Annotations: Object.fromEntries(flags.list("annotation").map(splitPair)),
  };
}

function mounts(flags: Flags): Pick<HostConfig, "Binds" | "Tmpfs" | "Mounts"> {
  const binds = flags.list("volume").filter((value) => value.includes(":"));
  for (const bind of binds) {
    const parts = bind.split(":");
    if (parts.length > 3 || parts.some((part) => part === ""))
      throw fail("invalidParameter", `invalid spec: ${bind}: empty section between colons`);
  }
  const mountSpecs = flags.list("mount").map(parseMount);
  return {
    ...(binds.length === 0 ? {} : { Binds: binds }),
    ...(flags.has("tmpfs") ? { Tmpfs: Object.fromEntries(flags.list("tmpfs").map(parseTmpfs)) } : {}),
    ...(mountSpecs.length === 0 ? {} : { Mounts: mountSpecs }),
  };
}

function devices(flags: Flags): Partial<HostConfig> {
  return {
    Devices: flags.list("device").map(parseDevice),
    Ulimits: flags.list("ulimit").map(parseUlimit),
    BlkioWeightDevice: flags.list("blkio-weight-device").map(parseWeight),
    BlkioDeviceReadBps: flags.list("device-read-bps").map((value) => parseThrottle(value, parseRamBytes)),
    BlkioDeviceWriteBps: flags.list("device-write-bps").map((value) => parseThrottle(value, parseRamBytes)),
    BlkioDeviceReadIOps: flags.list("device-read-iops").map((value) => parseThrottle(value, Number)),
    BlkioDeviceWriteIOps: flags.list("device-write-iops").map((value) => parseThrottle(value, Number)),
  };
}

/** Upper case, with the prefix, each once, sorted; ALL is all there is. */
function capabilities(names: readonly string[]): string[] {
  const full = names.map((name) => {
    const upper = name.trim().toUpperCase();
    return upper === "ALL" || upper === "RESET" || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  });
  return full.includes("ALL") ? ["ALL"] : [...new Set(full)].sort();
}

function nanoCpus(text: string): number {
  const nano = Number(text) * 1e9;
  if (!Number.isInteger(Math.round(nano * 1e3) / 1e3)) throw fail("invalidParameter", "value is too precise");
  return Math.round(nano);
}

/** "host=ip" is the newer spelling of "host:ip"; the API takes the older. */
function extraHost(value: string): string {
  const separator = /[=:]/.exec(value)?.index ?? value.length;
  return `${value.slice(0, separator)}:${value.slice(separator + 1).replace(/^\[(.*)\]$/, "$1")}`;
}

export function restartPolicy(flags: Flags): NonNullable<HostConfig["RestartPolicy"]> {
  const [name = "", count, extra] = flags.string("restart").split(":");
  if (name === "" && count !== undefined)
    throw fail("invalidParameter", "invalid restart policy format: no policy provided before colon");
  if (extra !== undefined) throw fail("invalidParameter", "invalid restart policy format");
  if (count !== undefined && !/^-?\d+$/.test(count))
    throw fail("invalidParameter", "invalid restart policy format: maximum retry count must be an integer");
  if (flags.bool("rm") && !["", "no"].includes(name))
    throw fail("invalidParameter", "conflicting options: cannot specify both --restart and --rm");
  return { Name: name as "no", MaximumRetryCount: Number(count ?? 0) }; // The daemon knows which there are.
}

/** From a container's record to what a backend runs: the OCI spec's place in moby (daemon/oci_linux.go). */
import { fail } from "../../../layers/base/errors.ts";
import type {
  DeviceSpec,
  IoLimit,
  MountSpec,
  ProcessSpec,
  ResourceLimits,
  SystemSpec,
  TaskSpec,
} from "../../backends/backend.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { etcFiles } from "./etc-files.ts";
import type { HostConfig, Resources } from "./host-config.ts";
import type { ContainerRecord } from "./record.ts";
import type { Sharing } from "./sharing.ts";

/** containerd's default for Unix (moby oci/defaults.go). */
const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What `--cpus` is measured in: the kernel's own default period. */
const CPU_PERIOD_US = 100_000;

/** `network`: whose network it is in, and with it whose /etc files; names have been taken over already. */
export function taskSpecOf(record: ContainerRecord, { shares, network }: Sharing): TaskSpec {
  const { config, hostConfig } = record;
  return {
    id: record.id,
    platform: record.platform,
    hostname: config.Hostname,
    domainname: config.Domainname,
    root: { layers: record.layers, writable: record.id, isReadOnly: hostConfig.ReadonlyRootfs },
    mounts: [
      ...etcFiles(network ?? record).map((file) => ({ ...file, isReadOnly: hostConfig.ReadonlyRootfs })),
      ...tmpfsMounts(hostConfig),
    ],
    process: processSpecOf(record),
    resources: resourceLimitsOf(hostConfig),
    system: systemSpecOf(hostConfig),
    shares,
    seccomp: seccompOf(hostConfig),
    hasInit: hostConfig.Init === true,
    annotations: { ...config.Labels, ...hostConfig.Annotations },
  };
}

function systemSpecOf(hostConfig: HostConfig): SystemSpec {
  return {
    shmSizeBytes: hostConfig.IpcMode === "none" ? 0 : hostConfig.ShmSize,
    isPrivileged: hostConfig.Privileged,
    maskedPaths: hostConfig.MaskedPaths ?? [],
    readOnlyPaths: hostConfig.ReadonlyPaths ?? [],
    sysctls: hostConfig.Sysctls ?? {},
    oomScoreAdjustment: hostConfig.OomScoreAdj,
    devices: deviceSpecsOf(hostConfig),
    hasCgroupNamespace: hostConfig.CgroupnsMode !== "host",
  };
}

/** The API passes these through untyped: PathOnHost, PathInContainer, CgroupPermissions. */
function deviceSpecsOf({ Devices: devices, DeviceRequests: requests }: HostConfig): readonly DeviceSpec[] {
  for (const request of requests ?? []) {
    const { Driver: driver, Capabilities: sets } = request as Readonly<Record<string, unknown>>;
    const capabilities = Array.isArray(sets)
      ? sets.map((set) => `[${String(set).replaceAll(",", " ")}]`)
      : [];
    const wanted = `device driver ${JSON.stringify(driver ?? "")} with capabilities: [${capabilities.join(" ")}]`;
    throw fail("system", `could not select ${wanted}`);
  }
  return (devices ?? []).map((device) => {
    const { PathOnHost: source, PathInContainer: target } = device as Readonly<Record<string, unknown>>;
    if (typeof source !== "string") throw fail("invalidParameter", "a device needs a path");
    return { source, target: typeof target === "string" && target !== "" ? target : source };
  });
}

export function processSpecOf(record: ContainerRecord): ProcessSpec {
  const { config, hostConfig } = record;
  const [columns, rows] = [hostConfig.ConsoleSize[1] ?? 0, hostConfig.ConsoleSize[0] ?? 0];
  return {
    args: [record.path, ...record.args],
    env: environmentOf(record),
    workingDirectory: config.WorkingDir === "" ? "/" : config.WorkingDir,
    user: config.User,
    additionalGroups: hostConfig.GroupAdd ?? [],
    hasTerminal: config.Tty,
    consoleSize: columns > 0 && rows > 0 ? { columns, rows } : undefined,
    hasStdin: config.OpenStdin || config.Tty,
    capabilities: capabilitiesOf({
      add: hostConfig.CapAdd,
      drop: hostConfig.CapDrop,
      isPrivileged: hostConfig.Privileged,
    }),
    noNewPrivileges: (hostConfig.SecurityOpt ?? []).some((option) =>
      /^no-new-privileges([=:]true)?$/.test(option),
    ),
    rlimits: (hostConfig.Ulimits ?? []).map((limit) => ({
      name: `RLIMIT_${limit.Name.toUpperCase()}`,
      soft: limit.Soft,
      hard: limit.Hard,
    })),
  };
}

/** Docker's own variables first; the container's replace them by name. "NAME" alone removes one. */
export function environmentOf(record: ContainerRecord): readonly string[] {
  const { config } = record;
  const variables = new Map<string, string>();
  const set = (entry: string): void => {
    const equals = entry.indexOf("=");
    if (equals < 0) variables.delete(entry);
    else variables.set(entry.slice(0, equals), entry);
  };
  set(DEFAULT_PATH);
  set(`HOSTNAME=${config.Hostname}`);
  if (config.Tty) set("TERM=xterm");
  for (const entry of config.Env ?? []) set(entry);
  return [...variables.values()];
}

export function resourceLimitsOf(resources: Resources): ResourceLimits {
  const hasNanoCpus = resources.NanoCpus > 0;
  return {
    memoryBytes: resources.Memory,
    cpuQuotaUs: hasNanoCpus ? Math.round((resources.NanoCpus * CPU_PERIOD_US) / 1e9) : resources.CpuQuota,
    cpuPeriodUs: hasNanoCpus || resources.CpuPeriod === 0 ? CPU_PERIOD_US : resources.CpuPeriod,
    pids: resources.PidsLimit ?? 0,
    cpuShares: resources.CpuShares,
    memorySwapBytes: resources.MemorySwap,
    io: ioLimitsOf(resources),
    ioWeight: resources.BlkioWeight,
    memoryReservationBytes: resources.MemoryReservation,
    cpusetCpus: resources.CpusetCpus,
    cpusetMems: resources.CpusetMems,
  };
}

/** The API passes these through untyped: Path, Rate. */
function ioLimitsOf(resources: Resources): readonly IoLimit[] {
  const given = [
    ["readBytes", resources.BlkioDeviceReadBps],
    ["writeBytes", resources.BlkioDeviceWriteBps],
    ["reads", resources.BlkioDeviceReadIOps],
    ["writes", resources.BlkioDeviceWriteIOps],
  ] as const;
  return given.flatMap(([kind, limits]) =>
    (limits ?? []).map((limit) => {
      const { Path: device, Rate: rate } = limit as Readonly<Record<string, unknown>>;
      if (typeof device !== "string" || typeof rate !== "number") {
        throw fail("invalidParameter", "a device limit needs a path and a rate");
      }
      return { device, [kind]: rate };
    }),
  );
}

function tmpfsMounts(hostConfig: HostConfig): readonly MountSpec[] {
  const mounts: MountSpec[] = [];
  for (const [target, options] of Object.entries(hostConfig.Tmpfs ?? {})) {
    mounts.push({ kind: "tmpfs", target, options: options === "" ? [] : options.split(",") });
  }
  for (const mount of hostConfig.Mounts ?? []) {
    if (mount.Type !== "tmpfs") continue;
    const options: string[] = [];
    if (mount.TmpfsOptions?.SizeBytes) options.push(`size=${mount.TmpfsOptions.SizeBytes}`);
    if (mount.TmpfsOptions?.Mode) options.push(`mode=${mount.TmpfsOptions.Mode.toString(8)}`);
    if (mount.ReadOnly) options.push("ro");
    mounts.push({ kind: "tmpfs", target: mount.Target, options });
  }
  return mounts;
}

/** The profile's JSON as the client read it from a file; Docker's own unless told; undefined is unconfined. */
function seccompOf(hostConfig: HostConfig): unknown {
  const option = (hostConfig.SecurityOpt ?? []).find((text) => /^seccomp[=:]/.test(text));
  const profile = option?.slice("seccomp=".length);
  if (profile === "unconfined" || (profile === undefined && hostConfig.Privileged)) return undefined;
  if (profile === undefined || profile === "builtin") return "builtin";
  try {
    return JSON.parse(profile);
  } catch (thrown) {
    throw fail("invalidParameter", "Decoding seccomp profile failed", { cause: thrown });
  }
}

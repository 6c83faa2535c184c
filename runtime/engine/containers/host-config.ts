/**
 * How a container meets its host: Docker's `HostConfig`, kept exactly as asked for, so that inspect
 * gives back what create was given. Order and defaults are those of Go's struct
 * (moby api/types/container/hostconfig.go), because `docker inspect` prints every field.
 */

export interface Ulimit {
  readonly Name: string;
  readonly Hard: number;
  readonly Soft: number;
}

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

export interface RestartPolicy {
  readonly Name: string;
  readonly MaximumRetryCount: number;
}

export interface MountRequest {
  readonly Type: string;
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
}

/** The part of `docker update`. */
export interface Resources {
  readonly CpuShares: number;
  readonly Memory: number;
  readonly NanoCpus: number;
  readonly CgroupParent: string;
  readonly BlkioWeight: number;
  readonly BlkioWeightDevice: readonly unknown[] | null;
  readonly BlkioDeviceReadBps: readonly unknown[] | null;
  readonly BlkioDeviceWriteBps: readonly unknown[] | null;
  readonly BlkioDeviceReadIOps: readonly unknown[] | null;
  readonly BlkioDeviceWriteIOps: readonly unknown[] | null;
  readonly CpuPeriod: number;
  readonly CpuQuota: number;
  readonly CpuRealtimePeriod: number;
  readonly CpuRealtimeRuntime: number;
  readonly CpusetCpus: string;
  readonly CpusetMems: string;
  readonly Devices: readonly unknown[] | null;
  readonly DeviceCgroupRules: readonly string[] | null;
  readonly DeviceRequests: readonly unknown[] | null;
  readonly MemoryReservation: number;
  readonly MemorySwap: number;
  readonly MemorySwappiness: number | null;
  readonly OomKillDisable: boolean | null;
  readonly PidsLimit: number | null;
  readonly Ulimits: readonly Ulimit[] | null;
  readonly CpuCount: number;
  readonly CpuPercent: number;
  readonly IOMaximumIOps: number;
  readonly IOMaximumBandwidth: number;
}

export interface HostConfig extends Resources {
  readonly Binds: readonly string[] | null;
  readonly ContainerIDFile: string;
  readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> | null };
  readonly NetworkMode: string;
  readonly PortBindings: Readonly<Record<string, readonly PortBinding[] | null>> | null;
  readonly RestartPolicy: RestartPolicy;
  readonly AutoRemove: boolean;
  readonly VolumeDriver: string;
  readonly VolumesFrom: readonly string[] | null;
  readonly ConsoleSize: readonly number[];
  readonly Annotations: Readonly<Record<string, string>> | null;
  readonly CapAdd: readonly string[] | null;
  readonly CapDrop: readonly string[] | null;
  readonly CgroupnsMode: string;
  readonly Dns: readonly string[] | null;
  readonly DnsOptions: readonly string[] | null;
  readonly DnsSearch: readonly string[] | null;
  readonly ExtraHosts: readonly string[] | null;
  readonly GroupAdd: readonly string[] | null;
  readonly IpcMode: string;
  readonly Cgroup: string;
  readonly Links: readonly string[] | null;
  readonly OomScoreAdj: number;
  readonly PidMode: string;
  readonly Privileged: boolean;
  readonly PublishAllPorts: boolean;
  readonly ReadonlyRootfs: boolean;
  readonly SecurityOpt: readonly string[] | null;
  readonly StorageOpt: Readonly<Record<string, string>> | null;
  readonly Tmpfs: Readonly<Record<string, string>> | null;
  readonly UTSMode: string;
  readonly UsernsMode: string;
  readonly ShmSize: number;
  readonly Sysctls: Readonly<Record<string, string>> | null;
  readonly Runtime: string;
  readonly Isolation: string;
  readonly Mounts: readonly MountRequest[] | null;
  readonly MaskedPaths: readonly string[] | null;
  readonly ReadonlyPaths: readonly string[] | null;
  readonly Init: boolean | null;
}

export const EMPTY_RESOURCES: Resources = {
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

export const EMPTY_HOST_CONFIG: HostConfig = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "", Config: null },
  NetworkMode: "",
  PortBindings: null,
  RestartPolicy: { Name: "", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  Annotations: null,
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "",
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  StorageOpt: null,
  Tmpfs: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 0,
  Sysctls: null,
  Runtime: "",
  Isolation: "",
  ...EMPTY_RESOURCES,
  Mounts: null,
  MaskedPaths: null,
  ReadonlyPaths: null,
  Init: null,
};

/** Docker's default size of /dev/shm (moby daemon/config). */
const SHM_SIZE_BYTES = 64 * 1024 * 1024;

/** Hidden from programs by default (moby oci/defaults.go). */
export const MASKED_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
export const READONLY_PATHS: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What dockerd fills in at creation (adaptContainerSettings and the defaults of its configuration). */
export function withHostDefaults(config: HostConfig): HostConfig {
  const isPrivileged = config.Privileged;
  return {
    ...config,
    LogConfig: {
      Type: config.LogConfig.Type === "" ? "json-file" : config.LogConfig.Type,
      Config: config.LogConfig.Config ?? {},
    },
    NetworkMode:
      config.NetworkMode === "" || config.NetworkMode === "default" ? "bridge" : config.NetworkMode,
    RestartPolicy: {
      ...config.RestartPolicy,
      Name: config.RestartPolicy.Name === "" ? "no" : config.RestartPolicy.Name,
    },
    CgroupnsMode: config.CgroupnsMode === "" ? "private" : config.CgroupnsMode,
    IpcMode: config.IpcMode === "" ? "private" : config.IpcMode,
    ShmSize: config.ShmSize === 0 ? SHM_SIZE_BYTES : config.ShmSize,
    Runtime: config.Runtime === "" ? "runc" : config.Runtime,
    // The docker command's way to say "not set".
    MemorySwappiness: config.MemorySwappiness === -1 ? null : config.MemorySwappiness,
    PidsLimit: config.PidsLimit !== null && config.PidsLimit <= 0 ? null : config.PidsLimit,
    // Twice the memory is what Docker allows with swap when nothing else was asked for.
    MemorySwap: config.Memory > 0 && config.MemorySwap === 0 ? config.Memory * 2 : config.MemorySwap,
    MaskedPaths: config.MaskedPaths ?? (isPrivileged ? null : MASKED_PATHS),
    ReadonlyPaths: config.ReadonlyPaths ?? (isPrivileged ? null : READONLY_PATHS),
  };
}

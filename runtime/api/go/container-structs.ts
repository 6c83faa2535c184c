/**
 * Go's structs of a container's configuration, field for field and in order (moby api/types/container:
 * config.go, hostconfig.go; "?" is omitempty). Source: moby v28.2.2.
 */
import type { GoType } from "./go-json.ts";
import {
  ANY,
  BOOL,
  INT,
  STRING,
  STRINGS,
  STRING_MAP,
  WORDS,
  goStruct,
  map,
  pointer,
  slice,
  structure,
} from "./go-json.ts";

const EMPTY_STRUCTS: GoType = map(ANY);

const HEALTH = goStruct("HealthConfig", {
  "Test?": STRINGS,
  "Interval?": INT,
  "Timeout?": INT,
  "StartPeriod?": INT,
  "StartInterval?": INT,
  "Retries?": INT,
});

const CONFIG_FIELDS: Readonly<Record<string, GoType>> = {
  Hostname: STRING,
  Domainname: STRING,
  User: STRING,
  AttachStdin: BOOL,
  AttachStdout: BOOL,
  AttachStderr: BOOL,
  "ExposedPorts?": EMPTY_STRUCTS,
  Tty: BOOL,
  OpenStdin: BOOL,
  StdinOnce: BOOL,
  Env: STRINGS,
  Cmd: WORDS,
  "Healthcheck?": pointer(structure(HEALTH)),
  "ArgsEscaped?": BOOL,
  Image: STRING,
  Volumes: EMPTY_STRUCTS,
  WorkingDir: STRING,
  Entrypoint: WORDS,
  "NetworkDisabled?": BOOL,
  "MacAddress?": STRING,
  OnBuild: STRINGS,
  Labels: STRING_MAP,
  "StopSignal?": STRING,
  "StopTimeout?": pointer(INT),
  "Shell?": WORDS,
};

export const CONFIG = goStruct("Config", CONFIG_FIELDS);

/** What image inspect prints since 1.50: the image specification's config and Docker's additions. */
export const IMAGE_CONFIG = goStruct("DockerOCIImageConfig", {
  "User?": STRING,
  "ExposedPorts?": EMPTY_STRUCTS,
  "Env?": STRINGS,
  "Entrypoint?": WORDS,
  "Cmd?": WORDS,
  "Volumes?": EMPTY_STRUCTS,
  "WorkingDir?": STRING,
  "Labels?": STRING_MAP,
  "StopSignal?": STRING,
  "ArgsEscaped?": BOOL,
  "Healthcheck?": pointer(structure(HEALTH)),
  "OnBuild?": STRINGS,
  "Shell?": WORDS,
});

const ULIMIT = goStruct("Ulimit", { Name: STRING, Hard: INT, Soft: INT });
const DEVICE = goStruct("DeviceMapping", {
  PathOnHost: STRING,
  PathInContainer: STRING,
  CgroupPermissions: STRING,
});
const THROTTLE = goStruct("ThrottleDevice", { Path: STRING, Rate: INT });
const WEIGHT = goStruct("WeightDevice", { Path: STRING, Weight: INT });
const DEVICE_REQUEST = goStruct("DeviceRequest", {
  Driver: STRING,
  Count: INT,
  DeviceIDs: STRINGS,
  Capabilities: slice(STRINGS),
  Options: STRING_MAP,
});

const RESOURCE_FIELDS: Readonly<Record<string, GoType>> = {
  CpuShares: INT,
  Memory: INT,
  NanoCpus: INT,
  CgroupParent: STRING,
  BlkioWeight: INT,
  BlkioWeightDevice: slice(structure(WEIGHT)),
  BlkioDeviceReadBps: slice(structure(THROTTLE)),
  BlkioDeviceWriteBps: slice(structure(THROTTLE)),
  BlkioDeviceReadIOps: slice(structure(THROTTLE)),
  BlkioDeviceWriteIOps: slice(structure(THROTTLE)),
  CpuPeriod: INT,
  CpuQuota: INT,
  CpuRealtimePeriod: INT,
  CpuRealtimeRuntime: INT,
  CpusetCpus: STRING,
  CpusetMems: STRING,
  Devices: slice(structure(DEVICE)),
  DeviceCgroupRules: STRINGS,
  DeviceRequests: slice(structure(DEVICE_REQUEST)),
  MemoryReservation: INT,
  MemorySwap: INT,
  MemorySwappiness: pointer(INT),
  OomKillDisable: pointer(BOOL),
  PidsLimit: pointer(INT),
  Ulimits: slice(structure(ULIMIT)),
  CpuCount: INT,
  CpuPercent: INT,
  IOMaximumIOps: INT,
  IOMaximumBandwidth: INT,
};

const LOG_CONFIG = goStruct("LogConfig", { Type: STRING, Config: STRING_MAP });
const RESTART_POLICY = goStruct("RestartPolicy", { Name: STRING, MaximumRetryCount: INT });
const PORT_BINDING = goStruct("PortBinding", { HostIp: STRING, HostPort: STRING });
const MOUNT = goStruct("Mount", {
  "Type?": STRING,
  "Source?": STRING,
  "Target?": STRING,
  "ReadOnly?": BOOL,
  "Consistency?": STRING,
  "BindOptions?": pointer(ANY),
  "VolumeOptions?": pointer(ANY),
  "ImageOptions?": pointer(ANY),
  "TmpfsOptions?": pointer(ANY),
  "ClusterOptions?": pointer(ANY),
});

export const HOST_CONFIG = goStruct("HostConfig", {
  Binds: STRINGS,
  ContainerIDFile: STRING,
  LogConfig: structure(LOG_CONFIG),
  NetworkMode: STRING,
  PortBindings: map(slice(structure(PORT_BINDING))),
  RestartPolicy: structure(RESTART_POLICY),
  AutoRemove: BOOL,
  VolumeDriver: STRING,
  VolumesFrom: STRINGS,
  ConsoleSize: { kind: "array", of: INT, length: 2 },
  "Annotations?": STRING_MAP,
  CapAdd: WORDS,
  CapDrop: WORDS,
  CgroupnsMode: STRING,
  Dns: STRINGS,
  DnsOptions: STRINGS,
  DnsSearch: STRINGS,
  ExtraHosts: STRINGS,
  GroupAdd: STRINGS,
  IpcMode: STRING,
  Cgroup: STRING,
  Links: STRINGS,
  OomScoreAdj: INT,
  PidMode: STRING,
  Privileged: BOOL,
  PublishAllPorts: BOOL,
  ReadonlyRootfs: BOOL,
  SecurityOpt: STRINGS,
  "StorageOpt?": STRING_MAP,
  "Tmpfs?": STRING_MAP,
  UTSMode: STRING,
  UsernsMode: STRING,
  ShmSize: INT,
  "Sysctls?": STRING_MAP,
  "Runtime?": STRING,
  Isolation: STRING,
  ...RESOURCE_FIELDS,
  "Mounts?": slice(structure(MOUNT)),
  MaskedPaths: STRINGS,
  ReadonlyPaths: STRINGS,
  "Init?": pointer(BOOL),
});

/** The bodies of `docker exec`. */
export const EXEC_CONFIG = goStruct("ExecOptions", {
  User: STRING,
  Privileged: BOOL,
  Tty: BOOL,
  ConsoleSize: pointer(slice(INT)),
  AttachStdin: BOOL,
  AttachStderr: BOOL,
  AttachStdout: BOOL,
  DetachKeys: STRING,
  Env: STRINGS,
  WorkingDir: STRING,
  Cmd: STRINGS,
});
export const EXEC_START_CONFIG = goStruct("ExecStartOptions", {
  Detach: BOOL,
  Tty: BOOL,
  ConsoleSize: pointer(slice(INT)),
});

/** The body of `docker update`. */
export const UPDATE_CONFIG = goStruct("UpdateConfig", {
  ...RESOURCE_FIELDS,
  RestartPolicy: structure(RESTART_POLICY),
});

/** The body of `docker create`: the configuration's fields with two more beside them. */
export const CREATE_REQUEST = goStruct("CreateRequest", {
  ...CONFIG_FIELDS,
  HostConfig: pointer(structure(HOST_CONFIG)),
  NetworkingConfig: pointer(ANY),
});

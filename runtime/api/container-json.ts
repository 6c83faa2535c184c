/** Containers as the API prints them: the element of `docker ps` and the whole of `docker inspect`. */
import type { Container } from "../engine/containers/container.ts";
import type { HealthState } from "../engine/containers/health.ts";
import type { HostConfig } from "../engine/containers/host-config.ts";
import type { ContainerRecord, ContainerState } from "../engine/containers/record.ts";
import type { ContainerSizes } from "../engine/containers/sizes.ts";
import type { Engine } from "../engine/engine.ts";
import { timeNs, unixSeconds } from "../engine/time.ts";
import { CONFIG, HOST_CONFIG } from "./go/container-structs.ts";
import { encodeStruct } from "./go/go-json.ts";
import { statusText } from "./status-text.ts";

/** What dockerd calls the way layers are kept; ours is the overlay of packed layers. */
export const STORAGE_DRIVER = "slipway";

export function containerSummary(engine: Engine, container: Container, sizes: ContainerSizes | undefined): object {
  const { record } = container;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: shownImage(engine, record),
    ImageID: record.imageID,
    Command: commandText(record),
    Created: unixSeconds(timeNs(record.created)),
    Ports: summaryPorts(container),
    ...(sizes === undefined ? {} : { SizeRw: sizes.writableBytes, SizeRootFs: sizes.rootBytes }),
    Labels: record.config.Labels ?? {},
    State: container.status,
    Status: statusText(container, engine.clock.nowNs()),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: networks(record) },
    Mounts: mountPoints(record.hostConfig),
  };
}

/** The name it was made from, or the image's ID when the name leads elsewhere now (moby refreshImage). */
function shownImage(engine: Engine, record: ContainerRecord): string {
  const name = record.config.Image;
  if (name === record.imageID) return name;
  return engine.images.find(name)?.id === record.imageID ? name : record.imageID;
}

/** moby container/view.go: arguments with spaces are quoted. */
function commandText(record: ContainerRecord): string {
  const args = record.args.map((argument) => (argument.includes(" ") ? `'${argument}'` : argument));
  return [record.path, ...args].join(" ");
}

function summaryPorts(container: Container): readonly object[] {
  if (!container.isRunning) return [];
  return Object.keys(container.record.config.ExposedPorts ?? {}).map((port) => {
    const [number = "", type = "tcp"] = port.split("/");
    return { PrivatePort: Number(number), Type: type };
  });
}

type Diagnostics = NonNullable<ContainerState["diagnostics"]>;

/** What an inspection shows beside the record. */
interface Looked {
  readonly sizes: ContainerSizes | undefined;
  readonly diagnostics: Diagnostics | undefined;
}

export function containerInspect(engine: Engine, container: Container, { sizes, diagnostics }: Looked): object {
  const { record } = container;
  const directory = `/var/lib/docker/containers/${record.id}`;
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: stateJson(container),
    Image: record.imageID,
    ResolvConfPath: `${directory}/resolv.conf`,
    HostnamePath: `${directory}/hostname`,
    HostsPath: `${directory}/hosts`,
    LogPath: record.hostConfig.LogConfig.Type === "json-file" ? `${directory}/${record.id}-json.log` : "",
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: STORAGE_DRIVER,
    Platform: record.platform.split("/", 1)[0] ?? "",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: liveExecs(container),
    HostConfig: encodeStruct(HOST_CONFIG, { ...record.hostConfig }),
    GraphDriver: { Data: { Layers: record.layers.join(",") }, Name: STORAGE_DRIVER },
    ...(sizes === undefined ? {} : { SizeRw: sizes.writableBytes, SizeRootFs: sizes.rootBytes }),
    Mounts: mountPoints(record.hostConfig),
    Config: encodeStruct(CONFIG, { ...record.config }),
    NetworkSettings: networkSettings(container),
    ...(engine.images.byId(record.imageID) === undefined ? {} : manifestDescriptor(engine, record)),
    ...(diagnostics === undefined ? {} : { Diagnostics: diagnosticsJson(diagnostics) }),
  };
}

/** Not Docker's: what the emulated machine lacked. Only there when it lacked something. */
function diagnosticsJson({ missingCalls, illegalInstructions }: Diagnostics): object {
  return { MissingCalls: missingCalls, IllegalInstructions: illegalInstructions };
}

function liveExecs(container: Container): readonly string[] | null {
  const ids = [...container.execs.values()].filter((exec) => exec.state !== "exited").map((exec) => exec.id);
  return ids.length === 0 ? null : ids;
}

function manifestDescriptor(engine: Engine, record: ContainerRecord): object {
  const image = engine.images.byId(record.imageID);
  if (image === undefined) return {};
  const { mediaType, digest, size } = image.manifest;
  const platform = { architecture: image.architecture, os: image.os };
  return { ImageManifestDescriptor: { mediaType, digest, size, platform } };
}

function stateJson(container: Container): object {
  const { state } = container.record;
  return {
    Status: container.status,
    Running: state.isRunning,
    Paused: state.isPaused,
    Restarting: state.isRestarting,
    OOMKilled: state.isOomKilled,
    Dead: state.isDead,
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health === undefined ? {} : { Health: healthJson(state.health) }),
  };
}

function healthJson({ status, failingStreak, log }: HealthState): object {
  const entries = log.map(({ start, end, exitCode, output }) => ({
    Start: start,
    End: end,
    ExitCode: exitCode,
    Output: output,
  }));
  return { Status: status, FailingStreak: failingStreak, Log: entries.length === 0 ? null : entries };
}

function mountPoints(hostConfig: HostConfig): readonly object[] {
  return (hostConfig.Mounts ?? []).map((mount) => ({
    Type: mount.Type,
    Source: "",
    Destination: mount.Target,
    Mode: "",
    RW: !mount.ReadOnly,
    Propagation: "",
  }));
}

/** The shape people's templates expect; addresses come with the issue that brings networks. */
function networkSettings(container: Container): object {
  const { record } = container;
  const exposed = Object.keys(record.config.ExposedPorts ?? {});
  return {
    Bridge: "",
    SandboxID: container.isRunning ? record.id : "",
    SandboxKey: "",
    Ports: container.isRunning ? Object.fromEntries(exposed.map((port) => [port, null])) : {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: "",
    Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    MacAddress: "",
    Networks: networks(record),
  };
}

function networks(record: ContainerRecord): object {
  if (record.hostConfig.NetworkMode.startsWith("container:")) return {}; // They are the other's.
  return {
    [record.hostConfig.NetworkMode]: {
      IPAMConfig: null,
      Links: null,
      Aliases: null,
      MacAddress: "",
      DriverOpts: null,
      GwPriority: 0,
      NetworkID: "",
      EndpointID: "",
      Gateway: "",
      IPAddress: "",
      IPPrefixLen: 0,
      IPv6Gateway: "",
      GlobalIPv6Address: "",
      GlobalIPv6PrefixLen: 0,
      DNSNames: null,
    },
  };
}

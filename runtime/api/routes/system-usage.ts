/** What the engine is and what it holds: info, disk usage, and logging in to registries. */
import { fail } from "../../../layers/base/errors.ts";
import { containerSizes } from "../../engine/containers/sizes.ts";
import type { Engine } from "../../engine/engine.ts";
import { listImages } from "../../engine/images/list.ts";
import { Filters } from "../../engine/filters.ts";
import { formatTime } from "../../engine/time.ts";
import type { Route } from "../call.ts";
import { readJsonBody } from "../call.ts";
import { STORAGE_DRIVER, containerSummary } from "../container-json.ts";
import { imageSummaries } from "../image-json.ts";
import { jsonReply } from "../replies.ts";

export const systemInfo: Route = async ({ engine }) => jsonReply(200, await infoJson(engine));

async function infoJson(engine: Engine): Promise<object> {
  const { host } = engine;
  const settings = engine.settings();
  const usage = await engine.storage.usage();
  const status = [
    ["Backing Filesystem", "Slipway storage"],
    ["Used", String(usage.usageBytes)],
    ...(usage.quotaBytes === undefined ? [] : [["Quota", String(usage.quotaBytes)]]),
  ];
  return {
    ID: engine.id,
    ...containerCounts(engine),
    Images: engine.images.all().length,
    Driver: STORAGE_DRIVER,
    DriverStatus: status,
    Plugins: {
      Volume: [],
      Network: ["host", "none"],
      Authorization: null,
      Log: ["json-file", "local", "none"],
    },
    MemoryLimit: true,
    SwapLimit: false,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: false,
    CPUSet: false,
    PidsLimit: true,
    IPv4Forwarding: false,
    Debug: false,
    NFd: 0,
    OomKillDisable: false,
    NGoroutines: 0,
    SystemTime: formatTime(engine.clock.nowNs()),
    LoggingDriver: "json-file",
    CgroupDriver: "none",
    CgroupVersion: "2",
    NEventsListener: engine.events.listeners,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: "",
    OSType: "linux",
    Architecture: host.architecture,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: {
      IndexConfigs: {
        "docker.io": { Mirrors: settings.mirrors, Name: "docker.io", Official: true, Secure: true },
      },
      InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8"],
      Mirrors: settings.mirrors,
    },
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    GenericResources: null,
    DockerRootDir: "/var/lib/docker",
    HttpProxy: settings.proxy,
    HttpsProxy: settings.proxy,
    NoProxy: "",
    Name: host.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: host.version,
    Runtimes: runtimes(engine),
    DefaultRuntime: engine.backends[0]?.name ?? "",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: false,
    Isolation: "",
    InitBinary: "",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: "" },
    InitCommit: { ID: "" },
    SecurityOptions: [],
    CDISpecDirs: [],
    Warnings: engine.backends.flatMap((backend) => {
      const reason = backend.unavailable();
      return reason === undefined
        ? []
        : [`WARNING: ${backend.name} (${backend.platforms.join(", ")}): ${reason}`];
    }),
  };
}

function containerCounts(engine: Engine): object {
  const all = engine.containers.all();
  const paused = all.filter((container) => container.record.state.isPaused).length;
  const running = all.filter((container) => container.isRunning).length - paused;
  return {
    Containers: all.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: all.length - running - paused,
  };
}

function runtimes(engine: Engine): object {
  return Object.fromEntries(
    engine.backends.map((backend) => [backend.name, { path: backend.platforms.join(",") }]),
  );
}

const USAGE_TYPES: ReadonlySet<string> = new Set(["container", "image", "volume", "build-cache"]);

export const systemDataUsage: Route = async ({ engine, query }) => {
  const types = query.all("type");
  for (const type of types) {
    if (!USAGE_TYPES.has(type)) throw fail("invalidParameter", `unknown object type: ${type}`);
  }
  const wants = (type: string): boolean => types.length === 0 || types.includes(type);
  const layers = await engine.snapshots.layers();
  return jsonReply(200, {
    LayersSize: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
    ...(wants("image") ? { Images: await imageUsage(engine) } : {}),
    ...(wants("container") ? { Containers: await containerUsage(engine) } : {}),
    ...(wants("volume") ? { Volumes: [] } : {}),
    ...(wants("build-cache") ? { BuildCache: [] } : {}),
  });
};

async function imageUsage(engine: Engine): Promise<readonly object[]> {
  const listed = listImages(engine, new Filters());
  const summaries = await imageSummaries(engine, listed, { hasSharedSize: true });
  return summaries.map((summary, index) => ({
    ...summary,
    Containers: engine.containers
      .all()
      .filter((container) => container.record.imageID === listed[index]?.image.id).length,
  }));
}

async function containerUsage(engine: Engine): Promise<readonly object[]> {
  const summaries: object[] = [];
  for (const container of engine.containers.all()) {
    summaries.push(containerSummary(engine, container, await containerSizes(engine, container)));
  }
  return summaries;
}

export const systemAuth: Route = async (call) => {
  const body = await readJsonBody(call);
  if (typeof body !== "object" || body === null)
    throw fail("invalidParameter", "invalid JSON: got EOF while reading request body");
  const fields = body as Readonly<Record<string, unknown>>; // An object, checked above.
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  const { status, identityToken } = await call.engine.registry.login(text("serveraddress"), {
    username: text("username"),
    password: text("password"),
    identityToken: text("identitytoken") || undefined,
  });
  return jsonReply(200, { Status: status, IdentityToken: identityToken });
};

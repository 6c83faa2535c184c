/** What the fixture server answers, shaped as a real daemon's answers are (recorded from dockerd and pruned). */

/** One moment for the whole run: ages are chosen so that a minute more does not show. */
const START = Math.floor(Date.now() / 1000);
const now = (): number => START;
const ID = "4f1c2b3a5d6e".padEnd(64, "7");
const IMAGE_ID = `sha256:${"9c7a54a9a43c".padEnd(64, "1")}`;

export const CONTAINERS = (): unknown => [
  {
    Id: ID,
    Names: ["/web", "/other/alias"],
    Image: "nginx:1.27",
    ImageID: IMAGE_ID,
    Command: "/docker-entrypoint.sh nginx -g 'daemon off;'",
    Created: now() - 7300,
    Ports: [
      { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { PrivatePort: 443, Type: "tcp" },
      { PrivatePort: 444, Type: "tcp" },
      { IP: "127.0.0.1", PrivatePort: 53, PublicPort: 53, Type: "udp" },
    ],
    Labels: { "b.label": "two", a: "one=1" },
    State: "running",
    Status: "Up 2 hours",
    HostConfig: { NetworkMode: "default" },
    NetworkSettings: { Networks: { bridge: {} } },
    Mounts: [{ Type: "volume", Name: "averyveryverylongvolumename", Source: "", Destination: "/d", Driver: "local", Mode: "", RW: true, Propagation: "" }, { Type: "bind", Source: "/src", Destination: "/dst", Mode: "", RW: true, Propagation: "" }],
    SizeRw: 1095,
    SizeRootFs: 191_600_000,
  },
  {
    Id: "00ff".padEnd(64, "c"),
    Names: ["/job"],
    Image: IMAGE_ID,
    ImageID: IMAGE_ID,
    Command: "sh",
    Created: now() - 330,
    Ports: [],
    Labels: {},
    State: "exited",
    Status: "Exited (137) 3 seconds ago",
    HostConfig: { NetworkMode: "none" },
    NetworkSettings: { Networks: { none: {} } },
    Mounts: [],
  },
  {
    Id: "11ee".padEnd(64, "d"),
    Names: ["/digested"],
    Image: `alpine:3.20@sha256:${"ab".repeat(32)}`,
    ImageID: `sha256:${"cd".repeat(32)}`,
    Command: "echo \"ünï\"",
    Created: now() - 86_400 * 20,
    Ports: [{ IP: "0.0.0.0", PrivatePort: 7000, PublicPort: 7000, Type: "tcp" }, { IP: "0.0.0.0", PrivatePort: 7001, PublicPort: 7001, Type: "tcp" }],
    Labels: null,
    State: "created",
    Status: "Created",
    HostConfig: { NetworkMode: "default" },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  },
];

const image = (id: string, tags: string[] | null, digests: string[] | null, ageSeconds: number, size: number): Record<string, unknown> => ({
  Id: `sha256:${id.padEnd(64, "0")}`,
  ParentId: "",
  RepoTags: tags,
  RepoDigests: digests,
  Created: now() - ageSeconds,
  Size: size,
  SharedSize: 1000,
  VirtualSize: size,
  Labels: {},
  Containers: 1,
});

export const IMAGES = (): unknown => [
  image("aaa111", ["alpine:3.20", "alpine:latest"], [`alpine@sha256:${"1".repeat(64)}`], 3 * 86_400, 7_800_123),
  image("bbb222", ["127.0.0.1:5000/team/tool:v1"], [], 400 * 86_400, 1_234_567_890),
  image("ccc333", [], [`busybox@sha256:${"2".repeat(64)}`], 5400, 4_269_678),
  image("ddd444", [], [], 90, 999),
  image("eee555", ["<none>:<none>"], ["<none>@<none>"], 4530, 1000),
];

export const HISTORY = (): unknown => [
  { Id: `sha256:${"aaa111".padEnd(64, "0")}`, Created: now() - 3 * 86_400, CreatedBy: '/bin/sh -c #(nop)  CMD ["/bin/sh"] and a rather long rest of a line', Tags: ["alpine:latest"], Size: 0, Comment: "" },
  { Id: "<missing>", Created: now() - 3 * 86_400, CreatedBy: "ADD\tfile:x in /", Tags: null, Size: 7_800_123, Comment: "buildkit.dockerfile.v0" },
];

export const INSPECT_CONTAINER = (isTty: boolean): Record<string, unknown> => ({
  Id: ID,
  Created: "2026-11-21T08:00:00.123456789Z",
  Path: "sh",
  Args: ["-c", "echo <hi> & bye"],
  State: { Status: "running", Running: true, Paused: false, Restarting: false, OOMKilled: false, Dead: false, Pid: 4242, ExitCode: 0, Error: "", StartedAt: "2026-11-21T08:00:01Z", FinishedAt: "0001-01-01T00:00:00Z" },
  Image: IMAGE_ID,
  Name: "/web",
  RestartCount: 0,
  Driver: "overlay2",
  Platform: "linux",
  MountLabel: "",
  ExecIDs: null,
  HostConfig: { Binds: null, NetworkMode: "default", PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] }, RestartPolicy: { Name: "no", MaximumRetryCount: 0 }, AutoRemove: false, Memory: 9_223_372_036_854_775_000n.toString().length, CapAdd: ["NET_ADMIN"] },
  GraphDriver: { Data: { UpperDir: "/u", LowerDir: "/l" }, Name: "overlay2" },
  Mounts: [{ Type: "bind", Source: "/a", Destination: "/b", Mode: "", RW: true, Propagation: "rprivate" }],
  Config: { Hostname: "h", Domainname: "", User: "", AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: isTty, OpenStdin: false, StdinOnce: false, Env: ["PATH=/bin", "A=b c"], Cmd: ["sh"], Image: "nginx:1.27", Volumes: null, WorkingDir: "", Entrypoint: null, OnBuild: null, Labels: { z: "26", a: "1" } },
  NetworkSettings: { Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] }, Networks: { bridge: { IPAddress: "172.17.0.2", Gateway: "172.17.0.1" } } },
});

export const INSPECT_IMAGE = {
  Id: IMAGE_ID,
  RepoTags: ["alpine:latest"],
  RepoDigests: [],
  Comment: "",
  Created: "2026-09-01T00:00:00Z",
  Config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"], Labels: null },
  Architecture: "amd64",
  Os: "linux",
  Size: 7_800_123,
  GraphDriver: { Data: null, Name: "overlay2" },
  RootFS: { Type: "layers", Layers: ["sha256:1", "sha256:2"] },
  Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
};

export const TOP = { Titles: ["UID", "PID", "CMD"], Processes: [["root", "4242", "sh -c sleep"], ["root", "4300", "sleep 100"]] };

export const VERSION = {
  Platform: { Name: "Slipway Engine" },
  Components: [
    { Name: "Engine", Version: "28.2.2", Details: { ApiVersion: "1.50", Arch: "amd64", BuildTime: "2026-05-30T12:07:16.000000000+00:00", Experimental: "false", GitCommit: "45873be", GoVersion: "go1.24.3", KernelVersion: "6.1", MinAPIVersion: "1.24", Os: "linux" } },
    { Name: "wasmer", Version: "0.16.0", Details: { GitCommit: "abc", Zed: "z" } },
  ],
  Version: "28.2.2",
  ApiVersion: "1.50",
  MinAPIVersion: "1.24",
  GitCommit: "45873be",
  GoVersion: "go1.24.3",
  Os: "linux",
  Arch: "amd64",
  KernelVersion: "6.1",
  BuildTime: "2026-05-30T12:07:16.000000000+00:00",
};

export const INFO = {
  ID: "abcd-1234",
  Containers: 3,
  ContainersRunning: 1,
  ContainersPaused: 0,
  ContainersStopped: 2,
  Images: 5,
  Driver: "overlay2",
  DriverStatus: [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
  Plugins: { Volume: ["local"], Network: ["bridge", "host", "none"], Authorization: null, Log: ["json-file"] },
  MemoryLimit: true,
  SwapLimit: true,
  CpuCfsPeriod: true,
  CpuCfsQuota: true,
  CPUShares: true,
  CPUSet: true,
  PidsLimit: true,
  IPv4Forwarding: true,
  Debug: false,
  NFd: 20,
  OomKillDisable: true,
  NGoroutines: 40,
  SystemTime: "2026-11-21T10:00:00Z",
  LoggingDriver: "json-file",
  CgroupDriver: "cgroupfs",
  CgroupVersion: "2",
  NEventsListener: 0,
  KernelVersion: "6.1.0",
  OperatingSystem: "Debian GNU/Linux 12",
  OSVersion: "12",
  OSType: "linux",
  Architecture: "x86_64",
  IndexServerAddress: "https://index.docker.io/v1/",
  RegistryConfig: { InsecureRegistryCIDRs: ["127.0.0.0/8"], IndexConfigs: { "docker.io": { Name: "docker.io", Mirrors: [], Secure: true, Official: true } }, Mirrors: ["https://mirror.example/"] },
  NCPU: 2,
  MemTotal: 25_182_818_304,
  DockerRootDir: "/var/lib/docker",
  HttpProxy: "",
  HttpsProxy: "",
  NoProxy: "",
  Name: "host",
  Labels: ["a=b"],
  ExperimentalBuild: false,
  ServerVersion: "28.2.2",
  Runtimes: { runc: { path: "runc" } },
  DefaultRuntime: "runc",
  Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: null },
  LiveRestoreEnabled: false,
  Isolation: "",
  InitBinary: "docker-init",
  ContainerdCommit: { ID: "c1" },
  RuncCommit: { ID: "r1" },
  InitCommit: { ID: "i1" },
  SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
  CDISpecDirs: ["/etc/cdi", "/var/run/cdi"],
  Warnings: null,
};

export const DISK_USAGE = (): unknown => ({
  LayersSize: 1_092_588_000,
  Images: [{ ...image("aaa111", ["alpine:latest"], [], 3 * 86_400, 7_800_123), Containers: 2 }, { ...image("bbb222", ["big:1"], [], 86_400, 5_000_000), Containers: 0, SharedSize: 0 }],
  Containers: [
    { Id: ID, Names: ["/web"], Image: "nginx", ImageID: IMAGE_ID, Command: "nginx", Created: now() - 7300, Ports: [], SizeRw: 2000, SizeRootFs: 0, Labels: {}, State: "running", Status: "Up", NetworkSettings: { Networks: {} }, Mounts: [] },
    { Id: "00ff".padEnd(64, "c"), Names: ["/job"], Image: "sh", ImageID: IMAGE_ID, Command: "sh", Created: now() - 400, Ports: [], SizeRw: 1000, SizeRootFs: 0, Labels: {}, State: "exited", Status: "Exited (0)", NetworkSettings: { Networks: {} }, Mounts: [] },
  ],
  Volumes: [{ Name: "data", Driver: "local", Mountpoint: "/v", Labels: null, Options: null, Scope: "local", UsageData: { RefCount: 1, Size: 36 } }, { Name: "idle", Driver: "local", Mountpoint: "/v", Labels: null, Options: null, Scope: "local", UsageData: { RefCount: 0, Size: 4096 } }],
  BuildCache: [],
});

export const EVENTS = [
  { status: "start", id: ID, from: "alpine", Type: "container", Action: "start", Actor: { ID, Attributes: { name: "web", image: "alpine" } }, scope: "local", time: 1_763_720_000, timeNano: 0 },
  { Type: "network", Action: "connect", Actor: { ID: "net", Attributes: {} }, scope: "local", time: 1_763_720_001, timeNano: 0 },
];

export const PULL = [
  { status: "Pulling from library/alpine", id: "3.20" },
  { status: "Pulling fs layer", progressDetail: {}, id: "aaa" },
  { status: "Waiting", progressDetail: {}, id: "bbb" },
  { status: "Downloading", progressDetail: { current: 1000, total: 7000 }, progress: "[=>  ]", id: "aaa" },
  { status: "Downloading", progressDetail: { current: 7000, total: 7000 }, progress: "[==>]", id: "aaa" },
  { status: "Verifying Checksum", progressDetail: {}, id: "aaa" },
  { status: "Download complete", progressDetail: {}, id: "aaa" },
  { status: "Extracting", progressDetail: { current: 1, units: "s" }, progress: "1 s", id: "bbb" },
  { status: "Pull complete", progressDetail: {}, id: "aaa" },
  { status: "Already exists", progressDetail: {}, id: "bbb" },
  { status: "Digest: sha256:1111" },
  { status: "Status: Downloaded newer image for alpine:3.20" },
];

export const PUSH = [
  { status: "The push refers to repository [docker.io/me/x]" },
  { status: "Preparing", progressDetail: {}, id: "aaa" },
  { status: "Pushing", progressDetail: { current: 512, total: 2048 }, progress: "[=>]", id: "aaa" },
  { status: "Pushed", progressDetail: {}, id: "aaa" },
  { status: "1.0: digest: sha256:2222 size: 528" },
  { progressDetail: {}, aux: { Tag: "1.0", Digest: "sha256:2222", Size: 528 } },
];

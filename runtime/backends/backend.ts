/**
 * The contract between the engine and the machines that run containers: `emulated` (linux/amd64 on
 * our own kernel and processor), `wasi` (on @wasmer/sdk) and `linux` (a real kernel behind a
 * WebSocket). The engine knows nothing else about any of them.
 *
 * Vocabulary follows the OCI runtime spec and containerd. The *spec* says what to run, as plain data
 * that crosses a worker border. A *task* is the running form of a container: its first process and
 * everything that process started. The container itself (name, configuration, writable layer)
 * belongs to the engine and outlives any number of tasks.
 *
 * Lifecycle: `create` prepares everything up to the first instruction and opens the root filesystem,
 * which from then on is the task's alone; `start` lets it run; `exited` settles exactly once; after
 * `dispose` the root filesystem is closed and durable and the engine may open it again.
 *
 * Errors are SlipwayErrors. A program that cannot be started makes `start` fail with
 * `invalidParameter` and `data: StartFailure`, which the engine turns into Docker's 126 and 127.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import type { ByteStream } from "../../layers/base/streams.ts";

/** Where the root filesystem is: names in the storage that every worker of this engine opens. */
export interface RootFilesystem {
  /** diffIDs of the image's layers, lowest first. */
  readonly layers: readonly string[];
  /** Key of the writable layer; also the container's id. */
  readonly writable: string;
  readonly isReadOnly: boolean;
}

export type MountSpec =
  | { readonly kind: "tmpfs"; readonly target: string; readonly options: readonly string[] }
  /** A volume by its storage key. */
  | { readonly kind: "volume"; readonly target: string; readonly volume: string; readonly isReadOnly: boolean }
  /** A small file the engine keeps: /etc/hostname, /etc/hosts, /etc/resolv.conf. */
  | { readonly kind: "file"; readonly target: string; readonly content: string; readonly isReadOnly?: boolean };

export interface ConsoleSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ProcessSpec {
  /** argv; args[0] is looked up in PATH of `env` inside the root filesystem. Never empty. */
  readonly args: readonly string[];
  /** NAME=value. */
  readonly env: readonly string[];
  readonly workingDirectory: string;
  /** "", "user", "uid", "user:group", "uid:gid": resolved against the root filesystem's passwd and group. */
  readonly user: string;
  readonly additionalGroups: readonly string[];
  /** Terminal on 0, 1 and 2; otherwise three pipes. */
  readonly hasTerminal: boolean;
  readonly consoleSize: ConsoleSize | undefined;
  /** Whether anything will ever be written to stdin; without it 0 reads end-of-file at once. */
  readonly hasStdin: boolean;
  /** Names such as CAP_CHOWN; the bounding, permitted and effective sets of root. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly rlimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
}

/** `--device-read-bps` and its kin: of one device, bytes or transfers a second; absent is unlimited. */
export interface IoLimit {
  /** A path of the machine, not of the container: /dev/sda. */
  readonly device: string;
  readonly readBytes?: number;
  readonly writeBytes?: number;
  readonly reads?: number;
  readonly writes?: number;
}

/** Zero means unlimited. */
export interface ResourceLimits {
  readonly memoryBytes: number;
  /** cpu.max: `cpuQuotaUs` of every `cpuPeriodUs`. */
  readonly cpuQuotaUs: number;
  readonly cpuPeriodUs: number;
  readonly pids: number;
  /** --cpu-shares: 2 to 262144. */
  readonly cpuShares?: number;
  /** Memory and swap together; -1 is unlimited swap. */
  readonly memorySwapBytes?: number;
  readonly io?: readonly IoLimit[];
  /** --blkio-weight: 10 to 1000. */
  readonly ioWeight?: number;
  readonly memoryReservationBytes?: number;
  /** --cpuset-cpus and --cpuset-mems: lists such as "0-2,4". */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
}

/** `--device`: a device of the machine under a name in the container. */
export interface DeviceSpec {
  readonly source: string;
  readonly target: string;
}

/** What of the machine a container sees, and what is hidden from it. */
export interface SystemSpec {
  /** /dev/shm; 0: there is none. */
  readonly shmSizeBytes: number;
  /** /sys and the cgroup tree are writable. */
  readonly isPrivileged: boolean;
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  /** By name with dots. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly oomScoreAdjustment: number;
  readonly devices: readonly DeviceSpec[];
  /** cgroup namespace of its own: it sees itself at the root of /proc/self/cgroup. */
  readonly hasCgroupNamespace: boolean;
}

/** Whose namespaces a container lives in: ids of containers that run on the same backend. Absent: its own. */
export interface SharedNamespaces {
  readonly pid?: string;
  readonly ipc?: string;
  readonly network?: string;
}

export interface TaskSpec {
  /** The container's id, 64 hexadecimal digits. */
  readonly id: string;
  readonly platform: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly root: RootFilesystem;
  readonly mounts: readonly MountSpec[];
  readonly process: ProcessSpec;
  readonly resources: ResourceLimits;
  readonly system: SystemSpec;
  readonly shares: SharedNamespaces;
  /** A seccomp profile in Docker's JSON, or "builtin" for Docker's default; undefined is unconfined. */
  readonly seccomp: unknown;
  /** Run a small init as pid 1 that reaps and forwards signals. */
  readonly hasInit: boolean;
  /** Backend-specific switches such as `strace`, from container labels and annotations. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Why a first process could not start; `exitCode` is Docker's: 126 found but not executable, 127 not found. */
export interface StartFailure {
  readonly exitCode: 126 | 127;
}

/**
 * What a task's programs asked for and the machine does not have: for whoever looks why one fails. A machine that
 * has everything, or does not know, says nothing.
 */
export interface Diagnostics {
  /** System calls answered "not implemented", and options nobody knows: how often each. */
  readonly missingCalls: Readonly<Record<string, number>>;
  /** Instructions the processor does not have, the first few: where, whose, and their bytes. */
  readonly illegalInstructions: readonly string[];
}

export interface ExitStatus {
  /** 0..255; 128 + n when killed by signal n. */
  readonly exitCode: number;
  readonly isOomKilled: boolean;
  /** When the machine under the program failed: a sentence for State.Error. */
  readonly error: string | undefined;
  /** Of the whole task, with its first process. */
  readonly diagnostics?: Diagnostics;
}

/** A process whose stdio the engine holds: a task's first, or an exec. */
export interface Process {
  /** Closing it is end-of-file (on a terminal the engine closes it only to hang up). */
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ByteStream;
  /** Empty with a terminal. */
  readonly stderr: ByteStream;
  /** In the namespace `docker inspect` shows; 0 before start. */
  readonly pid: number;
  /** Settles once, after stdout and stderr have ended. */
  readonly exited: Promise<ExitStatus>;
  resize(size: ConsoleSize): Promise<void>;
  /** Sends a signal by number. `conflict` when it has exited. */
  kill(signal: number): Promise<void>;
}

/** As `ps` prints: one title per column, one row per process. */
export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface TaskStatistics {
  readonly cpuUsageNs: bigint;
  /** How often and how long cpu.max has held it back. */
  readonly throttling?: {
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNs: number;
  };
  readonly memoryUsageBytes: number;
  readonly memoryLimitBytes: number;
  readonly pids: number;
  readonly pidsLimit: number;
  readonly networks: Readonly<Record<string, { readonly receivedBytes: number; readonly sentBytes: number }>>;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** The device they went to, where there is one. */
  readonly blockDevice?: { readonly major: number; readonly minor: number };
}

export interface PathInfo {
  readonly name: string;
  readonly sizeBytes: number;
  /** Go's os.FileMode bits, as the API's X-Docker-Container-Path-Stat wants. */
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly linkTarget: string;
}

/** As `docker diff`: 0 modified, 1 added, 2 deleted. */
export interface PathChange {
  readonly kind: 0 | 1 | 2;
  readonly path: string;
}

/**
 * A container's files as tools see them, running or not: while a task lives, through the task; else
 * the engine opens the layers itself. Paths are absolute in the container; links are followed inside it.
 */
export interface ContainerFiles {
  stat(path: string): Promise<PathInfo>;
  /** The tree at `path` as a tar whose first entry is named after its last component. */
  readArchive(path: string): Promise<ByteStream>;
  /** Unpacks a tar into the directory at `path`. */
  writeArchive(path: string, archive: ByteStream, options: { readonly noOverwriteDirNonDir: boolean }): Promise<void>;
  changes(): Promise<readonly PathChange[]>;
  /** The whole root filesystem as a tar. */
  export(): Promise<ByteStream>;
  /** The writable layer as a layer tar with whiteouts. */
  exportDiff(): Promise<ByteStream>;
  /** Bytes of the writable layer (SizeRw). */
  writableSizeBytes(): Promise<number>;
}

export interface Task extends Process, Disposable {
  readonly files: ContainerFiles;
  start(): Promise<void>;
  /** Suspends and continues every process. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  exec(process: ProcessSpec): Promise<Process & { start(): Promise<void> }>;
  top(psArguments: readonly string[]): Promise<ProcessTable>;
  statistics(): Promise<TaskStatistics>;
  diagnostics(): Promise<Diagnostics | undefined>;
  update(resources: ResourceLimits): Promise<void>;
  /** Settles when the root filesystem is closed and durable. */
  closed(): Promise<void>;
}

export interface Backend extends Disposable {
  /** "emulated", "wasi" or "linux": what `docker info` lists as a runtime. */
  readonly name: string;
  /** Such as "wasi/wasm". */
  readonly platforms: readonly string[];
  /** Why nothing can run here now, as a sentence for a person, or undefined. */
  unavailable(): string | undefined;
  create(spec: TaskSpec): Promise<Task>;
}

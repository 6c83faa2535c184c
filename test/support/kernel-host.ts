/**
 * The kernel in this process, without engine or workers: a root filesystem in memory, a program, its
 * output. For differential tests: the same program runs natively and here.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Attributes, Filesystem, NodeId } from "../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { systemClock, systemRng } from "../../layers/base/clock.ts";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { MASKED_PATHS, READONLY_PATHS } from "../../runtime/engine/containers/host-config.ts";
import { Errno } from "../../runtime/kernel/abi/errno.ts";
import { O_RDONLY, O_WRONLY } from "../../runtime/kernel/abi/fcntl.ts";
import { Cgroup } from "../../runtime/kernel/cgroup.ts";
import { createProcess } from "../../runtime/kernel/container.ts";
import { Kernel } from "../../runtime/kernel/kernel.ts";
import type { KernelOptions } from "../../runtime/kernel/kernel.ts";
import { NetworkNamespace } from "../../runtime/kernel/net/network-namespace.ts";
import { mountContainer } from "../../runtime/kernel/ns/mount-container.ts";
import type { Namespaces } from "../../runtime/kernel/ns/namespaces.ts";
import { UtsNamespace } from "../../runtime/kernel/ns/namespaces.ts";
import { attachStrace } from "../../runtime/kernel/strace/strace.ts";
import { SYSCALLS } from "../../runtime/kernel/syscalls/table.ts";
import { ALL_CAPABILITIES } from "../../runtime/kernel/task/credentials.ts";
import type { Credentials } from "../../runtime/kernel/task/credentials.ts";
import { nextNamespaceInode, PidNamespace } from "../../runtime/kernel/task/pid-namespace.ts";
import type { Task } from "../../runtime/kernel/task/task.ts";
import type { Status } from "../../runtime/kernel/vfs/file-description.ts";
import { FileDescription } from "../../runtime/kernel/vfs/file-description.ts";
import { Mount, MountFlag, MountNamespace } from "../../runtime/kernel/vfs/mount.ts";
import { interpreterModule } from "./cpu-module.ts";

const SLICE_MS = 20;
const MEMORY_BYTES = 4 * 1024 ** 3;
const SHM_BYTES = 64 * 1024 ** 2;

export const ROOT_CREDENTIALS: Credentials = {
  uid: 0,
  euid: 0,
  suid: 0,
  fsuid: 0,
  gid: 0,
  egid: 0,
  sgid: 0,
  fsgid: 0,
  groups: [0],
  permitted: ALL_CAPABILITIES,
  effective: ALL_CAPABILITIES,
  inheritable: 0n,
  bounding: ALL_CAPABILITIES,
  ambient: 0n,
  secureBits: 0,
};

export interface GuestResult {
  /** As wait(2) gives it: exit code << 8, or the signal. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Calls that answered ENOSYS. */
  readonly missing: Readonly<Record<string, number>>;
}

/** A file that gives what it was made with, and keeps what is written. */
export class TestStream extends FileDescription {
  readonly label = "pipe:[0]";
  readonly written: Uint8Array[] = [];
  #input: Uint8Array;

  constructor(input: string | undefined) {
    super(input === undefined ? O_WRONLY : O_RDONLY);
    this.#input = encodeUtf8(input ?? "");
  }

  override read(target: Uint8Array): number {
    const piece = this.#input.subarray(0, target.length);
    target.set(piece);
    this.#input = this.#input.subarray(piece.length);
    return piece.length;
  }

  override write(source: Uint8Array): number {
    this.written.push(source.slice());
    return source.length;
  }

  override status(): Status {
    const attributes: Attributes = {
      ino: 1,
      type: "fifo",
      mode: 0o600,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: { major: 0, minor: 0 },
      sizeBytes: 0,
      allocatedBytes: 0,
      atimeNs: 0n,
      mtimeNs: 0n,
      ctimeNs: 0n,
    };
    return { device: 13, attributes };
  }

  get text(): string {
    return decodeUtf8(concatBytes(this.written));
  }
}

export interface GuestRequest {
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly stdin?: string;
  readonly workingDirectory?: string;
  /** With /proc, /sys, /dev and the cgroup tree, as a container has them; without, the root and nothing else. */
  readonly isContainer?: boolean;
  /** The host's own unless given. */
  readonly cgroup?: Cgroup;
  /** Gets the lines of strace. */
  readonly strace?: (text: string) => void;
}

export class KernelHost {
  readonly kernel: Kernel;
  readonly files: Filesystem;
  readonly root: Mount;
  readonly cgroup: Cgroup;
  /** Of every program it runs: a loopback that is up. */
  readonly network = NetworkNamespace.withLoopback();

  private constructor(kernel: Kernel, files: Filesystem) {
    this.kernel = kernel;
    this.files = files;
    const superblock = kernel.superblock(files, "overlay", kernel.disk);
    this.root = new Mount(superblock, superblock.root, MountFlag.relAtime);
    this.cgroup = new Cgroup("container", kernel.rootCgroup);
  }

  static async start(
    files: Filesystem = new MemoryFilesystem({ clock: systemClock }),
    options?: Partial<KernelOptions>,
  ): Promise<KernelHost> {
    const machine = new InterpreterMachine({
      module: await interpreterModule(),
      counterNs: () => performance.now() * 1e6,
    });
    const kernel = new Kernel({
      machine,
      clock: systemClock,
      rng: systemRng,
      syscalls: SYSCALLS,
      memoryBytes: MEMORY_BYTES,
      onWork: () => undefined,
      ...options,
    });
    return new KernelHost(kernel, files);
  }

  namespaces(): Namespaces {
    const plain = (): { inode: number } => ({ inode: nextNamespaceInode() });
    return {
      pidForChildren: new PidNamespace(this.kernel.rootPids),
      mount: new MountNamespace(this.root),
      uts: new UtsNamespace("test", "(none)"),
      network: this.network,
      ipc: plain(),
      user: plain(),
      cgroup: plain(),
    };
  }

  /** Those of a container, mounted as docker does. */
  containerNamespaces(): Namespaces {
    const namespaces = this.namespaces();
    const pids = namespaces.pidForChildren;
    const mount = mountContainer(this.kernel, {
      root: this.root.superblock,
      pids,
      network: this.network,
      cgroup: this.cgroup,
      ipc: namespaces.ipc,
      maskedPaths: MASKED_PATHS,
      readOnlyPaths: READONLY_PATHS,
      shmBytes: SHM_BYTES,
      mounts: [],
    });
    return { ...namespaces, mount, cgroup: { inode: nextNamespaceInode(), root: this.cgroup } };
  }

  /** Runs a program to its end. */
  async run(request: GuestRequest): Promise<GuestResult> {
    const streams = [
      new TestStream(request.stdin ?? ""),
      new TestStream(undefined),
      new TestStream(undefined),
    ] as const;
    const namespaces = request.isContainer === true ? this.containerNamespaces() : this.namespaces();
    const { root } = namespaces.mount;
    const location = { mount: root, dentry: root.root };
    const task = createProcess(this.kernel, {
      namespaces,
      cgroup: request.cgroup ?? this.cgroup,
      root: location,
      workingDirectory: location,
      credentials: ROOT_CREDENTIALS,
      hasNoNewPrivileges: false,
      path: request.args[0] ?? "",
      args: request.args,
      env: request.env ?? ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C"],
      streams,
    });
    if (request.strace !== undefined) attachStrace(task, request.args[0] ?? "", request.strace);
    this.kernel.makeReady(task);
    await this.untilExit(task);
    return {
      status: task.process.exitStatus ?? -Errno.EIO,
      stdout: streams[1].text,
      stderr: streams[2].text,
      missing: Object.fromEntries(this.kernel.rootCgroup.diagnostics.missing),
    };
  }

  async untilExit(task: Task): Promise<void> {
    const { process } = task;
    const isOver = (): boolean => process.isZombie;
    while (!isOver()) {
      const idleness = this.kernel.run(SLICE_MS);
      if (isOver()) break;
      if (idleness.kind === "busy") await new Promise((resolve) => setImmediate(resolve));
      else if (idleness.untilNs === undefined) throw new Error(`nobody can go on: ${this.describeTasks()}`);
      else
        await new Promise((resolve) =>
          setTimeout(resolve, Math.max(0, (idleness.untilNs! - this.kernel.monotonicNs()) / 1e6)),
        );
    }
  }

  describeTasks(): string {
    const lines = this.kernel.rootPids
      .tasks()
      .map(
        (task) =>
          `${task.tid} ${task.comm} ${task.state} ${task.parking?.blocked.options.reason ?? ""} call ${task.syscallNumber}`,
      );
    return lines.join("; ");
  }
}

/** Copies a host's file or tree into `files` at `path`. */
export function copyIn(files: Filesystem, hostPath: string, path: string): void {
  const names = path.split("/").filter((name) => name !== "");
  let parent: NodeId = files.root;
  for (const name of names.slice(0, -1)) {
    parent =
      files.lookup(parent, name) ??
      files.create(parent, name, { type: "directory", mode: 0o755, uid: 0, gid: 0 });
  }
  copyNode(files, hostPath, parent, names[names.length - 1] ?? "");
}

function copyNode(files: Filesystem, hostPath: string, parent: NodeId, name: string): void {
  const stat = lstatSync(hostPath);
  const owner = { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
  if (stat.isSymbolicLink())
    files.create(parent, name, { type: "symlink", ...owner, target: readlinkSync(hostPath) });
  else if (stat.isDirectory()) {
    const directory =
      files.lookup(parent, name) ?? files.create(parent, name, { type: "directory", ...owner });
    for (const child of readdirSync(hostPath)) copyNode(files, join(hostPath, child), directory, child);
  } else if (stat.isFile()) {
    const file = files.create(parent, name, { type: "file", ...owner });
    files.write(file, 0, readFileSync(hostPath));
  }
}

/**
 * A container's root as the kernel mounts it and as tools see it: the overlay, what is mounted over it, the
 * accounts in its passwd, and the way from a path to a node. Mount points that the image lacks are made, and
 * those that Docker keeps out of `docker diff` are taken away again at the end.
 */
import { decodeUtf8 } from "../../../../layers/base/bytes.ts";
import { FsError, isFsError } from "../../../../layers/fs/errors.ts";
import type { ErrnoName } from "../../../../layers/fs/errors.ts";
import { ReadOnlyFilesystem } from "../../../../layers/fs/read-only.ts";
import { readWholeNode } from "../../../../layers/fs/walk.ts";
import type { Mounted, Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import { fail } from "../../../../layers/base/errors.ts";
import { Errno, errnoName } from "../../../kernel/abi/errno.ts";
import type { Cgroup } from "../../../kernel/cgroup.ts";
import { setSetting, setting } from "../../../kernel/fs/proc/sysctl.ts";
import { Tmpfs } from "../../../kernel/fs/tmpfs.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { NetworkNamespace } from "../../../kernel/net/network-namespace.ts";
import type { DeviceNode } from "../../../kernel/ns/container-devices.ts";
import { DEVICES } from "../../../kernel/ns/container-devices.ts";
import { mountContainer } from "../../../kernel/ns/mount-container.ts";
import type { Namespaces } from "../../../kernel/ns/namespaces.ts";
import { UtsNamespace } from "../../../kernel/ns/namespaces.ts";
import { Capability, KERNEL_CREDENTIALS } from "../../../kernel/task/credentials.ts";
import type { Credentials } from "../../../kernel/task/credentials.ts";
import { nextNamespaceInode, PidNamespace } from "../../../kernel/task/pid-namespace.ts";
import { SyscallError } from "../../../kernel/task/syscall-error.ts";
import type { Location, Superblock } from "../../../kernel/vfs/mount.ts";
import { MountFlag, pathOf } from "../../../kernel/vfs/mount.ts";
import type { WalkResult } from "../../../kernel/vfs/walk.ts";
import { walk } from "../../../kernel/vfs/walk.ts";
import type { DeviceSpec, PathChange, ProcessSpec, TaskSpec } from "../../backend.ts";
import type { FileTree, Located } from "../../pod/container-files.ts";
import { cannotStart } from "../../pod/start-failure.ts";
import { resolveGroupNamed, resolveUser } from "../../pod/users.ts";
import type { PreparedMounts } from "./container-mounts.ts";
import { InitLayer, pathInFilesystem, prepareMounts } from "./container-mounts.ts";

/** __NEW_UTS_LEN. */
const HOSTNAME_MAX = 64;
/** No passwd file of any image comes near this. */
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

export interface RootParts {
  readonly kernel: Kernel;
  readonly cgroup: Cgroup;
  readonly mounted: Mounted;
  readonly snapshotter: Snapshotter;
  readonly donors: DonorRoots;
}

/** Whose namespaces are joined instead of made. */
export interface DonorRoots {
  readonly pid?: ContainerRoot;
  readonly ipc?: ContainerRoot;
  readonly network?: ContainerRoot;
}

export class ContainerRoot implements FileTree {
  readonly location: Location;
  readonly namespaces: Namespaces;
  /** /dev/shm, which whoever joins the IPC namespace sees too. */
  readonly shm: Superblock | undefined;
  readonly #isReadOnly: boolean;
  readonly #volumes: readonly Mounted[];
  readonly #initLayer = new InitLayer();

  private constructor({ kernel, cgroup, mounted, donors }: RootParts, spec: TaskSpec, { list, volumes }: PreparedMounts) {
    const root = kernel.superblock(mounted.filesystem, "overlay", kernel.disk);
    const pidForChildren = donors.pid?.namespaces.pidForChildren ?? new PidNamespace(kernel.rootPids);
    const network = donors.network?.namespaces.network ?? NetworkNamespace.withLoopback();
    const { shmSizeBytes, isPrivileged, maskedPaths, readOnlyPaths, sysctls, hasCgroupNamespace } = spec.system;
    if (spec.hostname.length > HOSTNAME_MAX) {
      throw fail("system", "OCI runtime create failed: error during container init: sethostname: invalid argument: unknown");
    }
    applySysctls(kernel, sysctls);
    if (donors.network === undefined) heedSettings(kernel, network);
    this.shm = donors.ipc === undefined ? sharedMemory(kernel, shmSizeBytes) : donors.ipc.shm;
    if (!mounted.filesystem.isReadOnly) this.#initLayer.fill(root.root);
    const plain = (): { readonly inode: number } => ({ inode: nextNamespaceInode() });
    const ipc = donors.ipc?.namespaces.ipc ?? plain();
    const mount = mountContainer(kernel, {
      ipc,
      root,
      isRootReadOnly: spec.root.isReadOnly,
      pids: pidForChildren,
      network,
      cgroup,
      ...(this.shm === undefined ? {} : { shm: this.shm }),
      mounts: list,
      devices: devicesOf(spec.system.devices),
      isPrivileged,
      maskedPaths,
      readOnlyPaths,
      onMade: (entry) => this.#initLayer.note(entry),
    });
    this.#volumes = volumes;
    this.#isReadOnly = spec.root.isReadOnly;
    this.location = { mount: mount.root, dentry: mount.root.root };
    this.namespaces = {
      pidForChildren,
      mount,
      uts: new UtsNamespace(spec.hostname, spec.domainname === "" ? "(none)" : spec.domainname),
      network,
      ipc,
      user: plain(),
      cgroup: { inode: nextNamespaceInode(), ...(hasCgroupNamespace ? { root: cgroup } : {}) },
    };
  }

  static async open(parts: RootParts, spec: TaskSpec): Promise<ContainerRoot> {
    const mounts = await prepareMounts(parts.kernel, parts.snapshotter, spec);
    try {
      return new ContainerRoot(parts, spec, mounts);
    } catch (thrown) {
      await Promise.all(mounts.volumes.map((volume) => volume.unmount()));
      throw thrown;
    }
  }

  /** What of the writable layer's changes the container has made itself. */
  ownChanges(changes: readonly PathChange[]): readonly PathChange[] {
    return this.#initLayer.without(changes);
  }

  /** Whether a path of the writable layer was made for the container, given the container's own changes. */
  madeBesides(ownChanges: readonly PathChange[]): (path: string) => boolean {
    return this.#initLayer.madeBesides(ownChanges);
  }

  /** Who `--user` is, with what runc leaves of the capabilities; and where HOME is. */
  identity(spec: ProcessSpec): { readonly credentials: Credentials; readonly home: string } {
    const readText = (path: string): string | undefined => this.#readText(path);
    const { uid, gid, home, additionalGids } = resolveUser(readText, spec.user);
    const asked = spec.additionalGroups.map((name) => resolveGroupNamed(readText, name));
    const bounding = capabilityBits(spec.capabilities);
    const held = uid === 0 ? bounding : 0n;
    // The kernel keeps them sorted (groups_sort).
    const groups = [...new Set([gid, ...additionalGids, ...asked])].sort((left, right) => left - right);
    const credentials: Credentials = {
      uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid, groups,
      permitted: held, effective: held, inheritable: 0n, bounding, ambient: 0n, secureBits: 0,
    };
    return { credentials, home };
  }

  /** The working directory, made when it is missing, as runc does. */
  directory(path: string): Location {
    const { location } = this.#makeDirectories(path);
    const { superblock, node } = location.dentry;
    if (superblock.filesystem.attributes(node).type === "directory") return location;
    throw cannotStart(126, `chdir to cwd (${JSON.stringify(path)}) set in config.json failed: not a directory`);
  }

  locate(path: string, isLastFollowed: boolean): Located {
    const { location } = this.#walk(path, isLastFollowed);
    if (location === undefined) throw new FsError("ENOENT", path);
    const { mount, dentry } = location;
    const { filesystem } = dentry.superblock;
    const isShut = mount.has(MountFlag.readOnly);
    return {
      filesystem: isShut ? new ReadOnlyFilesystem(filesystem) : filesystem,
      node: dentry.node,
      name: dentry === mount.root ? (mount.mountpoint?.dentry.name ?? "") : dentry.name,
      path: pathOf(location, this.location) ?? path,
      pathInFilesystem: pathInFilesystem(dentry),
    };
  }

  /** Somebody has changed files without the kernel's knowing. */
  noteChanges(): void {
    for (const { superblock } of this.namespaces.mount.mounts()) superblock.namesVersion += 1;
  }

  userName(uid: number): string {
    return this.#nameIn("/etc/passwd", uid);
  }

  groupName(gid: number): string {
    return this.#nameIn("/etc/group", gid);
  }

  #nameIn(path: string, id: number): string {
    const lines = (this.#readText(path) ?? "").split("\n").map((line) => line.split(":"));
    return lines.find((row) => Number(row[2]) === id && row.length > 2)?.[0] ?? String(id);
  }

  /** Volumes' closed files, to the host. */
  handOver(): void {
    for (const volume of this.#volumes) volume.handOver();
  }

  async close(): Promise<void> {
    this.#initLayer.remove();
    await Promise.all(this.#volumes.map((volume) => volume.unmount()));
  }

  /** mkdir -p inside the root. */
  #makeDirectories(path: string): { readonly location: Location } {
    const names = path.split("/").filter((name) => name !== "");
    for (let count = 0; count <= names.length; count++) {
      const prefix = `/${names.slice(0, count).join("/")}`;
      const { location, parent, name } = this.#walk(prefix, true);
      if (location !== undefined) continue;
      if (this.#isReadOnly && parent.mount === this.location.mount && path !== prefix) continue;
      const init = { type: "directory", mode: 0o755, uid: 0, gid: 0 } as const;
      parent.dentry.adopt(name, parent.dentry.superblock.filesystem.create(parent.dentry.node, name, init));
    }
    const { location } = this.#walk(`/${names.join("/")}`, true);
    if (location === undefined) throw new FsError("ENOENT", path);
    return { location };
  }

  #walk(path: string, isLastFollowed: boolean): WalkResult {
    try {
      return walk(path, { start: this.location, root: this.location, who: KERNEL_CREDENTIALS, isLastFollowed });
    } catch (thrown) {
      // Tools speak in filesystem errors; every errno of a walk is one of them.
      if (thrown instanceof SyscallError) throw new FsError(errnoName(thrown.errno) as ErrnoName, path);
      throw thrown;
    }
  }

  #readText(path: string): string | undefined {
    try {
      const { filesystem, node } = this.locate(path, true);
      return decodeUtf8(readWholeNode(filesystem, node, TEXT_BYTES_MAX));
    } catch (thrown) {
      if (isFsError(thrown)) return undefined; // An image from scratch has none.
      throw thrown;
    }
  }
}

/** --shm-size; none with --ipc none. */
function sharedMemory(kernel: Kernel, sizeBytes: number): Superblock | undefined {
  return sizeBytes > 0 ? kernel.superblock(new Tmpfs(kernel, { sizeBytes }), "shm") : undefined;
}

function capabilityBits(names: readonly string[]): bigint {
  let bits = 0n;
  for (const [name, number] of Object.entries(Capability)) if (names.includes(name)) bits |= 1n << BigInt(number);
  return bits;
}

/** `--sysctl`, in runc's words where there is no such setting. */
function applySysctls(kernel: Kernel, sysctls: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(sysctls)) {
    const path = name.replaceAll(".", "/");
    try {
      setSetting(kernel, path, value);
    } catch (thrown) {
      if (!(thrown instanceof SyscallError)) throw thrown;
      const isMissing = thrown.errno === Errno.ENOENT;
      const reason = isMissing ? "no such file or directory" : "invalid argument";
      const doing = `${isMissing ? "open" : "write"} /proc/sys/${path}`;
      throw cannotStart(isMissing ? 127 : 126, `error during container init: ${doing}: ${reason}`);
    }
  }
}

/** The machine has the devices that every container has; anything else is refused as dockerd does. */
function devicesOf(specs: readonly DeviceSpec[]): readonly DeviceNode[] {
  return specs.map(({ source, target }) => {
    const device = DEVICES.find(({ name }) => `/dev/${name}` === source);
    if (device === undefined) {
      const what = `error gathering device information while adding custom device ${JSON.stringify(source)}`;
      throw fail("notFound", `${what}: no such file or directory`);
    }
    const name = target.startsWith("/dev/") ? target.slice("/dev/".length) : "";
    if (name === "" || name.includes("/")) {
      throw fail("notImplemented", `--device below a directory is not implemented by Slipway: ${target}`);
    }
    return { ...device, name };
  });
}

/** The settings of /proc/sys/net that decide something: docker lets everybody bind low ports and ping. */
function heedSettings(kernel: Kernel, network: NetworkNamespace): void {
  network.unprivilegedPortStart = Number(setting(kernel, "net/ipv4/ip_unprivileged_port_start"));
  network.backlogMax = Number(setting(kernel, "net/core/somaxconn"));
  const [first = 1, last = 0] = setting(kernel, "net/ipv4/ping_group_range").split(/\s+/).map(Number);
  network.pingGroups = [first, last];
}

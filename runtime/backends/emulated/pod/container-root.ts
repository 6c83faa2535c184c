/**
 * A container's root as the kernel mounts it and as tools see it: the overlay, what is mounted over it, the
 * accounts in its passwd, and the way from a path to a node. Mount points that the image lacks are made, and
 * those that Docker keeps out of `docker diff` are taken away again at the end.
 */
import { decodeUtf8, encodeUtf8 } from "../../../../layers/base/bytes.ts";
import { FsError, isFsError } from "../../../../layers/fs/errors.ts";
import type { ErrnoName } from "../../../../layers/fs/errors.ts";
import { MemoryFilesystem } from "../../../../layers/fs/memory.ts";
import { ReadOnlyFilesystem } from "../../../../layers/fs/read-only.ts";
import { readWholeNode } from "../../../../layers/fs/walk.ts";
import type { Mounted, Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import { errnoName } from "../../../kernel/abi/errno.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { NetworkNamespace } from "../../../kernel/net/network-namespace.ts";
import type { Namespaces } from "../../../kernel/ns/namespaces.ts";
import { UtsNamespace } from "../../../kernel/ns/namespaces.ts";
import { ALL_CAPABILITIES, Capability } from "../../../kernel/task/credentials.ts";
import type { Credentials } from "../../../kernel/task/credentials.ts";
import { nextNamespaceInode, PidNamespace } from "../../../kernel/task/pid-namespace.ts";
import { SyscallError } from "../../../kernel/task/syscall-error.ts";
import type { Dentry, Location } from "../../../kernel/vfs/mount.ts";
import { Mount, MountFlag, MountNamespace, pathOf, topOf } from "../../../kernel/vfs/mount.ts";
import type { WalkResult } from "../../../kernel/vfs/walk.ts";
import { walk } from "../../../kernel/vfs/walk.ts";
import type { MountSpec, ProcessSpec, TaskSpec } from "../../backend.ts";
import type { FileTree, Located } from "../../pod/container-files.ts";
import { cannotStart } from "../../pod/start-failure.ts";
import { resolveGroupNamed, resolveUser } from "../../pod/users.ts";
import { tmpfsOptions } from "../../pod/tmpfs-options.ts";

/** No passwd file of any image comes near this. */
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

/** The daemon's own rights: it makes mount points and looks things up for anybody. */
const DAEMON: Credentials = {
  uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, groups: [],
  permitted: ALL_CAPABILITIES, effective: ALL_CAPABILITIES, inheritable: 0n, bounding: ALL_CAPABILITIES, ambient: 0n,
  secureBits: 0,
};

export class ContainerRoot implements FileTree {
  readonly location: Location;
  readonly mountNamespace: MountNamespace;
  readonly #isReadOnly: boolean;
  readonly #volumes: Mounted[] = [];
  /** Mount points made here that Docker would not show as changes. */
  readonly #made: { readonly parent: Dentry; readonly name: string; readonly isDirectory: boolean }[] = [];

  private constructor(kernel: Kernel, mounted: Mounted, isReadOnly: boolean) {
    const superblock = kernel.superblock(mounted.filesystem, "overlay");
    const mount = new Mount(superblock, superblock.root, isReadOnly ? MountFlag.readOnly : 0);
    this.location = { mount, dentry: superblock.root };
    this.mountNamespace = new MountNamespace(mount);
    this.#isReadOnly = isReadOnly;
  }

  static async open(kernel: Kernel, spec: TaskSpec, mounted: Mounted, snapshotter: Snapshotter): Promise<ContainerRoot> {
    const root = new ContainerRoot(kernel, mounted, spec.root.isReadOnly);
    try {
      for (const mount of spec.mounts) await root.#mount(kernel, mount, snapshotter);
      return root;
    } catch (thrown) {
      await root.close();
      throw thrown;
    }
  }

  namespaces(kernel: Kernel, spec: TaskSpec): Namespaces {
    const plain = (): { readonly inode: number } => ({ inode: nextNamespaceInode() });
    return {
      pidForChildren: new PidNamespace(kernel.rootPids),
      mount: this.mountNamespace,
      uts: new UtsNamespace(spec.hostname, spec.domainname === "" ? "(none)" : spec.domainname),
      network: NetworkNamespace.withLoopback(),
      ipc: plain(),
      user: plain(),
      cgroup: plain(),
    };
  }

  /** Who `--user` is, with what runc leaves of the capabilities; and where HOME is. */
  identity(spec: ProcessSpec): { readonly credentials: Credentials; readonly home: string } {
    const readText = (path: string): string | undefined => this.#readText(path);
    const { uid, gid, home, additionalGids } = resolveUser(readText, spec.user);
    const asked = spec.additionalGroups.map((name) => resolveGroupNamed(readText, name));
    const bounding = capabilityBits(spec.capabilities);
    const held = uid === 0 ? bounding : 0n;
    const groups = [...new Set([gid, ...additionalGids, ...asked])];
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

  userName(uid: number): string {
    const lines = (this.#readText("/etc/passwd") ?? "").split("\n").map((line) => line.split(":"));
    return lines.find((row) => Number(row[2]) === uid && row.length > 2)?.[0] ?? String(uid);
  }

  async close(): Promise<void> {
    for (const { parent, name, isDirectory } of this.#made.reverse()) {
      const { filesystem } = parent.superblock;
      try {
        if (isDirectory) filesystem.removeDirectory(parent.node, name);
        else filesystem.unlink(parent.node, name);
      } catch (thrown) {
        if (!isFsError(thrown)) throw thrown; // Something was put there meanwhile: it stays.
      }
    }
    await Promise.all(this.#volumes.map((volume) => volume.unmount()));
  }

  async #mount(kernel: Kernel, spec: MountSpec, snapshotter: Snapshotter): Promise<void> {
    const { clock } = kernel;
    switch (spec.kind) {
      case "tmpfs": {
        const superblock = kernel.superblock(new MemoryFilesystem({ clock, ...tmpfsOptions(spec.options) }), "tmpfs");
        const flags = tmpfsFlags(spec.options);
        new Mount(superblock, superblock.root, flags).attach(this.#mountpoint(spec.target, "directory"));
        return;
      }
      case "file": {
        const files = new MemoryFilesystem({ clock });
        const node = files.create(files.root, "file", { type: "file", mode: 0o644, uid: 0, gid: 0 });
        files.write(node, 0, encodeUtf8(spec.content));
        const superblock = kernel.superblock(files, "engine");
        new Mount(superblock, superblock.root.adopt("file", node), 0).attach(this.#mountpoint(spec.target, "file"));
        return;
      }
      case "volume": {
        const volume = await snapshotter.mount({ layers: [], writable: spec.volume });
        this.#volumes.push(volume);
        const superblock = kernel.superblock(volume.filesystem, "volume");
        const flags = spec.isReadOnly ? MountFlag.readOnly : 0;
        new Mount(superblock, superblock.root, flags).attach(this.#mountpoint(spec.target, "directory"));
      }
    }
  }

  /** The place to mount over, made when the image has none. */
  #mountpoint(target: string, type: "file" | "directory"): Location {
    const at = target.replace(/\/+$/, "");
    const folder = at.slice(0, at.lastIndexOf("/"));
    const parent = this.#makeDirectories(folder === "" ? "/" : folder).location;
    const name = at.slice(at.lastIndexOf("/") + 1);
    const found = this.#walk(at === "" ? "/" : at, true);
    if (found.location !== undefined) return topOf(found.location);
    const { filesystem } = parent.dentry.superblock;
    const isDirectory = type === "directory";
    const node = filesystem.create(parent.dentry.node, name, { type, mode: isDirectory ? 0o755 : 0o644, uid: 0, gid: 0 });
    if (!isDirectory) this.#made.push({ parent: parent.dentry, name, isDirectory });
    return { mount: parent.mount, dentry: parent.dentry.adopt(name, node) };
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
      return walk(path, { start: this.location, root: this.location, who: DAEMON, isLastFollowed });
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

function capabilityBits(names: readonly string[]): bigint {
  let bits = 0n;
  for (const [name, number] of Object.entries(Capability)) if (names.includes(name)) bits |= 1n << BigInt(number);
  return bits;
}

/** noexec, nosuid, nodev and ro are the mount's; the rest is the filesystem's. Docker sets the first three. */
function tmpfsFlags(options: readonly string[]): number {
  const words = options.flatMap((option) => option.split(","));
  return (
    (words.includes("exec") ? 0 : MountFlag.noExec) |
    (words.includes("suid") ? 0 : MountFlag.noSuid) |
    (words.includes("dev") ? 0 : MountFlag.noDevices) |
    (words.includes("ro") ? MountFlag.readOnly : 0)
  );
}

function pathInFilesystem(dentry: Dentry): string {
  const names: string[] = [];
  for (let at: Dentry = dentry; at.parent !== undefined; at = at.parent) names.push(at.name);
  return `/${names.reverse().join("/")}`;
}

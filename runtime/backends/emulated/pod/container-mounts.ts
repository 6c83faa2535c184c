/**
 * What is mounted in a container besides the kernel's own filesystems, and what moby's init layer holds: files
 * that are there without being a change of the container. These are made in the writable layer when the
 * container starts, left out of `docker diff`, and taken away again when it stops.
 */
import { encodeUtf8 } from "../../../../layers/base/bytes.ts";
import { isFsError } from "../../../../layers/fs/errors.ts";
import type { Mounted, Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import { parseTmpfsOptions, Tmpfs } from "../../../kernel/fs/tmpfs.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { ContainerMount, MadeEntry } from "../../../kernel/ns/mount-container.ts";
import type { Dentry, Superblock } from "../../../kernel/vfs/mount.ts";
import { MountFlag } from "../../../kernel/vfs/mount.ts";
import type { MountSpec, PathChange, TaskSpec } from "../../backend.ts";
import { DOCKER_INIT_PATH, dockerInit } from "./init-program.ts";

/** Directories moby makes in every container (daemon/initlayer). */
const INIT_DIRECTORIES: readonly string[] = ["/dev", "/proc", "/sys", "/etc"];
const WORDS_OF_MOUNT: readonly (readonly [word: string, flag: number, isSet: boolean])[] = [
  ["noexec", MountFlag.noExec, true],
  ["nosuid", MountFlag.noSuid, true],
  ["nodev", MountFlag.noDevices, true],
  ["noatime", MountFlag.noAtime, true],
  ["ro", MountFlag.readOnly, true],
  ["exec", MountFlag.noExec, false],
  ["suid", MountFlag.noSuid, false],
  ["dev", MountFlag.noDevices, false],
  ["atime", MountFlag.noAtime, false],
  ["rw", MountFlag.readOnly, false],
  ["relatime", MountFlag.relAtime, true],
  ["strictatime", MountFlag.relAtime, false],
];
const TMPFS_FLAGS = MountFlag.noExec | MountFlag.noSuid | MountFlag.noDevices | MountFlag.relAtime;

export interface PreparedMounts {
  readonly list: readonly ContainerMount[];
  /** Open until the container ends. */
  readonly volumes: readonly Mounted[];
}

/** In Docker's order: what lies deeper comes later. */
export async function prepareMounts(
  kernel: Kernel,
  snapshotter: Snapshotter,
  { mounts: specs, hasInit }: Pick<TaskSpec, "mounts" | "hasInit">,
): Promise<PreparedMounts> {
  const list: ContainerMount[] = [];
  const volumes: Mounted[] = [];
  const files = kernel.superblock(new Tmpfs(kernel, {}), "tmpfs");
  for (const spec of [...specs].sort((first, second) => depth(first) - depth(second))) {
    const path = `/${namesOf(spec.target).join("/")}`;
    switch (spec.kind) {
      case "tmpfs":
        list.push(tmpfsMount(kernel, path, spec.options));
        break;
      case "file":
        list.push({
          path,
          superblock: files,
          root: fileIn(files, path, encodeUtf8(spec.content)),
          flags: MountFlag.relAtime | (spec.isReadOnly === true ? MountFlag.readOnly : 0),
        });
        break;
      case "volume": {
        const volume = await snapshotter.mount({ layers: [], writable: spec.volume });
        volumes.push(volume);
        const flags = MountFlag.relAtime | (spec.isReadOnly ? MountFlag.readOnly : 0);
        list.push({ path, superblock: kernel.superblock(volume.filesystem, "volume", kernel.disk), flags });
      }
    }
  }
  if (hasInit) {
    const root = fileIn(files, DOCKER_INIT_PATH, dockerInit(), 0o755);
    list.push({
      path: DOCKER_INIT_PATH,
      superblock: files,
      root,
      flags: MountFlag.relAtime | MountFlag.readOnly,
    });
  }
  return { list, volumes };
}

/** noexec, nosuid, nodev and ro are the mount's, the last word counts; the rest is the filesystem's. */
function tmpfsMount(kernel: Kernel, path: string, options: readonly string[]): ContainerMount {
  let flags: number = TMPFS_FLAGS;
  const data: string[] = [];
  for (const word of options.flatMap((option) => option.split(","))) {
    const known = WORDS_OF_MOUNT.find(([name]) => name === word);
    if (known === undefined) data.push(word);
    else flags = known[2] ? flags | known[1] : flags & ~known[1];
  }
  const filesystem = new Tmpfs(kernel, parseTmpfsOptions(kernel, data.join(",")));
  return { path, superblock: kernel.superblock(filesystem, "tmpfs"), flags };
}

/** One of the engine's files: all lie in one filesystem, each is mounted alone. */
function fileIn({ filesystem, root }: Superblock, path: string, content: Uint8Array, mode = 0o644): Dentry {
  const name = namesOf(path).at(-1) ?? "";
  const node = filesystem.create(filesystem.root, name, { type: "file", mode, uid: 0, gid: 0 });
  filesystem.write(node, 0, content);
  return root.adopt(name, node);
}

function namesOf(path: string): readonly string[] {
  return path.split("/").filter((name) => name !== "");
}

function depth({ target }: MountSpec): number {
  return namesOf(target).length;
}

/** Entries that are made for the container and are none of its changes. */
export class InitLayer {
  readonly #made: MadeEntry[] = [];

  /** Programs look for .dockerenv to learn that they are in a container, and for /etc/mtab to list mounts. */
  fill(root: Dentry): void {
    this.#make(root, ".dockerenv", { type: "file", mode: 0o755 });
    const etc = root.child("etc");
    if (etc !== undefined) this.#make(etc, "mtab", { type: "symlink", mode: 0o777, target: "/proc/mounts" });
  }

  /** A mount point was made: kept in mind when Docker would have made it beforehand. */
  note(entry: MadeEntry): void {
    if (!entry.isDirectory || INIT_DIRECTORIES.includes(pathOfEntry(entry))) this.#made.push(entry);
  }

  /** What of `changes` is the container's own doing. A directory that only got such an entry has not changed. */
  without(changes: readonly PathChange[]): readonly PathChange[] {
    const made = new Set(this.#made.map(pathOfEntry));
    const parents = new Set(this.#made.map(({ parent }) => pathInFilesystem(parent)));
    const own = changes.filter(({ kind, path }) => kind !== 1 || !made.has(path));
    return own.filter(
      ({ kind, path }) =>
        kind !== 0 || !parents.has(path) || own.some((other) => other.path.startsWith(`${path}/`)),
    );
  }

  /** Whether a path is such an entry, or a directory that is in the writable layer only because of one. */
  madeBesides(ownChanges: readonly PathChange[]): (path: string) => boolean {
    const own = new Set(ownChanges.map(({ path }) => path));
    const made = new Set(this.#made.flatMap((entry) => [pathOfEntry(entry), pathInFilesystem(entry.parent)]));
    return (path) => made.has(path) && !own.has(path);
  }

  remove(): void {
    for (const { parent, name, isDirectory } of this.#made.reverse()) {
      const { filesystem } = parent.superblock;
      try {
        if (isDirectory) filesystem.removeDirectory(parent.node, name);
        else filesystem.unlink(parent.node, name);
      } catch (thrown) {
        if (!isFsError(thrown)) throw thrown; // Something was put there meanwhile: it stays.
      }
    }
  }

  #make(
    parent: Dentry,
    name: string,
    init: { readonly type: "file" | "symlink"; readonly mode: number; readonly target?: string },
  ): void {
    const { filesystem } = parent.superblock;
    if (filesystem.attributes(parent.node).type !== "directory" || parent.child(name) !== undefined) return;
    parent.adopt(name, filesystem.create(parent.node, name, { ...init, uid: 0, gid: 0 }));
    this.#made.push({ parent, name, isDirectory: false });
  }
}

export function pathInFilesystem(dentry: Dentry): string {
  const names: string[] = [];
  for (let at: Dentry = dentry; at.parent !== undefined; at = at.parent) names.push(at.name);
  return `/${names.reverse().join("/")}`;
}

function pathOfEntry({ parent, name }: MadeEntry): string {
  const path = pathInFilesystem(parent);
  return path === "/" ? `/${name}` : `${path}/${name}`;
}

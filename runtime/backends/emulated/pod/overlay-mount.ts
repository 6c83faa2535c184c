/**
 * `mount -t overlay` inside a container (fs/overlayfs/params.c): the same OverlayFilesystem that its root is, over
 * directories that the program names. The kernel knows no overlay; whoever owns it registers the type.
 */
import type { Filesystem } from "../../../../layers/fs/filesystem.ts";
import { ReadOnlyFilesystem } from "../../../../layers/fs/read-only.ts";
import { SubtreeFilesystem } from "../../../../layers/fs/subtree.ts";
import { OverlayFilesystem } from "../../../../layers/overlay/overlay.ts";
import { Errno } from "../../../kernel/abi/errno.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { SyscallError } from "../../../kernel/task/syscall-error.ts";
import type { Task } from "../../../kernel/task/task.ts";
import type { FilesystemType } from "../../../kernel/vfs/filesystem-type.ts";
import type { KernelFilesystem, Location } from "../../../kernel/vfs/mount.ts";
import { walk } from "../../../kernel/vfs/walk.ts";

/** OVL_MAX_STACK. */
const LAYERS_MAX = 500;
/** Switches that change nothing here: what they are about is always, or never, so. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  index: ["on", "off"],
  metacopy: ["on", "off"],
  nfs_export: ["off"],
  redirect_dir: ["on", "off", "follow", "nofollow"],
  uuid: ["on", "off", "null", "auto"],
  xino: ["on", "off", "auto"],
};

interface Options {
  readonly lowers: readonly string[];
  readonly upper: string | undefined;
  readonly work: string | undefined;
  /** As /proc/mounts shows them. */
  readonly shown: string;
}

/** Overlay as a kernel filesystem: with its options for /proc/mounts. */
class MountedOverlay extends OverlayFilesystem implements KernelFilesystem {
  readonly #shown: string;

  constructor(upper: Filesystem | undefined, lowers: readonly Filesystem[], shown: string) {
    super(upper, lowers);
    this.#shown = shown;
  }

  showOptions(): string {
    return this.#shown;
  }
}

const OVERLAY: FilesystemType = {
  name: "overlay",
  owner: ({ credentials }) => credentials.user,
  mount: ({ task, source, data }) => {
    const options = parse(data);
    const lowers = options.lowers.map((path) => directory(task, path));
    const upper = options.upper === undefined ? undefined : directory(task, options.upper);
    if (upper !== undefined) prepareUpper(task, upper, options.work);
    if (lowers.length > LAYERS_MAX || (upper === undefined && lowers.length < 2)) refuse(Errno.EINVAL);
    const layers = lowers.map((place) => new ReadOnlyFilesystem(layerAt(place)));
    const filesystem = new MountedOverlay(
      upper === undefined ? undefined : layerAt(upper),
      layers,
      options.shown,
    );
    return task.kernel.superblock(
      filesystem,
      source,
      upper?.dentry.superblock.disk ?? lowers[0]?.dentry.superblock.disk,
    );
  },
};

export function registerOverlay({ filesystemTypes }: Kernel): void {
  filesystemTypes.set(OVERLAY.name, OVERLAY);
}

function refuse(errno: number): never {
  throw new SyscallError(errno);
}

/** Commas and colons may be part of a path, behind a backslash. */
function parse(data: string): Options {
  let [lower, upper, work]: (string | undefined)[] = [];
  for (const word of split(data, ",")) {
    const equals = word.indexOf("=");
    const [name, value] = equals < 0 ? [word, ""] : [word.slice(0, equals), word.slice(equals + 1)];
    if (name === "lowerdir") lower = value;
    else if (name === "upperdir") upper = value;
    else if (name === "workdir") work = value;
    else if (
      !["volatile", "userxattr", "default_permissions", ""].includes(name) &&
      !(KNOWN[name] ?? []).includes(value)
    ) {
      refuse(Errno.EINVAL);
    }
  }
  if (lower === undefined || lower === "") refuse(Errno.EINVAL);
  if (upper !== undefined && work === undefined) refuse(Errno.EINVAL);
  const shown =
    `,lowerdir=${lower}` +
    (upper === undefined ? "" : `,upperdir=${upper}`) +
    (upper === undefined || work === undefined ? "" : `,workdir=${work}`);
  const plain = (path: string): string => path.replace(/\\(.)/g, "$1");
  return {
    lowers: split(lower, ":").map(plain),
    upper: upper === undefined ? undefined : plain(upper),
    work: work === undefined ? undefined : plain(work),
    shown: shown.replace(/[ \t\n\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`),
  };
}

function split(text: string, separator: string): readonly string[] {
  return text.match(new RegExp(`(?:\\\\.|[^\\\\${separator}])+`, "g")) ?? [];
}

function directory(task: Task, path: string): Location {
  const { root, workingDirectory } = task.filesystem;
  const { location } = walk(path, {
    start: workingDirectory,
    root,
    who: task.credentials,
    task,
    isLastFollowed: true,
  });
  if (location === undefined) refuse(Errno.ENOENT);
  const { superblock, node } = location.dentry;
  if (superblock.filesystem.attributes(node).type !== "directory") refuse(Errno.EINVAL);
  return location;
}

/** A layer is held for as long as the kernel lives: who unmounts may still have files open in it. */
function layerAt({ dentry: { superblock, node } }: Location): Filesystem {
  superblock.filesystem.acquire(node);
  // Names below change without the kernel's being asked: it must look again.
  superblock.isLayer = true;
  return new SubtreeFilesystem(superblock.filesystem, node);
}

/** ovl_get_upper, ovl_get_workdir: both on one filesystem that can be an upper one, and neither in the other. */
function prepareUpper(task: Task, upper: Location, workPath: string | undefined): void {
  const work = directory(task, workPath ?? "");
  const { superblock } = upper.dentry;
  const isFit = superblock.filesystem.type !== "overlay" && !superblock.isReadOnly;
  if (upper.mount !== work.mount || !isFit || isInside(upper, work) || isInside(work, upper))
    refuse(Errno.EINVAL);
  const { filesystem } = superblock;
  if (filesystem.lookup(work.dentry.node, "work") !== undefined) return;
  const node = filesystem.create(work.dentry.node, "work", { type: "directory", mode: 0, uid: 0, gid: 0 });
  work.dentry.adopt("work", node);
}

function isInside(place: Location, top: Location): boolean {
  for (let at: Location["dentry"] | undefined = place.dentry; at !== undefined; at = at.parent) {
    if (at === top.dentry) return true;
  }
  return false;
}

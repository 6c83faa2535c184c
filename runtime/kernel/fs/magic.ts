/**
 * Places without a path: what /proc/pid/fd/n of a pipe or /proc/pid/ns/net leads to. A path walk must end
 * somewhere, so each gets a mount and a dentry of its own, made for the occasion.
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "../abi/fcntl.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import { Mount, Superblock } from "../vfs/mount.ts";
import { PipeEnd } from "../vfs/pipe.ts";
import { GeneratedFilesystem } from "./generated.ts";
import { directory } from "./nodes.ts";

type Opener = (flags: number, task: Task) => FileDescription | number;

class MagicFilesystem extends GeneratedFilesystem {
  readonly #attributes: () => Attributes;
  readonly #open: Opener;

  constructor(kernel: Kernel, type: string, attributes: () => Attributes, open: Opener) {
    super(kernel, type, directory({}));
    this.#attributes = attributes;
    this.#open = open;
  }

  override attributes(): Attributes {
    return this.#attributes();
  }

  override open(_node: number, flags: number, task: Task): FileDescription | number {
    return this.#open(flags, task);
  }
}

/** A location that opens as `open` says, on a filesystem called `type`. */
export function magicLocation(
  kernel: Kernel,
  device: number,
  attributes: () => Attributes,
  open: Opener,
  type = "anon",
): Location {
  const superblock = new Superblock(new MagicFilesystem(kernel, type, attributes, open), device, type);
  return { mount: new Mount(superblock, superblock.root, 0), dentry: superblock.root };
}

/** Where an open file is, for opening it once more: its place, or a magic one. */
export function locationOfFile(kernel: Kernel, file: FileDescription): Location {
  const { device } = file.status();
  return (
    file.location ??
    magicLocation(
      kernel,
      device,
      () => file.status().attributes,
      (flags, task) => reopen(file, flags, task),
    )
  );
}

/**
 * A pipe gives a new end. Another stream (the standard streams of a container) has one description only,
 * which is shared; what else has no path cannot be opened again (ENXIO), as in Linux.
 */
function reopen(file: FileDescription, flags: number, task: Task): FileDescription | number {
  const access = flags & O_ACCMODE;
  if (file instanceof PipeEnd)
    return new PipeEnd(file.pipe, flags & (O_ACCMODE | O_NONBLOCK), undefined, task.kernel.realtimeNs());
  const { type } = file.status().attributes;
  if (type !== "fifo" && type !== "character") return -Errno.ENXIO;
  const isPossible =
    (access === O_RDONLY && file.isReadable) ||
    (access === O_WRONLY && file.isWritable) ||
    (access === O_RDWR && file.isReadable && file.isWritable);
  return isPossible ? file : -Errno.EACCES;
}

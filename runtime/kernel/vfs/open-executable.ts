/** The file an exec runs: found, allowed, and readable by the kernel whatever its read bits say. */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { X_OK } from "../abi/fcntl.ts";
import type { ReadAt } from "../mm/elf.ts";
import type { Backing } from "../mm/region.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import { FileBacking, gatherSharedPages } from "./file-backing.ts";
import type { Location } from "./mount.ts";
import { MountFlag } from "./mount.ts";
import { checkAccess } from "./permission.ts";
import { walk } from "./walk.ts";

export interface Executable {
  readonly location: Location;
  readonly attributes: Attributes;
  readonly backing: Backing;
  readonly read: ReadAt;
}

/** EACCES for what is no file or may not be executed, ENOENT and the like as path resolution says. */
export function openExecutable(task: Task, path: string, opened: Location | undefined): Executable {
  const location = opened ?? locate(task, path);
  const { superblock, node } = location.dentry;
  const attributes = superblock.filesystem.attributes(node);
  if (attributes.type !== "file" || location.mount.has(MountFlag.noExec)) throw new SyscallError(Errno.EACCES);
  if (checkAccess(attributes, X_OK, task.credentials) !== 0) throw new SyscallError(Errno.EACCES);
  const read: ReadAt = (position, sizeBytes) => {
    const target = new Uint8Array(Math.max(0, Math.min(sizeBytes, attributes.sizeBytes - position)));
    gatherSharedPages(superblock.knownInode(node));
    let at = 0;
    while (at < target.length) {
      const count = superblock.filesystem.read(node, position + at, target.subarray(at));
      if (count === 0) break;
      at += count;
    }
    return target.subarray(0, at);
  };
  return { location, attributes, backing: new FileBacking(location, false), read };
}

function locate(task: Task, path: string): Location {
  const { root, workingDirectory } = task.filesystem;
  const { location } = walk(path, { start: workingDirectory, root, who: task.credentials, task, isLastFollowed: true });
  if (location === undefined) throw new SyscallError(Errno.ENOENT);
  return location;
}

/** The file an exec runs: found, allowed, and readable by the kernel whatever its read bits say. */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { X_OK } from "../abi/fcntl.ts";
import type { ReadAt } from "../mm/elf.ts";
import type { Backing, Held } from "../mm/region.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import { FileBacking, gatherSharedPages } from "./file-backing.ts";
import type { Inode } from "./inode.ts";
import type { Location } from "./mount.ts";
import { MountFlag } from "./mount.ts";
import { checkAccess } from "./permission.ts";
import { walk } from "./walk.ts";

/** The program of an address space: nobody may open it for writing while it runs. */
class RunningFile implements Held {
  readonly #location: Location;
  #inode: Inode | undefined;
  #uses = 0;

  constructor(location: Location) {
    this.#location = location;
  }

  acquire(): void {
    this.#uses += 1;
    if (this.#uses > 1) return;
    const { superblock, node } = this.#location.dentry;
    this.#inode = superblock.openInode(node);
    this.#inode.runners += 1;
  }

  release(): void {
    this.#uses -= 1;
    if (this.#uses > 0 || this.#inode === undefined) return;
    this.#inode.runners -= 1;
    this.#location.dentry.superblock.closeInode(this.#inode);
    this.#inode = undefined;
  }
}

export interface Executable {
  readonly location: Location;
  readonly attributes: Attributes;
  readonly backing: Backing;
  /** Held by the address space that runs it. */
  readonly running: Held;
  readonly read: ReadAt;
}

/** EACCES for what is no file or may not be executed, ENOENT and the like as path resolution says. */
export function openExecutable(task: Task, path: string, opened: Location | undefined): Executable {
  const location = opened ?? locate(task, path);
  const { superblock, node } = location.dentry;
  const attributes = superblock.filesystem.attributes(node);
  if (attributes.type !== "file" || location.mount.has(MountFlag.noExec)) throw new SyscallError(Errno.EACCES);
  if (checkAccess(attributes, X_OK, task.credentials) !== 0) throw new SyscallError(Errno.EACCES);
  if ((superblock.knownInode(node)?.writers ?? 0) > 0) throw new SyscallError(Errno.ETXTBSY);
  const read: ReadAt = (position, sizeBytes) => {
    const target = new Uint8Array(Math.max(0, Math.min(sizeBytes, attributes.sizeBytes - position)));
    gatherSharedPages(superblock.knownInode(node));
    let at = 0;
    while (at < target.length) {
      const count = superblock.filesystem.read(node, position + at, target.subarray(at));
      if (count === 0) break;
      at += count;
    }
    superblock.disk?.transfer("read", at);
    return target.subarray(0, at);
  };
  return { location, attributes, backing: new FileBacking(location, false), running: new RunningFile(location), read };
}

function locate(task: Task, path: string): Location {
  const { root, workingDirectory } = task.filesystem;
  const { location } = walk(path, { start: workingDirectory, root, who: task.credentials, task, isLastFollowed: true });
  if (location === undefined) throw new SyscallError(Errno.ENOENT);
  return location;
}

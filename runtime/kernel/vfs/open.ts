/**
 * open(2) below the descriptor: finds or makes the file, checks rights, and answers what kind of open file
 * it is: bytes, a directory, a device, a fifo, or whatever the filesystem itself says (fs/namei.c: do_open).
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import {
  O_ACCMODE, O_CREAT, O_DIRECTORY, O_EXCL, O_NOATIME, O_NOFOLLOW, O_PATH, O_RDONLY, O_RDWR, O_TMPFILE, O_TRUNC, O_WRONLY, R_OK, W_OK, X_OK,
} from "../abi/fcntl.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import { DirectoryFile } from "./directory-file.ts";
import { openFifo } from "./fifo.ts";
import type { FileDescription } from "./file-description.ts";
import type { Location } from "./mount.ts";
import { MountFlag } from "./mount.ts";
import { newNodeInit } from "./new-node.ts";
import { NodeFile } from "./node-file.ts";
import { PathFile } from "./path-file.ts";
import { checkAccess, isOwner } from "./permission.ts";
import { walk } from "./walk.ts";

/** Flags that only matter while opening. */
const OPENING = O_CREAT | O_EXCL | O_TRUNC | 0o400 | O_DIRECTORY | O_NOFOLLOW | 0o2000000;

export interface OpenRequest {
  readonly path: string;
  readonly start: Location;
  readonly flags: number;
  /** Permission bits of a new file, before the umask. */
  readonly mode: number;
  readonly resolve?: number;
}

/** The open file; throws SyscallError. */
export function open(task: Task, { path, start, flags, mode, resolve = 0 }: OpenRequest): FileDescription {
  const isCreating = (flags & O_CREAT) !== 0 && (flags & O_PATH) === 0;
  const isExclusive = isCreating && (flags & O_EXCL) !== 0;
  const isLastFollowed = (flags & O_NOFOLLOW) === 0 && !isExclusive;
  const { root } = task.filesystem;
  const found = walk(path, { start, root, who: task.credentials, task, isLastFollowed, resolve });
  if (found.location === undefined) {
    if (!isCreating) throw new SyscallError(Errno.ENOENT);
    if (found.mustBeDirectory) throw new SyscallError(Errno.EISDIR);
    return openLocation(task, createFile(task, found.parent, found.name, mode), flags & ~O_TRUNC, true);
  }
  if (isExclusive) throw new SyscallError(Errno.EEXIST);
  return openLocation(task, found.location, flags, false);
}

/** Opens what is there already: after a walk, through /proc/self/fd, or for execveat. */
export function openLocation(task: Task, location: Location, flags: number, isNew: boolean): FileDescription {
  const { superblock, node } = location.dentry;
  const { filesystem } = superblock;
  const attributes = filesystem.attributes(node);
  const statusFlags = flags & ~OPENING;
  if ((flags & O_DIRECTORY) !== 0 && attributes.type !== "directory" && !isTemporary(flags)) throw new SyscallError(Errno.ENOTDIR);
  if ((flags & O_PATH) !== 0) return new PathFile(location, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (attributes.type === "symlink") throw new SyscallError(Errno.ELOOP);
  if (attributes.type === "socket") throw new SyscallError(Errno.ENXIO);
  if (isTemporary(flags)) return openTemporary(task, location, attributes, flags);
  if (!isNew) checkOpen(task, location, attributes, flags);
  const special = filesystem.open?.(node, flags, task, location);
  if (typeof special === "number") throw new SyscallError(-special);
  if (special !== undefined) return special;
  switch (attributes.type) {
    case "directory":
      return new DirectoryFile(location, statusFlags);
    case "character":
    case "block":
      return openDevice(task, location, attributes, flags);
    case "fifo":
      return openFifo(task, location, statusFlags);
    case "file":
      if ((flags & O_TRUNC) !== 0 && !isNew) filesystem.setAttributes(node, { sizeBytes: 0, mtimeNs: task.kernel.realtimeNs() });
      return new NodeFile(location, statusFlags);
  }
}

function checkOpen(task: Task, { mount }: Location, attributes: Attributes, flags: number): void {
  const access = flags & O_ACCMODE;
  const isWriting = access !== O_RDONLY || (flags & O_TRUNC) !== 0;
  if (attributes.type === "directory" && (isWriting || (flags & O_CREAT) !== 0)) throw new SyscallError(Errno.EISDIR);
  const want = (access === O_WRONLY ? 0 : R_OK) | (access === O_WRONLY || access === O_RDWR || isWriting ? W_OK : 0);
  const refusal = checkAccess(attributes, want, task.credentials);
  if (refusal !== 0) throw new SyscallError(-refusal);
  const isStored = attributes.type === "file" || attributes.type === "directory";
  if (isWriting && isStored && mount.has(MountFlag.readOnly)) throw new SyscallError(Errno.EROFS);
  if ((flags & O_NOATIME) !== 0 && !isOwner(attributes, task.credentials)) throw new SyscallError(Errno.EPERM);
}

function createFile(task: Task, parent: Location, name: string, mode: number): Location {
  const { superblock, node } = parent.dentry;
  const directory = superblock.filesystem.attributes(node);
  const refusal = checkAccess(directory, W_OK | X_OK, task.credentials);
  if (refusal !== 0) throw new SyscallError(-refusal);
  if (parent.mount.has(MountFlag.readOnly)) throw new SyscallError(Errno.EROFS);
  const created = superblock.filesystem.create(node, name, newNodeInit(task, directory, "file", mode));
  return { mount: parent.mount, dentry: parent.dentry.adopt(name, created) };
}

function isTemporary(flags: number): boolean {
  return (flags & O_TMPFILE) === O_TMPFILE;
}

/** O_TMPFILE: a file without a name; made under one nobody else can see in between, and unlinked. */
function openTemporary(task: Task, directory: Location, attributes: Attributes, flags: number): FileDescription {
  if (attributes.type !== "directory") throw new SyscallError(Errno.ENOTDIR);
  if ((flags & O_ACCMODE) === O_RDONLY) throw new SyscallError(Errno.EINVAL);
  const name = `#${task.kernel.nextTemporary()}`;
  const location = createFile(task, directory, name, 0o600);
  const file = new NodeFile(location, flags & ~(OPENING | O_TMPFILE));
  directory.dentry.superblock.filesystem.unlink(directory.dentry.node, name);
  directory.dentry.forget(name);
  return file;
}

function openDevice(task: Task, location: Location, { type, rdev }: Attributes, flags: number): FileDescription {
  if (location.mount.has(MountFlag.noDevices)) throw new SyscallError(Errno.EACCES);
  const opener = type === "character" ? task.kernel.devices.opener(rdev.major, rdev.minor) : undefined;
  if (opener === undefined) throw new SyscallError(Errno.ENXIO);
  const file = opener(flags, task, location);
  if (typeof file === "number") throw new SyscallError(-file);
  return file;
}

/**
 * open(2) below the descriptor: finds or makes the file, checks rights, and answers what kind of open file
 * it is: bytes, a directory, a device, a fifo, or whatever the filesystem itself says (fs/namei.c: do_open).
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import {
  O_ACCMODE, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_LARGEFILE, O_NOATIME, O_NOCTTY, O_NOFOLLOW, O_PATH,
  O_RDONLY, O_TMPFILE, O_TRUNC,
  O_WRONLY, R_OK, W_OK,
} from "../abi/fcntl.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import { IN_MODIFY } from "../abi/inotify.ts";
import { DirectoryFile } from "./directory-file.ts";
import { createIn } from "./entries.ts";
import { removePrivileges } from "./file-times.ts";
import { openFifo } from "./fifo.ts";
import type { FileDescription } from "./file-description.ts";
import type { Dentry, Location } from "./mount.ts";
import { MountFlag } from "./mount.ts";
import { notify } from "./notify.ts";
import { cutOffMappings } from "./file-backing.ts";
import { NodeFile } from "./node-file.ts";
import { PathFile } from "./path-file.ts";
import { checkNode, isOwner } from "./permission.ts";
import { walk } from "./walk.ts";

/** Flags that only matter while opening; the others are what F_GETFL shows. */
const OPENING = O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_CLOEXEC;

export interface OpenRequest {
  readonly path: string;
  readonly start: Location;
  readonly flags: number;
  /** Permission bits of a new file, before the umask. */
  readonly mode: number;
  readonly resolve?: number;
}

/** Opening what is there. */
export interface LocationRequest {
  readonly flags: number;
  /** Of O_TMPFILE. */
  readonly mode?: number;
  /** It was made by this very call: rights were decided by its mode's maker. */
  readonly isNew?: boolean;
}

/** The open file; throws SyscallError. */
export function open(task: Task, { path, start, flags, mode, resolve = 0 }: OpenRequest): FileDescription {
  const isCreating = (flags & O_CREAT) !== 0 && (flags & O_PATH) === 0;
  const isExclusive = isCreating && (flags & O_EXCL) !== 0;
  const isLastFollowed = (flags & O_NOFOLLOW) === 0 && !isExclusive;
  const { root } = task.filesystem;
  // A name with a slash behind it can never be made: refused before it is looked at.
  const isSlashed = isCreating && path.endsWith("/");
  const found = walk(path, {
    start, root, who: task.credentials, task, isLastFollowed, isParentWanted: isSlashed, resolve,
  });
  if (isSlashed && !found.isDot) throw new SyscallError(Errno.EISDIR);
  if (found.location === undefined) {
    if (!isCreating) throw new SyscallError(Errno.ENOENT);
    const made = createIn(task, found.parent, found.name, { type: "file", mode });
    return openLocation(task, made, { flags: flags & ~O_TRUNC, isNew: true });
  }
  if (isExclusive) throw new SyscallError(Errno.EEXIST);
  return openLocation(task, found.location, { flags, mode });
}

/** Opens what is there already: after a walk, through /proc/self/fd, or for execveat. */
export function openLocation(task: Task, location: Location, request: LocationRequest): FileDescription {
  const { flags, isNew = false } = request;
  const { superblock, node } = location.dentry;
  const { filesystem } = superblock;
  const attributes = filesystem.attributes(node);
  const statusFlags = (flags & ~OPENING) | O_LARGEFILE;
  if ((flags & O_DIRECTORY) !== 0 && attributes.type !== "directory" && !isTemporary(flags)) {
    throw new SyscallError(Errno.ENOTDIR);
  }
  if ((flags & O_PATH) !== 0) return new PathFile(location, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (attributes.type === "symlink") throw new SyscallError(Errno.ELOOP);
  if (attributes.type === "socket") throw new SyscallError(Errno.ENXIO);
  if (isTemporary(flags)) return openTemporary(task, location, attributes, request);
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
      if ((flags & O_TRUNC) !== 0 && !isNew) cut(task, location);
      return new NodeFile(location, statusFlags);
  }
}

function checkOpen(task: Task, { mount, dentry }: Location, attributes: Attributes, flags: number): void {
  const access = flags & O_ACCMODE;
  const isWriting = access !== O_RDONLY || (flags & O_TRUNC) !== 0;
  if (attributes.type === "directory" && (isWriting || (flags & O_CREAT) !== 0)) throw new SyscallError(Errno.EISDIR);
  const isStored = attributes.type === "file" || attributes.type === "directory";
  const isReadOnly = mount.has(MountFlag.readOnly) || dentry.superblock.isReadOnly;
  if (isWriting && isStored && isReadOnly) throw new SyscallError(Errno.EROFS);
  const want = (access === O_WRONLY ? 0 : R_OK) | (isWriting ? W_OK : 0);
  const refusal = checkNode(dentry, attributes, want, task.credentials);
  if (refusal !== 0) throw new SyscallError(-refusal);
  if (isWriting && attributes.type === "file") requireNotRunning(dentry);
  if ((flags & O_NOATIME) !== 0 && !isOwner(attributes, task.credentials)) throw new SyscallError(Errno.EPERM);
}

/** ETXTBSY for the file of a program that runs. */
export function requireNotRunning({ superblock, node }: Dentry): void {
  if ((superblock.knownInode(node)?.runners ?? 0) > 0) throw new SyscallError(Errno.ETXTBSY);
}

/** O_TRUNC: also of an empty file it changes the times. */
function cut(task: Task, location: Location): void {
  const { superblock, node } = location.dentry;
  removePrivileges(location, task.credentials);
  superblock.filesystem.setAttributes(node, { sizeBytes: 0, mtimeNs: task.kernel.realtimeNs() });
  cutOffMappings(superblock.knownInode(node), 0);
  notify(location.dentry, IN_MODIFY, false);
}

function isTemporary(flags: number): boolean {
  return (flags & O_TMPFILE) === O_TMPFILE;
}

/** O_TMPFILE: a file without a name; made under one nobody else can see in between, and unlinked. */
function openTemporary(
  task: Task, directory: Location, attributes: Attributes, { flags, mode = 0 }: LocationRequest,
): FileDescription {
  if (attributes.type !== "directory") throw new SyscallError(Errno.ENOTDIR);
  if ((flags & O_ACCMODE) === O_RDONLY) throw new SyscallError(Errno.EINVAL);
  const name = `#${task.kernel.nextTemporary()}`;
  const location = createIn(task, directory, name, { type: "file", mode, isNameless: true });
  const file = new NodeFile(location, (flags & ~OPENING) | O_LARGEFILE);
  directory.dentry.superblock.filesystem.unlink(directory.dentry.node, name);
  directory.dentry.forget(name);
  return file;
}

function openDevice(task: Task, location: Location, { type, rdev }: Attributes, flags: number): FileDescription {
  const { mount, dentry } = location;
  if (mount.has(MountFlag.noDevices) || dentry.superblock.owner !== undefined) throw new SyscallError(Errno.EACCES);
  const opener = type === "character" ? task.kernel.devices.opener(rdev.major, rdev.minor) : undefined;
  if (opener === undefined) throw new SyscallError(Errno.ENXIO);
  const file = opener(flags, task, location);
  if (typeof file === "number") throw new SyscallError(-file);
  return file;
}

/** mkdir(2), rmdir(2), getdents64(2) and the working and root directories. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { encodeName } from "../../../layers/fs/names.ts";
import { AT_FDCWD, SEEK_CUR, SEEK_SET, X_OK } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { directoryType } from "../abi/stat.ts";
import { Capability, hasOwnCapability } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { attributesOf, makeEntry } from "../vfs/entries.ts";
import type { DirectoryRecord, FileDescription } from "../vfs/file-description.ts";
import { touchAccess } from "../vfs/file-times.ts";
import type { Location } from "../vfs/mount.ts";
import { pathOf } from "../vfs/mount.ts";
import { checkAccess } from "../vfs/permission.ts";
import { fileOf, locate, locateEntry, readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** Permission bits and the sticky bit: mkdir(2). */
const DIRECTORY_MODE = 0o1777;
/** struct linux_dirent64 before its name; struct linux_dirent has no type there. */
const DIRENT64_BYTES = 19;
const DIRENT_BYTES = 18;

function sysMkdirat(task: Task, fd: number, path: number, mode: number): Result {
  makeEntry(task, locateEntry(task, fd, readPath(task, path)), { type: "directory", mode: mode & DIRECTORY_MODE });
  return 0;
}

/** One record, and how long it is; nothing is written when it does not fit. */
type Encoder = (target: Uint8Array, record: DirectoryRecord) => number;

function encodeDirent64(target: Uint8Array, { name, ino, type, next }: DirectoryRecord): number {
  const bytes = encodeName(name);
  const sizeBytes = (DIRENT64_BYTES + bytes.length + 1 + 7) & ~7;
  if (sizeBytes > target.length) return sizeBytes;
  const view = new DataView(target.buffer, target.byteOffset, sizeBytes);
  view.setBigUint64(0, BigInt(ino), true);
  view.setBigInt64(8, BigInt(next), true);
  view.setUint16(16, sizeBytes, true);
  view.setUint8(18, directoryType(type));
  target.set(bytes, DIRENT64_BYTES);
  target.fill(0, DIRENT64_BYTES + bytes.length, sizeBytes);
  return sizeBytes;
}

function encodeDirent(target: Uint8Array, { name, ino, type, next }: DirectoryRecord): number {
  const bytes = encodeName(name);
  const sizeBytes = (DIRENT_BYTES + bytes.length + 2 + 7) & ~7;
  if (sizeBytes > target.length) return sizeBytes;
  const view = new DataView(target.buffer, target.byteOffset, sizeBytes);
  view.setBigUint64(0, BigInt(ino), true);
  view.setBigInt64(8, BigInt(next), true);
  view.setUint16(16, sizeBytes, true);
  target.set(bytes, DIRENT_BYTES);
  target.fill(0, DIRENT_BYTES + bytes.length, sizeBytes);
  view.setUint8(sizeBytes - 1, directoryType(type));
  return sizeBytes;
}

function readDirectory(task: Task, file: FileDescription, address: number, sizeBytes: number, encode: Encoder): Result {
  const position = file.seek(0, SEEK_CUR);
  const records = position < 0 ? undefined : file.readDirectory(position);
  if (records === undefined) return file.isReadable ? -Errno.ENOTDIR : -Errno.EBADF;
  const { location } = file;
  if (location?.dentry.isUnlinked === true) return -Errno.ENOENT;
  const target = task.memory.writable(address, Math.max(0, sizeBytes));
  let at = 0;
  let next = position;
  for (const record of records) {
    const length = encode(target.subarray(at), record);
    if (at + length > target.length) {
      if (at === 0) return -Errno.EINVAL;
      break;
    }
    at += length;
    ({ next } = record);
  }
  if (next !== position) file.seek(next, SEEK_SET);
  if (location !== undefined) touchAccess(location, task.kernel.realtimeNs());
  return at;
}

function sysGetdents64(task: Task, fd: number, address: number, sizeBytes: number): Result {
  return readDirectory(task, fileOf(task, fd), address, sizeBytes, encodeDirent64);
}

function sysGetdents(task: Task, fd: number, address: number, sizeBytes: number): Result {
  return readDirectory(task, fileOf(task, fd), address, sizeBytes, encodeDirent);
}

/** A directory that may be entered. */
function enterable(task: Task, location: Location | undefined): Location {
  if (location === undefined) throw new SyscallError(Errno.ENOTDIR);
  const attributes = attributesOf(location.dentry);
  if (attributes.type !== "directory") throw new SyscallError(Errno.ENOTDIR);
  if (checkAccess(attributes, X_OK, task.credentials) !== 0) throw new SyscallError(Errno.EACCES);
  return location;
}

function sysChdir(task: Task, path: number): Result {
  const location = locate(task, AT_FDCWD, readPath(task, path), { isFollowed: true });
  task.filesystem.workingDirectory = enterable(task, location);
  return 0;
}

function sysFchdir(task: Task, fd: number): Result {
  task.filesystem.workingDirectory = enterable(task, fileOf(task, fd).location);
  return 0;
}

function sysChroot(task: Task, path: number): Result {
  const location = enterable(task, locate(task, AT_FDCWD, readPath(task, path), { isFollowed: true }));
  if (!hasOwnCapability(task.credentials, Capability.CAP_SYS_CHROOT)) return -Errno.EPERM;
  task.filesystem.root = location;
  return 0;
}

function sysGetcwd(task: Task, address: number, sizeBytes: number): Result {
  const { root, workingDirectory } = task.filesystem;
  if (workingDirectory.dentry.isUnlinked) return -Errno.ENOENT;
  const path = pathOf(workingDirectory, root);
  const bytes = path === undefined ? encodeUtf8("(unreachable)/") : encodeName(path);
  if (bytes.length + 1 > sizeBytes) return -Errno.ERANGE;
  task.memory.copyOut(address, bytes);
  task.memory.writeU8(address + bytes.length, 0);
  return bytes.length + 1;
}

export const DIRECTORY_CALLS: readonly SyscallRow[] = [
  call(78, "getdents", "fd, buffer, size", sysGetdents),
  call(79, "getcwd", "buffer, size", sysGetcwd),
  call(80, "chdir", "path", sysChdir),
  call(81, "fchdir", "fd", sysFchdir),
  call(83, "mkdir", "path, mode", (task, path, mode) => sysMkdirat(task, AT_FDCWD, path, mode)),
  call(161, "chroot", "path", sysChroot),
  call(217, "getdents64", "fd, buffer, size", sysGetdents64),
  call(258, "mkdirat", "dirfd, path, mode", sysMkdirat),
];

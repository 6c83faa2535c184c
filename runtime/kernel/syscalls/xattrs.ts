/**
 * Extended attributes (xattr(7), fs/xattr.c): which namespaces are whose. A filesystem stores whatever it is
 * given; who may see and change trusted., security. and user. names is decided here.
 */
import { encodeName } from "../../../layers/fs/names.ts";
import { concatBytes } from "../../../layers/base/bytes.ts";
import { decodeName } from "../../../layers/fs/names.ts";
import type { Attributes, XattrMode } from "../../../layers/fs/filesystem.ts";
import { AT_FDCWD, R_OK, W_OK } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { IN_ATTRIB } from "../abi/inotify.ts";
import { Capability, hasCapability, hasOwnCapability } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { attributesOf, requireWritable } from "../vfs/entries.ts";
import type { Location } from "../vfs/mount.ts";
import { notify } from "../vfs/notify.ts";
import { checkAccess, isOwner } from "../vfs/permission.ts";
import { fileOf, locate, readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** XATTR_NAME_MAX with its terminator, XATTR_SIZE_MAX, XATTR_LIST_MAX: linux/limits.h. */
const NAME_BYTES_MAX = 256;
const VALUE_BYTES_MAX = 65_536;
const MODES: readonly XattrMode[] = ["either", "create", "replace"];
const STICKY = 0o1000;

function readName(task: Task, address: number): string {
  return decodeName(task.memory.readCString(address, NAME_BYTES_MAX, Errno.ERANGE));
}

/** xattr_permission and the handlers' own rules: 0 or -errno. */
function checkName(task: Task, name: string, attributes: Attributes, want: number): number {
  const { credentials } = task;
  const isWriting = want === W_OK;
  if (name === "") return -Errno.ERANGE;
  if (name.startsWith("trusted.")) {
    if (hasCapability(credentials, Capability.CAP_SYS_ADMIN)) return 0;
    return isWriting ? -Errno.EPERM : -Errno.ENODATA;
  }
  if (name === "security.capability") {
    return isWriting && !hasOwnCapability(credentials, Capability.CAP_SETFCAP) ? -Errno.EPERM : 0;
  }
  if (name.startsWith("security.")) {
    return isWriting && !hasCapability(credentials, Capability.CAP_SYS_ADMIN) ? -Errno.EPERM : 0;
  }
  if (!name.startsWith("user.") || name === "user.") return name === "user." ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
  if (attributes.type !== "file" && attributes.type !== "directory") return isWriting ? -Errno.EPERM : -Errno.ENODATA;
  const isSticky = attributes.type === "directory" && (attributes.mode & STICKY) !== 0;
  if (isWriting && isSticky && !isOwner(attributes, credentials)) return -Errno.EPERM;
  return checkAccess(attributes, want, credentials);
}

function setXattr(task: Task, location: Location, name: string, value: Uint8Array, flags: number): Result {
  const mode = MODES[flags];
  requireWritable(location.mount);
  const attributes = attributesOf(location.dentry);
  const refusal = checkName(task, name, attributes, W_OK);
  if (refusal !== 0) return refusal;
  const { superblock, node } = location.dentry;
  superblock.filesystem.setXattr(node, name, value, mode ?? "either");
  superblock.attributesVersion += 1;
  notify(location.dentry, IN_ATTRIB, attributes.type === "directory");
  return 0;
}

type Find = (task: Task, word: number) => Location;
const followed: Find = (task, path) => locate(task, AT_FDCWD, readPath(task, path), { isFollowed: true });
const unfollowed: Find = (task, path) => locate(task, AT_FDCWD, readPath(task, path), { isFollowed: false });

/** By descriptor; files without a place have no attributes. */
function byDescriptor(task: Task, fd: number): Location | number {
  const file = fileOf(task, fd);
  if (file.isPath) return -Errno.EBADF;
  return file.location ?? -Errno.EOPNOTSUPP;
}

function sysSetxattr(find: (task: Task, word: number) => Location | number) {
  return (task: Task, word: number, nameAddress: number, address: number, sizeBytes: number, flags: number): Result => {
    if (MODES[flags] === undefined) return -Errno.EINVAL;
    const name = readName(task, nameAddress);
    if (name === "") return -Errno.ERANGE;
    if (sizeBytes > VALUE_BYTES_MAX) return -Errno.E2BIG;
    const value = task.memory.copyIn(address, sizeBytes);
    const location = find(task, word);
    return typeof location === "number" ? location : setXattr(task, location, name, value, flags);
  };
}

/** Copies out, or says how much there is when asked with size 0. */
function answer(task: Task, bytes: Uint8Array, address: number, sizeBytes: number): Result {
  if (sizeBytes === 0) return bytes.length;
  if (bytes.length > sizeBytes) return -Errno.ERANGE;
  task.memory.copyOut(address, bytes);
  return bytes.length;
}

function sysGetxattr(find: (task: Task, word: number) => Location | number) {
  return (task: Task, word: number, nameAddress: number, address: number, sizeBytes: number): Result => {
    const name = readName(task, nameAddress);
    const location = find(task, word);
    if (typeof location === "number") return location;
    const refusal = checkName(task, name, attributesOf(location.dentry), R_OK);
    if (refusal !== 0) return refusal;
    const { superblock, node } = location.dentry;
    const value = superblock.filesystem.getXattr(node, name);
    return value === undefined ? -Errno.ENODATA : answer(task, value, address, sizeBytes);
  };
}

function sysListxattr(find: (task: Task, word: number) => Location | number) {
  return (task: Task, word: number, address: number, sizeBytes: number): Result => {
    const location = find(task, word);
    if (typeof location === "number") return location;
    const { superblock, node } = location.dentry;
    const seesTrusted = hasCapability(task.credentials, Capability.CAP_SYS_ADMIN);
    const names = superblock.filesystem.listXattrs(node).filter((name) => seesTrusted || !name.startsWith("trusted."));
    return answer(task, concatBytes(names.map((name) => encodeName(`${name}\0`))), address, sizeBytes);
  };
}

function sysRemovexattr(find: (task: Task, word: number) => Location | number) {
  return (task: Task, word: number, nameAddress: number): Result => {
    const name = readName(task, nameAddress);
    const location = find(task, word);
    if (typeof location === "number") return location;
    requireWritable(location.mount);
    const attributes = attributesOf(location.dentry);
    const refusal = checkName(task, name, attributes, W_OK);
    if (refusal !== 0) return refusal;
    const { superblock, node } = location.dentry;
    superblock.filesystem.removeXattr(node, name);
    notify(location.dentry, IN_ATTRIB, attributes.type === "directory");
    return 0;
  };
}

export const XATTR_CALLS: readonly SyscallRow[] = [
  call(188, "setxattr", "path, name, buffer, size, flags:xattr", sysSetxattr(followed)),
  call(189, "lsetxattr", "path, name, buffer, size, flags:xattr", sysSetxattr(unfollowed)),
  call(190, "fsetxattr", "fd, name, buffer, size, flags:xattr", sysSetxattr(byDescriptor)),
  call(191, "getxattr", "path, name, buffer, size", sysGetxattr(followed)),
  call(192, "lgetxattr", "path, name, buffer, size", sysGetxattr(unfollowed)),
  call(193, "fgetxattr", "fd, name, buffer, size", sysGetxattr(byDescriptor)),
  call(194, "listxattr", "path, buffer, size", sysListxattr(followed)),
  call(195, "llistxattr", "path, buffer, size", sysListxattr(unfollowed)),
  call(196, "flistxattr", "fd, buffer, size", sysListxattr(byDescriptor)),
  call(197, "removexattr", "path, name", sysRemovexattr(followed)),
  call(198, "lremovexattr", "path, name", sysRemovexattr(unfollowed)),
  call(199, "fremovexattr", "fd, name", sysRemovexattr(byDescriptor)),
];

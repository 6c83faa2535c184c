/**
 * chmod(2), chown(2), utimensat(2), umask(2) and their families (fs/open.c, fs/attr.c: setattr_prepare).
 * One hard idea: changing an owner takes set-user-ID and set-group-ID bits away, from root's chown as well.
 */
import type { AttributeChanges, Attributes } from "../../../layers/fs/filesystem.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, W_OK } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import { IN_ATTRIB } from "../abi/inotify.ts";
import type { Extent } from "../ns/user-namespace.ts";
import { toKernelId } from "../ns/user-namespace.ts";
import { Capability, isInGroup } from "../task/credentials.ts";
import type { Credentials } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { attributesOf, requireWritable } from "../vfs/entries.ts";
import { withoutPrivileges } from "../vfs/file-times.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import { notify } from "../vfs/notify.ts";
import { checkAccess, hasCapabilityOver, isOwner } from "../vfs/permission.ts";
import { fileOf, locate, readPath } from "./paths.ts";
import { fromTimespec, fromTimeval, readTimes } from "./file-time-arguments.ts";
import type { SetTime } from "./file-time-arguments.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const PERMISSIONS = 0o7777;
const UMASK_BITS = 0o777;
const SETGID = 0o2000;
const KEEP = -1;
const CAPABILITY_XATTR = "security.capability";

/** What a call by path or descriptor changes: a place in the tree, or a file that has none. */
type Subject = Location | FileDescription;

function isPlace(subject: Subject): subject is Location {
  return "dentry" in subject;
}

function attributesOfSubject(subject: Subject): Attributes {
  return isPlace(subject) ? attributesOf(subject.dentry) : subject.status().attributes;
}

function subjectOf(task: Task, fd: number): Subject {
  const file = fileOf(task, fd);
  return file.location ?? file;
}

function apply(subject: Subject, changes: AttributeChanges, type: Attributes["type"]): number {
  if (!isPlace(subject)) return subject.setAttributes(changes);
  const { superblock, node } = subject.dentry;
  superblock.filesystem.setAttributes(node, changes);
  superblock.attributesVersion += 1;
  notify(subject.dentry, IN_ATTRIB, type === "directory");
  return 0;
}

function changeMode(task: Task, subject: Subject, mode: number): number {
  if (isPlace(subject)) requireWritable(subject.mount);
  const attributes = attributesOfSubject(subject);
  if (!isOwner(attributes, task.credentials)) return -Errno.EPERM;
  let bits = mode & PERMISSIONS;
  const isForeign =
    !isInGroup(task.credentials, attributes.gid) &&
    !hasCapabilityOver(task.credentials, Capability.CAP_FSETID, attributes);
  if (isForeign) bits &= ~SETGID;
  return apply(subject, { mode: bits }, attributes.type);
}

function sysFchmodat2(task: Task, fd: number, path: number, mode: number, flags: number): Result {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -Errno.EINVAL;
  const isFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const location = locate(task, fd, readPath(task, path), { isFollowed, flags });
  if (attributesOf(location.dentry).type === "symlink") return -Errno.EOPNOTSUPP;
  return changeMode(task, location, mode);
}

function sysFchmod(task: Task, fd: number, mode: number): Result {
  return isPathFile(task, fd) ? -Errno.EBADF : changeMode(task, subjectOf(task, fd), mode);
}

/** O_PATH: no file as far as calls that change are concerned. */
function isPathFile(task: Task, fd: number): boolean {
  return fileOf(task, fd).isPath;
}

function mayChown(attributes: Attributes, newUid: number, newGid: number, who: Credentials): boolean {
  if (hasCapabilityOver(who, Capability.CAP_CHOWN, attributes)) return true;
  const { uid, gid } = attributes;
  const isMine = who.fsuid === uid;
  const mayUser = newUid === KEEP || (isMine && newUid === uid);
  return mayUser && (newGid === KEEP || (isMine && (newGid === gid || isInGroup(who, newGid))));
}

function changeOwner(task: Task, subject: Subject, user: number, group: number): number {
  if (isPlace(subject)) requireWritable(subject.mount);
  const attributes = attributesOfSubject(subject);
  const { user: namespace } = task.credentials;
  const [uid, gid] = [kernelId(namespace?.uidMap, user), kernelId(namespace?.gidMap, group)];
  if (!mayChown(attributes, uid, gid, task.credentials)) return -Errno.EPERM;
  const isStripped = attributes.type !== "directory";
  const mode = isStripped ? withoutPrivileges(attributes, task.credentials) : attributes.mode;
  const changes: AttributeChanges = {
    ...(uid === KEEP ? {} : { uid }), ...(gid === KEEP ? {} : { gid }), ...(mode === attributes.mode ? {} : { mode }),
  };
  if (isStripped && isPlace(subject)) dropFileCapabilities(subject);
  return apply(subject, changes, attributes.type);
}

/** The number a user namespace's `word` means; EINVAL when it means none. */
function kernelId(map: readonly Extent[] | undefined, word: number): number {
  if ((word | 0) === KEEP) return KEEP;
  const id = toKernelId(map, word);
  if (id === undefined) throw new SyscallError(Errno.EINVAL);
  return id;
}

function dropFileCapabilities({ dentry }: Location): void {
  const { filesystem } = dentry.superblock;
  if (filesystem.getXattr(dentry.node, CAPABILITY_XATTR) !== undefined) {
    filesystem.removeXattr(dentry.node, CAPABILITY_XATTR);
  }
}

function sysFchownat(task: Task, fd: number, path: number, uid: number, gid: number, flags: number): Result {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -Errno.EINVAL;
  const isFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const name = readPath(task, path);
  const isByFile = name === "" && (flags & AT_EMPTY_PATH) !== 0 && (fd | 0) !== AT_FDCWD;
  return changeOwner(task, isByFile ? subjectOf(task, fd) : locate(task, fd, name, { isFollowed, flags }), uid, gid);
}

function sysFchown(task: Task, fd: number, uid: number, gid: number): Result {
  return isPathFile(task, fd) ? -Errno.EBADF : changeOwner(task, subjectOf(task, fd), uid, gid);
}

/** notify_change for times: now needs writing, a given time needs owning. */
function changeTimes(task: Task, subject: Subject, times: readonly [SetTime, SetTime]): number {
  if (isPlace(subject)) requireWritable(subject.mount);
  const attributes = attributesOfSubject(subject);
  const isNow = times.every((time) => time === "now");
  if (!isOwner(attributes, task.credentials)) {
    if (!isNow) return -Errno.EPERM;
    if (checkAccess(attributes, W_OK, task.credentials) !== 0) return -Errno.EACCES;
  }
  const nowNs = task.kernel.realtimeNs();
  const [atime, mtime] = times.map((time) => (time === "now" ? nowNs : time));
  const changes: AttributeChanges = {
    ...(typeof atime === "bigint" ? { atimeNs: atime } : {}), ...(typeof mtime === "bigint" ? { mtimeNs: mtime } : {}),
  };
  return apply(subject, changes, attributes.type);
}

function changeTimesAt(
  task: Task, fd: number, path: number, times: readonly [SetTime, SetTime], flags: number,
): Result {
  if (times.every((time) => time === "omit")) return 0;
  if (path === 0 && (fd | 0) !== AT_FDCWD) {
    if (flags !== 0) return -Errno.EINVAL;
    return isPathFile(task, fd) ? -Errno.EBADF : changeTimes(task, subjectOf(task, fd), times);
  }
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -Errno.EINVAL;
  const isFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  return changeTimes(task, locate(task, fd, readPath(task, path), { isFollowed, flags }), times);
}

function sysUtimensat(task: Task, fd: number, path: number, address: number, flags: number): Result {
  return changeTimesAt(task, fd, path, readTimes(task, address, fromTimespec), flags);
}

function sysFutimesat(task: Task, fd: number, path: number, address: number): Result {
  return changeTimesAt(task, fd, path, readTimes(task, address, fromTimeval), 0);
}

/** utime(2): two whole seconds. */
function sysUtime(task: Task, path: number, address: number): Result {
  const second = (at: number): bigint => BigInt.asIntN(64, task.memory.readU64(at)) * 1_000_000_000n;
  const times: readonly [SetTime, SetTime] = address === 0 ? ["now", "now"] : [second(address), second(address + 8)];
  return changeTimesAt(task, AT_FDCWD, path, times, 0);
}

function sysUmask(task: Task, mask: number): Result {
  const { umask } = task.filesystem;
  task.filesystem.umask = mask & UMASK_BITS;
  return umask;
}

/** Where a path leads, for calls below it: truncate(2). */
export function requireFile(location: Location): Attributes {
  const attributes = attributesOf(location.dentry);
  if (attributes.type === "directory") throw new SyscallError(Errno.EISDIR);
  if (attributes.type !== "file") throw new SyscallError(Errno.EINVAL);
  return attributes;
}

export const ATTRIBUTE_CALLS: readonly SyscallRow[] = [
  call(90, "chmod", "path, mode", (task, path, mode) => sysFchmodat2(task, AT_FDCWD, path, mode, 0)),
  call(91, "fchmod", "fd, mode", sysFchmod),
  call(92, "chown", "path, uid, gid", (task, path, uid, gid) => sysFchownat(task, AT_FDCWD, path, uid, gid, 0)),
  call(93, "fchown", "fd, uid, gid", sysFchown),
  call(94, "lchown", "path, uid, gid",
    (task, path, uid, gid) => sysFchownat(task, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW)),
  call(95, "umask", "mode", sysUmask),
  call(132, "utime", "path, utimbuf", sysUtime),
  call(235, "utimes", "path, timevals", (task, path, times) => sysFutimesat(task, AT_FDCWD, path, times)),
  call(260, "fchownat", "dirfd, path, uid, gid, flags:at", sysFchownat),
  call(261, "futimesat", "dirfd, path, timevals", sysFutimesat),
  call(268, "fchmodat", "dirfd, path, mode", (task, fd, path, mode) => sysFchmodat2(task, fd, path, mode, 0)),
  call(280, "utimensat", "dirfd, path, timespecs, flags:at", sysUtimensat),
  call(452, "fchmodat2", "dirfd, path, mode, flags:at", sysFchmodat2),
];

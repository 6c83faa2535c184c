/**
 * Names of unix sockets (unix(7)): pathnames, abstract names, none. One hard idea: a pathname only leads to
 * a node; the socket is found by the node's identity, so a renamed socket file still connects and a
 * removed and remade one does not.
 */
import { encodeUtf8 } from "../../../../layers/base/bytes.ts";
import type { NodeId } from "../../../../layers/fs/filesystem.ts";
import { decodeName } from "../../../../layers/fs/names.ts";
import { Errno } from "../../abi/errno.ts";
import { W_OK, X_OK } from "../../abi/fcntl.ts";
import { AF_UNIX, familyOf, SOCKADDR_UN_BYTES, SUN_PATH_OFFSET } from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import type { Location, Superblock } from "../../vfs/mount.ts";
import { MountFlag } from "../../vfs/mount.ts";
import { newNodeInit } from "../../vfs/new-node.ts";
import { checkAccess } from "../../vfs/permission.ts";
import { walk } from "../../vfs/walk.ts";
import type { UnixSocket } from "./unix-socket.ts";

/** An address without a name: the family alone. */
export const UNNAMED = Uint8Array.of(AF_UNIX, 0);

export type UnixName =
  | { readonly kind: "path"; readonly path: string; readonly raw: Uint8Array }
  /** `key` is the name's bytes as text of the same code points. */
  | { readonly kind: "abstract"; readonly key: string; readonly raw: Uint8Array }
  | { readonly kind: "unnamed" };

/** Reads a sockaddr_un; throws EINVAL for what is none. */
export function parseUnixAddress(address: Uint8Array): UnixName {
  const isSized = address.length >= SUN_PATH_OFFSET && address.length <= SOCKADDR_UN_BYTES;
  if (!isSized || familyOf(address) !== AF_UNIX) throw new SyscallError(Errno.EINVAL);
  const name = address.subarray(SUN_PATH_OFFSET);
  if (name.length === 0) return { kind: "unnamed" };
  if (name[0] === 0) return { kind: "abstract", key: latin(name), raw: address.slice() };
  const end = name.indexOf(0);
  const path = end < 0 ? name : name.subarray(0, end);
  const raw = new Uint8Array(SUN_PATH_OFFSET + path.length + 1);
  raw.set(address.subarray(0, SUN_PATH_OFFSET + path.length));
  return { kind: "path", path: decodeName(path), raw };
}

export function abstractAddress(name: string): UnixName & { kind: "abstract" } {
  const raw = new Uint8Array([AF_UNIX, 0, ...encodeUtf8(`\0${name}`)]);
  return { kind: "abstract", key: `\0${name}`, raw };
}

const bound = new WeakMap<Superblock, Map<NodeId, UnixSocket>>();

/** Makes the socket's node at `path` and answers where; EADDRINUSE when there is something. */
export function bindPath(task: Task, path: string, socket: UnixSocket): Location {
  const { root, workingDirectory } = task.filesystem;
  const found = walk(path, { start: workingDirectory, root, who: task.credentials, task, isLastFollowed: false });
  if (found.location !== undefined || found.isDot) throw new SyscallError(Errno.EADDRINUSE);
  if (found.mustBeDirectory) throw new SyscallError(Errno.ENOENT);
  const { superblock, node } = found.parent.dentry;
  const directory = superblock.filesystem.attributes(node);
  if (found.parent.mount.has(MountFlag.readOnly)) throw new SyscallError(Errno.EROFS);
  const refusal = checkAccess(directory, W_OK | X_OK, task.credentials);
  if (refusal !== 0) throw new SyscallError(-refusal);
  const made = superblock.filesystem.create(node, found.name, newNodeInit(task, directory, "socket", 0o777));
  const dentry = found.parent.dentry.adopt(found.name, made);
  superblock.filesystem.acquire(made);
  const sockets = bound.get(superblock) ?? new Map<NodeId, UnixSocket>();
  bound.set(superblock, sockets.set(made, socket));
  return { mount: found.parent.mount, dentry };
}

export function unbindPath({ dentry }: Location): void {
  bound.get(dentry.superblock)?.delete(dentry.node);
  dentry.superblock.filesystem.release(dentry.node);
}

/** The socket behind `path`; throws ENOENT, EACCES, ECONNREFUSED. */
function findByPath(task: Task, path: string): UnixSocket {
  const { root, workingDirectory } = task.filesystem;
  const { location } = walk(path, { start: workingDirectory, root, who: task.credentials, task, isLastFollowed: true });
  if (location === undefined) throw new SyscallError(Errno.ENOENT);
  const { superblock, node } = location.dentry;
  const attributes = superblock.filesystem.attributes(node);
  const refusal = checkAccess(attributes, W_OK, task.credentials);
  if (refusal !== 0) throw new SyscallError(-refusal);
  const socket = attributes.type === "socket" ? bound.get(superblock)?.get(node) : undefined;
  if (socket === undefined) throw new SyscallError(Errno.ECONNREFUSED);
  return socket;
}

/** unix_find_other: the socket of that name and type; throws as connect(2) says. */
export function findUnixSocket(task: Task, from: UnixSocket, name: UnixName): UnixSocket {
  if (name.kind === "unnamed") throw new SyscallError(Errno.EINVAL);
  const socket = name.kind === "path" ? findByPath(task, name.path) : from.namespace.abstractNames.get(name.key);
  if (socket === undefined) throw new SyscallError(Errno.ECONNREFUSED);
  if (socket.type !== from.type) throw new SyscallError(Errno.EPROTOTYPE);
  return socket;
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

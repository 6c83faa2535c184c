/** Sockets but for their messages: socket(2), bind(2), listen(2), accept(2), connect(2), getsockopt(2). */
import { Errno } from "../abi/errno.ts";
import {
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_TYPE_MASK,
  SOCKADDR_BYTES_MAX,
  SOL_SOCKET,
} from "../abi/socket.ts";
import { createPair, createSocket } from "../net/create-socket.ts";
import { Socket } from "../net/socket.ts";
import { getSocketOption, setSocketOption } from "../net/socket-options.ts";
import { Rlimit } from "../task/limits.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { waitOnSocket } from "./socket-wait.ts";

/** Longest option value taken: struct sock_fprog and the like are shorter. */
const OPTION_BYTES_MAX = 4096;

/** The socket behind `fd`; throws EBADF, ENOTSOCK. */
export function socketAt(task: Task, fd: number): Socket {
  const file = task.files.get(fd);
  if (file === undefined || (file.statusFlags & 0o10000000) !== 0) throw new SyscallError(Errno.EBADF);
  if (!(file instanceof Socket)) throw new SyscallError(Errno.ENOTSOCK);
  return file;
}

/** A sockaddr from the program; throws EINVAL for a length that is none. */
export function readAddress(task: Task, address: number, sizeBytes: number): Uint8Array {
  if (sizeBytes < 0 || sizeBytes > SOCKADDR_BYTES_MAX) throw new SyscallError(Errno.EINVAL);
  return sizeBytes === 0 ? new Uint8Array(0) : task.memory.copyIn(address, sizeBytes);
}

/** move_addr_to_user: as much as fits, and the whole length. */
export function writeAddress(task: Task, address: number, sizeAddress: number, value: Uint8Array): void {
  const room = task.memory.readU32(sizeAddress) | 0;
  if (room < 0) throw new SyscallError(Errno.EINVAL);
  if (room > 0 && value.length > 0) task.memory.copyOut(address, value.subarray(0, room));
  task.memory.writeU32(sizeAddress, value.length);
}

function install(task: Task, file: FileDescription, flags: number): number {
  const limit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
  return task.files.open(file, limit, { isClosedOnExec: (flags & SOCK_CLOEXEC) !== 0 });
}

function splitType(word: number): {
  readonly type: number;
  readonly flags: number;
  readonly isKnown: boolean;
} {
  const flags = word & ~SOCK_TYPE_MASK;
  return { type: word & SOCK_TYPE_MASK, flags, isKnown: (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) === 0 };
}

function sysSocket(task: Task, family: number, word: number, protocol: number): Result {
  const { type, flags, isKnown } = splitType(word | 0);
  if (!isKnown) return -Errno.EINVAL;
  const socket = createSocket(task, {
    family: family | 0,
    type,
    protocol: protocol | 0,
    statusFlags: flags & SOCK_NONBLOCK,
  });
  return typeof socket === "number" ? socket : install(task, socket, flags);
}

function sysSocketpair(task: Task, family: number, word: number, protocol: number, address: number): Result {
  const { type, flags, isKnown } = splitType(word | 0);
  if (!isKnown) return -Errno.EINVAL;
  const pair = createPair(task, {
    family: family | 0,
    type,
    protocol: protocol | 0,
    statusFlags: flags & SOCK_NONBLOCK,
  });
  if (typeof pair === "number") return pair;
  task.memory.writable(address, 8);
  const [first, second] = [install(task, pair[0], flags), install(task, pair[1], flags)];
  if (first < 0 || second < 0) {
    if (first >= 0) task.files.close(first, task);
    return Math.min(first, second);
  }
  task.memory.writeU32(address, first);
  task.memory.writeU32(address + 4, second);
  return 0;
}

function sysBind(task: Task, fd: number, address: number, sizeBytes: number): Result {
  const socket = socketAt(task, fd);
  return socket.bind(readAddress(task, address, sizeBytes), task);
}

function sysListen(task: Task, fd: number, backlog: number): Result {
  return socketAt(task, fd).listen(backlog | 0, task);
}

function sysAccept4(task: Task, fd: number, address: number, sizeAddress: number, flags: number): Result {
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -Errno.EINVAL;
  const socket = socketAt(task, fd);
  const wait = {
    isRefused: socket.isNonBlocking,
    timeoutNs: socket.options.receiveTimeoutNs,
    reason: "inet_csk_accept",
  };
  return waitOnSocket(task, socket, wait, () => {
    const accepted = socket.accept(task);
    if (typeof accepted === "number") return accepted;
    accepted.statusFlags |= flags & SOCK_NONBLOCK;
    const installed = install(task, accepted, flags);
    if (installed < 0 || address === 0) return installed;
    const peer = accepted.remoteAddress();
    if (typeof peer !== "number") writeAddress(task, address, sizeAddress, peer);
    return installed;
  });
}

function sysConnect(task: Task, fd: number, address: number, sizeBytes: number): Result {
  const socket = socketAt(task, fd);
  const target = readAddress(task, address, sizeBytes);
  const wait = {
    isRefused: socket.isNonBlocking,
    timeoutNs: socket.options.sendTimeoutNs,
    reason: "inet_stream_connect",
    timeoutError: -Errno.EINPROGRESS,
  };
  return waitOnSocket(task, socket, wait, () => socket.connect(target, task));
}

function sysShutdown(task: Task, fd: number, how: number): Result {
  return socketAt(task, fd).shutdown(how | 0);
}

function sysGetsockname(task: Task, fd: number, address: number, sizeAddress: number): Result {
  writeAddress(task, address, sizeAddress, socketAt(task, fd).localAddress());
  return 0;
}

function sysGetpeername(task: Task, fd: number, address: number, sizeAddress: number): Result {
  const peer = socketAt(task, fd).remoteAddress();
  if (typeof peer === "number") return peer;
  writeAddress(task, address, sizeAddress, peer);
  return 0;
}

function sysSetsockopt(
  task: Task,
  fd: number,
  level: number,
  name: number,
  address: number,
  sizeBytes: number,
): Result {
  if ((sizeBytes | 0) < 0) return -Errno.EINVAL;
  const socket = socketAt(task, fd);
  const value =
    sizeBytes === 0 ? new Uint8Array(0) : task.memory.copyIn(address, Math.min(sizeBytes, OPTION_BYTES_MAX));
  if (level === SOL_SOCKET) return setSocketOption(socket, name, value, task);
  return socket.setFamilyOption(level, name, value, task);
}

function sysGetsockopt(
  task: Task,
  fd: number,
  level: number,
  name: number,
  address: number,
  sizeAddress: number,
): Result {
  const socket = socketAt(task, fd);
  const room = task.memory.readU32(sizeAddress) | 0;
  if (room < 0) return -Errno.EINVAL;
  const given = (): number => (room < 4 ? -1 : task.memory.readI32(address));
  const value =
    level === SOL_SOCKET
      ? getSocketOption(socket, name, room, task)
      : socket.getFamilyOption(level, name, task, given);
  if (typeof value === "number") return value;
  const shown = value.subarray(0, room);
  if (shown.length > 0) task.memory.copyOut(address, shown);
  task.memory.writeU32(sizeAddress, shown.length);
  return 0;
}

export const SOCKET_CALLS: readonly SyscallRow[] = [
  call(41, "socket", "family, socktype, int", sysSocket),
  call(42, "connect", "fd, sockaddr, size", sysConnect),
  call(43, "accept", "fd, address, address", (task, fd, address, size) =>
    sysAccept4(task, fd, address, size, 0),
  ),
  call(48, "shutdown", "fd, shutdown", sysShutdown),
  call(49, "bind", "fd, sockaddr, size", sysBind),
  call(50, "listen", "fd, int", sysListen),
  call(51, "getsockname", "fd, address, address", sysGetsockname),
  call(52, "getpeername", "fd, address, address", sysGetpeername),
  call(53, "socketpair", "family, socktype, int, address", sysSocketpair),
  call(54, "setsockopt", "fd, int, int, buffer, size", sysSetsockopt),
  call(55, "getsockopt", "fd, int, int, address, address", sysGetsockopt),
  call(288, "accept4", "fd, address, address, flags:socket", sysAccept4),
];

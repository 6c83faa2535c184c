/**
 * Messages of sockets: sendto(2), recvfrom(2), sendmsg(2), recvmsg(2), sendmmsg(2), recvmmsg(2). One hard
 * idea: a stream's message may go out and come in by parts, with waits in between, so every call keeps
 * what it has done beside the attempt and answers that when it is cut short.
 */
import { Errno } from "../abi/errno.ts";
import {
  MMSGHDR_BYTES,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_NOSIGNAL,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  MSG_WAITFORONE,
  MSGHDR,
  MSGHDR_BYTES,
  SOCKADDR_BYTES_MAX,
} from "../abi/socket.ts";
import { readControl, writeControl } from "../net/control-messages.ts";
import type { Received, Socket } from "../net/socket.ts";
import { raiseSigpipe } from "../net/socket.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { waitOnSocket } from "./socket-wait.ts";
import { readAddress, socketAt, writeAddress } from "./sockets.ts";
import { readTimespec, writeTimespec } from "./timespec.ts";

const VECTORS_MAX = 1024;
/** Most bytes one call moves (MAX_RW_COUNT). */
const BYTES_MAX = 0x7fff_f000;

interface Vector {
  readonly address: number;
  readonly sizeBytes: number;
}

/** struct msghdr, or what sendto and recvfrom say with arguments. */
interface Header {
  readonly name: number;
  readonly nameBytes: number;
  readonly vectors: readonly Vector[];
  readonly control: number;
  readonly controlBytes: number;
}

function readHeader(task: Task, address: number): Header {
  const { memory } = task;
  memory.readable(address, MSGHDR_BYTES);
  const name = memory.readInteger(address + MSGHDR.name);
  const nameBytes = name === 0 ? 0 : memory.readU32(address + MSGHDR.nameBytes) | 0;
  if (nameBytes < 0) throw new SyscallError(Errno.EINVAL);
  const count = memory.readInteger(address + MSGHDR.vectorCount);
  if (count < 0 || count > VECTORS_MAX) throw new SyscallError(Errno.EMSGSIZE);
  return {
    name,
    nameBytes: Math.min(nameBytes, SOCKADDR_BYTES_MAX),
    vectors: memory.readVectors(memory.readInteger(address + MSGHDR.vectors), count),
    control: memory.readInteger(address + MSGHDR.control),
    controlBytes: memory.readInteger(address + MSGHDR.controlBytes),
  };
}

function sizeOf(vectors: readonly Vector[]): number {
  return Math.min(
    vectors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    BYTES_MAX,
  );
}

/** The message's bytes from `from` on; the program's own memory where they lie together. */
function gather(task: Task, vectors: readonly Vector[], from: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let skip = from;
  for (const { address, sizeBytes } of vectors) {
    if (sizeBytes > skip) parts.push(task.memory.readable(address + skip, sizeBytes - skip));
    skip = Math.max(0, skip - sizeBytes);
  }
  const [only] = parts;
  if (parts.length <= 1) return only ?? new Uint8Array(0);
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Where received bytes go from `from` on; `flush` puts them there when the place was made for them. */
function receptacle(
  task: Task,
  vectors: readonly Vector[],
  from: number,
): { target: Uint8Array; flush: (count: number) => void } {
  const parts: Vector[] = [];
  let skip = from;
  for (const { address, sizeBytes } of vectors) {
    if (sizeBytes > skip) parts.push({ address: address + skip, sizeBytes: sizeBytes - skip });
    skip = Math.max(0, skip - sizeBytes);
  }
  const [only] = parts;
  if (only === undefined) return { target: new Uint8Array(0), flush: () => undefined };
  if (parts.length === 1) {
    return { target: task.memory.writable(only.address, only.sizeBytes), flush: () => undefined };
  }
  for (const { address, sizeBytes } of parts) task.memory.writable(address, sizeBytes);
  const target = new Uint8Array(sizeOf(parts));
  const flush = (count: number): void => {
    let at = 0;
    for (const { address, sizeBytes } of parts) {
      if (at >= count) break;
      task.memory.copyOut(address, target.subarray(at, Math.min(at + sizeBytes, count)));
      at += sizeBytes;
    }
  };
  return { target, flush };
}

function sendMessage(task: Task, socket: Socket, header: Header, flags: number): Result {
  const total = sizeOf(header.vectors);
  let done = 0;
  const attempt = (): number => {
    const hasControl = done === 0 && header.control !== 0 && header.controlBytes > 0;
    const control = hasControl ? readControl(task, socket, header.control, header.controlBytes) : {};
    const address =
      header.name === 0 || header.nameBytes === 0
        ? undefined
        : readAddress(task, header.name, header.nameBytes);
    do {
      const source = gather(task, header.vectors, done);
      const count = socket.send(source, { ...(done === 0 ? control : {}), flags, address }, task);
      if (count < 0) return failedSend(task, socket, count, done, flags);
      done += count;
      if (count === 0) break;
    } while (socket.isStream && done < total);
    return done;
  };
  const isRefused = socket.isWaitingRefused(flags);
  const timeoutNs = socket.options.sendTimeoutNs;
  return waitOnSocket(
    task,
    socket,
    { isRefused, timeoutNs, reason: "sock_alloc_send_pskb", done: () => done },
    attempt,
  );
}

function failedSend(task: Task, socket: Socket, error: number, done: number, flags: number): number {
  if (error === -Errno.EAGAIN) return error;
  if (done > 0) return done;
  if (error === -Errno.EPIPE && socket.raisesSigpipe && (flags & MSG_NOSIGNAL) === 0) raiseSigpipe(task);
  return error;
}

/** Receives; `finish` is called once with what came, and answers what the call does. */
function receiveMessage(
  task: Task,
  socket: Socket,
  vectors: readonly Vector[],
  flags: number,
  finish: (received: Received, done: number) => number,
): Result {
  if ((flags & MSG_ERRQUEUE) !== 0) return -Errno.EAGAIN;
  const total = sizeOf(vectors);
  const isWhole = socket.isStream && (flags & (MSG_WAITALL | MSG_PEEK)) === MSG_WAITALL;
  let done = 0;
  const attempt = (): number => {
    for (;;) {
      const { target, flush } = receptacle(task, vectors, done);
      const received = socket.receive(target, flags, task);
      if (typeof received === "number") return received === -Errno.EAGAIN || done === 0 ? received : done;
      flush(received.count);
      done += received.count;
      const isPartial = isWhole && done < total && received.count > 0 && received.isEnd !== true;
      if (!isPartial) return finish(received, done);
    }
  };
  const isRefused = socket.isWaitingRefused(flags);
  const timeoutNs = socket.options.receiveTimeoutNs;
  return waitOnSocket(
    task,
    socket,
    { isRefused, timeoutNs, reason: "skb_wait_for_more_packets", done: () => done },
    attempt,
  );
}

/** What recvfrom and recvmsg answer: with MSG_TRUNC the whole length of a datagram. */
function answered(socket: Socket, received: Received, done: number, flags: number): number {
  return (flags & MSG_TRUNC) !== 0 && !socket.isStream ? (received.fullBytes ?? done) : done;
}

function sysSendto(
  task: Task,
  fd: number,
  buffer: number,
  sizeBytes: number,
  flags: number,
  name: number,
  nameBytes: number,
): Result {
  const socket = socketAt(task, fd);
  if (name !== 0 && ((nameBytes | 0) < 0 || nameBytes > SOCKADDR_BYTES_MAX)) return -Errno.EINVAL;
  const vectors = [{ address: buffer, sizeBytes: Math.min(sizeBytes, BYTES_MAX) }];
  return sendMessage(task, socket, { name, nameBytes, vectors, control: 0, controlBytes: 0 }, flags);
}

function sysRecvfrom(
  task: Task,
  fd: number,
  buffer: number,
  sizeBytes: number,
  flags: number,
  name: number,
  nameBytes: number,
): Result {
  const socket = socketAt(task, fd);
  return receiveMessage(
    task,
    socket,
    [{ address: buffer, sizeBytes: Math.min(sizeBytes, BYTES_MAX) }],
    flags,
    (received, done) => {
      for (const file of received.rights ?? []) file.release(); // recvfrom has nowhere to put them.
      if (name !== 0) writeAddress(task, name, nameBytes, received.address ?? new Uint8Array(0));
      return answered(socket, received, done, flags);
    },
  );
}

function sysSendmsg(task: Task, fd: number, address: number, flags: number): Result {
  const socket = socketAt(task, fd);
  return sendMessage(task, socket, readHeader(task, address), flags);
}

/** One message into the msghdr at `address`. */
function receiveInto(task: Task, socket: Socket, address: number, flags: number): Result {
  const header = readHeader(task, address);
  return receiveMessage(task, socket, header.vectors, flags, (received, done) => {
    const { memory } = task;
    if (header.name !== 0)
      writeAddress(task, header.name, address + MSGHDR.nameBytes, received.address ?? new Uint8Array(0));
    const room = Math.max(0, header.controlBytes);
    const control = writeControl(task, received, header.control, room, flags);
    memory.writeInteger(address + MSGHDR.controlBytes, control.usedBytes);
    memory.writeU32(address + MSGHDR.flags, received.flags | control.flags | (flags & 0x4000_0000));
    return answered(socket, received, done, flags);
  });
}

function sysRecvmsg(task: Task, fd: number, address: number, flags: number): Result {
  return receiveInto(task, socketAt(task, fd), address, flags);
}

/** `one` for each of `count` mmsghdrs, as far as it goes without waiting once there is something. */
function many(
  task: Task,
  socket: Socket,
  address: number,
  count: number,
  isWaiting: boolean,
  one: (at: number) => Result,
  isOver: () => boolean = () => false,
): Result {
  let done = 0;
  const step = (result: Result): Result => {
    let last = result;
    for (;;) {
      if (last instanceof Blocked) return waitForNext(last);
      if (last < 0) {
        if (done > 0 && last !== -Errno.EAGAIN) socket.error = -last;
        return done > 0 ? done : last;
      }
      task.memory.writeU32(address + done * MMSGHDR_BYTES + MSGHDR_BYTES, last);
      done += 1;
      if (done === count || isOver()) return done;
      last = one(address + done * MMSGHDR_BYTES);
    }
  };
  const waitForNext = (blocked: Blocked): Result => {
    if (done > 0 && !isWaiting) return done;
    const { options } = blocked;
    return new Blocked({
      ...options,
      retry: () => step(options.retry()),
      timeout: () => (done > 0 ? done : (options.timeout?.() ?? -Errno.EAGAIN)),
      interrupt: () => (done > 0 ? done : (options.interrupt?.() ?? -512)),
    });
  };
  return count === 0 ? 0 : step(one(address));
}

function sysSendmmsg(task: Task, fd: number, address: number, count: number, flags: number): Result {
  const socket = socketAt(task, fd);
  const limit = Math.min(count >>> 0, VECTORS_MAX);
  return many(task, socket, address, limit, true, (at) =>
    sendMessage(task, socket, readHeader(task, at), flags),
  );
}

/** The timeout is looked at after each message only, as recvmmsg(2) confesses; what is left of it is told. */
function sysRecvmmsg(
  task: Task,
  fd: number,
  address: number,
  count: number,
  flags: number,
  timeout: number,
): Result {
  const durationNs = timeout === 0 ? undefined : readTimespec(task, timeout);
  const socket = socketAt(task, fd);
  const error = socket.takeError();
  if (error !== 0) return error;
  const { kernel } = task;
  const deadlineNs = durationNs === undefined ? undefined : kernel.monotonicNs() + durationNs;
  const isOver = (): boolean => {
    if (deadlineNs === undefined) return false;
    const leftNs = Math.max(0, Math.floor(deadlineNs - kernel.monotonicNs()));
    writeTimespec(task, timeout, BigInt(leftNs));
    return leftNs === 0;
  };
  const isWaiting = (flags & (MSG_WAITFORONE | MSG_DONTWAIT)) === 0;
  const limit = Math.min(count >>> 0, VECTORS_MAX);
  const one = (at: number): Result => receiveInto(task, socket, at, flags & ~MSG_WAITFORONE);
  return many(task, socket, address, limit, isWaiting, one, isOver);
}

export const SOCKET_MESSAGE_CALLS: readonly SyscallRow[] = [
  call(44, "sendto", "fd, buffer, size, flags:msg, sockaddr, size", sysSendto),
  call(45, "recvfrom", "fd, buffer, size, flags:msg, address, address", sysRecvfrom),
  call(46, "sendmsg", "fd, msghdr, flags:msg", sysSendmsg),
  call(47, "recvmsg", "fd, msghdr, flags:msg", sysRecvmsg),
  call(299, "recvmmsg", "fd, mmsghdr, count, flags:msg, timespec", sysRecvmmsg),
  call(307, "sendmmsg", "fd, mmsghdr, count, flags:msg", sysSendmmsg),
];

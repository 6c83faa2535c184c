/**
 * A socket (struct socket and struct sock): an open file with a family, a type and names. One hard idea:
 * like every file it never waits. `-EAGAIN` means "not yet"; `waitQueues` says which queues to wait in, and
 * the system calls (syscalls/sockets.ts) decide whether to wait, how long, and whether a broken pipe is a
 * signal. What a protocol does is an implementation of the methods here; each has the answer of a
 * protocol that cannot do it.
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_NONBLOCK, O_RDWR } from "../abi/fcntl.ts";
import { SI_KERNEL, Signal } from "../abi/signal.ts";
import { FIONBIO, FIONREAD, MSG_DONTWAIT, SHUTDOWN_MASK, SIOCOUTQ } from "../abi/socket.ts";
import type { Kernel } from "../kernel.ts";
import { sendToTask } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import type { WaitQueue } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import { interfaceIoctl } from "./interface-ioctl.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { SocketOptions } from "./socket-options.ts";

/** sockfs has device 0:8 on most machines; any will do. */
const SOCKET_DEVICE = 8;

/** A control message (cmsg(3)) that is only bytes. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** Whom a message says it is from, with ids already checked. */
export interface PassedCredentials {
  /** Numbers of the sender by namespace level (Task.pids). */
  readonly pids: readonly number[];
  readonly uid: number;
  readonly gid: number;
}

export interface SendRequest {
  readonly flags: number;
  /** msg_name: where to. */
  readonly address?: Uint8Array | undefined;
  /** SCM_RIGHTS: not acquired yet. */
  readonly rights?: readonly FileDescription[] | undefined;
  /** SCM_CREDENTIALS. */
  readonly credentials?: PassedCredentials | undefined;
  /** Of other levels (IP_PKTINFO). */
  readonly control?: readonly ControlMessage[] | undefined;
}

export interface Received {
  /** Bytes put into the target. */
  readonly count: number;
  /** Bytes of the whole datagram, when that is more. */
  readonly fullBytes?: number;
  /** MSG_ bits to show in msg_flags. */
  readonly flags: number;
  readonly address?: Uint8Array | undefined;
  /** Descriptors passed: acquired for the receiver, who installs and releases them. */
  readonly rights?: readonly FileDescription[] | undefined;
  readonly credentials?: PassedCredentials | undefined;
  readonly control?: readonly ControlMessage[] | undefined;
  /** The message has an end that MSG_WAITALL must not read across. */
  readonly isEnd?: boolean;
}

/** What every socket is born with. */
export interface SocketBirth {
  readonly kernel: Kernel;
  readonly namespace: NetworkNamespace;
  readonly type: number;
  readonly protocol: number;
  readonly statusFlags: number;
  /** Owner of the socket: /proc/net, SO_REUSEPORT. */
  readonly uid: number;
}

let lastInode = 20_000;

export abstract class Socket extends FileDescription {
  readonly kernel: Kernel;
  readonly namespace: NetworkNamespace;
  abstract readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly uid: number;
  readonly socketInode: number;
  readonly options: SocketOptions;
  /** RCV_SHUTDOWN and SEND_SHUTDOWN bits. */
  shutdownBits = 0;
  /** sk_err: positive, told once. */
  error = 0;
  readonly #bornNs: bigint;

  constructor(birth: SocketBirth) {
    super(birth.statusFlags | O_RDWR);
    this.kernel = birth.kernel;
    this.namespace = birth.namespace;
    this.type = birth.type;
    this.protocol = birth.protocol;
    this.uid = birth.uid;
    this.options = new SocketOptions();
    lastInode += 1;
    this.socketInode = lastInode;
    this.#bornNs = birth.kernel.realtimeNs();
  }

  get label(): string {
    return `socket:[${this.socketInode}]`;
  }

  /** Whether a stream of bytes: MSG_WAITALL and partial writes make sense. */
  get isStream(): boolean {
    return false;
  }

  bind(_address: Uint8Array, _task: Task): number {
    return -Errno.EOPNOTSUPP;
  }

  listen(_backlog: number, _task: Task): number {
    return -Errno.EOPNOTSUPP;
  }

  /** The next connection; -EAGAIN when there is none yet. */
  accept(_task: Task): Socket | number {
    return -Errno.EOPNOTSUPP;
  }

  /** 0 when connected, -EAGAIN to wait, -EINPROGRESS for one that goes on without the caller. */
  connect(_address: Uint8Array, _task: Task): number {
    return -Errno.EOPNOTSUPP;
  }

  /** Puts `source` on its way: how many bytes of it. */
  abstract send(source: Uint8Array, request: SendRequest, task: Task): number;

  abstract receive(target: Uint8Array, flags: number, task: Task): Received | number;

  /** `how` is SHUT_RD, SHUT_WR or SHUT_RDWR. */
  shutdown(_how: number): number {
    return -Errno.EOPNOTSUPP;
  }

  /** getsockname. */
  abstract localAddress(): Uint8Array;

  /** getpeername. */
  remoteAddress(): Uint8Array | number {
    return -Errno.EOPNOTSUPP;
  }

  /**
   * Options of levels that are not SOL_SOCKET, and of SOL_SOCKET what only this family knows. `given`: the int that
   * stands where the answer will go, for the few that ask by it.
   */
  getFamilyOption(_level: number, _name: number, _task: Task, _given?: () => number): Uint8Array | number {
    return -Errno.EOPNOTSUPP;
  }

  setFamilyOption(_level: number, _name: number, _value: Uint8Array, _task: Task): number {
    return -Errno.EOPNOTSUPP;
  }

  /** Where to wait for a try that answered -EAGAIN. */
  waitQueues(): readonly WaitQueue[] {
    return [this.queue];
  }

  /** Bytes that could be read now: FIONREAD. */
  get readableBytes(): number {
    return 0;
  }

  /** Bytes sent and not taken by the other side: SIOCOUTQ. */
  get unsentBytes(): number {
    return 0;
  }

  /** sock_error: the pending error as -errno, which is told once; 0 when there is none. */
  takeError(): number {
    const error = -this.error;
    this.error = 0;
    return error === 0 ? 0 : error;
  }

  fail(error: number): void {
    this.error = error;
    this.queue.wake();
  }

  isWaitingRefused(flags: number): boolean {
    return this.isNonBlocking || (flags & MSG_DONTWAIT) !== 0;
  }

  isShut(bits: number): boolean {
    return (this.shutdownBits & bits) === bits;
  }

  get isShutBothWays(): boolean {
    return this.isShut(SHUTDOWN_MASK);
  }

  override read(target: Uint8Array, task: Task): number {
    if (target.length === 0) return 0;
    const received = this.receive(target, this.isNonBlocking ? MSG_DONTWAIT : 0, task);
    if (typeof received === "number") return received;
    for (const file of received.rights ?? []) file.release(); // read(2) has nowhere to put them.
    return received.count;
  }

  override write(source: Uint8Array, task: Task): number {
    const count = this.send(source, { flags: this.isNonBlocking ? MSG_DONTWAIT : 0 }, task);
    if (count === -Errno.EPIPE && this.raisesSigpipe) raiseSigpipe(task);
    return count;
  }

  /** SO_REUSEPORT can be set: inet sockets. */
  get takesReusePort(): boolean {
    return false;
  }

  /** SIGPIPE comes with EPIPE from streams only. */
  get raisesSigpipe(): boolean {
    return this.isStream;
  }

  override ioctl(request: number, argument: number, task: Task): number {
    switch (request) {
      case FIONREAD:
        task.memory.writeU32(argument, this.readableBytes);
        return 0;
      case SIOCOUTQ:
        task.memory.writeU32(argument, this.unsentBytes);
        return 0;
      case FIONBIO:
        this.statusFlags =
          task.memory.readU32(argument) === 0
            ? this.statusFlags & ~O_NONBLOCK
            : this.statusFlags | O_NONBLOCK;
        return 0;
      default:
        return interfaceIoctl(this.namespace, request, argument, task);
    }
  }

  override status(): Status {
    const attributes: Attributes = {
      ino: this.socketInode,
      type: "socket",
      mode: 0o777,
      nlink: 1,
      uid: this.uid,
      gid: 0,
      rdev: { major: 0, minor: 0 },
      sizeBytes: 0,
      allocatedBytes: 0,
      atimeNs: this.#bornNs,
      mtimeNs: this.#bornNs,
      ctimeNs: this.#bornNs,
    };
    return { device: SOCKET_DEVICE, attributes };
  }
}

export function raiseSigpipe(task: Task): void {
  sendToTask(task, { signal: Signal.SIGPIPE, code: SI_KERNEL });
}

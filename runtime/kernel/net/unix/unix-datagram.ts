/**
 * Unix datagrams and sequenced packets: messages with borders. One hard idea: the receiver's queue is
 * short (net.unix.max_dgram_qlen) and its owner is not the sender, so a sender waits for somebody else's
 * queue and is woken when that is read (unix_dgram_sendmsg).
 */
import { Errno } from "../../abi/errno.ts";
import { POLLOUT, POLLWRBAND, POLLWRNORM } from "../../abi/poll.ts";
import {
  AF_UNSPEC, familyOf, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, RCV_SHUTDOWN, SEND_SHUTDOWN, So, SOCK_SEQPACKET,
} from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import type { WaitQueue } from "../../task/wait.ts";
import type { Received, SendRequest, SocketBirth } from "../socket.ts";
import { findUnixSocket, parseUnixAddress } from "./unix-address.ts";
import { UnixSocket } from "./unix-socket.ts";

/** Default of /proc/sys/net/unix/max_dgram_qlen. */
export const QUEUE_MESSAGES_MAX = 10;
/** Bookkeeping a datagram must leave free in the buffer. */
const RESERVED_BYTES = 32;

export class UnixDatagramSocket extends UnixSocket {
  override get isConnectionOriented(): boolean {
    return this.type === SOCK_SEQPACKET;
  }

  /** Sockets connected to this one: woken when there is room again. */
  readonly #senders = new Set<UnixDatagramSocket>();
  /** Whose queue the last send found full. */
  #fullReceiver: UnixDatagramSocket | undefined;

  protected sibling(birth: SocketBirth): UnixSocket {
    return new UnixDatagramSocket(birth);
  }

  override connect(address: Uint8Array, task: Task): number {
    if (this.isConnectionOriented) return this.connectTo(parseUnixAddress(address), task);
    if (familyOf(address) === AF_UNSPEC) {
      this.#setPeer(undefined);
      return 0;
    }
    const name = parseUnixAddress(address);
    if (this.options.has(So.PASSCRED)) this.autobind();
    const other = datagramSocket(findUnixSocket(task, this, name));
    if (!this.#maySendTo(other)) return -Errno.EPERM;
    this.#setPeer(other);
    return 0;
  }

  override listen(backlog: number, task: Task): number {
    return this.isConnectionOriented ? super.listen(backlog, task) : -Errno.EOPNOTSUPP;
  }

  override join(other: UnixSocket): void {
    super.join(other);
    const far = datagramSocket(other);
    far.#senders.add(this);
    this.#senders.add(far);
  }

  override send(source: Uint8Array, request: SendRequest, task: Task): number {
    this.#fullReceiver = undefined;
    if ((request.flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    if (this.isConnectionOriented) {
      const error = this.takeError();
      if (error !== 0) return error;
      if (this.state !== "connected") return -Errno.ENOTCONN;
    }
    const address = this.isConnectionOriented ? undefined : request.address;
    if (this.options.has(So.PASSCRED)) this.autobind();
    if (source.length > this.options.sendBufferBytes - RESERVED_BYTES) return -Errno.EMSGSIZE;
    const error = this.takeError();
    if (error !== 0) return error;
    if (this.isShut(SEND_SHUTDOWN)) return -Errno.EPIPE;
    if (address === undefined && this.peer === undefined) return -Errno.ENOTCONN;
    if (this.sentMemory >= this.options.sendBufferBytes) return -Errno.EAGAIN;
    const other = address === undefined ? this.peer : findUnixSocket(task, this, parseUnixAddress(address));
    if (other === undefined) return -Errno.ENOTCONN;
    return this.#sendTo(datagramSocket(other), source, request, task);
  }

  #sendTo(other: UnixDatagramSocket, source: Uint8Array, request: SendRequest, task: Task): number {
    if (!this.#maySendTo(other)) return -Errno.EPERM;
    if (other.isDead) {
      if (this.isConnectionOriented) return -Errno.EPIPE;
      if (other === this.peer) this.#setPeer(undefined);
      return -Errno.ECONNREFUSED;
    }
    if (other.isShut(RCV_SHUTDOWN)) return -Errno.EPIPE;
    if (other !== this && other.peer !== this && other.#isFull) {
      this.#fullReceiver = other;
      return -Errno.EAGAIN;
    }
    this.deliver(other, source.slice(), request, task);
    return source.length;
  }

  override receive(target: Uint8Array, flags: number): Received | number {
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    if (this.isConnectionOriented && this.state !== "connected") return -Errno.ENOTCONN;
    const error = this.takeError();
    if (error !== 0) return error;
    const message = this.messages[0];
    if (message === undefined) return this.#answerEmpty(flags);
    const isPeeking = (flags & MSG_PEEK) !== 0;
    const count = Math.min(target.length, message.bytes.length);
    target.set(message.bytes.subarray(0, count));
    const rights = isPeeking ? message.peekRights() : message.takeRights();
    if (!isPeeking) {
      this.messages.shift();
      message.end();
      for (const sender of this.#senders) sender.queue.wake();
      this.queue.wake();
    }
    const isCut = count < message.bytes.length;
    const { address } = message;
    const credentials = this.toldCredentials(message);
    return { count, fullBytes: message.bytes.length, flags: isCut ? MSG_TRUNC : 0, address, rights, credentials };
  }

  #answerEmpty(flags: number): Received | number {
    if (!this.isShut(RCV_SHUTDOWN)) return -Errno.EAGAIN;
    const isTrying = (flags & MSG_DONTWAIT) !== 0 || this.isNonBlocking;
    return isTrying && !this.isConnectionOriented ? -Errno.EAGAIN : { count: 0, flags: 0, isEnd: true };
  }

  override poll(): number {
    const bits = super.poll();
    const { peer } = this;
    const isHeldUp = peer instanceof UnixDatagramSocket && peer !== this && peer.peer !== this && peer.#isFull;
    return isHeldUp ? bits & ~(POLLOUT | POLLWRNORM | POLLWRBAND) : bits;
  }

  override waitQueues(): readonly WaitQueue[] {
    const queues = super.waitQueues();
    return this.#fullReceiver === undefined ? queues : [...queues, this.#fullReceiver.queue];
  }

  override get readableBytes(): number {
    return this.messages[0]?.bytes.length ?? 0;
  }

  get #isFull(): boolean {
    return this.messages.length > QUEUE_MESSAGES_MAX;
  }

  #maySendTo(other: UnixSocket): boolean {
    return other.peer === undefined || other.peer === this;
  }

  #setPeer(other: UnixDatagramSocket | undefined): void {
    const old = this.peer;
    if (old instanceof UnixDatagramSocket && old !== other) {
      old.#senders.delete(this);
      for (const message of this.messages.splice(0)) message.end();
      if (!old.isDead && old.peer === this) old.fail(Errno.ECONNRESET);
    }
    this.peer = other;
    if (other !== undefined) other.#senders.add(this);
    this.queue.wake();
  }

  protected override parted(peer: UnixSocket, hasUnread: boolean): void {
    if (this.isConnectionOriented) super.parted(peer, hasUnread);
    else peer.queue.wake();
    if (peer instanceof UnixDatagramSocket) peer.#senders.delete(this);
  }

  protected override closed(): void {
    super.closed();
    for (const sender of this.#senders) sender.queue.wake();
    this.#senders.clear();
  }
}

/** Sockets of one type are of one class: findUnixSocket has compared the types. */
function datagramSocket(socket: UnixSocket): UnixDatagramSocket {
  if (socket instanceof UnixDatagramSocket) return socket;
  throw new SyscallError(Errno.EPROTOTYPE);
}

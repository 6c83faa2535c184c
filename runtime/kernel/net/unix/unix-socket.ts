/**
 * What all unix sockets share (net/unix/af_unix.c): names, the memory their messages hold, credentials of
 * the peer, and for streams and sequenced packets listening, connecting and accepting. One hard idea: a
 * connection is whole when connect(2) returns; accept(2) only hands out the end that was made for it.
 */
import { Errno } from "../../abi/errno.ts";
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from "../../abi/poll.ts";
import {
  AF_UNIX,
  encodeUcred,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  So,
  words,
} from "../../abi/socket.ts";
import type { Task } from "../../task/task.ts";
import type { WaitQueue } from "../../task/wait.ts";
import type { Location } from "../../vfs/mount.ts";
import { pidSeenBy } from "../peer-pid.ts";
import type { PassedCredentials, SendRequest, SocketBirth } from "../socket.ts";
import { Socket } from "../socket.ts";
import {
  abstractAddress,
  bindPath,
  findUnixSocket,
  parseUnixAddress,
  unbindPath,
  UNNAMED,
} from "./unix-address.ts";
import type { UnixName } from "./unix-address.ts";
import { UnixMessage } from "./unix-message.ts";

/** Who made or connected the socket at the other end: SO_PEERCRED. */
export interface PeerCredentials extends PassedCredentials {
  readonly groups: readonly number[];
}

export type UnixState = "closed" | "listening" | "connected";

/** uid and gid of messages whose sender is not told: overflowuid. */
const OVERFLOW_ID = 65_534;
const NOBODY: PassedCredentials = { pids: [], uid: OVERFLOW_ID, gid: OVERFLOW_ID };
/** Autobind names are five hexadecimal digits. */
const AUTOBIND_NAMES = 0x10_0000;

let lastAutobind = 0;

export abstract class UnixSocket extends Socket {
  override readonly family: number = AF_UNIX;
  state: UnixState = "closed";
  peer: UnixSocket | undefined;
  isDead = false;
  /** Memory of messages sent and not consumed: against SO_SNDBUF. */
  sentMemory = 0;
  /** SO_PEERCRED. */
  peerCredentials: PeerCredentials | undefined;
  protected readonly messages: UnixMessage[] = [];
  #name: Exclude<UnixName, { kind: "unnamed" }> | undefined;
  #location: Location | undefined;
  #backlog = 0;
  readonly #embryos: UnixSocket[] = [];
  /** The listener whose backlog is full: where a blocking connect waits. */
  #fullListener: UnixSocket | undefined;

  constructor(birth: SocketBirth) {
    super(birth);
    birth.namespace.sockets.add(this);
  }

  /** A socket of the same class: the other end of a connection to this listener. */
  protected abstract sibling(birth: SocketBirth): UnixSocket;

  get boundAddress(): Uint8Array | undefined {
    return this.#name?.raw;
  }

  override localAddress(): Uint8Array {
    return this.boundAddress ?? UNNAMED;
  }

  override remoteAddress(): Uint8Array | number {
    return this.peer === undefined ? -Errno.ENOTCONN : this.peer.localAddress();
  }

  override bind(address: Uint8Array, task: Task): number {
    const name = parseUnixAddress(address);
    if (name.kind === "unnamed") return this.autobind();
    if (this.#name !== undefined) return -Errno.EINVAL;
    if (name.kind === "path") this.#location = bindPath(task, name.path, this);
    else {
      if (this.namespace.abstractNames.has(name.key)) return -Errno.EADDRINUSE;
      this.namespace.abstractNames.set(name.key, this);
    }
    this.#name = name;
    return 0;
  }

  /** Gives it an abstract name nobody has. */
  protected autobind(): number {
    if (this.#name !== undefined) return 0;
    for (let tries = 0; tries < AUTOBIND_NAMES; tries++) {
      lastAutobind = (lastAutobind + 1) % AUTOBIND_NAMES;
      const name = abstractAddress(lastAutobind.toString(16).padStart(5, "0"));
      if (this.namespace.abstractNames.has(name.key)) continue;
      this.namespace.abstractNames.set(name.key, this);
      this.#name = name;
      return 0;
    }
    return -Errno.ENOSPC;
  }

  override listen(backlog: number, task: Task): number {
    if (this.#name === undefined || this.state === "connected") return -Errno.EINVAL;
    const wasFull = this.#isBacklogFull;
    this.#backlog = Math.min(backlog >>> 0, this.namespace.backlogMax);
    this.state = "listening";
    this.peerCredentials = credentialsOf(task);
    if (wasFull) this.queue.wake();
    return 0;
  }

  get backlog(): { readonly length: number; readonly max: number } {
    return { length: this.#embryos.length, max: this.#backlog };
  }

  get #isBacklogFull(): boolean {
    return this.#embryos.length > this.#backlog;
  }

  protected connectTo(name: UnixName, task: Task): number {
    if (this.options.has(So.PASSCRED)) this.autobind();
    const listener = findUnixSocket(task, this, name);
    this.#fullListener = undefined;
    if (this.state === "connected") return -Errno.EISCONN;
    if (this.state === "listening") return -Errno.EINVAL;
    if (listener.state !== "listening" || listener.isShut(RCV_SHUTDOWN)) return -Errno.ECONNREFUSED;
    if (listener.#isBacklogFull) {
      this.#fullListener = listener;
      return -Errno.EAGAIN;
    }
    const { kernel, namespace, type, protocol, uid } = listener;
    const far = listener.sibling({ kernel, namespace, type, protocol, uid, statusFlags: 0 });
    far.options.inherit(listener.options);
    far.#name = listener.#name;
    far.peerCredentials = credentialsOf(task);
    this.peerCredentials = listener.peerCredentials;
    this.join(far);
    listener.#embryos.push(far);
    listener.queue.wake();
    return 0;
  }

  /** Two ends of one connection: connect and socketpair. */
  join(other: UnixSocket): void {
    this.peer = other;
    other.peer = this;
    if (this.isConnectionOriented) {
      this.state = "connected";
      other.state = "connected";
    }
    this.queue.wake();
    other.queue.wake();
  }

  abstract readonly isConnectionOriented: boolean;

  override accept(): Socket | number {
    if (!this.isConnectionOriented) return -Errno.EOPNOTSUPP;
    if (this.state !== "listening" || this.isShut(RCV_SHUTDOWN)) return -Errno.EINVAL;
    const connection = this.#embryos.shift();
    if (connection === undefined) return -Errno.EAGAIN;
    this.queue.wake();
    return connection;
  }

  override shutdown(how: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -Errno.EINVAL;
    const bits =
      how === SHUT_RD ? RCV_SHUTDOWN : how === SHUT_WR ? SEND_SHUTDOWN : RCV_SHUTDOWN | SEND_SHUTDOWN;
    this.shutdownBits |= bits;
    this.queue.wake();
    const { peer } = this;
    if (peer === undefined || !this.isConnectionOriented) return 0;
    peer.shutdownBits |=
      ((bits & RCV_SHUTDOWN) !== 0 ? SEND_SHUTDOWN : 0) | ((bits & SEND_SHUTDOWN) !== 0 ? RCV_SHUTDOWN : 0);
    peer.queue.wake();
    return 0;
  }

  override poll(): number {
    let bits = this.error === 0 ? 0 : POLLERR;
    if (this.isShutBothWays) bits |= POLLHUP;
    if (this.isShut(RCV_SHUTDOWN)) bits |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (this.messages.length > 0 || this.#embryos.length > 0) bits |= POLLIN | POLLRDNORM;
    if (this.isConnectionOriented && this.state === "closed") bits |= POLLHUP;
    if (this.isSendable) bits |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return bits;
  }

  /** unix_writable: less than a quarter of the buffer is in use. */
  protected get isSendable(): boolean {
    return this.state !== "listening" && this.sentMemory * 4 <= this.options.sendBufferBytes;
  }

  override waitQueues(): readonly WaitQueue[] {
    return this.#fullListener === undefined ? [this.queue] : [this.queue, this.#fullListener.queue];
  }

  override get unsentBytes(): number {
    return this.sentMemory;
  }

  /** What it has sent was consumed. */
  messageEnded(charge: number): void {
    this.sentMemory -= charge;
    this.queue.wake();
  }

  /** Puts a message into `other`'s queue, with credentials where either side wants them. */
  protected deliver(other: UnixSocket, bytes: Uint8Array, request: SendRequest, task: Task): void {
    const isTold = this.options.has(So.PASSCRED) || other.options.has(So.PASSCRED);
    const own = isTold ? credentialsOf(task) : undefined;
    other.messages.push(new UnixMessage(this, bytes, request, request.credentials ?? own));
    other.queue.wake();
  }

  /** What SO_PASSCRED shows of a message. */
  protected toldCredentials(message: UnixMessage): PassedCredentials | undefined {
    return this.options.has(So.PASSCRED) ? (message.credentials ?? NOBODY) : undefined;
  }

  override getFamilyOption(level: number, name: number, task: Task): Uint8Array | number {
    if (level !== 1) return -Errno.EOPNOTSUPP;
    switch (name) {
      case So.ACCEPTCONN:
        return words(this.state === "listening" ? 1 : 0);
      case So.PEERCRED: {
        const peer = this.peerCredentials;
        return peer === undefined
          ? encodeUcred(0, -1, -1)
          : encodeUcred(pidSeenBy(peer.pids, task), peer.uid, peer.gid);
      }
      case So.PEERGROUPS:
        return this.peerCredentials === undefined ? -Errno.ENODATA : words(...this.peerCredentials.groups);
      case So.PEERPIDFD: // Of a peer there is one, which nobody can open yet.
        return this.peerCredentials === undefined ? -Errno.ENODATA : -Errno.ENOPROTOOPT;
      case So.PEERNAME:
        return this.remoteAddress();
      default:
        return -Errno.ENOPROTOOPT;
    }
  }

  override setFamilyOption(level: number): number {
    return level === 1 ? -Errno.ENOPROTOOPT : -Errno.EOPNOTSUPP;
  }

  protected override closed(): void {
    this.isDead = true;
    this.namespace.sockets.delete(this);
    this.#dropName();
    const hasUnread = this.messages.length > 0;
    for (const message of this.messages.splice(0)) message.end();
    for (const embryo of this.#embryos.splice(0)) embryo.#refuse();
    this.state = "closed";
    const { peer } = this;
    this.peer = undefined;
    if (peer !== undefined) this.parted(peer, hasUnread);
    this.queue.wake();
  }

  /** A connection nobody accepted: its client is reset. */
  #refuse(): void {
    const { peer } = this;
    if (peer !== undefined) peer.error = Errno.ECONNRESET;
    this.acquire().release();
  }

  /** This end has closed; `hasUnread` when bytes from the peer were lost. */
  protected parted(peer: UnixSocket, hasUnread: boolean): void {
    peer.shutdownBits = RCV_SHUTDOWN | SEND_SHUTDOWN;
    if (hasUnread) peer.error = Errno.ECONNRESET;
    peer.queue.wake();
  }

  #dropName(): void {
    if (this.#location !== undefined) unbindPath(this.#location);
    this.#location = undefined;
    const name = this.#name;
    if (name?.kind === "abstract" && this.namespace.abstractNames.get(name.key) === this) {
      this.namespace.abstractNames.delete(name.key);
    }
  }
}

/** The ids of whoever calls, as SO_PEERCRED and SCM_CREDENTIALS tell them. */
export function credentialsOf(task: Task): PeerCredentials {
  const { euid, egid, groups } = task.credentials;
  return { pids: task.process.leader.pids, uid: euid, gid: egid, groups };
}

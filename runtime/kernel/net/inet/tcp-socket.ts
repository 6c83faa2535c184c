/**
 * TCP sockets (tcp(7), net/ipv4/tcp.c), without packets. One hard idea: a connection is two `StreamPort`s,
 * each the receiving side of one direction. What does not fit the far side's receive buffer waits in the
 * own send buffer and goes on when the far side says it has drained; ends and resets are calls. States are
 * those of RFC 9293, moved as if every segment arrived at once, which on a loopback it does.
 */
import { Errno } from "../../abi/errno.ts";
import { TcpState } from "../../abi/inet.ts";
import {
  POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP, POLLRDNORM, POLLWRNORM,
} from "../../abi/poll.ts";
import {
  AF_UNSPEC, familyOf, MSG_FASTOPEN, MSG_OOB, MSG_PEEK, RCV_SHUTDOWN, SEND_SHUTDOWN, SHUT_RD, SHUT_RDWR,
  SHUTDOWN_MASK, SIOCATMARK, So, SOL_TCP,
} from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import { ByteQueue } from "../byte-queue.ts";
import type { NetworkInterface } from "../network-interface.ts";
import type { Received, SendRequest, SocketBirth } from "../socket.ts";
import type { Connecting, StreamPort } from "../wire.ts";
import { InetSocket } from "./inet-socket.ts";
import { isMulticast } from "./ip-address.ts";
import type { InetOption } from "./option-table.ts";
import { TCP_OPTIONS } from "./option-table.ts";
import type { Endpoint, PortTable } from "./port-table.ts";
import { encodeSockaddr } from "./sockaddr.ts";
import { knock } from "./tcp-connect.ts";
import { getTcpOption, setTcpOption } from "./tcp-options.ts";

/** net.ipv4.tcp_wmem and tcp_rmem: what a socket starts with. */
const SEND_BUFFER_BYTES = 16_384;
const RECEIVE_BUFFER_BYTES = 131_072;
/** What autotuning makes of the send buffer of a loopback connection. */
const SEND_BUFFER_CONNECTED_BYTES = 2_626_560;
const PIECE_BYTES_MAX = 65_536;

/** What a reset is in a state (tcp_reset). */
const RESET_ERRORS = new Map<number, number>([[TcpState.SYN_SENT, Errno.ECONNREFUSED], [TcpState.CLOSE_WAIT, Errno.EPIPE]]);

/** enum socket_state: what connect(2) has been told. */
type Phase = "unconnected" | "connecting" | "connected";

export class TcpSocket extends InetSocket implements StreamPort {
  protected readonly ports: PortTable;
  state: number = TcpState.CLOSE;
  #phase: Phase = "unconnected";
  readonly #incoming = new ByteQueue();
  readonly #outgoing = new ByteQueue();
  #far: StreamPort | undefined;
  #device: NetworkInterface | undefined;
  #attempt: { cancel(): void } | undefined;
  /** A FIN has come: reads end with 0 for ever (SOCK_DONE). */
  #isDone = false;
  #isEnding = false;
  #isOrphan = false;
  /** Urgent byte, and where in the incoming bytes its mark is. */
  #urgent: { readonly byte: number; isTaken: boolean; markBytes: number } | undefined;
  #lastPort = 0;
  #backlog = 0;
  readonly #embryos: TcpSocket[] = [];
  /** Connections that find the backlog full: established when it has room (their SYN is sent again). */
  readonly #knocking: (() => void)[] = [];

  constructor(family: number, birth: SocketBirth) {
    super(family, birth);
    this.ports = birth.namespace.tcp;
    this.options.sendBufferBytes = SEND_BUFFER_BYTES;
    this.options.receiveBufferBytes = RECEIVE_BUFFER_BYTES;
  }

  override get isStream(): boolean {
    return true;
  }

  get isListening(): boolean {
    return this.state === TcpState.LISTEN;
  }

  get backlog(): { readonly length: number; readonly max: number } {
    return { length: this.#embryos.length, max: this.#backlog };
  }

  protected override get isUnused(): boolean {
    return this.state === TcpState.CLOSE && this.#phase === "unconnected";
  }

  protected override optionTable(level: number): ReadonlyMap<number, InetOption> | undefined {
    return level === SOL_TCP ? TCP_OPTIONS : super.optionTable(level);
  }

  override getFamilyOption(level: number, name: number, task: Task): Uint8Array | number {
    const special = level === SOL_TCP ? getTcpOption(this, name) : undefined;
    return special ?? super.getFamilyOption(level, name, task);
  }

  override setFamilyOption(level: number, name: number, value: Uint8Array, task: Task): number {
    const special = level === SOL_TCP ? setTcpOption(this, name, value, task) : undefined;
    return special ?? super.setFamilyOption(level, name, value, task);
  }

  override listen(backlog: number): number {
    if (this.state !== TcpState.CLOSE && !this.isListening) return -Errno.EINVAL;
    if (this.#phase !== "unconnected") return -Errno.EINVAL;
    this.#backlog = Math.min(backlog >>> 0, this.namespace.backlogMax);
    if (this.isListening) return 0;
    const refusal = this.autobind() || this.ports.checkListen(this);
    if (refusal !== 0) return refusal;
    this.state = TcpState.LISTEN;
    this.shutdownBits = 0;
    this.queue.wake();
    return 0;
  }

  override accept(): TcpSocket | number {
    if (!this.isListening) return -Errno.EINVAL;
    const connection = this.#embryos.shift();
    if (connection === undefined) return -Errno.EAGAIN;
    this.#knocking.shift()?.();
    return connection;
  }

  override connect(address: Uint8Array): number {
    if (familyOf(address) === undefined) return -Errno.EINVAL;
    if (familyOf(address) === AF_UNSPEC) return this.#disconnect();
    if (this.#phase === "connected") return -Errno.EISCONN;
    if (this.#phase === "unconnected") {
      if (this.state !== TcpState.CLOSE) return -Errno.EISCONN;
      this.#open(address);
      if (this.isNonBlocking) return -Errno.EINPROGRESS;
    }
    return this.#finishConnect();
  }

  #finishConnect(): number {
    if (this.state === TcpState.SYN_SENT) return this.isNonBlocking ? -Errno.EALREADY : -Errno.EAGAIN;
    if (this.state === TcpState.CLOSE) {
      const error = this.takeError() || -Errno.ECONNABORTED;
      this.#disconnect();
      return error;
    }
    this.#phase = "connected";
    return 0;
  }

  /** Sends the SYN, as it were; throws what the address is not fit for. */
  #open(address: Uint8Array): void {
    const destination = this.destinationOf(address);
    const path = isMulticast(destination.address) ? undefined : this.pathTo(destination.address);
    if (path === undefined || this.namespace.isBroadcast(destination.address)) throw new SyscallError(Errno.ENETUNREACH);
    const refusal = this.localPort === 0 ? this.take(path.source, 0, false) : 0;
    if (refusal !== 0) throw new SyscallError(-refusal);
    this.boundTo = path.source;
    this.remote = { address: destination.address, port: destination.port };
    this.state = TcpState.SYN_SENT;
    this.#phase = "connecting";
    this.shutdownBits = 0;
    this.error = 0;
    this.#device = path.device;
    this.namespace.counters.activeOpens += 1;
    const near: Endpoint = { address: this.boundTo, port: this.localPort };
    const connecting: Connecting = {
      established: (far) => this.#establish(far),
      failed: (error) => this.#failConnect(error),
    };
    if (path.kind === "wire") this.#attempt = path.wire.connect(near, this.remote, this, connecting);
    else this.#attempt = this.#knock(near, this.remote, connecting);
  }

  #knock(near: Endpoint, remote: Endpoint, connecting: Connecting): { cancel(): void } {
    return knock(() => this.ports.find(isListener, remote, near), near, remote, this, connecting, this);
  }

  #establish(far: StreamPort): void {
    if (this.state !== TcpState.SYN_SENT) return far.reset();
    this.#attempt = undefined;
    this.#far = far;
    this.state = TcpState.ESTABLISHED;
    this.#tune();
    this.queue.wake();
  }

  #failConnect(error: number): void {
    if (this.state !== TcpState.SYN_SENT) return;
    this.namespace.counters.attemptFails += 1;
    this.#attempt = undefined;
    this.#dead(error);
  }

  /** A connection from `source` to this listener, if there is room: its near end. */
  admit(destination: Endpoint, source: Endpoint, far: StreamPort): TcpSocket | undefined {
    if (this.#embryos.length > this.#backlog) return undefined;
    const { kernel, namespace, type, protocol, uid } = this;
    const near = new TcpSocket(this.family, { kernel, namespace, type, protocol, uid, statusFlags: 0 });
    near.inheritInet(this);
    near.boundTo = destination.address;
    near.localPort = destination.port;
    near.remote = source;
    near.state = TcpState.ESTABLISHED;
    near.#phase = "connected";
    near.#far = far;
    near.#device = namespace.deviceBetween(destination.address, source.address);
    near.#tune();
    this.namespace.counters.passiveOpens += 1;
    this.ports.add(near, destination.port);
    this.#embryos.push(near);
    this.queue.wake();
    return near;
  }

  /** Tries `again` when the backlog has room. */
  knockLater(again: () => void): { cancel(): void } {
    this.#knocking.push(again);
    return {
      cancel: () => {
        const at = this.#knocking.indexOf(again);
        if (at >= 0) this.#knocking.splice(at, 1);
      },
    };
  }

  #tune(): void {
    const isLocked = (this.options.bufferLock & 1) !== 0;
    if (!isLocked) this.options.sendBufferBytes = SEND_BUFFER_CONNECTED_BYTES;
  }

  override send(source: Uint8Array, { flags }: SendRequest): number {
    if ((flags & MSG_FASTOPEN) !== 0) return -Errno.EOPNOTSUPP;
    if (this.state === TcpState.SYN_SENT) return -Errno.EAGAIN;
    const isOpen = this.state === TcpState.ESTABLISHED || this.state === TcpState.CLOSE_WAIT;
    if (!isOpen || this.error !== 0 || this.isShut(SEND_SHUTDOWN)) return this.takeError() || -Errno.EPIPE;
    if (source.length === 0) return 0;
    const isUrgent = (flags & MSG_OOB) !== 0;
    const plain = isUrgent ? source.subarray(0, -1) : source;
    const free = this.options.sendBufferBytes - this.#outgoing.length;
    if (free <= 0) return -Errno.EAGAIN;
    const count = this.#transmit(plain.subarray(0, free));
    if (!isUrgent || count < plain.length) return count;
    this.#far?.deliverUrgent(source[source.length - 1] ?? 0);
    return source.length;
  }

  /** As much as the far side takes goes there; the rest waits here. */
  #transmit(source: Uint8Array): number {
    const far = this.#far;
    let sent = 0;
    if (far !== undefined && this.#outgoing.length === 0) {
      sent = Math.min(source.length, far.roomBytes);
      if (sent > 0) far.deliver(source.subarray(0, sent));
    }
    // The far side may have answered with a reset.
    if (sent < source.length && this.#far !== undefined) this.#outgoing.push(source.subarray(sent));
    this.#device?.count(source.length, "sent");
    return source.length;
  }

  #flush(): void {
    while (this.#outgoing.length > 0 && this.#far !== undefined && this.#far.roomBytes > 0) {
      const piece = this.#outgoing.head(Math.min(this.#far.roomBytes, PIECE_BYTES_MAX)).slice();
      this.#outgoing.drop(piece.length);
      this.#far.deliver(piece);
    }
    if (this.#isEnding && this.#outgoing.length === 0) this.#sendEnd();
  }

  override receive(target: Uint8Array, flags: number): Received | number {
    if (this.isListening) return -Errno.ENOTCONN;
    if ((flags & MSG_OOB) !== 0) return this.#receiveUrgent(target, flags);
    if (this.#incoming.length > 0) {
      if (target.length === 0) return { count: 0, flags: 0 };
      return this.#takeIncoming(target, (flags & MSG_PEEK) !== 0);
    }
    if (this.#isDone) return { count: 0, flags: 0, isEnd: true };
    const error = this.takeError();
    if (error !== 0) return error;
    if (this.isShut(RCV_SHUTDOWN)) return { count: 0, flags: 0, isEnd: true };
    return this.state === TcpState.CLOSE ? -Errno.ENOTCONN : -Errno.EAGAIN;
  }

  #takeIncoming(target: Uint8Array, isPeeking: boolean): Received {
    const mark = this.#urgent?.markBytes ?? 0;
    // A read stops at the urgent mark and the next goes past it.
    const limited = mark > 0 ? target.subarray(0, mark) : target;
    if (isPeeking) return { count: this.#incoming.peek(limited), flags: 0 };
    const count = this.#incoming.take(limited);
    if (this.#urgent !== undefined) {
      this.#urgent.markBytes -= count;
      if (this.#urgent.markBytes < 0) this.#urgent = undefined;
    }
    this.#far?.drained();
    return { count, flags: 0, isEnd: mark > 0 && count === mark };
  }

  #receiveUrgent(target: Uint8Array, flags: number): Received | number {
    if (this.options.has(So.OOBINLINE) || this.#urgent === undefined || this.#urgent.isTaken)
      return -Errno.EINVAL;
    if (target.length > 0) target[0] = this.#urgent.byte;
    if ((flags & MSG_PEEK) === 0) this.#urgent.isTaken = true;
    return { count: Math.min(1, target.length), flags: MSG_OOB };
  }

  override shutdown(how: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -Errno.EINVAL;
    const bits = how + 1;
    if (this.isListening) {
      if ((bits & RCV_SHUTDOWN) !== 0) this.#stopListening();
      return 0;
    }
    if (this.state === TcpState.SYN_SENT) return this.#disconnect();
    const answer = this.state === TcpState.CLOSE ? -Errno.ENOTCONN : 0;
    const isNew = (bits & SEND_SHUTDOWN) !== 0 && !this.isShut(SEND_SHUTDOWN);
    this.shutdownBits |= bits;
    if (answer === 0 && isNew) this.#endSending();
    this.queue.wake();
    return answer;
  }

  #endSending(): void {
    this.#isEnding = true;
    this.state = this.state === TcpState.CLOSE_WAIT ? TcpState.LAST_ACK : TcpState.FIN_WAIT1;
    if (this.#outgoing.length === 0) this.#sendEnd();
  }

  #sendEnd(): void {
    this.#isEnding = false;
    const far = this.#far;
    if (this.state === TcpState.LAST_ACK) this.#done();
    else this.state = TcpState.FIN_WAIT2;
    far?.end();
  }

  /** Both directions have ended (tcp_done). */
  #done(): void {
    this.state = TcpState.CLOSE;
    this.shutdownBits = SHUTDOWN_MASK;
    this.#far = undefined;
    if (this.#isOrphan) this.giveBack();
    this.queue.wake();
  }

  #dead(error: number): void {
    this.error = error;
    this.#outgoing.clear();
    this.#isEnding = false;
    this.#done();
  }

  #disconnect(): number {
    if (this.isListening) this.#stopListening();
    this.#attempt?.cancel();
    this.#attempt = undefined;
    const far = this.#far;
    this.#far = undefined;
    this.error = far === undefined ? 0 : Errno.ECONNRESET; // As whoever reads still would be told.
    this.state = TcpState.CLOSE;
    this.#phase = "unconnected";
    this.shutdownBits = 0;
    this.#lastPort = this.localPort;
    this.#isDone = false;
    this.#incoming.clear();
    this.#outgoing.clear();
    this.dissolve();
    far?.reset();
    this.queue.wake();
    return 0;
  }

  #stopListening(): void {
    this.state = TcpState.CLOSE;
    for (const embryo of this.#embryos.splice(0)) embryo.#abort();
    for (const knock of this.#knocking.splice(0)) knock();
    if (!this.isPortChosen) this.giveBack();
    this.queue.wake();
  }

  /** Closes with a reset instead of an end. */
  #abort(): void {
    const far = this.#far;
    this.#far = undefined;
    this.#isOrphan = true;
    this.namespace.sockets.delete(this);
    this.#dead(0);
    far?.reset();
  }

  // StreamPort: what the far side does to this one.

  get roomBytes(): number {
    return this.options.receiveBufferBytes - this.#incoming.length;
  }

  deliver(bytes: Uint8Array): void {
    if (this.#isOrphan) {
      this.#abort(); // Nobody will read this.
      return;
    }
    if (this.#device?.isLoopback === false) this.#device.count(bytes.length, "received");
    this.#incoming.push(bytes);
    this.queue.wake();
  }

  deliverUrgent(byte: number): void {
    if (this.options.has(So.OOBINLINE)) {
      this.#urgent = { byte, isTaken: true, markBytes: this.#incoming.length };
      this.deliver(Uint8Array.of(byte));
      return;
    }
    this.#urgent = { byte, isTaken: false, markBytes: this.#incoming.length };
    this.queue.wake();
  }

  end(): void {
    this.#isDone = true;
    this.shutdownBits |= RCV_SHUTDOWN;
    if (this.state === TcpState.ESTABLISHED) this.state = TcpState.CLOSE_WAIT;
    else if (this.state === TcpState.FIN_WAIT1)
      this.state = TcpState.LAST_ACK; // Ends when the rest is sent.
    else this.#done();
    this.queue.wake();
  }

  reset(error?: number): void {
    const { state } = this;
    if (state === TcpState.CLOSE) return;
    this.#dead(error ?? RESET_ERRORS.get(state) ?? Errno.ECONNRESET);
  }

  drained(): void {
    if (this.#outgoing.length === 0) return;
    this.#flush();
    this.queue.wake();
  }

  override poll(): number {
    if (this.isListening) return this.#embryos.length > 0 ? POLLIN | POLLRDNORM : 0;
    let bits = 0;
    if (this.isShutBothWays || this.state === TcpState.CLOSE) bits |= POLLHUP;
    if (this.isShut(RCV_SHUTDOWN)) bits |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (this.error !== 0) bits |= POLLERR;
    if (this.state === TcpState.SYN_SENT) return bits;
    if (this.#incoming.length >= this.options.get(So.RCVLOWAT)) bits |= POLLIN | POLLRDNORM;
    if (this.isShut(SEND_SHUTDOWN) || this.#outgoing.length * 3 <= this.options.sendBufferBytes * 2)
      bits |= POLLOUT | POLLWRNORM;
    if (this.#urgent?.isTaken === false) bits |= POLLPRI;
    return bits;
  }

  override get readableBytes(): number {
    return this.#incoming.length;
  }

  override get unsentBytes(): number {
    return this.#outgoing.length;
  }

  /** A port that was given back is still shown (inet_sport). */
  override localAddress(): Uint8Array {
    return encodeSockaddr(this.family, { address: this.boundTo, port: this.localPort || this.#lastPort });
  }

  override remoteAddress(): Uint8Array | number {
    const isGone = this.state === TcpState.CLOSE || this.state === TcpState.SYN_SENT;
    return isGone ? -Errno.ENOTCONN : super.remoteAddress();
  }

  override ioctl(request: number, argument: number, task: Task): number {
    if (request === SIOCATMARK) {
      task.memory.writeU32(argument, this.#urgent?.markBytes === 0 ? 1 : 0);
      return 0;
    }
    if (this.isListening && (request === 0x541b || request === 0x5411)) return -Errno.EINVAL;
    return super.ioctl(request, argument, task);
  }

  protected override closed(): void {
    this.namespace.sockets.delete(this);
    this.#isOrphan = true;
    if (this.isListening) this.#stopListening();
    this.#attempt?.cancel();
    const { linger } = this.options;
    const isAbrupt = this.#incoming.length > 0 || (linger.isOn && linger.seconds === 0);
    if (this.#far === undefined) this.giveBack();
    else if (isAbrupt) this.#abort();
    else if (!this.isShut(SEND_SHUTDOWN)) {
      this.shutdownBits = SHUTDOWN_MASK;
      this.#endSending();
    }
    // What still waits for the far side keeps the port until it is sent; the rest of Linux's waits is not.
    if (this.#outgoing.length === 0) this.giveBack();
  }
}

function isListener(bound: unknown): bound is TcpSocket {
  return bound instanceof TcpSocket && bound.isListening;
}

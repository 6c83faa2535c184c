/**
 * Netlink sockets (netlink(7), net/netlink/af_netlink.c): datagrams to the kernel and to each other. One
 * hard idea: the kernel answers at once, so all answers of a request lie in the sender's queue when
 * send(2) returns; they are not refused for want of room, as Linux makes dumps piece by piece instead.
 */
import { Errno } from "../../abi/errno.ts";
import {
  NETLINK_KOBJECT_UEVENT,
  NETLINK_ROUTE,
  NETLINK_USERSOCK,
  NetlinkOption,
  SOCKADDR_NL_BYTES,
} from "../../abi/netlink.ts";
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../../abi/poll.ts";
import {
  AF_NETLINK,
  AF_UNSPEC,
  familyOf,
  intOf,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  So,
  SOL_NETLINK,
  SOL_SOCKET,
  words,
} from "../../abi/socket.ts";
import { Capability, hasCapability } from "../../task/credentials.ts";
import type { Task } from "../../task/task.ts";
import { truesize } from "../skb.ts";
import type { PassedCredentials, Received, SendRequest, SocketBirth } from "../socket.ts";
import { Socket } from "../socket.ts";
import { struct, viewOf } from "./message.ts";

/** Bookkeeping a message must leave free in the buffer. */
const RESERVED_BYTES = 32;
/** Groups of a protocol: of NETLINK_ROUTE as many as Linux 6.18 has, 32 of the others. */
const ROUTE_GROUPS = 37;
const GROUPS = 32;
const KERNEL: PassedCredentials = { pids: [], uid: 0, gid: 0 };

/** What a protocol of the kernel does with a datagram: it answers through `socket.enqueue`. */
export type NetlinkKernel = (socket: NetlinkSocket, datagram: Uint8Array, task: Task) => void;

interface NetlinkDatagram {
  readonly bytes: Uint8Array;
  readonly port: number;
  readonly group: number;
  readonly credentials: PassedCredentials;
}

export class NetlinkSocket extends Socket {
  override readonly family = AF_NETLINK;
  port = 0;
  #isBound = false;
  readonly #groups = new Set<number>();
  readonly #kernelSide: NetlinkKernel | undefined;
  readonly #datagrams: NetlinkDatagram[] = [];
  #queuedMemory = 0;
  #destination = { port: 0, group: 0 };
  readonly #flags = new Set<number>();

  constructor(birth: SocketBirth, kernelSide: NetlinkKernel | undefined) {
    super(birth);
    this.#kernelSide = kernelSide;
    birth.namespace.sockets.add(this);
  }

  has(option: number): boolean {
    return this.#flags.has(option);
  }

  isInGroup(group: number): boolean {
    return this.#groups.has(group);
  }

  get #groupsMax(): number {
    return this.protocol === NETLINK_ROUTE ? ROUTE_GROUPS : GROUPS;
  }

  /** Groups of events may be heard by anybody only where nothing secret is told. */
  #mayListen(task: Task): boolean {
    const isOpen = this.protocol === NETLINK_ROUTE || this.protocol === NETLINK_KOBJECT_UEVENT;
    return isOpen || hasCapability(task.credentials, Capability.CAP_NET_ADMIN);
  }

  #mayAddress(task: Task): boolean {
    return this.protocol === NETLINK_USERSOCK || hasCapability(task.credentials, Capability.CAP_NET_ADMIN);
  }

  override bind(address: Uint8Array, task: Task): number {
    if (address.length < SOCKADDR_NL_BYTES || familyOf(address) !== AF_NETLINK) return -Errno.EINVAL;
    const { port, groups } = parse(address);
    if (groups !== 0 && !this.#mayListen(task)) return -Errno.EPERM;
    if (this.#isBound && port !== this.port) return -Errno.EINVAL;
    if (!this.#isBound) {
      if (port === 0) this.#autobind(task);
      else if (!this.namespace.netlink.take(this, port)) return -Errno.EADDRINUSE;
      else this.port = port;
      this.#isBound = true;
    }
    for (let bit = 0; bit < 32; bit++) {
      if (((groups >>> bit) & 1) === 1) this.#groups.add(bit + 1);
      else this.#groups.delete(bit + 1);
    }
    return 0;
  }

  #autobind(task: Task): void {
    if (this.#isBound) return;
    this.port = this.namespace.netlink.takeAny(this, task.process.leader.tidIn(task.pidNamespace));
    this.#isBound = true;
  }

  override connect(address: Uint8Array, task: Task): number {
    const family = familyOf(address);
    if (family === undefined) return -Errno.EINVAL;
    if (family === AF_UNSPEC) {
      this.#destination = { port: 0, group: 0 };
      return 0;
    }
    if (family !== AF_NETLINK || address.length < SOCKADDR_NL_BYTES) return -Errno.EINVAL;
    const { port, groups } = parse(address);
    if ((port !== 0 || groups !== 0) && !this.#mayAddress(task)) return -Errno.EPERM;
    this.#autobind(task);
    this.#destination = { port, group: firstGroup(groups) };
    return 0;
  }

  override send(source: Uint8Array, request: SendRequest, task: Task): number {
    if ((request.flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    if (source.length === 0) return -Errno.ENODATA;
    let { port, group } = this.#destination;
    const { address } = request;
    if (address !== undefined) {
      if (address.length < SOCKADDR_NL_BYTES || familyOf(address) !== AF_NETLINK) return -Errno.EINVAL;
      const given = parse(address);
      [port, group] = [given.port, firstGroup(given.groups)];
      if ((port !== 0 || group !== 0) && !this.#mayAddress(task)) return -Errno.EPERM;
    }
    this.#autobind(task);
    if (source.length > this.options.sendBufferBytes - RESERVED_BYTES) return -Errno.EMSGSIZE;
    return this.#sendTo(port, group, source.slice(), task);
  }

  #sendTo(port: number, group: number, bytes: Uint8Array, task: Task): number {
    const { euid, egid } = task.credentials;
    const credentials = { pids: task.process.leader.pids, uid: euid, gid: egid };
    if (group !== 0) {
      for (const listener of this.namespace.netlink.listeners(this.protocol, group))
        if (listener !== this) listener.#take({ bytes, port: this.port, group, credentials });
      if (port === 0 && this.#kernelSide === undefined) return bytes.length;
    }
    if (port === 0) {
      if (this.#kernelSide === undefined) return -Errno.ECONNREFUSED;
      this.#kernelSide(this, bytes, task);
      return bytes.length;
    }
    const other = this.namespace.netlink.find(this.protocol, port);
    const isElsewhere =
      other !== undefined && other.#destination.port !== 0 && other.#destination.port !== this.port;
    if (other === undefined || isElsewhere) return -Errno.ECONNREFUSED;
    if (other.#queuedMemory > other.options.receiveBufferBytes) return -Errno.EAGAIN;
    other.#take({ bytes, port: this.port, group: 0, credentials });
    return bytes.length;
  }

  /** A message of the kernel: an answer, or with `group` news for listeners. */
  enqueue(bytes: Uint8Array, group = 0): void {
    if (group !== 0 && this.#queuedMemory > this.options.receiveBufferBytes) {
      if (!this.has(NetlinkOption.NO_ENOBUFS)) this.fail(Errno.ENOBUFS);
      return;
    }
    this.#take({ bytes, port: 0, group, credentials: KERNEL });
  }

  #take(datagram: NetlinkDatagram): void {
    this.#queuedMemory += truesize(datagram.bytes.length);
    this.#datagrams.push(datagram);
    this.queue.wake();
  }

  override receive(target: Uint8Array, flags: number): Received | number {
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    const error = this.takeError();
    if (error !== 0) return error;
    const datagram = this.#datagrams[0];
    if (datagram === undefined) return -Errno.EAGAIN;
    if ((flags & MSG_PEEK) === 0) {
      this.#datagrams.shift();
      this.#queuedMemory -= truesize(datagram.bytes.length);
    }
    const { bytes, port, group, credentials } = datagram;
    const count = Math.min(target.length, bytes.length);
    target.set(bytes.subarray(0, count));
    const told = this.has(NetlinkOption.PKTINFO)
      ? [{ level: SOL_NETLINK, type: NetlinkOption.PKTINFO, data: words(group) }]
      : [];
    return {
      count,
      fullBytes: bytes.length,
      flags: count < bytes.length ? MSG_TRUNC : 0,
      address: encode(port, maskOf(group)),
      control: told,
      ...(this.options.has(So.PASSCRED) ? { credentials } : {}),
    };
  }

  override poll(): number {
    const bits = (this.error === 0 ? 0 : POLLERR) | POLLOUT | POLLWRNORM | POLLWRBAND;
    return this.#datagrams.length > 0 ? bits | POLLIN | POLLRDNORM : bits;
  }

  override get readableBytes(): number {
    return this.#datagrams[0]?.bytes.length ?? 0;
  }

  /** Memory of what waits: /proc/net/netlink. */
  get queuedMemory(): number {
    return this.#queuedMemory;
  }

  get groupsMask(): number {
    return [...this.#groups].reduce((mask, group) => (group > 32 ? mask : mask | maskOf(group)), 0) >>> 0;
  }

  override localAddress(): Uint8Array {
    return encode(this.port, this.groupsMask);
  }

  override remoteAddress(): Uint8Array {
    return encode(this.#destination.port, maskOf(this.#destination.group));
  }

  override getFamilyOption(level: number, name: number): Uint8Array | number {
    if (level === SOL_SOCKET) return name === So.ACCEPTCONN ? words(0) : -Errno.ENOPROTOOPT;
    if (level !== SOL_NETLINK) return -Errno.ENOPROTOOPT;
    if (name === NetlinkOption.LIST_MEMBERSHIPS) return this.#memberships();
    return FLAG_OPTIONS.has(name) ? words(this.has(name) ? 1 : 0) : -Errno.ENOPROTOOPT;
  }

  /** A bit for each group, in words of 32. */
  #memberships(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#groupsMax / 32) * 4);
    for (const group of this.#groups) {
      const at = (group - 1) >> 3;
      bytes[at] = (bytes[at] ?? 0) | (1 << ((group - 1) & 7));
    }
    return bytes;
  }

  override setFamilyOption(level: number, name: number, value: Uint8Array, task: Task): number {
    if (level !== SOL_NETLINK) return -Errno.ENOPROTOOPT;
    if (value.length < 4) return -Errno.EINVAL;
    const number = intOf(value);
    if (name === NetlinkOption.ADD_MEMBERSHIP || name === NetlinkOption.DROP_MEMBERSHIP) {
      if (!this.#mayListen(task)) return -Errno.EPERM;
      if (number < 1 || number > this.#groupsMax) return -Errno.EINVAL;
      if (name === NetlinkOption.ADD_MEMBERSHIP) this.#groups.add(number);
      else this.#groups.delete(number);
      return 0;
    }
    if (!FLAG_OPTIONS.has(name)) return -Errno.ENOPROTOOPT;
    if (
      name === NetlinkOption.LISTEN_ALL_NSID &&
      !hasCapability(task.credentials, Capability.CAP_NET_BROADCAST)
    )
      return -Errno.EPERM;
    if (number === 0) this.#flags.delete(name);
    else this.#flags.add(name);
    return 0;
  }

  protected override closed(): void {
    this.namespace.sockets.delete(this);
    if (this.#isBound) this.namespace.netlink.giveBack(this);
  }
}

const FLAG_OPTIONS: ReadonlySet<number> = new Set([
  NetlinkOption.PKTINFO,
  NetlinkOption.BROADCAST_ERROR,
  NetlinkOption.NO_ENOBUFS,
  NetlinkOption.LISTEN_ALL_NSID,
  NetlinkOption.CAP_ACK,
  NetlinkOption.EXT_ACK,
  NetlinkOption.GET_STRICT_CHK,
]);

/** struct sockaddr_nl: family, padding, port, groups as bits. */
function encode(port: number, groups: number): Uint8Array {
  return struct([2, AF_NETLINK], [2, 0], [4, port >>> 0], [4, groups >>> 0]);
}

function parse(address: Uint8Array): { readonly port: number; readonly groups: number } {
  const view = viewOf(address);
  return { port: view.getUint32(4, true), groups: view.getUint32(8, true) };
}

/** ffs: messages go to one group, the first named. */
function firstGroup(mask: number): number {
  return mask === 0 ? 0 : 32 - Math.clz32(mask & -mask);
}

function maskOf(group: number): number {
  return group === 0 || group > 32 ? 0 : (1 << (group - 1)) >>> 0;
}

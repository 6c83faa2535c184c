/**
 * What internet sockets share (net/ipv4/af_inet.c, net/ipv6/af_inet6.c): the local address and port, the
 * remote, and the options of IP itself. An address of an IPv6 socket may be IPv4 (a mapped one).
 */
import { Errno } from "../../abi/errno.ts";
import { Ip, Ipv6 } from "../../abi/inet.ts";
import {
  AF_INET,
  AF_INET6,
  intOf,
  So,
  SOCK_STREAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  words,
} from "../../abi/socket.ts";
import { Capability } from "../../task/credentials.ts";
import { hasNetworkCapability } from "../../ns/namespace-owner.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import type { Path } from "../network-namespace.ts";
import type { SocketBirth } from "../socket.ts";
import { Socket } from "../socket.ts";
import type { IpAddress } from "./ip-address.ts";
import { ANY_V4, ANY_V6, ipOf, isAny, isMulticast } from "./ip-address.ts";
import type { InetOption } from "./option-table.ts";
import { IP_OPTIONS, IPV6_OPTIONS, optionValue } from "./option-table.ts";
import type { Bound, Endpoint, PortTable } from "./port-table.ts";
import type { ParsedAddress } from "./sockaddr.ts";
import { encodeSockaddr, parseSockaddr } from "./sockaddr.ts";

export abstract class InetSocket extends Socket implements Bound {
  override readonly family: number;
  boundTo: IpAddress;
  localPort = 0;
  remote: Endpoint | undefined = undefined;
  isV6Only = false;
  /** bind(2) named the address, or the port: kept when a connection is dissolved. */
  isAddressChosen = false;
  isPortChosen = false;
  readonly #values = new Map<string, number>();
  /** Multicast groups joined, by the address's key. */
  readonly groups = new Set<string>();

  constructor(family: number, birth: SocketBirth) {
    super(birth);
    this.family = family;
    this.boundTo = family === AF_INET6 ? ANY_V6 : ANY_V4;
    this.namespace.sockets.add(this);
  }

  /** The ports it takes one of. */
  protected abstract readonly ports: PortTable;

  abstract get isListening(): boolean;

  get isReusingAddress(): boolean {
    return this.options.has(So.REUSEADDR);
  }

  get isReusingPort(): boolean {
    return this.options.has(So.REUSEPORT);
  }

  override get takesReusePort(): boolean {
    return true;
  }

  protected get anyAddress(): IpAddress {
    return this.family === AF_INET6 ? ANY_V6 : ANY_V4;
  }

  override bind(address: Uint8Array, task: Task): number {
    const wanted = parseSockaddr(this.family, address);
    const refusal = this.#checkBindable(wanted, task);
    if (refusal !== 0) return refusal;
    return this.take(wanted.address, wanted.port, true);
  }

  #checkBindable({ address, port, isMapped }: ParsedAddress, task: Task): number {
    if (isMapped && this.isV6Only) return -Errno.EINVAL;
    const isFree = this.getInt(SOL_IP, Ip.FREEBIND) === 1 || this.getInt(SOL_IPV6, Ipv6.FREEBIND) === 1;
    const isOwn =
      isAny(address) || this.namespace.ownerOf(address) !== undefined || this.namespace.isBroadcast(address);
    if (address.version === 6 && isMulticast(address) && this.type === SOCK_STREAM) return -Errno.EINVAL;
    if (!isOwn && !isFree && !isMulticast(address)) return -Errno.EADDRNOTAVAIL;
    const isPrivileged = port !== 0 && port < this.namespace.unprivilegedPortStart;
    if (isPrivileged && !hasNetworkCapability(task, Capability.CAP_NET_BIND_SERVICE))
      return -Errno.EACCES;
    return this.localPort !== 0 || !this.isUnused ? -Errno.EINVAL : 0;
  }

  /** Neither listening nor connected: may still be bound. */
  protected get isUnused(): boolean {
    return true;
  }

  /** Takes `port` (0: any) at `address`. */
  protected take(address: IpAddress, port: number, isChosen: boolean): number {
    const before = this.boundTo;
    this.boundTo = address;
    const chosen = port === 0 ? this.ports.ephemeral(this, this.#randomStart()) : port;
    const refusal = chosen === undefined ? -Errno.EADDRINUSE : this.ports.check(this, chosen);
    if (chosen === undefined || refusal !== 0) {
      this.boundTo = before;
      return refusal;
    }
    this.localPort = chosen;
    this.ports.add(this, chosen);
    if (isChosen) {
      this.isAddressChosen = !isAny(address);
      this.isPortChosen = port !== 0;
    }
    return 0;
  }

  /** A port for a socket that sends or listens without bind(2). */
  protected autobind(): number {
    return this.localPort === 0 ? this.take(this.boundTo, 0, false) : 0;
  }

  protected giveBack(): void {
    if (this.localPort !== 0) this.ports.remove(this, this.localPort);
    this.localPort = 0;
  }

  /** Forgets the remote, and what connecting chose by itself. */
  protected dissolve(): void {
    this.remote = undefined;
    if (!this.isAddressChosen) this.boundTo = this.anyAddress;
    if (!this.isPortChosen) this.giveBack();
  }

  /** Where to: throws EINVAL, EAFNOSUPPORT, ENETUNREACH. The unspecified address is the loopback. */
  protected destinationOf(bytes: Uint8Array): ParsedAddress {
    const isV4OnV6 =
      this.family === AF_INET6 && this.type !== SOCK_STREAM && bytes[0] === AF_INET && bytes[1] === 0;
    const parsed = parseSockaddr(isV4OnV6 ? AF_INET : this.family, bytes);
    if (this.family === AF_INET6 && parsed.address.version === 4 && this.isV6Only)
      throw new SyscallError(Errno.ENETUNREACH);
    if (!isAny(parsed.address)) return parsed;
    const loopback =
      parsed.address.version === 4
        ? Uint8Array.of(127, 0, 0, 1)
        : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    return { ...parsed, address: ipOf(loopback) };
  }

  /** The way there; throws ENETUNREACH (EINVAL from the loopback to elsewhere). */
  protected pathTo(destination: IpAddress): Path {
    const path = this.namespace.pathTo(destination);
    if (path === undefined) throw new SyscallError(Errno.ENETUNREACH);
    return isAny(this.boundTo) || isMulticast(this.boundTo) ? path : { ...path, source: this.boundTo };
  }

  override localAddress(): Uint8Array {
    return encodeSockaddr(this.family, { address: this.boundTo, port: this.localPort });
  }

  override remoteAddress(): Uint8Array | number {
    return this.remote === undefined ? -Errno.ENOTCONN : encodeSockaddr(this.family, this.remote);
  }

  /** The value of an option of `level`, as set or as it is by itself. */
  getInt(level: number, name: number): number {
    const kept = this.#values.get(`${level}/${name}`);
    if (kept !== undefined) return kept;
    // Only IPv4 sockets start with IP_MULTICAST_ALL.
    if (level === SOL_IP && name === Ip.MULTICAST_ALL && this.family === AF_INET6) return 0;
    return this.optionTable(level)?.get(name)?.initial ?? 0;
  }

  setInt(level: number, name: number, value: number): void {
    this.#values.set(`${level}/${name}`, value);
  }

  protected inheritInet(from: InetSocket): void {
    this.options.inherit(from.options);
    for (const [key, value] of from.#values) this.#values.set(key, value);
    this.isV6Only = from.isV6Only;
  }

  /** Tables by level; undefined for a level that is none of this socket (ENOPROTOOPT). */
  protected optionTable(level: number): ReadonlyMap<number, InetOption> | undefined {
    if (level === SOL_IP) return IP_OPTIONS;
    return level === SOL_IPV6 && this.family === AF_INET6 ? IPV6_OPTIONS : undefined;
  }

  override getFamilyOption(level: number, name: number, _task: Task): Uint8Array | number {
    if (level === SOL_SOCKET) {
      if (name === So.ACCEPTCONN) return words(this.isListening ? 1 : 0);
      if (name === So.PEERCRED) return words(0, -1, -1);
      return name === So.PEERNAME ? this.remoteAddress() : -Errno.ENOPROTOOPT;
    }
    if (level === SOL_IPV6 && name === Ipv6.V6ONLY && this.family === AF_INET6)
      return words(this.isV6Only ? 1 : 0);
    if (
      (level === SOL_IP && name === Ip.MTU) ||
      (level === SOL_IPV6 && name === Ipv6.MTU && this.family === AF_INET6)
    ) {
      return this.remote === undefined
        ? -Errno.ENOTCONN
        : words(this.namespace.pathTo(this.remote.address)?.device.mtu ?? 1500);
    }
    if (level === SOL_IP && name === Ip.OPTIONS) return new Uint8Array(0);
    if (level === SOL_IP && name === Ip.MULTICAST_IF) return new Uint8Array(4);
    if (level === SOL_IP && name === Ip.PROTOCOL) return words(this.localPort);
    if (level === SOL_IP && name === Ip.HDRINCL) return words(this.getInt(SOL_IP, Ip.HDRINCL));
    const table = this.optionTable(level);
    if (table === undefined) return -Errno.EOPNOTSUPP;
    return table.has(name) ? words(this.getInt(level, name)) : -Errno.ENOPROTOOPT;
  }

  override setFamilyOption(level: number, name: number, value: Uint8Array, task: Task): number {
    if (level === SOL_IPV6 && this.family === AF_INET6 && name === Ipv6.V6ONLY) return this.#setV6Only(value);
    const isGroup = level === SOL_IP ? name === Ip.ADD_MEMBERSHIP || name === Ip.DROP_MEMBERSHIP : false;
    const isGroup6 =
      level === SOL_IPV6 ? name === Ipv6.ADD_MEMBERSHIP || name === Ipv6.DROP_MEMBERSHIP : false;
    if (isGroup || isGroup6) return this.#setGroup(level, name, value);
    if (level === SOL_IP && (name === Ip.MULTICAST_IF || name === Ip.OPTIONS)) return 0;
    const option = this.optionTable(level)?.get(name);
    if (option === undefined) return -Errno.ENOPROTOOPT;
    // ip(7): options of SOL_IP take a byte as well as an int.
    if (value.length < 4 && !(level === SOL_IP && value.length > 0)) return -Errno.EINVAL;
    const kept = optionValue(option, value.length < 4 ? (value[0] ?? 0) : intOf(value));
    const isAllowed = option.capability === undefined || hasNetworkCapability(task, option.capability);
    if (!isAllowed && kept !== 0) return -Errno.EPERM;
    if (kept < 0 && option.min !== undefined) return kept;
    this.setInt(level, name, kept);
    return 0;
  }

  #setV6Only(value: Uint8Array): number {
    if (value.length < 4 || this.localPort !== 0) return -Errno.EINVAL;
    this.isV6Only = intOf(value) !== 0;
    return 0;
  }

  /** struct ip_mreq (group, interface address) and ipv6_mreq (group, interface index). */
  #setGroup(level: number, name: number, value: Uint8Array): number {
    const groupBytes = level === SOL_IP ? 4 : 16;
    if (value.length < groupBytes + 4) return -Errno.EINVAL;
    if (this.type === SOCK_STREAM) return -Errno.EPROTO;
    const group = ipOf(value.slice(0, groupBytes));
    if (!isMulticast(group)) return -Errno.EINVAL;
    const isLeaving = name === Ip.DROP_MEMBERSHIP || name === Ipv6.DROP_MEMBERSHIP;
    if (isLeaving) return this.groups.delete(group.key) ? 0 : -Errno.EADDRNOTAVAIL;
    if (this.namespace.interfaces.every((device) => !device.isUp)) return -Errno.ENODEV;
    if (this.groups.has(group.key)) return -Errno.EADDRINUSE;
    this.groups.add(group.key);
    return 0;
  }

  protected override closed(): void {
    this.namespace.sockets.delete(this);
    this.giveBack();
  }

  #randomStart(): number {
    const [high = 0, low = 0] = this.kernel.randomBytes(2);
    return (high << 8) | low;
  }
}

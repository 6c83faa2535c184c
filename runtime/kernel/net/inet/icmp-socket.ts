/**
 * ICMP to one's own addresses, for ping(8): ping sockets (SOCK_DGRAM with IPPROTO_ICMP, icmp(7)), which have
 * an identifier for a port, and raw sockets, which see every message of their protocol. One hard idea: the
 * host that answers an echo is this namespace itself, so the reply is delivered before send returns.
 */
import { Errno } from "../../abi/errno.ts";
import { Ip } from "../../abi/inet.ts";
import {
  AF_INET,
  AF_INET6,
  intOf,
  IPPROTO_ICMPV6,
  IPPROTO_RAW,
  SEND_SHUTDOWN,
  So,
  SOCK_RAW,
  SOL_ICMPV6,
  SOL_IP,
  SOL_IPV6,
  SOL_RAW,
} from "../../abi/socket.ts";
import type { Task } from "../../task/task.ts";
import { showPacket } from "../packet/tap.ts";
import type { SendRequest, SocketBirth } from "../socket.ts";
import type { Datagram } from "./datagram-socket.ts";
import { DatagramSocket } from "./datagram-socket.ts";
import type { IcmpPacket, IcmpReceiver } from "./icmp-delivery.ts";
import { internetChecksum, ipv4Header, pseudoHeader } from "./ip-header.ts";
import { isAny } from "./ip-address.ts";
import type { Endpoint } from "./port-table.ts";
import { PortTable } from "./port-table.ts";

const IPV4_HEADER_BYTES = 20;
const ICMP_HEADER_BYTES = 8;
/** Echo request and reply of ICMP and of ICMPv6. */
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
const ICMP_FILTER = 1;
/** setsockopt(SOL_RAW, IPV6_CHECKSUM): where the kernel puts a checksum. */
const IPV6_CHECKSUM = 7;

/** Identifiers of ping sockets, by namespace. */
const identifiers = new WeakMap<object, PortTable>();

export class IcmpSocket extends DatagramSocket implements IcmpReceiver {
  protected readonly ports: PortTable;
  /** ICMP_FILTER: types that are not wanted, by bit; 256 bits for ICMPv6. */
  #filter: Uint8Array = new Uint8Array(32);

  constructor(family: number, birth: SocketBirth) {
    super(family, birth);
    const table = identifiers.get(birth.namespace) ?? new PortTable();
    identifiers.set(birth.namespace, table);
    // Raw sockets have protocols for ports, and any number of them share one.
    this.ports = birth.type === SOCK_RAW ? new PortTable() : table;
    if (birth.type === SOCK_RAW) this.options.set(So.REUSEADDR, 1);
    birth.namespace.icmpReceivers.add(this);
  }

  get #isRaw(): boolean {
    return this.type === SOCK_RAW;
  }

  override send(source: Uint8Array, request: SendRequest): number {
    if (source.length > 0xffff) return -Errno.EMSGSIZE;
    const hasHeader =
      this.#isRaw &&
      this.family === AF_INET &&
      (this.getInt(SOL_IP, Ip.HDRINCL) === 1 || this.protocol === IPPROTO_RAW);
    const destination = this.target(request.address);
    if (hasHeader && source.length < IPV4_HEADER_BYTES) return -Errno.EINVAL;
    const message = (hasHeader ? source.subarray(((source[0] ?? 0) & 15) * 4) : source).slice();
    const version = this.family === AF_INET ? 4 : 6;
    if (!this.#isRaw) {
      if (message.length < ICMP_HEADER_BYTES || message[0] !== ECHO[version].request || message[1] !== 0)
        return -Errno.EINVAL;
      const refusal = this.autobind();
      if (refusal !== 0) return refusal;
    }
    const path = this.pathTo(destination.address);
    if (this.isShut(SEND_SHUTDOWN)) return -Errno.EPIPE;
    path.device.count(message.length, "sent");
    const packet: IcmpPacket = {
      source: path.source,
      destination: destination.address,
      protocol: this.protocol,
      bytes: message,
    };
    if (!this.#isRaw) message.set([this.localPort >> 8, this.localPort & 0xff], 4);
    if (!this.#isRaw || this.protocol === IPPROTO_ICMPV6) setChecksum(packet);
    if (path.kind === "local") this.#loop(packet, version);
    return source.length;
  }

  /** The packet arrives where it was sent from; an echo request is answered. */
  #loop(packet: IcmpPacket, version: 4 | 6): void {
    this.#spread(packet);
    const isEcho =
      packet.protocol === (version === 4 ? 1 : IPPROTO_ICMPV6) && packet.bytes[0] === ECHO[version].request;
    if (!isEcho) return;
    const bytes = packet.bytes.slice();
    bytes[0] = ECHO[version].reply;
    const reply: IcmpPacket = { ...packet, source: packet.destination, destination: packet.source, bytes };
    setChecksum(reply);
    this.namespace.loopback.count(bytes.length, "sent");
    this.#spread(reply);
  }

  #spread(packet: IcmpPacket): void {
    showPacket(this.namespace.taps, this.namespace.loopback, packet);
    for (const receiver of this.namespace.icmpReceivers) receiver.hear(packet);
  }

  hear(packet: IcmpPacket): void {
    const version = this.family === AF_INET ? 4 : 6;
    if (packet.protocol !== this.protocol || packet.destination.version !== version) return;
    if (!isAny(this.boundTo) && this.boundTo.key !== packet.destination.key) return;
    if (this.remote !== undefined && this.remote.address.key !== packet.source.key) return;
    const [type = 0] = packet.bytes;
    if (this.#isRaw) {
      if ((((this.#filter[type >> 3] ?? 0) >> (type & 7)) & 1) === 1) return;
      const bytes = version === 4 ? ipv4Header(packet, 64) : packet.bytes.slice();
      this.#enqueue(packet, bytes);
      return;
    }
    const identifier = ((packet.bytes[4] ?? 0) << 8) | (packet.bytes[5] ?? 0);
    if (type === ECHO[version].reply && identifier === this.localPort)
      this.#enqueue(packet, packet.bytes.slice());
  }

  #enqueue({ source, destination }: IcmpPacket, bytes: Uint8Array): void {
    this.enqueue({
      bytes,
      source: { address: source, port: 0 },
      destination,
      destinationPort: 0,
      ttl: 64,
      trafficClass: 0,
      interfaceIndex: this.namespace.loopback.index,
      receivedNs: Number(this.kernel.realtimeNs()),
    });
  }

  protected override shownSource({ source }: Datagram): Endpoint {
    return { address: source.address, port: 0 };
  }

  override getFamilyOption(level: number, name: number, task: Task): Uint8Array | number {
    if (this.#isRaw && level === SOL_RAW && name === ICMP_FILTER) return this.#filter.subarray(0, 4);
    return super.getFamilyOption(level, name, task);
  }

  override setFamilyOption(level: number, name: number, value: Uint8Array, task: Task): number {
    const isFilter = this.#isRaw && name === ICMP_FILTER;
    if (isFilter && level === SOL_RAW && this.family === AF_INET) return this.#setFilter(value, 4);
    if (isFilter && level === SOL_ICMPV6 && this.family === AF_INET6) return this.#setFilter(value, 32);
    if (this.#isRaw && this.family === AF_INET && level === SOL_IP && name === Ip.HDRINCL) {
      this.setInt(SOL_IP, Ip.HDRINCL, (value.length < 4 ? (value[0] ?? 0) : intOf(value)) === 0 ? 0 : 1);
      return 0;
    }
    // The kernel computes ICMPv6 checksums whatever is asked here (RFC 3542); by the old level it may be asked.
    if (this.#isRaw && (level === SOL_RAW || level === SOL_IPV6) && name === IPV6_CHECKSUM)
      return this.protocol === IPPROTO_ICMPV6 && level === SOL_IPV6 ? -Errno.EINVAL : 0;
    return super.setFamilyOption(level, name, value, task);
  }

  #setFilter(value: Uint8Array, sizeBytes: number): number {
    const filter = new Uint8Array(32);
    filter.set(value.subarray(0, sizeBytes));
    this.#filter = filter;
    return 0;
  }

  protected override closed(): void {
    super.closed();
    this.namespace.icmpReceivers.delete(this);
  }
}

/** ICMPv6 counts addresses in, ICMP does not. */
function setChecksum({ bytes, source, destination }: IcmpPacket): void {
  bytes.set([0, 0], 2);
  const isV6 = destination.version === 6;
  const sum = internetChecksum(
    isV6 ? [pseudoHeader(source, destination, bytes.length, IPPROTO_ICMPV6), bytes] : [bytes],
  );
  bytes.set([sum >> 8, sum & 0xff], 2);
}

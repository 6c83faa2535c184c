/**
 * UDP and UDP-Lite (udp(7), udplite(7)), which differ in what checksums cover. One hard idea: on a loopback the
 * answer to a datagram nobody wants comes at once, and is an error of the next call of a *connected* sender.
 */
import { showDatagram } from "../packet/tap.ts";
import { Errno } from "../../abi/errno.ts";
import { Ip, Ipv6 } from "../../abi/inet.ts";
import {
  AF_INET6,
  IPPROTO_UDPLITE,
  MSG_OOB,
  MSG_PEEK,
  SEND_SHUTDOWN,
  So,
  SOL_IP,
  SOL_IPV6,
  SOL_UDP,
  SOL_UDPLITE,
} from "../../abi/socket.ts";
import type { Task } from "../../task/task.ts";
import type { Received, SendRequest, SocketBirth } from "../socket.ts";
import { DatagramSocket } from "./datagram-socket.ts";
import type { Datagram } from "./datagram-socket.ts";
import { tellUnreachable } from "./icmp-delivery.ts";
import { isAny, isMulticast } from "./ip-address.ts";
import type { SendControl } from "./send-control.ts";
import { readSendControl } from "./send-control.ts";
import type { InetOption } from "./option-table.ts";
import { UDP_OPTIONS, UDPLITE_OPTIONS } from "./option-table.ts";
import type { Endpoint, PortTable } from "./port-table.ts";

/** The longest payload: 65535 less the headers of UDP and IPv4; IPv6 counts its own apart. */
const PAYLOAD_MAX_V4 = 65_507;
const PAYLOAD_MAX_V6 = 65_527;

export class UdpSocket extends DatagramSocket {
  protected readonly ports: PortTable;

  constructor(family: number, birth: SocketBirth) {
    super(family, birth);
    this.ports = birth.protocol === IPPROTO_UDPLITE ? birth.namespace.udplite : birth.namespace.udp;
  }

  protected override optionTable(level: number): ReadonlyMap<number, InetOption> | undefined {
    if (level === SOL_UDPLITE) return UDPLITE_OPTIONS;
    return level === SOL_UDP ? UDP_OPTIONS : super.optionTable(level);
  }

  /** Coverage may be asked for of plain UDP as well, but not set. */
  override setFamilyOption(level: number, name: number, value: Uint8Array, task: Task): number {
    if (level === SOL_UDPLITE && this.protocol !== IPPROTO_UDPLITE) return -Errno.ENOPROTOOPT;
    return super.setFamilyOption(level, name, value, task);
  }

  override send(source: Uint8Array, request: SendRequest): number {
    if (source.length > 0xffff) return -Errno.EMSGSIZE;
    if ((request.flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    const destination = this.target(request.address);
    if (destination.port === 0) return -Errno.EINVAL;
    const refusal = this.autobind();
    if (refusal !== 0) return refusal;
    const isEverybody = this.namespace.isBroadcast(destination.address);
    const isV6 = destination.address.version === 6;
    const asked = readSendControl(request.control, isV6 ? 6 : 4);
    const path =
      isEverybody || isMulticast(destination.address)
        ? this.#groupPath(destination)
        : this.pathTo(destination.address);
    if (isEverybody && !this.options.has(So.BROADCAST)) return -Errno.EACCES;
    const error = this.takeError();
    if (error !== 0) return error;
    if (this.isShut(SEND_SHUTDOWN)) return -Errno.EPIPE;
    if (source.length > (isV6 ? PAYLOAD_MAX_V6 : PAYLOAD_MAX_V4)) return -Errno.EMSGSIZE;
    const from: Endpoint = { address: asked.source ?? path.source, port: this.localPort };
    path.device.count(source.length, "sent");
    this.namespace.counters.datagramsSent += 1;
    showDatagram(this.namespace.taps, path.device, from, destination, source);
    if (path.kind === "wire") path.wire.sendDatagram(from, destination, source.slice());
    else this.#deliver(source, from, destination, asked);
    return source.length;
  }

  #deliver(source: Uint8Array, from: Endpoint, destination: Endpoint, asked: SendControl): void {
    const isV6 = destination.address.version === 6;
    const ttl = isV6 ? this.getInt(SOL_IPV6, Ipv6.UNICAST_HOPS) : this.getInt(SOL_IP, Ip.TTL);
    const trafficClass = isV6 ? this.getInt(SOL_IPV6, Ipv6.TCLASS) : this.getInt(SOL_IP, Ip.TOS);
    const datagram: Datagram = {
      bytes: source.slice(),
      source: from,
      destination: destination.address,
      destinationPort: destination.port,
      ttl: asked.hops ?? ttl,
      trafficClass: asked.trafficClass ?? trafficClass,
      interfaceIndex: this.namespace.loopback.index,
      receivedNs: Number(this.kernel.realtimeNs()),
    };
    const isDelivered = deliverUdp(this.ports, datagram);
    if (isDelivered) return;
    this.namespace.counters.datagramsUnwanted += 1;
    tellUnreachable(this.namespace, datagram);
    // The answer finds the socket by both ends; with IP_RECVERR the local one is enough.
    const { remote } = this;
    const isFromThere = remote?.port === destination.port && remote.address.key === destination.address.key;
    const wantsErrors = this.getInt(isV6 ? SOL_IPV6 : SOL_IP, isV6 ? Ipv6.RECVERR : Ip.RECVERR) === 1;
    if ((this.isConnected && isFromThere) || (remote === undefined && wantsErrors))
      this.fail(Errno.ECONNREFUSED);
  }

  /** Broadcast and multicast need an interface that is up besides the loopback, or a route. */
  #groupPath(destination: Endpoint): ReturnType<UdpSocket["pathTo"]> {
    const { namespace } = this;
    const device = namespace.interfaces.find(
      (one) => one.isUp && !one.isLoopback && one.firstV4 !== undefined,
    );
    const source = device?.addresses.find(
      ({ address }) => address.version === destination.address.version,
    )?.address;
    if (device === undefined || source === undefined) return this.pathTo(destination.address);
    return { kind: "local", device, source: isAny(this.boundTo) ? source : this.boundTo };
  }

  override receive(target: Uint8Array, flags: number): Received | number {
    const received = super.receive(target, flags);
    const isTaken = typeof received !== "number" && (flags & MSG_PEEK) === 0;
    if (isTaken) this.namespace.counters.datagramsReceived += 1;
    return received;
  }

  override connect(address: Uint8Array): number {
    const answer = super.connect(address);
    if (answer === 0) this.error = 0;
    return answer;
  }

  /** Whether a datagram to a group is wanted here. */
  wants(destination: Endpoint["address"]): boolean {
    if (!isMulticast(destination)) return true;
    const isAll =
      this.family === AF_INET6
        ? this.getInt(SOL_IPV6, Ipv6.MULTICAST_ALL)
        : this.getInt(SOL_IP, Ip.MULTICAST_ALL);
    return this.groups.has(destination.key) || (isAll === 1 && this.groups.size > 0);
  }
}

function isUdp(bound: unknown): bound is UdpSocket {
  return bound instanceof UdpSocket;
}

/** Gives a datagram to whoever it is for: one socket, or every member of a group. False for nobody. */
export function deliverUdp(ports: PortTable, datagram: Datagram): boolean {
  const { destination, destinationPort, source } = datagram;
  const isGroup = isMulticast(destination) || destination.key.endsWith(".255");
  if (isGroup) {
    const members = ports.on(destinationPort).filter(isUdp);
    for (const member of members) {
      const isBoundThere = isAny(member.boundTo) || member.boundTo.key === destination.key;
      if (isBoundThere && member.wants(destination)) member.enqueue(datagram);
    }
    return true;
  }
  const receiver = ports.find(isUdp, { address: destination, port: destinationPort }, source);
  receiver?.enqueue(datagram);
  return receiver !== undefined;
}

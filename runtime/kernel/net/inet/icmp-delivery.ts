/** Who hears ICMP messages and raw packets of a namespace, and the one message it sends by itself. */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_UDP } from "../../abi/socket.ts";
import type { NetworkNamespace } from "../network-namespace.ts";
import { showPacket } from "../packet/tap.ts";
import type { Datagram } from "./datagram-socket.ts";
import type { IpAddress } from "./ip-address.ts";
import { internetChecksum, ipv4Header, ipv6Header, pseudoHeader } from "./ip-header.ts";

export interface IcmpPacket {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IPPROTO_ICMP or IPPROTO_ICMPV6. */
  readonly protocol: number;
  /** The ICMP message, without an IP header. */
  readonly bytes: Uint8Array;
}

export interface IcmpReceiver {
  /** Queues the packet when it is for this socket. */
  hear(packet: IcmpPacket): void;
}

/** ICMP_DEST_UNREACH with ICMP_PORT_UNREACH, and the same of ICMPv6. */
const UNREACHABLE = { 4: [3, 3], 6: [1, 4] } as const;
/** As much of a packet as its sender is told (RFC 1812, RFC 4443), without the headers around it. */
const QUOTED_BYTES_MAX = { 4: 548, 6: 1232 } as const;
const UDP_HEADER_BYTES = 8;

/** A datagram nobody had the port of: its sender's host hears so. */
export function tellUnreachable(namespace: NetworkNamespace, datagram: Datagram): void {
  const { icmpReceivers: receivers, taps, loopback } = namespace;
  if (receivers.size === 0 && taps.size === 0) return;
  const { source, destination, destinationPort, bytes, ttl } = datagram;
  const { version } = destination;
  const header = new Uint8Array(UDP_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint16(0, source.port);
  view.setUint16(2, destinationPort);
  view.setUint16(4, bytes.length + UDP_HEADER_BYTES);
  const sent = {
    source: source.address,
    destination,
    protocol: IPPROTO_UDP,
    bytes: concatBytes([header, bytes]),
  };
  const packet = version === 4 ? ipv4Header(sent, ttl) : ipv6Header(sent, ttl);
  const message = concatBytes([new Uint8Array(8), packet.subarray(0, QUOTED_BYTES_MAX[version])]);
  message.set(UNREACHABLE[version]);
  const isV6 = version === 6;
  const around = isV6 ? [pseudoHeader(destination, source.address, message.length, IPPROTO_ICMPV6)] : [];
  const sum = internetChecksum([...around, message]);
  message.set([sum >> 8, sum & 0xff], 2);
  const protocol = isV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
  const answer = { source: destination, destination: source.address, protocol, bytes: message };
  showPacket(taps, loopback, answer);
  for (const receiver of receivers) receiver.hear(answer);
}

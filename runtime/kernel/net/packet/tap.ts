/**
 * Who listens to the packets of a namespace, and the packets themselves. One hard idea: inside a kernel nothing is
 * ever cut into packets (wire.ts); what a packet socket sees is written down for it, from what really happens, and
 * only while somebody listens.
 */
import { internetChecksum, ipv4Header, ipv6Header, pseudoHeader } from "../inet/ip-header.ts";
import type { IcmpPacket } from "../inet/icmp-delivery.ts";
import type { Endpoint } from "../inet/port-table.ts";
import type { NetworkInterface } from "../network-interface.ts";

/** linux/if_packet.h: for this host, and sent by it. */
export const PACKET_HOST = 0;
export const PACKET_OUTGOING = 4;
const HOPS = 64;
const [TCP, UDP] = [6, 17];
const UDP_HEADER_BYTES = 8;
const IPV4_HEADER_BYTES = 20;

export interface Frame {
  readonly device: NetworkInterface;
  readonly version: 4 | 6;
  /** From the IP header on. */
  readonly packet: Uint8Array;
  readonly kind: typeof PACKET_HOST | typeof PACKET_OUTGOING;
}

export interface PacketTap {
  see(frame: Frame): void;
}

/** On the loopback a packet goes out and comes in again. */
export function showPacket(taps: ReadonlySet<PacketTap>, device: NetworkInterface, sent: IcmpPacket): void {
  if (taps.size === 0) return;
  const { version } = sent.destination;
  const packet = version === 4 ? unfragmented(ipv4Header(sent, HOPS)) : ipv6Header(sent, HOPS);
  for (const tap of taps) {
    tap.see({ device, version, packet, kind: PACKET_OUTGOING });
    if (device.isLoopback) tap.see({ device, version, packet, kind: PACKET_HOST });
  }
}

/** IP_DF is set, as path MTU discovery has it, and the sum is made anew. */
function unfragmented(packet: Uint8Array): Uint8Array {
  packet[6] = 0x40;
  packet.set([0, 0], 10);
  const sum = internetChecksum([packet.subarray(0, IPV4_HEADER_BYTES)]);
  packet.set([sum >> 8, sum & 0xff], 10);
  return packet;
}

/** A datagram with its header. */
export function showDatagram(
  taps: ReadonlySet<PacketTap>,
  device: NetworkInterface,
  from: Endpoint,
  to: Endpoint,
  payload: Uint8Array,
): void {
  if (taps.size === 0) return;
  const bytes = new Uint8Array(UDP_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, from.port);
  view.setUint16(2, to.port);
  view.setUint16(4, bytes.length);
  bytes.set(payload, UDP_HEADER_BYTES);
  // A sum of 0 means that there is none.
  view.setUint16(6, checksum(from, to, bytes, UDP) || 0xffff);
  showPacket(taps, device, { source: from.address, destination: to.address, protocol: UDP, bytes });
}

/** Of TCP and UDP: with a header of addresses before it. */
function checksum(from: Endpoint, to: Endpoint, bytes: Uint8Array, protocol: number): number {
  if (to.address.version === 6) {
    return internetChecksum([pseudoHeader(from.address, to.address, bytes.length, protocol), bytes]);
  }
  const head = new Uint8Array(12);
  head.set(from.address.bytes);
  head.set(to.address.bytes, 4);
  head[9] = protocol;
  new DataView(head.buffer).setUint16(10, bytes.length);
  return internetChecksum([head, bytes]);
}

export interface Segment {
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly windowField: number;
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

export function showSegment(
  taps: ReadonlySet<PacketTap>,
  device: NetworkInterface,
  from: Endpoint,
  to: Endpoint,
  segment: Segment,
): void {
  const headerBytes = 20 + segment.options.length;
  const bytes = new Uint8Array(headerBytes + segment.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, from.port);
  view.setUint16(2, to.port);
  view.setUint32(4, segment.sequence >>> 0);
  view.setUint32(8, segment.acknowledged >>> 0);
  bytes[12] = (headerBytes / 4) << 4;
  bytes[13] = segment.flags;
  view.setUint16(14, segment.windowField);
  bytes.set(segment.options, 20);
  bytes.set(segment.payload, headerBytes);
  view.setUint16(16, checksum(from, to, bytes, TCP));
  showPacket(taps, device, { source: from.address, destination: to.address, protocol: TCP, bytes });
}

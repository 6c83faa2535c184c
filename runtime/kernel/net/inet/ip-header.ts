/** IP headers for raw sockets, and the checksum of RFC 1071. */
import type { IcmpPacket } from "./icmp-delivery.ts";
import type { IpAddress } from "./ip-address.ts";
import { v6Bytes } from "./sockaddr.ts";

const HEADER_BYTES = 20;

/** The ones' complement sum of all pieces; all but the last have an even length. */
export function internetChecksum(pieces: readonly Uint8Array[]): number {
  let sum = 0;
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += 2) sum += ((piece[at] ?? 0) << 8) | (piece[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}

/** What ICMPv6 checksums count beside the message (RFC 8200, section 8.1). */
export function pseudoHeader(
  source: IpAddress,
  destination: IpAddress,
  sizeBytes: number,
  protocol: number,
): Uint8Array {
  const bytes = new Uint8Array(40);
  bytes.set(v6Bytes(source));
  bytes.set(v6Bytes(destination), 16);
  new DataView(bytes.buffer).setUint32(32, sizeBytes);
  bytes[39] = protocol;
  return bytes;
}

/** The packet with an IPv4 header before it. */
export function ipv4Header({ source, destination, protocol, bytes }: IcmpPacket, ttl: number): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + bytes.length);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45;
  view.setUint16(2, packet.length);
  packet[8] = ttl;
  packet[9] = protocol;
  packet.set(source.bytes, 12);
  packet.set(destination.bytes, 16);
  view.setUint16(10, internetChecksum([packet.subarray(0, HEADER_BYTES)]));
  packet.set(bytes, HEADER_BYTES);
  return packet;
}

/** The same with an IPv6 header. */
export function ipv6Header({ source, destination, protocol, bytes }: IcmpPacket, hops: number): Uint8Array {
  const packet = new Uint8Array(40 + bytes.length);
  packet[0] = 0x60;
  new DataView(packet.buffer).setUint16(4, bytes.length);
  packet[6] = protocol;
  packet[7] = hops;
  packet.set(v6Bytes(source), 8);
  packet.set(v6Bytes(destination), 24);
  packet.set(bytes, 40);
  return packet;
}

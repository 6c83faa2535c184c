/** Who hears ICMP messages and raw packets of a namespace. */
import type { IpAddress } from "./ip-address.ts";

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

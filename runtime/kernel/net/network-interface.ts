/**
 * A network interface (struct net_device): name, index, hardware address, flags, addresses, counters. The
 * only kinds are the loopback and the ethernet-like interface a container is given.
 */
import type { IpAddress } from "./inet/ip-address.ts";

/** linux/if.h. */
export const Iff = {
  UP: 0x1,
  BROADCAST: 0x2,
  LOOPBACK: 0x8,
  POINTOPOINT: 0x10,
  RUNNING: 0x40,
  NOARP: 0x80,
  PROMISC: 0x100,
  ALLMULTI: 0x200,
  MULTICAST: 0x1000,
  LOWER_UP: 0x1_0000,
} as const;
/** linux/if_arp.h. */
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;
const LOOPBACK_MTU = 65_536;
/** IFNAMSIZ with its terminator. */
export const INTERFACE_NAME_BYTES = 16;

export interface InterfaceAddress {
  readonly address: IpAddress;
  readonly prefixBits: number;
  /** RT_SCOPE_ of linux/rtnetlink.h: 0 universe, 253 link, 254 host. */
  readonly scope: number;
  readonly broadcast?: IpAddress | undefined;
  /** IFA_LABEL of IPv4 addresses. */
  readonly label: string;
  /** IFA_F_NOPREFIXROUTE: no route to its network comes with it. */
  readonly isRouteless?: boolean;
}

export interface InterfaceCounters {
  rxBytes: number;
  rxPackets: number;
  txBytes: number;
  txPackets: number;
}

export class NetworkInterface {
  readonly index: number;
  name: string;
  readonly isLoopback: boolean;
  /** Six bytes. */
  hardwareAddress: Uint8Array;
  mtu: number;
  flags: number;
  transmitQueue = 1000;
  readonly addresses: InterfaceAddress[] = [];
  readonly counters: InterfaceCounters = { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 };

  constructor(
    index: number,
    name: string,
    options: { isLoopback: boolean; hardwareAddress: Uint8Array; mtu?: number },
  ) {
    this.index = index;
    this.name = name;
    this.isLoopback = options.isLoopback;
    this.hardwareAddress = options.hardwareAddress;
    this.mtu = options.mtu ?? LOOPBACK_MTU;
    this.flags = options.isLoopback ? Iff.LOOPBACK : Iff.BROADCAST | Iff.MULTICAST;
  }

  get isUp(): boolean {
    return (this.flags & Iff.UP) !== 0;
  }

  /** Flags as programs see them: running follows up, for cables are never pulled here. */
  get shownFlags(): number {
    return this.isUp ? this.flags | Iff.RUNNING | Iff.LOWER_UP : this.flags;
  }

  get hardwareType(): number {
    return this.isLoopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
  }

  /** The first IPv4 address: what the old ioctls show. */
  get firstV4(): InterfaceAddress | undefined {
    return this.addresses.find(({ address }) => address.version === 4);
  }

  /** A packet that went out and came in: the loopback does both at once. */
  count(bytes: number, direction: "received" | "sent"): void {
    const { counters } = this;
    if (direction === "received" || this.isLoopback) {
      counters.rxBytes += bytes;
      counters.rxPackets += 1;
    }
    if (direction === "sent" || this.isLoopback) {
      counters.txBytes += bytes;
      counters.txPackets += 1;
    }
  }
}

/**
 * Options of the levels SOL_IP, SOL_IPV6, SOL_TCP and SOL_UDP as data: value unless set, limits, the error
 * outside of them (ip(7), ipv6(7), tcp(7), udp(7)). On a loopback most of them change nothing that could be
 * seen; they are kept and shown again as Linux keeps them.
 */
import { Errno } from "../../abi/errno.ts";
import { Ip, Ipv6, Tcp, Udp } from "../../abi/inet.ts";
import { Capability } from "../../task/credentials.ts";

export interface InetOption {
  readonly initial: number;
  readonly min?: number;
  readonly max?: number;
  /** Outside of the limits: EINVAL unless given. */
  readonly error?: number;
  /** Any value but 0 is 1. */
  readonly isFlag?: boolean;
  /** This value sets the option back. */
  readonly resets?: number;
  readonly capability?: number;
}

const flag: InetOption = { initial: 0, isFlag: true };
const any = (initial: number): InetOption => ({ initial });
const range = (initial: number, min: number, max: number): InetOption => ({ initial, min, max });

export const TCP_OPTIONS: ReadonlyMap<number, InetOption> = new Map<number, InetOption>([
  [Tcp.NODELAY, flag],
  [Tcp.MAXSEG, range(536, 88, 32_767)],
  [Tcp.CORK, flag],
  [Tcp.KEEPIDLE, range(7200, 1, 32_767)],
  [Tcp.KEEPINTVL, range(75, 1, 32_767)],
  [Tcp.KEEPCNT, range(9, 1, 127)],
  [Tcp.SYNCNT, range(6, 1, 127)],
  [Tcp.LINGER2, any(60)],
  [Tcp.DEFER_ACCEPT, any(0)],
  [Tcp.WINDOW_CLAMP, any(0)],
  [Tcp.QUICKACK, { initial: 1, isFlag: true }],
  [Tcp.THIN_LINEAR_TIMEOUTS, range(0, 0, 1)],
  [Tcp.THIN_DUPACK, range(0, 0, 1)],
  [Tcp.USER_TIMEOUT, range(0, 0, 0x7fff_ffff)],
  [Tcp.FASTOPEN, range(0, 0, 0x7fff_ffff)],
  [Tcp.NOTSENT_LOWAT, any(0)],
  [Tcp.SAVE_SYN, range(0, 0, 2)],
  [Tcp.FASTOPEN_CONNECT, range(0, 0, 1)],
  [Tcp.FASTOPEN_NO_COOKIE, range(0, 0, 1)],
  [Tcp.INQ, range(0, 0, 1)],
  [Tcp.TX_DELAY, any(0)],
]);

export const UDP_OPTIONS: ReadonlyMap<number, InetOption> = new Map<number, InetOption>([
  [Udp.CORK, flag],
  [Udp.NO_CHECK6_TX, flag],
  [Udp.NO_CHECK6_RX, flag],
  [Udp.SEGMENT, range(0, 0, 65_535)],
  [Udp.GRO, flag],
]);

/** Bytes that checksums cover: 0 for all. */
export const UDPLITE_OPTIONS: ReadonlyMap<number, InetOption> = new Map<number, InetOption>([
  ...UDP_OPTIONS,
  [Udp.LITE_SEND_COVERAGE, any(0)],
  [Udp.LITE_RECEIVE_COVERAGE, any(0)],
]);

export const IP_OPTIONS: ReadonlyMap<number, InetOption> = new Map<number, InetOption>([
  [Ip.TOS, any(0)],
  [Ip.TTL, { initial: 64, min: 1, max: 255, resets: -1 }],
  [Ip.RECVOPTS, flag],
  [Ip.RETOPTS, flag],
  [Ip.PKTINFO, flag],
  [Ip.MTU_DISCOVER, range(1, 0, 5)],
  [Ip.RECVERR, flag],
  [Ip.RECVTTL, flag],
  [Ip.RECVTOS, flag],
  [Ip.FREEBIND, flag],
  [Ip.PASSSEC, flag],
  [Ip.TRANSPARENT, { ...flag, capability: Capability.CAP_NET_RAW }],
  [Ip.RECVORIGDSTADDR, flag],
  [Ip.MINTTL, range(0, 0, 255)],
  [Ip.CHECKSUM, flag],
  [Ip.BIND_ADDRESS_NO_PORT, flag],
  [Ip.RECVFRAGSIZE, flag],
  [Ip.MULTICAST_TTL, { initial: 1, min: 0, max: 255, resets: -1 }],
  [Ip.MULTICAST_LOOP, { initial: 1, isFlag: true }],
  [Ip.MULTICAST_ALL, range(1, 0, 1)],
  [Ip.UNICAST_IF, any(0)],
]);

export const IPV6_OPTIONS: ReadonlyMap<number, InetOption> = new Map<number, InetOption>([
  [Ipv6.OLD_PKTINFO, flag],
  [Ipv6.OLD_HOPLIMIT, flag],
  [Ipv6.UNICAST_HOPS, { initial: 64, min: 0, max: 255, resets: -1 }],
  [Ipv6.MULTICAST_IF, any(0)],
  [Ipv6.MULTICAST_HOPS, { initial: 1, min: 0, max: 255, resets: -1 }],
  [Ipv6.MULTICAST_LOOP, range(1, 0, 1)],
  [Ipv6.MTU_DISCOVER, range(1, 0, 5)],
  [Ipv6.RECVERR, flag],
  [Ipv6.MULTICAST_ALL, { initial: 1, isFlag: true }],
  [Ipv6.FLOWINFO_SEND, flag],
  [Ipv6.RECVPKTINFO, flag],
  [Ipv6.RECVHOPLIMIT, flag],
  [Ipv6.RECVHOPOPTS, flag],
  [Ipv6.RECVRTHDR, flag],
  [Ipv6.RECVDSTOPTS, flag],
  [Ipv6.RECVPATHMTU, flag],
  [Ipv6.DONTFRAG, flag],
  [Ipv6.RECVTCLASS, flag],
  [Ipv6.TCLASS, { initial: 0, min: 0, max: 255, resets: -1 }],
  [Ipv6.AUTOFLOWLABEL, { initial: 1, isFlag: true }],
  [Ipv6.ADDR_PREFERENCES, any(2)],
  [Ipv6.MINHOPCOUNT, range(0, 0, 255)],
  [Ipv6.RECVORIGDSTADDR, flag],
  [Ipv6.TRANSPARENT, { ...flag, capability: Capability.CAP_NET_RAW }],
  [Ipv6.RECVFRAGSIZE, flag],
  [Ipv6.FREEBIND, flag],
]);

/** The value to keep for `value`, or -errno. */
export function optionValue(option: InetOption, value: number): number {
  if (option.resets === value) return option.initial;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = option;
  if (value < min || value > max) return -(option.error ?? Errno.EINVAL);
  return option.isFlag === true && value !== 0 ? 1 : value;
}

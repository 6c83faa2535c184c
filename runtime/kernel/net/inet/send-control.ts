/**
 * What a message may ask for itself with control messages (ip_cmsg_send, net/ipv4/ip_sockglue.c;
 * ip6_datagram_send_ctl, net/ipv6/datagram.c): the source address, hops, the traffic class.
 */
import { Errno } from "../../abi/errno.ts";
import { Ip, Ipv6 } from "../../abi/inet.ts";
import { intOf, SOL_IP, SOL_IPV6 } from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { ControlMessage } from "../socket.ts";
import type { IpAddress } from "./ip-address.ts";
import { ipOf, isAny } from "./ip-address.ts";

export interface SendControl {
  source?: IpAddress;
  /** TTL or hop limit. */
  hops?: number;
  trafficClass?: number;
}

/** Reads what is of `version`; other levels are nobody's business. Throws EINVAL. */
export function readSendControl(control: readonly ControlMessage[] | undefined, version: 4 | 6): SendControl {
  const asked: SendControl = {};
  for (const message of control ?? []) {
    if (message.level === SOL_IP && version === 4) readV4(message, asked);
    else if (message.level === SOL_IPV6 && version === 6) readV6(message, asked);
  }
  return asked;
}

function readV4({ type, data }: ControlMessage, asked: SendControl): void {
  switch (type) {
    case Ip.PKTINFO:
      if (data.length !== 12) throw new SyscallError(Errno.EINVAL);
      setSource(data.slice(4, 8), asked);
      return;
    case Ip.TTL:
      asked.hops = within(data.length === 4 ? intOf(data) : 0, 1);
      return;
    case Ip.TOS:
      asked.trafficClass = within(
        data.length === 4 ? intOf(data) : data.length === 1 ? (data[0] ?? 0) : -1,
        0,
      );
      return;
    case Ip.RETOPTS:
    case Ip.PROTOCOL:
      return;
    default:
      throw new SyscallError(Errno.EINVAL);
  }
}

/** Routing and extension headers are dropped: nothing of theirs could be seen here. */
const HEADERS: ReadonlySet<number> = new Set([3, 4, 5, 11, 54, 55, 57, 59]);

function readV6({ type, data }: ControlMessage, asked: SendControl): void {
  switch (type) {
    case Ipv6.PKTINFO:
    case Ipv6.OLD_PKTINFO:
      if (data.length < 20) throw new SyscallError(Errno.EINVAL);
      setSource(data.slice(0, 16), asked);
      return;
    case Ipv6.HOPLIMIT:
    case Ipv6.OLD_HOPLIMIT: {
      const hops = within(data.length === 4 ? intOf(data) : -2, -1);
      if (hops >= 0) asked.hops = hops;
      return;
    }
    case Ipv6.TCLASS: {
      const trafficClass = within(data.length === 4 ? intOf(data) : -2, -1);
      if (trafficClass >= 0) asked.trafficClass = trafficClass;
      return;
    }
    case Ipv6.DONTFRAG:
      return;
    default:
      if (!HEADERS.has(type)) throw new SyscallError(Errno.EINVAL);
  }
}

function setSource(bytes: Uint8Array, asked: SendControl): void {
  const source = ipOf(bytes);
  if (!isAny(source)) asked.source = source;
}

/** A byte, or `least` for "as usual". */
function within(value: number, least: number): number {
  if (value < least || value > 255) throw new SyscallError(Errno.EINVAL);
  return value;
}

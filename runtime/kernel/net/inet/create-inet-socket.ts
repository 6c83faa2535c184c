/** Which type and protocol of the internet families is which socket (inetsw, net/ipv4/af_inet.c). */
import { Errno } from "../../abi/errno.ts";
import {
  AF_INET,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_MAX,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../../abi/socket.ts";
import { Capability } from "../../task/credentials.ts";
import { hasNetworkCapability } from "../../ns/namespace-owner.ts";
import type { Task } from "../../task/task.ts";
import type { Socket, SocketBirth } from "../socket.ts";
import { IcmpSocket } from "./icmp-socket.ts";
import { TcpSocket } from "./tcp-socket.ts";
import { UdpSocket } from "./udp-socket.ts";

export function createInetSocket(task: Task, family: number, birth: SocketBirth): Socket | number {
  const { type, protocol } = birth;
  if (protocol < 0 || protocol >= IPPROTO_MAX) return -Errno.EINVAL;
  switch (type) {
    case SOCK_STREAM:
      if (protocol !== IPPROTO_IP && protocol !== IPPROTO_TCP) return -Errno.EPROTONOSUPPORT;
      return new TcpSocket(family, { ...birth, protocol: IPPROTO_TCP });
    case SOCK_DGRAM:
      if (protocol === (family === AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
        return mayPing(task) ? new IcmpSocket(family, birth) : -Errno.EACCES;
      }
      if (protocol === IPPROTO_UDPLITE) return new UdpSocket(family, birth);
      if (protocol !== IPPROTO_IP && protocol !== IPPROTO_UDP) return -Errno.EPROTONOSUPPORT;
      return new UdpSocket(family, { ...birth, protocol: IPPROTO_UDP });
    case SOCK_RAW:
      if (protocol === IPPROTO_IP) return -Errno.EPROTONOSUPPORT;
      return hasNetworkCapability(task, Capability.CAP_NET_RAW)
        ? new IcmpSocket(family, birth)
        : -Errno.EPERM;
    default:
      return -Errno.ESOCKTNOSUPPORT;
  }
}

/** net.ipv4.ping_group_range. */
function mayPing({ credentials, namespaces }: Task): boolean {
  const [first, last] = namespaces.network.pingGroups;
  return [credentials.egid, ...credentials.groups].some((gid) => gid >= first && gid <= last);
}

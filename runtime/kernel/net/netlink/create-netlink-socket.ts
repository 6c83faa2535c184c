/** Which netlink protocols there are, and who answers for the kernel (net/netlink/af_netlink.c). */
import { Errno } from "../../abi/errno.ts";
import {
  NETLINK_AUDIT,
  NETLINK_GENERIC,
  NETLINK_KOBJECT_UEVENT,
  NETLINK_MAX,
  NETLINK_ROUTE,
  NETLINK_SOCK_DIAG,
  NETLINK_USERSOCK,
} from "../../abi/netlink.ts";
import { SOCK_DGRAM, SOCK_RAW } from "../../abi/socket.ts";
import type { Socket, SocketBirth } from "../socket.ts";
import type { NetlinkKernel } from "./netlink-socket.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { auditKernel, genericKernel, ueventKernel } from "./other-kernels.ts";
import { routeKernel } from "./rtnetlink.ts";
import { diagKernel } from "./sock-diag.ts";

/** undefined: a protocol for programs among themselves. */
const KERNELS: ReadonlyMap<number, NetlinkKernel | undefined> = new Map<number, NetlinkKernel | undefined>([
  [NETLINK_ROUTE, routeKernel],
  [NETLINK_USERSOCK, undefined],
  [NETLINK_SOCK_DIAG, diagKernel],
  [NETLINK_AUDIT, auditKernel],
  [NETLINK_KOBJECT_UEVENT, ueventKernel],
  [NETLINK_GENERIC, genericKernel],
]);

export function createNetlinkSocket(birth: SocketBirth): Socket | number {
  const { type, protocol } = birth;
  if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -Errno.ESOCKTNOSUPPORT;
  if (protocol < 0 || protocol >= NETLINK_MAX || !KERNELS.has(protocol)) return -Errno.EPROTONOSUPPORT;
  return new NetlinkSocket(birth, KERNELS.get(protocol));
}

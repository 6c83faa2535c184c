/**
 * RTM_*ROUTE: the main and the local table (fib_dump_info, net/ipv4/fib_semantics.c; rt6_fill_node,
 * net/ipv6/route.c). There are no other tables and no routes that are not to one next hop.
 */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import { Errno } from "../../abi/errno.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../../abi/netlink.ts";
import {
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  Rta,
  RTCF_LOCAL,
  Rtm,
  RTM_F_CLONED,
  RTMSG_BYTES,
  Rtn,
  Rtnlgrp,
} from "../../abi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { IpAddress } from "../inet/ip-address.ts";
import { ANY_V4, ANY_V6, ipOf, networkOf } from "../inet/ip-address.ts";
import { localRoutes } from "../local-routes.ts";
import type { NetworkInterface } from "../network-interface.ts";
import type { NetworkNamespace, Route } from "../network-namespace.ts";
import { Scope } from "../network-namespace.ts";
import { attribute, attributesOf, struct, u32, u32Of, u8, viewOf } from "./message.ts";
import type { RouteRequest } from "./rtnetlink.ts";
import type { Reply } from "./serve.ts";
import { NetlinkRefusal } from "./serve.ts";

/** RTA_VIA, RTA_MULTIPATH, RTA_NH_ID: ways of naming next hops that are not known here. */
const UNKNOWN_HOPS: readonly number[] = [18, 9, 30];
/** RTNH_F_ONLINK: the gateway is said to be on the link. */
const RTNH_F_ONLINK = 4;
const IPV6_METRIC = 1024;

interface Entry {
  readonly route: Route;
  readonly table: number;
  readonly type: number;
}

export function dumpRoutes({ namespace, family }: RouteRequest): readonly Reply[] {
  const main = namespace.routes.map((route): Entry => ({ route, table: RT_TABLE_MAIN, type: Rtn.UNICAST }));
  const local = localRoutes(namespace).map((route): Entry => ({
    route,
    table: RT_TABLE_LOCAL,
    type: route.type,
  }));
  const all = [...main.sort(inOrder), ...local.sort(inOrder)];
  return ([4, 6] as const)
    .filter((version) => family === AF_UNSPEC || family === familyOf(version))
    .flatMap((version) => all.filter(({ route }) => route.destination.version === version))
    .map((entry) => routeReply(Rtm.NEWROUTE, entry));
}

const familyOf = (version: 4 | 6): number => (version === 4 ? AF_INET : AF_INET6);

/** By destination, as the tries are walked; more exact routes to the same before others. */
function inOrder({ route: left }: Entry, { route: right }: Entry): number {
  const [one, two] = [left.destination.bytes, right.destination.bytes];
  for (let index = 0; index < Math.min(one.length, two.length); index++)
    if (one[index] !== two[index]) return (one[index] ?? 0) - (two[index] ?? 0);
  return right.prefixBits - left.prefixBits || left.metric - right.metric;
}

function routeReply(type: number, { route, table, type: kind }: Entry): Reply {
  const { destination, prefixBits, gateway, device, source, metric, scope, protocol } = route;
  const isV4 = destination.version === 4;
  const body = header([familyOf(destination.version), prefixBits, 0, table, protocol, scope, kind], 0);
  const priority = u32(Rta.PRIORITY, metric);
  const parts = [
    u32(Rta.TABLE, table),
    ...(prefixBits === 0 ? [] : [attribute(Rta.DST, destination.bytes)]),
    ...(isV4 && metric !== 0 ? [priority] : []),
    ...(source === undefined ? [] : [attribute(Rta.PREFSRC, source.bytes)]),
    ...(isV4 ? [] : [priority]),
    ...(gateway === undefined ? [] : [attribute(Rta.GATEWAY, gateway.bytes)]),
    u32(Rta.OIF, device.index),
    ...(isV4 ? [] : [cacheInfo(0), u8(Rta.PREF, 0)]),
  ];
  return { type, payload: concatBytes([body, ...parts]) };
}

/** struct rtmsg; the type of service is always 0. */
function header(
  fields: readonly [number, number, number, number, number, number, number],
  flags: number,
): Uint8Array {
  const [family, destinationBits, sourceBits, table, protocol, scope, type] = fields;
  return struct(
    [1, family],
    [1, destinationBits],
    [1, sourceBits],
    [1, 0],
    [1, table],
    [1, protocol],
    [1, scope],
    [1, type],
    [4, flags],
  );
}

/** struct rta_cacheinfo: how many use it, and ages that nothing here has. */
const cacheInfo = (users: number): Uint8Array =>
  attribute(Rta.CACHEINFO, struct([4, users], [4, 0], [4, 0], [4, 0], [4, 0], [4, 0], [4, 0], [4, 0]));

/** `ip route get`: the way a packet would go. */
export function getRoute({ namespace, message, family }: RouteRequest): Reply {
  if (family !== AF_INET && family !== AF_INET6) throw new SyscallError(Errno.EOPNOTSUPP);
  const { payload } = message;
  if (payload.length < RTMSG_BYTES) throw new SyscallError(Errno.EINVAL);
  const asked = attributesOf(payload, RTMSG_BYTES).get(Rta.DST);
  const any = family === AF_INET ? ANY_V4 : ANY_V6;
  const destination = asked === undefined ? any : addressOf(asked, family);
  const isLocal = namespace.ownerOf(destination) !== undefined;
  const route = isLocal ? undefined : namespace.routeTo(destination);
  const device = isLocal ? namespace.loopback : route?.device;
  if (device === undefined) throw new SyscallError(Errno.ENETUNREACH);
  const source = isLocal ? namespace.localSource(destination) : namespace.sourceFor(route, destination);
  const way: Way = { destination, route, device, source, isLocal };
  return {
    type: Rtm.NEWROUTE,
    payload: family === AF_INET ? wayOfV4(way) : wayOfV6(namespace, way),
  };
}

interface Way {
  readonly destination: IpAddress;
  readonly route: Route | undefined;
  readonly device: NetworkInterface;
  readonly source: IpAddress | undefined;
  readonly isLocal: boolean;
}

function wayOfV4({ destination, route, device, source, isLocal }: Way): Uint8Array {
  // Without rules of their own both tables are one, which is called main.
  const table = RT_TABLE_MAIN;
  const flags = RTM_F_CLONED + (isLocal ? RTCF_LOCAL : 0);
  const body = header([AF_INET, 32, 0, table, 0, 0, isLocal ? Rtn.LOCAL : Rtn.UNICAST], flags);
  return concatBytes([
    body,
    u32(Rta.TABLE, table),
    attribute(Rta.DST, destination.bytes),
    u32(Rta.OIF, device.index),
    ...(source === undefined ? [] : [attribute(Rta.PREFSRC, source.bytes)]),
    ...(route?.gateway === undefined ? [] : [attribute(Rta.GATEWAY, route.gateway.bytes)]),
    u32(Rta.UID, 0),
    cacheInfo(isLocal ? 2 : 1),
  ]);
}

function wayOfV6(
  namespace: NetworkNamespace,
  { destination, route, device, source, isLocal }: Way,
): Uint8Array {
  const table = isLocal ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
  const own = isLocal ? namespace.ownerOf(destination) : device;
  const kind = isLocal ? Rtn.LOCAL : Rtn.UNICAST;
  return concatBytes([
    header([AF_INET6, 128, 128, table, route?.protocol ?? 2, 0, kind], 0),
    u32(Rta.TABLE, table),
    attribute(Rta.DST, destination.bytes),
    attribute(Rta.SRC, ANY_V6.bytes),
    ...(source === undefined ? [] : [attribute(Rta.PREFSRC, source.bytes)]),
    u32(Rta.PRIORITY, route?.metric ?? 0),
    ...(route?.gateway === undefined ? [] : [attribute(Rta.GATEWAY, route.gateway.bytes)]),
    u32(Rta.OIF, own?.index ?? 0),
    cacheInfo(2),
    u8(Rta.PREF, 0),
  ]);
}

export function addRoute({ namespace, message, notify }: RouteRequest): undefined {
  const { flags } = message;
  const asked = parse(message.payload);
  const { destination, prefixBits, metric } = asked;
  const device = deviceFor(namespace, asked);
  if (!device.isUp) throw new NetlinkRefusal(Errno.ENETDOWN, "Device for nexthop is not up");
  const { gateway, source, scope, protocol } = asked;
  if (source !== undefined && namespace.ownerOf(source) === undefined)
    throw new NetlinkRefusal(Errno.EINVAL, "Invalid prefsrc address");
  const route: Route = { destination, prefixBits, gateway, device, source, metric, scope, protocol };
  const at = namespace.routes.findIndex((other) => isSame(other, route));
  if (at >= 0 && (flags & NLM_F_REPLACE) !== 0) namespace.routes.splice(at, 1, route);
  else if (at >= 0) throw new SyscallError(Errno.EEXIST);
  else if ((flags & NLM_F_CREATE) === 0) throw new SyscallError(Errno.ENOENT);
  else namespace.routes.push(route);
  tell(notify, Rtm.NEWROUTE, route);
}

export function deleteRoute({ namespace, message, notify }: RouteRequest): undefined {
  const asked = parse(message.payload);
  const { destination, prefixBits, gateway, index } = asked;
  const at = namespace.routes.findIndex(
    (route) =>
      route.destination.key === destination.key &&
      route.prefixBits === prefixBits &&
      (gateway === undefined || route.gateway?.key === gateway.key) &&
      (index === undefined || route.device.index === index) &&
      (!asked.isMetricGiven || route.metric === asked.metric),
  );
  const route = namespace.routes[at];
  if (route === undefined) throw new SyscallError(Errno.ESRCH);
  namespace.routes.splice(at, 1);
  tell(notify, Rtm.DELROUTE, route);
}

function isSame(left: Route, right: Route): boolean {
  const isThere = left.destination.key === right.destination.key && left.prefixBits === right.prefixBits;
  return isThere && left.metric === right.metric && left.destination.version === right.destination.version;
}

function tell(notify: RouteRequest["notify"], type: number, route: Route): void {
  const isV4 = route.destination.version === 4;
  notify(
    isV4 ? Rtnlgrp.IPV4_ROUTE : Rtnlgrp.IPV6_ROUTE,
    routeReply(type, { route, table: RT_TABLE_MAIN, type: Rtn.UNICAST }),
  );
}

interface RouteDemand {
  readonly destination: IpAddress;
  readonly prefixBits: number;
  readonly gateway: IpAddress | undefined;
  readonly source: IpAddress | undefined;
  /** Of the interface. */
  readonly index: number | undefined;
  readonly metric: number;
  readonly isMetricGiven: boolean;
  readonly scope: number;
  readonly protocol: number;
  readonly isOnLink: boolean;
}

/** struct rtmsg and what follows; throws EINVAL, EOPNOTSUPP. */
function parse(payload: Uint8Array): RouteDemand {
  if (payload.length < RTMSG_BYTES) throw new SyscallError(Errno.EINVAL);
  const [family = 0, prefixBits = 0, , , table = 0, protocol = 0, scope = 0, type = 0] = payload;
  if (family !== AF_INET && family !== AF_INET6) throw new SyscallError(Errno.EOPNOTSUPP);
  const attributes = attributesOf(payload, RTMSG_BYTES);
  const chosen = u32Of(attributes.get(Rta.TABLE)) ?? table;
  const isMain = chosen === RT_TABLE_MAIN || chosen === 0;
  const isPlain = (type === Rtn.UNICAST || type === 0) && !UNKNOWN_HOPS.some((hop) => attributes.has(hop));
  if (!isMain || !isPlain)
    throw new NetlinkRefusal(Errno.EOPNOTSUPP, "Only unicast routes of the main table");
  if (prefixBits > (family === AF_INET ? 32 : 128))
    throw new NetlinkRefusal(Errno.EINVAL, "Invalid prefix length");
  const bytes = attributes.get(Rta.DST);
  const any = family === AF_INET ? ANY_V4 : ANY_V6;
  const destination = bytes === undefined ? any : addressOf(bytes, family);
  if (networkOf(destination, prefixBits).key !== destination.key && family === AF_INET)
    throw new NetlinkRefusal(Errno.EINVAL, "Invalid prefix for given prefix length");
  const given = u32Of(attributes.get(Rta.PRIORITY));
  const [gateway, source] = [attributes.get(Rta.GATEWAY), attributes.get(Rta.PREFSRC)];
  return {
    destination: networkOf(destination, prefixBits),
    prefixBits,
    gateway: gateway === undefined ? undefined : addressOf(gateway, family),
    source: source === undefined ? undefined : addressOf(source, family),
    index: u32Of(attributes.get(Rta.OIF)),
    metric: given ?? (family === AF_INET6 ? IPV6_METRIC : 0),
    isMetricGiven: given !== undefined,
    scope: family === AF_INET6 ? Scope.universe : scope,
    protocol,
    isOnLink: (viewOf(payload).getUint32(8, true) & RTNH_F_ONLINK) !== 0,
  };
}

function addressOf(bytes: Uint8Array, family: number): IpAddress {
  if (bytes.length !== (family === AF_INET ? 4 : 16)) throw new SyscallError(Errno.EINVAL);
  return ipOf(bytes.slice());
}

/** The interface named, or the one the gateway is reached by. */
function deviceFor(namespace: NetworkNamespace, { index, gateway, isOnLink }: RouteDemand): NetworkInterface {
  const named = index === undefined ? undefined : namespace.interfaceByIndex(index);
  if (index !== undefined && named === undefined) throw new SyscallError(Errno.ENODEV);
  const hop =
    gateway === undefined ? undefined : (namespace.ownerOf(gateway) ?? namespace.routeTo(gateway)?.device);
  if (gateway !== undefined && hop === undefined && !isOnLink)
    throw new NetlinkRefusal(Errno.ENETUNREACH, "Nexthop has invalid gateway");
  const device = named ?? hop;
  if (device === undefined) throw new SyscallError(Errno.ENODEV);
  return device;
}

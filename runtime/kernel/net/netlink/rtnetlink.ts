/**
 * NETLINK_ROUTE (rtnetlink(7), net/core/rtnetlink.c): interfaces, addresses, routes, rules and neighbours of
 * a namespace, listed, asked for and changed. Anybody may look; who changes needs CAP_NET_ADMIN.
 */
import { Errno } from "../../abi/errno.ts";
import { NLM_F_DUMP, NETLINK_ROUTE } from "../../abi/netlink.ts";
import { Rtm, RTM_MAX } from "../../abi/rtnetlink.ts";
import { Capability } from "../../task/credentials.ts";
import { hasNetworkCapability } from "../../ns/namespace-owner.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import type { NetworkNamespace } from "../network-namespace.ts";
import { addAddress, deleteAddress, dumpAddresses } from "./address-messages.ts";
import { changeLink, deleteLink, dumpLinks, getLink } from "./link-messages.ts";
import type { NetlinkMessage } from "./message.ts";
import { encodeMessage } from "./message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
import { addRoute, deleteRoute, dumpRoutes, getRoute } from "./route-messages.ts";
import { dumpRules } from "./rule-messages.ts";
import type { Answer, Reply } from "./serve.ts";
import { serveRequests } from "./serve.ts";

/** A request as its handler sees it. */
export interface RouteRequest {
  readonly namespace: NetworkNamespace;
  readonly message: NetlinkMessage;
  /** First byte of every body: rtgen_family. */
  readonly family: number;
  /** Tells the listeners of a group. */
  readonly notify: (group: number, news: Reply) => void;
}

interface RouteHandlers {
  readonly dump?: (request: RouteRequest) => readonly Reply[];
  readonly act?: (request: RouteRequest) => Reply | undefined;
}

const HANDLERS: ReadonlyMap<number, RouteHandlers> = new Map<number, RouteHandlers>([
  [Rtm.GETLINK, { dump: dumpLinks, act: getLink }],
  [Rtm.NEWLINK, { act: changeLink }],
  [Rtm.SETLINK, { act: changeLink }],
  [Rtm.DELLINK, { act: deleteLink }],
  [Rtm.GETADDR, { dump: dumpAddresses }],
  [Rtm.NEWADDR, { act: addAddress }],
  [Rtm.DELADDR, { act: deleteAddress }],
  [Rtm.GETROUTE, { dump: dumpRoutes, act: getRoute }],
  [Rtm.NEWROUTE, { act: addRoute }],
  [Rtm.DELROUTE, { act: deleteRoute }],
  [Rtm.GETNEIGH, { dump: () => [] }],
  [Rtm.GETRULE, { dump: dumpRules }],
  [Rtm.GETQDISC, { dump: () => [] }],
]);

/** Types come in fours: NEW, DEL, GET, SET. */
const KIND_MASK = 3;
const KIND_GET = 2;

export function routeKernel(socket: NetlinkSocket, datagram: Uint8Array, task: Task): void {
  serveRequests(socket, datagram, (message) => answer(socket, message, task));
}

function answer(socket: NetlinkSocket, message: NetlinkMessage, task: Task): Answer {
  const { type, flags, payload } = message;
  if (type > RTM_MAX) throw new SyscallError(Errno.EOPNOTSUPP);
  const [family] = payload;
  if (family === undefined) return undefined;
  const isGet = (type & KIND_MASK) === KIND_GET;
  if (!isGet && !hasNetworkCapability(task, Capability.CAP_NET_ADMIN))
    throw new SyscallError(Errno.EPERM);
  const handlers = HANDLERS.get(type);
  const { namespace } = socket;
  const request: RouteRequest = {
    namespace,
    message,
    family,
    notify: (group, news) => tell(namespace, group, news),
  };
  if (isGet && (flags & NLM_F_DUMP) !== 0) {
    if (handlers?.dump === undefined) throw new SyscallError(Errno.EOPNOTSUPP);
    return { kind: "dump", replies: handlers.dump(request) };
  }
  if (handlers?.act === undefined) throw new SyscallError(Errno.EOPNOTSUPP);
  const reply = handlers.act(request);
  return reply === undefined ? undefined : { kind: "messages", replies: [reply] };
}

/** News: sequence and port are of nobody. */
function tell(namespace: NetworkNamespace, group: number, { type, payload }: Reply): void {
  for (const listener of namespace.netlink.listeners(NETLINK_ROUTE, group))
    listener.enqueue(encodeMessage({ type, flags: 0, sequence: 0, port: 0 }, payload), group);
}

/** socket(2) below the descriptor: which family, type and protocol is which kind of socket (sock_create). */
import { Errno } from "../abi/errno.ts";
import {
  AF_INET,
  AF_INET6,
  AF_MAX,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_PACKET,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../abi/socket.ts";
import { Capability } from "../task/credentials.ts";
import { hasNetworkCapability } from "../ns/namespace-owner.ts";
import type { Task } from "../task/task.ts";
import { createInetSocket } from "./inet/create-inet-socket.ts";
import { createNetlinkSocket } from "./netlink/create-netlink-socket.ts";
import { PacketSocket } from "./packet/packet-socket.ts";
import type { Socket, SocketBirth } from "./socket.ts";
import { UnixDatagramSocket } from "./unix/unix-datagram.ts";
import type { UnixSocket } from "./unix/unix-socket.ts";
import { credentialsOf } from "./unix/unix-socket.ts";
import { UnixStreamSocket } from "./unix/unix-stream.ts";

export interface SocketRequest {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** O_NONBLOCK or 0. */
  readonly statusFlags: number;
}

/** A new socket of the caller's network namespace, or -errno. */
export function createSocket(task: Task, request: SocketRequest): Socket | number {
  const { family, type } = request;
  if (family < 0 || family >= AF_MAX) return -Errno.EAFNOSUPPORT;
  if (type > SOCK_PACKET) return -Errno.EINVAL;
  const birth = birthOf(task, request);
  switch (family) {
    case AF_UNIX:
      return unixSocket(birth);
    case AF_INET:
    case AF_INET6:
      return createInetSocket(task, family, birth);
    case AF_NETLINK:
      return createNetlinkSocket(birth);
    case AF_PACKET:
      return packetSocket(task, birth);
    default:
      return -Errno.EAFNOSUPPORT;
  }
}

function packetSocket(task: Task, birth: SocketBirth): Socket | number {
  if (!hasNetworkCapability(task, Capability.CAP_NET_RAW)) return -Errno.EPERM;
  return birth.type === SOCK_RAW || birth.type === SOCK_DGRAM ? new PacketSocket(birth) : -Errno.ESOCKTNOSUPPORT;
}

/** socketpair(2): two connected sockets, or -errno. */
export function createPair(task: Task, request: SocketRequest): readonly [Socket, Socket] | number {
  if (request.family !== AF_UNIX) {
    const alone = createSocket(task, request);
    if (typeof alone === "number") return alone;
    alone.acquire().release();
    return -Errno.EOPNOTSUPP;
  }
  if (request.type > SOCK_PACKET) return -Errno.EINVAL;
  const pair = [unixSocket(birthOf(task, request)), unixSocket(birthOf(task, request))] as const;
  const [first, second] = pair;
  if (typeof first === "number") return first;
  if (typeof second === "number") return second;
  first.peerCredentials = credentialsOf(task);
  second.peerCredentials = credentialsOf(task);
  first.join(second);
  return [first, second];
}

function birthOf(task: Task, { type, protocol, statusFlags }: SocketRequest): SocketBirth {
  return {
    kernel: task.kernel,
    namespace: task.namespaces.network,
    type,
    protocol,
    statusFlags,
    uid: task.credentials.fsuid,
  };
}

function unixSocket(birth: SocketBirth): UnixSocket | number {
  if (birth.protocol !== 0 && birth.protocol !== AF_UNIX) return -Errno.EPROTONOSUPPORT;
  switch (birth.type) {
    case SOCK_STREAM:
      return new UnixStreamSocket({ ...birth, protocol: 0 });
    case SOCK_RAW: // An old name of datagrams (unix_create).
    case SOCK_DGRAM:
      return new UnixDatagramSocket({ ...birth, type: SOCK_DGRAM, protocol: 0 });
    case SOCK_SEQPACKET:
      return new UnixDatagramSocket({ ...birth, protocol: 0 });
    default:
      return -Errno.ESOCKTNOSUPPORT;
  }
}

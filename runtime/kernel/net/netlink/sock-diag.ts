/**
 * NETLINK_SOCK_DIAG (sock_diag(7)): sockets as messages, for ss(8). Filters in bytecode are not run: ss
 * filters again what it is told, and lists are short.
 */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import { Errno } from "../../abi/errno.ts";
import { TcpState } from "../../abi/inet.ts";
import {
  INET_DIAG_REQ_BYTES,
  InetDiag,
  NLM_F_DUMP,
  SOCK_DIAG_BY_FAMILY,
  UNIX_DIAG_REQ_BYTES,
  UnixDiag,
  UnixDiagShow,
} from "../../abi/netlink.ts";
import { AF_INET, AF_INET6, AF_UNIX, IPPROTO_TCP, IPPROTO_UDP, SOL_TCP } from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { InetSocket } from "../inet/inet-socket.ts";
import { ANY_V4, ANY_V6 } from "../inet/ip-address.ts";
import { v6Bytes } from "../inet/sockaddr.ts";
import { getTcpOption } from "../inet/tcp-options.ts";
import { TcpSocket } from "../inet/tcp-socket.ts";
import { UdpSocket } from "../inet/udp-socket.ts";
import type { NetworkNamespace } from "../network-namespace.ts";
import { UnixSocket } from "../unix/unix-socket.ts";
import { attribute, struct, u32, u8, viewOf } from "./message.ts";
import type { NetlinkMessage } from "./message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
import type { Answer, Reply } from "./serve.ts";
import { serveRequests } from "./serve.ts";

/** TCP_INFO and TCP_CONGESTION. */
const TCP_INFO = 11;
const TCP_CONGESTION = 13;

export function diagKernel(socket: NetlinkSocket, datagram: Uint8Array): void {
  serveRequests(socket, datagram, (message) => answer(socket.namespace, message));
}

function answer(namespace: NetworkNamespace, message: NetlinkMessage): Answer {
  const { type, payload, flags } = message;
  if (type !== SOCK_DIAG_BY_FAMILY || payload.length < 2) throw new SyscallError(Errno.EINVAL);
  const [family = 0] = payload;
  const isInet = family === AF_INET || family === AF_INET6;
  if (!isInet && family !== AF_UNIX) throw new SyscallError(Errno.ENOENT);
  if (payload.length < (isInet ? INET_DIAG_REQ_BYTES : UNIX_DIAG_REQ_BYTES))
    throw new SyscallError(Errno.EINVAL);
  const isDump = (flags & NLM_F_DUMP) !== 0;
  const replies = isInet ? inetReplies(namespace, payload, isDump) : unixReplies(namespace, payload, isDump);
  if (!isDump && replies.length === 0) throw new SyscallError(Errno.ENOENT);
  return { kind: isDump ? "dump" : "messages", replies: isDump ? replies : replies.slice(0, 1) };
}

/** struct inet_diag_req_v2; without a dump the ports must be those asked for. */
function inetReplies(namespace: NetworkNamespace, payload: Uint8Array, isDump: boolean): readonly Reply[] {
  const [family = 0, protocol = 0, extensions = 0] = payload;
  const view = viewOf(payload);
  const states = view.getUint32(4, true);
  const [localPort, remotePort] = [view.getUint16(8), view.getUint16(10)];
  if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) throw new SyscallError(Errno.ENOENT);
  const found = [...namespace.sockets].filter((socket): socket is TcpSocket | UdpSocket => {
    if (!(socket instanceof TcpSocket) && !(socket instanceof UdpSocket)) return false;
    if (socket.family !== family || socket.protocol !== protocol || socket.localPort === 0) return false;
    if (isDump) return ((states >>> stateOf(socket)) & 1) === 1;
    return socket.localPort === localPort && (socket.remote?.port ?? 0) === remotePort;
  });
  return found
    .filter((socket) => stateOf(socket) !== TcpState.CLOSE || protocol === IPPROTO_UDP)
    .map((socket) => inetReply(socket, extensions));
}

function stateOf(socket: TcpSocket | UdpSocket): number {
  if (socket instanceof TcpSocket) return socket.state;
  return socket.isConnected ? TcpState.ESTABLISHED : TcpState.CLOSE;
}

function inetReply(socket: TcpSocket | UdpSocket, extensions: number): Reply {
  const isListening = socket.isListening;
  const isTcp = socket instanceof TcpSocket;
  const received = isTcp ? (isListening ? socket.backlog.length : socket.readableBytes) : socket.queuedMemory;
  const sent = isTcp && isListening ? socket.backlog.max : socket.unsentBytes;
  const inode = socket.references === 0 ? 0 : socket.socketInode;
  const body = concatBytes([
    struct([1, socket.family], [1, stateOf(socket)], [1, 0], [1, 0]),
    identityOf(socket),
    struct([4, 0], [4, received], [4, sent], [4, socket.uid], [4, inode]),
  ]);
  const has = (extension: number): boolean => ((extensions >> (extension - 1)) & 1) === 1;
  const memory = [
    socket.readableBytes,
    socket.options.receiveBufferBytes,
    0,
    socket.options.sendBufferBytes,
    0,
    0,
    0,
    0,
  ];
  const parts = [
    u8(InetDiag.SHUTDOWN, socket.shutdownBits),
    ...(has(InetDiag.TOS) ? [u8(InetDiag.TOS, 0)] : []),
    ...(has(InetDiag.SKMEMINFO) ? [attribute(InetDiag.SKMEMINFO, words(memory))] : []),
    ...(isTcp && has(InetDiag.INFO) ? optionOf(socket, InetDiag.INFO, TCP_INFO) : []),
    ...(isTcp && has(InetDiag.CONG) ? optionOf(socket, InetDiag.CONG, TCP_CONGESTION) : []),
  ];
  return { type: SOCK_DIAG_BY_FAMILY, payload: concatBytes([body, ...parts]) };
}

function words(values: readonly number[]): Uint8Array {
  return struct(...values.map((value) => [4, value] as const));
}

/** struct inet_diag_sockid. */
function identityOf(socket: InetSocket): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = viewOf(bytes);
  const { boundTo, localPort, remote, family, socketInode } = socket;
  const any = family === AF_INET ? ANY_V4 : ANY_V6;
  view.setUint16(0, localPort);
  view.setUint16(2, remote?.port ?? 0);
  const far = remote?.address ?? any;
  bytes.set(family === AF_INET ? boundTo.bytes : v6Bytes(boundTo), 4);
  bytes.set(family === AF_INET ? far.bytes : v6Bytes(far), 20);
  view.setUint32(40, socketInode, true);
  return bytes;
}

function optionOf(socket: TcpSocket, type: number, name: number): readonly Uint8Array[] {
  const value = getTcpOption(socket, name) ?? socket.getInt(SOL_TCP, name);
  if (typeof value === "number") return [];
  // A name is a string here, its whole field there.
  const end = name === TCP_CONGESTION ? value.indexOf(0) + 1 : value.length;
  return [attribute(type, value.subarray(0, end))];
}

/** struct unix_diag_req. */
function unixReplies(namespace: NetworkNamespace, payload: Uint8Array, isDump: boolean): readonly Reply[] {
  const view = viewOf(payload);
  const [states, inode, show] = [view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)];
  return [...namespace.sockets]
    .filter((socket): socket is UnixSocket => socket instanceof UnixSocket && socket.references > 0)
    .filter((socket) => (isDump ? ((states >>> unixState(socket)) & 1) === 1 : socket.socketInode === inode))
    .map((socket) => unixReply(socket, show));
}

function unixState({ state, peer }: UnixSocket): number {
  if (state === "listening") return TcpState.LISTEN;
  return peer === undefined ? TcpState.CLOSE : TcpState.ESTABLISHED;
}

function unixReply(socket: UnixSocket, show: number): Reply {
  const { socketInode, boundAddress, peer } = socket;
  const body = struct(
    [1, AF_UNIX],
    [1, socket.type],
    [1, unixState(socket)],
    [1, 0],
    [4, socketInode],
    [4, socketInode],
    [4, 0],
  );
  const has = (bit: number): boolean => (show & bit) !== 0;
  const name = boundAddress === undefined ? undefined : nameOf(boundAddress);
  const isListening = socket.state === "listening";
  const queues = isListening
    ? struct([4, socket.backlog.length], [4, socket.backlog.max])
    : struct([4, socket.readableBytes], [4, socket.unsentBytes]);
  const parts = [
    ...(has(UnixDiagShow.NAME) && name !== undefined ? [attribute(UnixDiag.NAME, name)] : []),
    ...(has(UnixDiagShow.PEER) && peer !== undefined
      ? [u32(UnixDiag.PEER, peer.references === 0 ? 0 : peer.socketInode)]
      : []),
    ...(has(UnixDiagShow.RQLEN) ? [attribute(UnixDiag.RQLEN, queues)] : []),
    ...(has(UnixDiagShow.UID) ? [u32(UnixDiag.UID, socket.uid)] : []),
    u8(UnixDiag.SHUTDOWN, socket.shutdownBits),
  ];
  return { type: SOCK_DIAG_BY_FAMILY, payload: concatBytes([body, ...parts]) };
}

/** The name without family; a path without its end. */
function nameOf(address: Uint8Array): Uint8Array {
  return address[2] === 0 ? address.subarray(2) : address.subarray(2, -1);
}

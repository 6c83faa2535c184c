/**
 * Tables of sockets in /proc/net: what netstat, ss and lsof read. One hard idea: IPv4 lines are padded to a
 * fixed width and addresses are words of the machine's order in hex (tcp4_seq_show, net/ipv4/tcp_ipv4.c).
 * Pointers are shown as zeros, as to everybody without CAP_SYSLOG.
 */
import { TcpState } from "../../abi/inet.ts";
import { AF_INET, AF_INET6, IPPROTO_UDP, SOCK_RAW } from "../../abi/socket.ts";
import type { DatagramSocket } from "../../net/inet/datagram-socket.ts";
import { IcmpSocket } from "../../net/inet/icmp-socket.ts";
import type { IpAddress } from "../../net/inet/ip-address.ts";
import { ANY_V4, ANY_V6 } from "../../net/inet/ip-address.ts";
import { InetSocket } from "../../net/inet/inet-socket.ts";
import { v6Bytes } from "../../net/inet/sockaddr.ts";
import { TcpSocket } from "../../net/inet/tcp-socket.ts";
import { UdpSocket } from "../../net/inet/udp-socket.ts";
import { NetlinkSocket } from "../../net/netlink/netlink-socket.ts";
import type { NetworkNamespace } from "../../net/network-namespace.ts";
import { UnixSocket } from "../../net/unix/unix-socket.ts";

const POINTER = "0".repeat(16);
/** Widths of IPv4 lines without the end of the line. */
const TCP_WIDTH = 149;
const UDP_WIDTH = 127;
const V4_ADDRESSES = "local_address rem_address  ";
const V6_ADDRESSES = `local_address                         remote_address                       `;
const COMMON = " st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
/** SS_ states of unix sockets: not connected, being connected, connected. */
const UNCONNECTED = 1;
const CONNECTING = 2;
const CONNECTED = 3;
/** __SO_ACCEPTCON. */
const LISTENING_FLAG = 0x1_0000;

export const PACKET_TEXT = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n";

const hex = (value: number, digits: number): string =>
  (value >>> 0).toString(16).toUpperCase().padStart(digits, "0");

/** Words of four bytes, each the other way round. */
function hexAddress({ bytes }: { readonly bytes: Uint8Array }): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => hex(view.getUint32(index * 4, true), 8)).join(
    "",
  );
}

function endpoint(version: 4 | 6, address: IpAddress, port: number): string {
  return `${hexAddress(version === 6 ? { bytes: v6Bytes(address) } : address)}:${hex(port, 4)}`;
}

interface SocketLine {
  readonly slot: string;
  readonly state: number;
  readonly sendQueue: number;
  readonly receiveQueue: number;
  readonly localPort?: number;
  readonly tail: string;
}

function socketLine(socket: InetSocket, version: 4 | 6, line: SocketLine): string {
  const any = version === 4 ? ANY_V4 : ANY_V6;
  const { remote } = socket;
  const local = endpoint(version, socket.boundTo, line.localPort ?? socket.localPort);
  const far = endpoint(version, remote?.address ?? any, remote?.port ?? 0);
  const queues = `${hex(line.sendQueue, 8)}:${hex(line.receiveQueue, 8)}`;
  const uid = String(socket.uid).padStart(5);
  const inode = socket.references === 0 ? 0 : socket.socketInode;
  return `${line.slot}: ${local} ${far} ${hex(line.state, 2)} ${queues} 00:00000000 00000000 ${uid}        0 ${inode} ${line.tail}`;
}

const isOf = (version: 4 | 6, { family }: { readonly family: number }): boolean =>
  family === (version === 4 ? AF_INET : AF_INET6);

export function tcpText(namespace: NetworkNamespace, version: 4 | 6): string {
  const header = `  sl  ${version === 4 ? V4_ADDRESSES : V6_ADDRESSES}${COMMON}`;
  const sockets = [...namespace.sockets]
    .filter((socket): socket is TcpSocket => socket instanceof TcpSocket && isOf(version, socket))
    .filter(({ state }) => state !== TcpState.CLOSE)
    .sort((left, right) => Number(right.isListening) - Number(left.isListening));
  const lines = sockets.map((socket, index) => tcpLine(socket, version, index));
  return table([header, ...lines], version === 4 ? TCP_WIDTH : 0);
}

function tcpLine(socket: TcpSocket, version: 4 | 6, index: number): string {
  const { isListening, backlog, state } = socket;
  const references = socket.references === 0 || isListening ? 1 : 2;
  return socketLine(socket, version, {
    slot: String(index).padStart(4),
    state,
    sendQueue: isListening ? 0 : socket.unsentBytes,
    receiveQueue: isListening ? backlog.length : socket.readableBytes,
    tail: `${references} ${POINTER} ${isListening ? "100 0 0 10 0" : "20 0 0 10 -1"}`,
  });
}

const DATAGRAM_TAIL = " ref pointer drops";

export function udpText(namespace: NetworkNamespace, version: 4 | 6, protocol: number): string {
  const sockets = [...namespace.sockets].filter(
    (socket): socket is UdpSocket =>
      socket instanceof UdpSocket &&
      isOf(version, socket) &&
      socket.localPort !== 0 &&
      socket.protocol === protocol,
  );
  const lines = sockets.map((socket, index) => datagramLine(socket, version, String(index).padStart(5)));
  return table([udpHeader(version), ...lines], version === 4 ? UDP_WIDTH : 0);
}

function udpHeader(version: 4 | 6): string {
  return version === 4
    ? `   sl  ${V4_ADDRESSES}${COMMON}${DATAGRAM_TAIL}`
    : `  sl  ${V6_ADDRESSES}${COMMON}${DATAGRAM_TAIL}`;
}

function datagramLine(
  socket: DatagramSocket,
  version: 4 | 6,
  slot: string,
  localPort = socket.localPort,
): string {
  return socketLine(socket, version, {
    slot,
    state: socket.isConnected ? TcpState.ESTABLISHED : TcpState.CLOSE,
    sendQueue: socket.unsentBytes,
    receiveQueue: socket.queuedMemory,
    localPort,
    tail: `2 ${POINTER} ${socket.drops}`,
  });
}

/** Raw sockets have their protocol for a port. */
export function rawText(namespace: NetworkNamespace, version: 4 | 6): string {
  const sockets = icmpSockets(namespace, version).filter(({ type }) => type === SOCK_RAW);
  const lines = sockets.map((socket) =>
    datagramLine(socket, version, String(socket.protocol).padStart(4), socket.protocol),
  );
  const header = `  sl  ${version === 4 ? V4_ADDRESSES : V6_ADDRESSES}${COMMON}${DATAGRAM_TAIL}`;
  return table([header, ...lines], 0);
}

/** Ping sockets. */
export function icmpText(namespace: NetworkNamespace, version: 4 | 6): string {
  const sockets = icmpSockets(namespace, version).filter(
    ({ type, localPort }) => type !== SOCK_RAW && localPort !== 0,
  );
  const lines = sockets.map((socket, index) => datagramLine(socket, version, String(index).padStart(5)));
  const header = `  sl  ${version === 4 ? V4_ADDRESSES : V6_ADDRESSES}${COMMON}${DATAGRAM_TAIL}`;
  return table([header, ...lines], version === 4 ? UDP_WIDTH : 0);
}

function icmpSockets(namespace: NetworkNamespace, version: 4 | 6): readonly IcmpSocket[] {
  return [...namespace.sockets].filter(
    (socket): socket is IcmpSocket => socket instanceof IcmpSocket && isOf(version, socket),
  );
}

export function unixText(namespace: NetworkNamespace): string {
  const sockets = [...namespace.sockets].filter(
    (socket): socket is UnixSocket => socket instanceof UnixSocket,
  );
  return table(["Num       RefCount Protocol Flags    Type St Inode Path", ...sockets.map(unixLine)], 0);
}

function unixLine(socket: UnixSocket): string {
  const isEmbryo = socket.references === 0;
  const isListening = socket.state === "listening";
  const isConnected = socket.peer !== undefined;
  const references = isConnected ? 3 : 2;
  const state = isEmbryo ? CONNECTING : isConnected ? CONNECTED : UNCONNECTED;
  const fields = [
    hex(references, 8),
    hex(0, 8),
    hex(isListening ? LISTENING_FLAG : 0, 8),
    hex(socket.type, 4),
  ];
  const inode = String(isEmbryo ? 0 : socket.socketInode).padStart(5);
  const name = unixName(socket.boundAddress);
  return `${POINTER}: ${fields.join(" ")} ${hex(state, 2)} ${inode}${name === "" ? "" : ` ${name}`}`;
}

/** A zero byte is shown as @: abstract names begin with one. */
function unixName(address: Uint8Array | undefined): string {
  if (address === undefined) return "";
  const name = address.subarray(2);
  const isPath = name[0] !== 0;
  const shown = isPath ? name.subarray(0, -1) : name;
  return new TextDecoder().decode(shown.map((byte) => (byte === 0 ? 0x40 : byte)));
}

export function netlinkText(namespace: NetworkNamespace): string {
  const header = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode";
  const sockets = [...namespace.sockets].filter(
    (socket): socket is NetlinkSocket => socket instanceof NetlinkSocket,
  );
  const lines = sockets.map((socket) => {
    const { protocol, port, groupsMask, queuedMemory, socketInode } = socket;
    const groups = groupsMask.toString(16).padStart(8, "0");
    const numbers = [protocol, String(port).padEnd(10), groups, queuedMemory, 0, 0, 2, 0, socketInode];
    const widths = [3, 10, 8, 8, 8, 5, 8, 8, 8];
    return `${POINTER} ${numbers.map((value, index) => String(value).padEnd(widths[index] ?? 0)).join(" ")}`;
  });
  return table([header, ...lines], 0);
}

function table(lines: readonly string[], width: number): string {
  return lines.map((line) => `${line.padEnd(width)}\n`).join("");
}

/** How many sockets of each kind: /proc/net/sockstat and protocols. */
export interface SocketCounts {
  readonly all: number;
  readonly tcp: readonly [v4: number, v6: number];
  readonly udp: readonly [v4: number, v6: number];
  readonly raw: readonly [v4: number, v6: number];
  readonly ping: readonly [v4: number, v6: number];
  readonly unixStream: number;
  readonly unix: number;
  readonly netlink: number;
}

export function countSockets({ sockets }: NetworkNamespace): SocketCounts {
  const all = [...sockets];
  const byFamily = (is: (socket: InetSocket) => boolean): readonly [number, number] => {
    const some = all.filter((socket) => socket instanceof InetSocket && is(socket));
    const v4 = some.filter(({ family }) => family === AF_INET).length;
    return [v4, some.length - v4];
  };
  const unix = all.filter((socket) => socket instanceof UnixSocket);
  const streams = unix.filter(({ isStream }) => isStream).length;
  return {
    all: all.filter(({ references }) => references > 0).length,
    tcp: byFamily((socket) => socket instanceof TcpSocket && socket.state !== TcpState.CLOSE),
    udp: byFamily(
      (socket) => socket instanceof UdpSocket && socket.localPort !== 0 && socket.protocol === IPPROTO_UDP,
    ),
    raw: byFamily((socket) => socket instanceof IcmpSocket && socket.type === SOCK_RAW),
    ping: byFamily((socket) => socket instanceof IcmpSocket && socket.type !== SOCK_RAW),
    unixStream: streams,
    unix: unix.length - streams,
    netlink: all.filter((socket) => socket instanceof NetlinkSocket).length,
  };
}

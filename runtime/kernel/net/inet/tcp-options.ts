/** TCP options that are more than a number: TCP_INFO, TCP_CONGESTION, TCP_ULP, TCP_REPAIR (tcp(7)). */
import { Errno } from "../../abi/errno.ts";
import { Tcp, TCP_INFO_BYTES, TcpState } from "../../abi/inet.ts";
import { intOf, SOL_TCP } from "../../abi/socket.ts";
import { Capability, hasCapability } from "../../task/credentials.ts";
import type { Task } from "../../task/task.ts";
import type { TcpSocket } from "./tcp-socket.ts";

/** TCP_CA_NAME_MAX. */
const NAME_BYTES = 16;
const CONGESTION_CONTROLS: readonly string[] = ["reno", "cubic"];
/** Segment size of a loopback connection: its mtu without headers and timestamps. */
const LOOPBACK_MSS = 65_483;
const RTO_US = 201_000;

/** undefined: an option that is a number, or none. */
export function getTcpOption(socket: TcpSocket, name: number): Uint8Array | number | undefined {
  switch (name) {
    case Tcp.INFO:
      return infoOf(socket);
    case Tcp.CONGESTION:
      return text(CONGESTION_CONTROLS[socket.getInt(SOL_TCP, Tcp.CONGESTION)] ?? "cubic");
    case Tcp.ULP:
    case Tcp.SAVED_SYN:
    case Tcp.CC_INFO:
      return new Uint8Array(0);
    case Tcp.MAXSEG:
      return isConnected(socket) ? number(LOOPBACK_MSS) : undefined;
    case Tcp.REPAIR:
      return number(0);
    default:
      return undefined;
  }
}

export function setTcpOption(socket: TcpSocket, name: number, value: Uint8Array, task: Task): number | undefined {
  switch (name) {
    case Tcp.CONGESTION: {
      const asked = new TextDecoder().decode(value).replace(/\0.*/s, "");
      const index = CONGESTION_CONTROLS.indexOf(asked);
      if (value.length < 1) return -Errno.EINVAL;
      if (index < 0) return -Errno.ENOENT;
      socket.setInt(SOL_TCP, Tcp.CONGESTION, index);
      return 0;
    }
    case Tcp.ULP:
      return -Errno.ENOENT;
    case Tcp.REPAIR:
      return hasCapability(task.credentials, Capability.CAP_NET_ADMIN) ? -Errno.EOPNOTSUPP : -Errno.EPERM;
    case Tcp.USER_TIMEOUT:
      return value.length >= 4 && intOf(value) < 0 ? -Errno.EINVAL : undefined;
    case Tcp.MAXSEG:
      return value.length >= 4 && intOf(value) === 0 ? 0 : undefined;
    case Tcp.LINGER2:
      return value.length >= 4 && intOf(value) > 120 ? setLinger2(socket, 120) : undefined;
    case Tcp.DEFER_ACCEPT:
      return value.length >= 4 ? setDeferAccept(socket, intOf(value)) : undefined;
    default:
      return undefined;
  }
}

function setLinger2(socket: TcpSocket, seconds: number): number {
  socket.setInt(SOL_TCP, Tcp.LINGER2, seconds);
  return 0;
}

/** Kept as a number of retransmissions: 1, 3, 7, 15, … seconds (secs_to_retrans). */
function setDeferAccept(socket: TcpSocket, seconds: number): number {
  let kept = 0;
  for (let timeout = 1; seconds > kept; timeout = Math.min(timeout * 2, 120)) kept += timeout;
  socket.setInt(SOL_TCP, Tcp.DEFER_ACCEPT, kept);
  return 0;
}

function isConnected({ state }: TcpSocket): boolean {
  return state !== TcpState.CLOSE && state !== TcpState.LISTEN && state !== TcpState.SYN_SENT;
}

/** struct tcp_info: what is true of a loopback connection; counters of packets that never were stay 0. */
function infoOf(socket: TcpSocket): Uint8Array {
  const bytes = new Uint8Array(TCP_INFO_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = socket.state;
  if (isConnected(socket)) {
    bytes[5] = 7; // TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE
    bytes[6] = 0x77;
    view.setUint32(16, LOOPBACK_MSS, true);
    view.setUint32(20, LOOPBACK_MSS, true);
  } else view.setUint32(16, 536, true);
  view.setUint32(8, isConnected(socket) ? RTO_US : 1_000_000, true);
  if (socket.isListening) {
    view.setUint32(24, socket.backlog.length, true); // tcpi_unacked
    view.setUint32(28, socket.backlog.max, true); // tcpi_sacked
  }
  view.setUint32(80, 10, true); // tcpi_snd_cwnd
  view.setUint32(60, 65_535, true);
  return bytes;
}

function text(value: string): Uint8Array {
  const bytes = new Uint8Array(NAME_BYTES);
  bytes.set(new TextEncoder().encode(value));
  return bytes;
}

function number(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

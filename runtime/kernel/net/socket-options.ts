/**
 * Options of level SOL_SOCKET (socket(7), net/core/sock.c) as data: default, whether it is a flag, who may
 * set it. What has effects reads the values from here; what has none in this kernel (priorities, marks,
 * filters by device) is kept and shown again, as Linux keeps it.
 */
import { Errno } from "../abi/errno.ts";
import { encodeTimeval, intOf, So, words } from "../abi/socket.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import type { Socket } from "./socket.ts";
import { getStructOption, isForeignOption, setStructOption } from "./struct-options.ts";

/** net.core.wmem_default and rmem_default; the maxima for SO_SNDBUF and SO_RCVBUF are the same. */
export const BUFFER_BYTES_DEFAULT = 212_992;
const BUFFER_BYTES_MAX = 212_992;
/** SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF (net/sock.h) on x86-64. */
const SEND_BUFFER_MIN = 4608;
const RECEIVE_BUFFER_MIN = 2304;
const INT_MAX = 0x7fff_ffff;
const SOCK_SNDBUF_LOCK = 1;
const SOCK_RCVBUF_LOCK = 2;
const NS_PER_S = 1e9;
const NS_PER_US = 1e3;
/** Timeouts are kept in ticks of CONFIG_HZ=250, as Debian has it. */
const NS_PER_JIFFY = 4e6;

interface IntOption {
  readonly name: number;
  readonly initial: number;
  /** Any value but 0 is 1. */
  readonly isFlag?: boolean;
  /** Refused without it: EPERM. */
  readonly capability?: number;
}

const flag = (name: number): IntOption => ({ name, initial: 0, isFlag: true });

const INT_OPTIONS: readonly IntOption[] = [
  { ...flag(So.DEBUG), capability: Capability.CAP_NET_ADMIN },
  flag(So.REUSEADDR), flag(So.REUSEPORT), flag(So.DONTROUTE), flag(So.BROADCAST), flag(So.KEEPALIVE), flag(So.OOBINLINE),
  flag(So.NO_CHECK), flag(So.PASSCRED), flag(So.PASSSEC), flag(So.TIMESTAMP), flag(So.TIMESTAMPNS), flag(So.RXQ_OVFL),
  flag(So.WIFI_STATUS), flag(So.NOFCS), flag(So.LOCK_FILTER), flag(So.SELECT_ERR_QUEUE), flag(So.ZEROCOPY),
  { name: So.PRIORITY, initial: 0 },
  { name: So.MARK, initial: 0, capability: Capability.CAP_NET_ADMIN },
  flag(So.TIMESTAMP_NEW), flag(So.TIMESTAMPNS_NEW), flag(So.RCVMARK), flag(So.PASSPIDFD),
  { ...flag(So.PREFER_BUSY_POLL), capability: Capability.CAP_NET_ADMIN },
  { name: So.TXREHASH, initial: 1 },
  { name: So.RCVLOWAT, initial: 1 },
  { name: So.PEEK_OFF, initial: -1 },
  { name: So.BUSY_POLL, initial: 0 },
  { name: So.INCOMING_CPU, initial: -1 },
  { name: So.BINDTOIFINDEX, initial: 0 },
];
const BY_NAME = new Map(INT_OPTIONS.map((option) => [option.name, option]));

export class SocketOptions {
  readonly #values = new Map<number, number>();
  sendBufferBytes = BUFFER_BYTES_DEFAULT;
  receiveBufferBytes = BUFFER_BYTES_DEFAULT;
  /** SOCK_SNDBUF_LOCK, SOCK_RCVBUF_LOCK: the program has chosen. */
  bufferLock = 0;
  linger: { isOn: boolean; seconds: number } = { isOn: false, seconds: 0 };
  /** 0 waits for ever. */
  receiveTimeoutNs = 0;
  sendTimeoutNs = 0;
  /** SO_BINDTODEVICE. */
  device = "";
  /** SO_MAX_PACING_RATE, bytes a second. */
  pacingRate = Number.POSITIVE_INFINITY;

  get(name: number): number {
    return this.#values.get(name) ?? BY_NAME.get(name)?.initial ?? 0;
  }

  has(name: number): boolean {
    return this.get(name) !== 0;
  }

  set(name: number, value: number): void {
    this.#values.set(name, value);
  }

  /** What an accepted connection has from its listener. */
  inherit(from: SocketOptions): void {
    for (const [name, value] of from.#values) this.#values.set(name, value);
    this.sendBufferBytes = from.sendBufferBytes;
    this.receiveBufferBytes = from.receiveBufferBytes;
    this.bufferLock = from.bufferLock;
    this.linger = from.linger;
    this.receiveTimeoutNs = from.receiveTimeoutNs;
    this.sendTimeoutNs = from.sendTimeoutNs;
    this.device = from.device;
    this.pacingRate = from.pacingRate;
  }
}

/** getsockopt at SOL_SOCKET: the value's bytes, or -ENOPROTOOPT. */
export function getSocketOption(
  socket: Socket,
  name: number,
  roomBytes: number,
  task: Task,
): Uint8Array | number {
  const { options } = socket;
  if (isForeignOption(socket, name, false)) return -Errno.EOPNOTSUPP;
  const special = getStructOption(socket, name, roomBytes);
  if (special !== undefined) return special;
  if (BY_NAME.has(name)) return words(options.get(name));
  switch (name) {
    case So.TYPE:
      return words(socket.type);
    case So.DOMAIN:
      return words(socket.family);
    case So.PROTOCOL:
      return words(socket.protocol);
    case So.ERROR:
      return words(-socket.takeError());
    case So.SNDBUF:
      return words(options.sendBufferBytes);
    case So.RCVBUF:
      return words(options.receiveBufferBytes);
    case So.SNDLOWAT:
      return words(1);
    case So.BUF_LOCK:
      return words(options.bufferLock);
    case So.LINGER:
      return words(options.linger.isOn ? 1 : 0, options.linger.seconds);
    case So.RCVTIMEO:
    case So.RCVTIMEO_NEW:
      return encodeTimeval(options.receiveTimeoutNs);
    case So.SNDTIMEO:
    case So.SNDTIMEO_NEW:
      return encodeTimeval(options.sendTimeoutNs);
    case So.BSDCOMPAT:
    case So.INCOMING_NAPI_ID:
      return words(0);
    case So.COOKIE:
      return words(socket.socketInode, 0);
    case So.BINDTODEVICE:
      return new TextEncoder().encode(options.device === "" ? "" : `${options.device}\0`);
    default:
      return socket.getFamilyOption(1, name, task);
  }
}

/** setsockopt at SOL_SOCKET. */
export function setSocketOption(socket: Socket, name: number, value: Uint8Array, task: Task): number {
  const { options } = socket;
  if (name === So.BINDTODEVICE) return bindToDevice(socket, value, task);
  if (value.length < 4) return -Errno.EINVAL;
  const number = intOf(value);
  if (isForeignOption(socket, name, true)) return -Errno.EOPNOTSUPP;
  const special = setStructOption(socket, name, value);
  if (special !== undefined) return special;
  const option = BY_NAME.get(name);
  if (option !== undefined) return setInt(socket, option, number, task);
  switch (name) {
    case So.SNDBUF:
    case So.SNDBUFFORCE:
      return setSendBuffer(socket, number, name === So.SNDBUFFORCE, task);
    case So.RCVBUF:
    case So.RCVBUFFORCE:
      return setReceiveBuffer(socket, number, name === So.RCVBUFFORCE, task);
    case So.LINGER:
      if (value.length < 8) return -Errno.EINVAL;
      options.linger = { isOn: number !== 0, seconds: number === 0 ? options.linger.seconds : intOf(value, 4) };
      return 0;
    case So.RCVTIMEO:
    case So.RCVTIMEO_NEW:
      return keepTimeout(value, (ns) => (options.receiveTimeoutNs = ns));
    case So.SNDTIMEO:
    case So.SNDTIMEO_NEW:
      return keepTimeout(value, (ns) => (options.sendTimeoutNs = ns));
    case So.BSDCOMPAT:
      return 0;
    case So.BUF_LOCK:
      if ((number & ~(SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK)) !== 0) return -Errno.EINVAL;
      options.bufferLock = number;
      return 0;
    case So.DETACH_FILTER:
      return -Errno.ENOENT;
    default:
      return socket.setFamilyOption(1, name, value, task);
  }
}

function setInt(socket: Socket, { name, isFlag, capability }: IntOption, value: number, task: Task): number {
  if (name === So.PRIORITY && (value < 0 || value > 6) && !isAdmin(task)) return -Errno.EPERM;
  if (capability !== undefined && value !== 0 && !hasCapability(task.credentials, capability)) return -Errno.EPERM;
  if (name === So.PEEK_OFF && value < -1) return -Errno.EINVAL;
  if (name === So.REUSEPORT && value !== 0 && !socket.takesReusePort) return -Errno.EOPNOTSUPP;
  if (name === So.RCVLOWAT) {
    const low = value < 0 ? INT_MAX : value === 0 ? 1 : value;
    socket.options.set(name, low);
    socket.queue.wake();
    return 0;
  }
  socket.options.set(name, isFlag === true && value !== 0 ? 1 : value);
  return 0;
}

function setSendBuffer(socket: Socket, bytes: number, isForced: boolean, task: Task): number {
  if (isForced && !isAdmin(task)) return -Errno.EPERM;
  const wanted = isForced ? Math.max(bytes, 0) : Math.min(bytes >>> 0, BUFFER_BYTES_MAX);
  socket.options.sendBufferBytes = Math.max(wanted * 2, SEND_BUFFER_MIN);
  socket.options.bufferLock |= SOCK_SNDBUF_LOCK;
  socket.queue.wake();
  return 0;
}

function setReceiveBuffer(socket: Socket, bytes: number, isForced: boolean, task: Task): number {
  if (isForced && !isAdmin(task)) return -Errno.EPERM;
  const wanted = isForced ? Math.max(bytes, 0) : Math.min(bytes >>> 0, BUFFER_BYTES_MAX);
  socket.options.receiveBufferBytes = Math.max(wanted * 2, RECEIVE_BUFFER_MIN);
  socket.options.bufferLock |= SOCK_RCVBUF_LOCK;
  socket.queue.wake();
  return 0;
}

/** sock_set_timeout: EDOM for microseconds that are none; negative seconds wait for no time at all. */
function keepTimeout(value: Uint8Array, keep: (ns: number) => void): number {
  if (value.length < 16) return -Errno.EINVAL;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const [seconds, micros] = [Number(view.getBigInt64(0, true)), Number(view.getBigInt64(8, true))];
  if (micros < 0 || micros >= 1_000_000) return -Errno.EDOM;
  keep(seconds < 0 ? 0 : Math.ceil((seconds * NS_PER_S + micros * NS_PER_US) / NS_PER_JIFFY) * NS_PER_JIFFY);
  return 0;
}

function bindToDevice(socket: Socket, value: Uint8Array, task: Task): number {
  const end = value.indexOf(0);
  const name = new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
  if (socket.options.device !== "" && !hasCapability(task.credentials, Capability.CAP_NET_RAW)) return -Errno.EPERM;
  if (name !== "" && socket.namespace.interfaceByName(name) === undefined) return -Errno.ENODEV;
  socket.options.device = name;
  return 0;
}

function isAdmin(task: Task): boolean {
  return hasCapability(task.credentials, Capability.CAP_NET_ADMIN);
}

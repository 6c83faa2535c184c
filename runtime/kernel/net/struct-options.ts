/**
 * Options of SOL_SOCKET that are structs or whose answer depends on the room for it, and which families have
 * which (sk_getsockopt and sk_setsockopt, net/core/sock.c). socket-options.ts asks here first.
 */
import { Errno } from "../abi/errno.ts";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  intOf,
  IPPROTO_TCP,
  SOCK_RAW,
  So,
  words,
} from "../abi/socket.ts";
import type { Socket } from "./socket.ts";

/** SKF_AD_MAX: what filters may ask for. */
const BPF_EXTENSIONS = 64;
/** SOF_TIMESTAMPING_MASK of Linux 6.18. */
const TIMESTAMPING_MASK = 0x3_ffff;
const PACING_UNLIMITED = 0xffff_ffff;
const TXTIME_BYTES = 8;
const COOKIE_BYTES = 8;

const isInet = ({ family }: Socket): boolean => family === AF_INET || family === AF_INET6;
const mayPassIds = ({ family }: Socket): boolean => family === AF_UNIX || family === AF_NETLINK;

/** Who has an option; everybody, if it is not here. The rest is told EOPNOTSUPP both ways. */
const OWNERS: ReadonlyMap<number, (socket: Socket) => boolean> = new Map<number, (socket: Socket) => boolean>(
  [
    [So.PASSCRED, mayPassIds],
    [So.PASSSEC, mayPassIds],
    [So.PASSPIDFD, ({ family }) => family === AF_UNIX],
    [So.PEEK_OFF, ({ family, type }) => family !== AF_NETLINK && type !== SOCK_RAW],
    [So.TXREHASH, ({ protocol }) => protocol === IPPROTO_TCP],
  ],
);

/** Refused only when set. */
const SETTERS: ReadonlyMap<number, (socket: Socket) => boolean> = new Map<
  number,
  (socket: Socket) => boolean
>([
  [So.ZEROCOPY, (socket) => isInet(socket) && socket.type !== SOCK_RAW],
  [So.RESERVE_MEM, () => false],
]);

export function isForeignOption(socket: Socket, name: number, isSetting: boolean): boolean {
  const isOwned = OWNERS.get(name)?.(socket) ?? true;
  return !isOwned || (isSetting && SETTERS.get(name)?.(socket) === false);
}

/** `roomBytes` is optlen. undefined: none of these. */
export function getStructOption(
  socket: Socket,
  name: number,
  roomBytes: number,
): Uint8Array | number | undefined {
  const { options } = socket;
  switch (name) {
    case So.TIMESTAMPING:
    case So.TIMESTAMPING_NEW:
      return words(options.get(So.TIMESTAMPING), 0);
    case So.MAX_PACING_RATE: {
      const rate = options.pacingRate;
      if (roomBytes < 8) return words(Math.min(rate, PACING_UNLIMITED));
      return rate === Number.POSITIVE_INFINITY
        ? words(-1, -1)
        : words(rate % 2 ** 32, Math.floor(rate / 2 ** 32));
    }
    case So.BPF_EXTENSIONS:
      return words(BPF_EXTENSIONS);
    case So.MEMINFO:
      return words(
        socket.readableBytes,
        options.receiveBufferBytes,
        0,
        options.sendBufferBytes,
        0,
        socket.unsentBytes,
        0,
        0,
        0,
      );
    case So.TXTIME:
      return new Uint8Array(TXTIME_BYTES);
    case So.NETNS_COOKIE:
      return roomBytes === COOKIE_BYTES ? words(socket.namespace.inode, 0) : -Errno.EINVAL;
    case So.RESERVE_MEM:
      return words(0);
    case So.PEERNAME: {
      const name = socket.remoteAddress();
      return typeof name !== "number" && name.length < roomBytes ? -Errno.EINVAL : name;
    }
    case So.PEERGROUPS:
    case So.PEERPIDFD:
      return socket.family === AF_UNIX ? undefined : -Errno.ENODATA;
    case So.PEERCRED:
      return socket.family === AF_UNIX ? undefined : words(0, -1, -1);
    default:
      return undefined;
  }
}

export function setStructOption(socket: Socket, name: number, value: Uint8Array): number | undefined {
  switch (name) {
    case So.TIMESTAMPING:
    case So.TIMESTAMPING_NEW:
      if ((intOf(value) & ~TIMESTAMPING_MASK) !== 0) return -Errno.EINVAL;
      socket.options.set(So.TIMESTAMPING, intOf(value));
      return 0;
    case So.MAX_PACING_RATE:
      socket.options.pacingRate = pacingRate(value);
      return 0;
    case So.CNX_ADVICE: // A hint to look for another route.
    case So.BUSY_POLL_BUDGET:
      return 0;
    case So.TXTIME: // There is no clock that packets wait for.
      return value.length === TXTIME_BYTES ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
    case So.DETACH_REUSEPORT_BPF:
      return isInet(socket) ? -Errno.ENOENT : -Errno.EINVAL;
    default:
      return undefined;
  }
}

/** A long, or an int whose all ones mean no limit. */
function pacingRate(value: Uint8Array): number {
  const low = intOf(value) >>> 0;
  const high = value.length === 8 ? intOf(value, 4) >>> 0 : 0;
  const isUnlimited = low === PACING_UNLIMITED && (value.length !== 8 || high === PACING_UNLIMITED);
  return isUnlimited ? Number.POSITIVE_INFINITY : high * 2 ** 32 + low;
}

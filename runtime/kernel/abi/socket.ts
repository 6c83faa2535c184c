/**
 * Sockets: linux/socket.h, linux/net.h, asm-generic/socket.h, x86-64 layouts of struct msghdr, cmsghdr,
 * ucred and linger.
 */

export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
/** AF_MAX: families from here on are no numbers of families. */
export const AF_MAX = 46;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_RDM = 4;
export const SOCK_SEQPACKET = 5;
export const SOCK_PACKET = 10;
export const SOCK_TYPE_MASK = 0xf;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;
/** Bits of sk_shutdown (net/sock.h). */
export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const SHUTDOWN_MASK = 3;

export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
export const MSG_DONTROUTE = 0x4;
export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_CONFIRM = 0x800;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
export const MSG_WAITFORONE = 0x1_0000;
export const MSG_FASTOPEN = 0x2000_0000;
export const MSG_CMSG_CLOEXEC = 0x4000_0000;

export const SOL_IP = 0;
export const SOL_SOCKET = 1;
export const SOL_TCP = 6;
export const SOL_UDP = 17;
export const SOL_IPV6 = 41;
export const SOL_UDPLITE = 136;
export const SOL_ICMPV6 = 58;
export const SOL_RAW = 255;
export const SOL_NETLINK = 270;

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_UDPLITE = 136;
export const IPPROTO_RAW = 255;
/** Protocol numbers from here on (IPPROTO_MAX 263) are EINVAL. */
export const IPPROTO_MAX = 263;

export const So = {
  DEBUG: 1,
  REUSEADDR: 2,
  TYPE: 3,
  ERROR: 4,
  DONTROUTE: 5,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  KEEPALIVE: 9,
  OOBINLINE: 10,
  NO_CHECK: 11,
  PRIORITY: 12,
  LINGER: 13,
  BSDCOMPAT: 14,
  REUSEPORT: 15,
  PASSCRED: 16,
  PEERCRED: 17,
  RCVLOWAT: 18,
  SNDLOWAT: 19,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  BINDTODEVICE: 25,
  ATTACH_FILTER: 26,
  DETACH_FILTER: 27,
  PEERNAME: 28,
  TIMESTAMP: 29,
  ACCEPTCONN: 30,
  PEERSEC: 31,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  PASSSEC: 34,
  TIMESTAMPNS: 35,
  MARK: 36,
  TIMESTAMPING: 37,
  PROTOCOL: 38,
  DOMAIN: 39,
  RXQ_OVFL: 40,
  WIFI_STATUS: 41,
  PEEK_OFF: 42,
  NOFCS: 43,
  LOCK_FILTER: 44,
  SELECT_ERR_QUEUE: 45,
  BUSY_POLL: 46,
  MAX_PACING_RATE: 47,
  BPF_EXTENSIONS: 48,
  INCOMING_CPU: 49,
  CNX_ADVICE: 53,
  MEMINFO: 55,
  INCOMING_NAPI_ID: 56,
  COOKIE: 57,
  PEERGROUPS: 59,
  ZEROCOPY: 60,
  TXTIME: 61,
  BINDTOIFINDEX: 62,
  TIMESTAMP_NEW: 63,
  TIMESTAMPNS_NEW: 64,
  TIMESTAMPING_NEW: 65,
  RCVTIMEO_NEW: 66,
  SNDTIMEO_NEW: 67,
  DETACH_REUSEPORT_BPF: 68,
  PREFER_BUSY_POLL: 69,
  BUSY_POLL_BUDGET: 70,
  NETNS_COOKIE: 71,
  BUF_LOCK: 72,
  RESERVE_MEM: 73,
  TXREHASH: 74,
  RCVMARK: 75,
  PASSPIDFD: 76,
  PEERPIDFD: 77,
} as const;

export const SCM_RIGHTS = 1;
export const SCM_CREDENTIALS = 2;
/** The kernel takes at most so many descriptors in one message (SCM_MAX_FD, net/scm.h). */
export const SCM_FDS_MAX = 253;

export const FIONREAD = 0x541b;
export const FIONBIO = 0x5421;
export const SIOCOUTQ = 0x5411;
export const SIOCATMARK = 0x8905;

/** struct msghdr. */
export const MSGHDR_BYTES = 56;
/** struct mmsghdr: a msghdr and the count, padded. */
export const MMSGHDR_BYTES = 64;
export const MSGHDR = {
  name: 0,
  nameBytes: 8,
  vectors: 16,
  vectorCount: 24,
  control: 32,
  controlBytes: 40,
  flags: 48,
} as const;

/** struct cmsghdr: length (with itself), level, type. */
export const CMSGHDR_BYTES = 16;
export const cmsgSpace = (dataBytes: number): number => CMSGHDR_BYTES + ((dataBytes + 7) & ~7);

/** struct sockaddr_storage: no address is longer. */
export const SOCKADDR_BYTES_MAX = 128;
/** struct sockaddr_un: the family and 108 bytes of path. */
export const SOCKADDR_UN_BYTES = 110;
export const SUN_PATH_OFFSET = 2;

/** struct ucred. */
export const UCRED_BYTES = 12;
export function encodeUcred(pid: number, uid: number, gid: number): Uint8Array {
  return words(pid, uid, gid);
}

/** Numbers of 32 bits, one after the other. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setInt32(index * 4, value | 0, true));
  return bytes;
}

/** An int at the start of an option's value. */
export function intOf(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(at, true);
}

/** struct timeval: seconds and microseconds. */
export function encodeTimeval(ns: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(Math.floor(ns / 1e9)), true);
  view.setBigInt64(8, BigInt(Math.floor((ns % 1e9) / 1e3)), true);
  return bytes;
}

/** struct timespec: seconds and nanoseconds. */
export function encodeTimespec(ns: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(Math.floor(ns / 1e9)), true);
  view.setBigInt64(8, BigInt(Math.floor(ns % 1e9)), true);
  return bytes;
}

/** sa_family of an address; undefined for one too short to have it. */
export function familyOf(address: Uint8Array): number | undefined {
  const [low, high] = address;
  return low === undefined || high === undefined ? undefined : low | (high << 8);
}

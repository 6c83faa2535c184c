/** Netlink: linux/netlink.h: sockets of AF_NETLINK, the header of their messages, their options. */

export const NETLINK_ROUTE = 0;
export const NETLINK_USERSOCK = 2;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_AUDIT = 9;
export const NETLINK_KOBJECT_UEVENT = 15;
export const NETLINK_GENERIC = 16;
/** MAX_LINKS: numbers of protocols from here on are none. */
export const NETLINK_MAX = 32;

export const SOCKADDR_NL_BYTES = 12;
/** struct nlmsghdr: length, type, flags, sequence number, port. */
export const NLMSGHDR_BYTES = 16;
export const nlmsgAlign = (sizeBytes: number): number => (sizeBytes + 3) & ~3;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
/** Types below are for control. */
export const NLMSG_MIN_TYPE = 0x10;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_ECHO = 0x8;
/** NLM_F_ROOT | NLM_F_MATCH: either asks for a dump. */
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** Of an acknowledgement: the request is not repeated; attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;
export const NLMSGERR_ATTR_MSG = 1;

/** Bits of an attribute's type that are not its number. */
export const NLA_F_NESTED = 0x8000;
export const NLA_TYPE_MASK = 0x3fff;

export const NetlinkOption = {
  ADD_MEMBERSHIP: 1,
  DROP_MEMBERSHIP: 2,
  PKTINFO: 3,
  BROADCAST_ERROR: 4,
  NO_ENOBUFS: 5,
  LISTEN_ALL_NSID: 8,
  LIST_MEMBERSHIPS: 9,
  CAP_ACK: 10,
  EXT_ACK: 11,
  GET_STRICT_CHK: 12,
} as const;

/** NETLINK_SOCK_DIAG: linux/sock_diag.h, linux/inet_diag.h, linux/unix_diag.h. */
export const SOCK_DIAG_BY_FAMILY = 20;
export const INET_DIAG_REQ_BYTES = 56;
export const UNIX_DIAG_REQ_BYTES = 24;
export const InetDiag = { INFO: 2, CONG: 4, TOS: 5, TCLASS: 6, SKMEMINFO: 7, SHUTDOWN: 8 } as const;
export const UnixDiag = { NAME: 0, VFS: 1, PEER: 2, ICONS: 3, RQLEN: 4, MEMINFO: 5, SHUTDOWN: 6, UID: 7 } as const;
/** udiag_show: what is wanted of a unix socket. */
export const UnixDiagShow = { NAME: 1, VFS: 2, PEER: 4, ICONS: 8, RQLEN: 16, UID: 64 } as const;

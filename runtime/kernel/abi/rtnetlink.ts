/** NETLINK_ROUTE: linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h, linux/fib_rules.h. */

export const Rtm = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
  GETQDISC: 38,
  GETNETCONF: 82,
  GETNSID: 90,
} as const;
/** RTM_MAX of Linux 6.18. */
export const RTM_MAX = 123;

export const IFINFOMSG_BYTES = 16;
export const Ifla = {
  ADDRESS: 1,
  BROADCAST: 2,
  IFNAME: 3,
  MTU: 4,
  QDISC: 6,
  STATS: 7,
  TXQLEN: 13,
  MAP: 14,
  OPERSTATE: 16,
  LINKMODE: 17,
  LINKINFO: 18,
  STATS64: 23,
  AF_SPEC: 26,
  GROUP: 27,
  EXT_MASK: 29,
  PROMISCUITY: 30,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  CARRIER: 33,
  CARRIER_CHANGES: 35,
  PROTO_DOWN: 39,
  GSO_MAX_SEGS: 40,
  GSO_MAX_SIZE: 41,
  XDP: 43,
  CARRIER_UP_COUNT: 47,
  CARRIER_DOWN_COUNT: 48,
  MIN_MTU: 50,
  MAX_MTU: 51,
  ALT_IFNAME: 53,
  GRO_MAX_SIZE: 58,
  TSO_MAX_SIZE: 59,
  TSO_MAX_SEGS: 60,
  ALLMULTI: 61,
  DEVLINK_PORT: 62,
  GSO_IPV4_MAX_SIZE: 63,
  GRO_IPV4_MAX_SIZE: 64,
  DPLL_PIN: 65,
  MAX_PACING_OFFLOAD_HORIZON: 66,
  NETNS_IMMUTABLE: 67,
  HEADROOM: 68,
  TAILROOM: 69,
} as const;

export const IFADDRMSG_BYTES = 8;
export const Ifa = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  BROADCAST: 4,
  CACHEINFO: 6,
  FLAGS: 8,
  PROTO: 11,
} as const;
export const IFA_F_SECONDARY = 0x01;
export const IFA_F_NOPREFIXROUTE = 0x200;
export const IFA_F_PERMANENT = 0x80;
/** IFAPROT_KERNEL_LO. */
export const IFAPROT_KERNEL_LO = 1;

export const RTMSG_BYTES = 12;
export const Rta = {
  DST: 1,
  SRC: 2,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  CACHEINFO: 12,
  TABLE: 15,
  PREF: 20,
  UID: 25,
} as const;
export const RT_TABLE_DEFAULT = 253;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;
/** RTPROT_. */
export const RTPROT_KERNEL = 2;
export const Rtn = { UNICAST: 1, LOCAL: 2, BROADCAST: 3 } as const;
export const RTM_F_CLONED = 0x200;
export const RTCF_LOCAL = 0x8000_0000;

/** struct fib_rule_hdr. */
export const Fra = { PRIORITY: 6, SUPPRESS_PREFIXLEN: 14, TABLE: 15, PROTOCOL: 21 } as const;

/** Multicast groups of NETLINK_ROUTE, by number. */
export const Rtnlgrp = {
  LINK: 1,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  IPV6_IFADDR: 9,
  IPV6_ROUTE: 11,
} as const;

/** Interface ioctls: linux/sockios.h; struct ifreq and ifconf of net/if.h. */

export const Siocg = {
  SIOCGIFNAME: 0x8910, SIOCGIFCONF: 0x8912, SIOCGIFFLAGS: 0x8913, SIOCSIFFLAGS: 0x8914, SIOCGIFADDR: 0x8915,
  SIOCSIFADDR: 0x8916, SIOCGIFDSTADDR: 0x8917, SIOCGIFBRDADDR: 0x8919, SIOCGIFNETMASK: 0x891b, SIOCSIFNETMASK: 0x891c,
  SIOCGIFMETRIC: 0x891d, SIOCGIFMTU: 0x8921, SIOCSIFMTU: 0x8922, SIOCGIFHWADDR: 0x8927, SIOCGIFINDEX: 0x8933,
  SIOCGIFTXQLEN: 0x8942, SIOCGIFMAP: 0x8970, SIOCETHTOOL: 0x8946, SIOCGIFBR: 0x8940,
} as const;
/** Requests of 0x89xx belong to sockets. */
export const isSocketIoctl = (request: number): boolean => request >>> 8 === 0x89;

export const IFREQ_BYTES = 40;
/** Where the union starts, behind the name. */
export const IFREQ_VALUE = 16;

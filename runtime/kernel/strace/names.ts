/** Numbers by their names, as strace prints them: tables, and the rules for sets of bits. */
import { Madvise } from "../abi/mman.ts";
import { Prctl } from "../abi/prctl.ts";
import { Signal, SIGRTMIN } from "../abi/signal.ts";

export type Names = readonly (readonly [number, string])[];

/** "A=1 B=2 …" with C's numbers. */
function table(text: string): Names {
  return text
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [name = "", value = "0"] = entry.split("=");
      return [Number(/^0\d/.test(value) ? `0o${value.slice(1)}` : value), name] as const;
    });
}

export const FLAGS: Readonly<Record<string, Names>> = {
  open: table(`O_CREAT=0100 O_EXCL=0200 O_NOCTTY=0400 O_TRUNC=01000 O_APPEND=02000 O_NONBLOCK=04000 O_SYNC=04010000
    O_DSYNC=010000 O_ASYNC=020000 O_DIRECT=040000 O_LARGEFILE=0100000 O_TMPFILE=020200000 O_DIRECTORY=0200000
    O_NOFOLLOW=0400000 O_NOATIME=01000000 O_CLOEXEC=02000000 O_PATH=010000000`),
  prot: table(
    "PROT_READ=1 PROT_WRITE=2 PROT_EXEC=4 PROT_SEM=8 PROT_GROWSDOWN=0x1000000 PROT_GROWSUP=0x2000000",
  ),
  map: table(`MAP_SHARED=1 MAP_PRIVATE=2 MAP_FIXED=0x10 MAP_ANONYMOUS=0x20 MAP_32BIT=0x40 MAP_GROWSDOWN=0x100
    MAP_DENYWRITE=0x800 MAP_EXECUTABLE=0x1000 MAP_LOCKED=0x2000 MAP_NORESERVE=0x4000 MAP_POPULATE=0x8000
    MAP_NONBLOCK=0x10000 MAP_STACK=0x20000 MAP_HUGETLB=0x40000 MAP_SYNC=0x80000 MAP_FIXED_NOREPLACE=0x100000`),
  mremap: table("MREMAP_MAYMOVE=1 MREMAP_FIXED=2 MREMAP_DONTUNMAP=4"),
  at: table(`AT_SYMLINK_NOFOLLOW=0x100 AT_EACCESS=0x200 AT_SYMLINK_FOLLOW=0x400 AT_NO_AUTOMOUNT=0x800
    AT_EMPTY_PATH=0x1000 AT_STATX_FORCE_SYNC=0x2000 AT_STATX_DONT_SYNC=0x4000`),
  unlink: table("AT_REMOVEDIR=0x200"),
  access: table("R_OK=4 W_OK=2 X_OK=1"),
  wait: table(
    "WNOHANG=1 WSTOPPED=2 WEXITED=4 WCONTINUED=8 WNOWAIT=0x1000000 __WNOTHREAD=0x20000000 __WALL=0x40000000 __WCLONE=0x80000000",
  ),
  clone:
    table(`CLONE_VM=0x100 CLONE_FS=0x200 CLONE_FILES=0x400 CLONE_SIGHAND=0x800 CLONE_PIDFD=0x1000 CLONE_PTRACE=0x2000
    CLONE_VFORK=0x4000 CLONE_PARENT=0x8000 CLONE_THREAD=0x10000 CLONE_NEWNS=0x20000 CLONE_SYSVSEM=0x40000
    CLONE_SETTLS=0x80000 CLONE_PARENT_SETTID=0x100000 CLONE_CHILD_CLEARTID=0x200000 CLONE_UNTRACED=0x800000
    CLONE_CHILD_SETTID=0x1000000 CLONE_NEWCGROUP=0x2000000 CLONE_NEWUTS=0x4000000 CLONE_NEWIPC=0x8000000
    CLONE_NEWUSER=0x10000000 CLONE_NEWPID=0x20000000 CLONE_NEWNET=0x40000000 CLONE_IO=0x80000000`),
  sa: table(`SA_RESTORER=0x4000000 SA_ONSTACK=0x8000000 SA_RESTART=0x10000000 SA_NODEFER=0x40000000
    SA_RESETHAND=0x80000000 SA_SIGINFO=4 SA_NOCLDSTOP=1 SA_NOCLDWAIT=2`),
  poll: table(`POLLIN=1 POLLPRI=2 POLLOUT=4 POLLERR=8 POLLHUP=0x10 POLLNVAL=0x20 POLLRDNORM=0x40 POLLRDBAND=0x80
    POLLWRNORM=0x100 POLLWRBAND=0x200 POLLRDHUP=0x2000`),
  epollevents:
    table(`EPOLLIN=1 EPOLLPRI=2 EPOLLOUT=4 EPOLLERR=8 EPOLLHUP=0x10 EPOLLRDNORM=0x40 EPOLLRDBAND=0x80
    EPOLLWRNORM=0x100 EPOLLWRBAND=0x200 EPOLLMSG=0x400 EPOLLRDHUP=0x2000 EPOLLEXCLUSIVE=0x10000000
    EPOLLWAKEUP=0x20000000 EPOLLONESHOT=0x40000000 EPOLLET=0x80000000`),
  epoll: table("EPOLL_CLOEXEC=02000000"),
  eventfd: table("EFD_SEMAPHORE=1 EFD_NONBLOCK=04000 EFD_CLOEXEC=02000000"),
  signalfd: table("SFD_NONBLOCK=04000 SFD_CLOEXEC=02000000"),
  timerfd: table("TFD_NONBLOCK=04000 TFD_CLOEXEC=02000000"),
  timer: table("TIMER_ABSTIME=1"),
  inotify: table("IN_NONBLOCK=04000 IN_CLOEXEC=02000000"),
  random: table("GRND_NONBLOCK=1 GRND_RANDOM=2 GRND_INSECURE=4"),
  memfd: table("MFD_CLOEXEC=1 MFD_ALLOW_SEALING=2 MFD_HUGETLB=4"),
  rename: table("RENAME_NOREPLACE=1 RENAME_EXCHANGE=2 RENAME_WHITEOUT=4"),
  close_range: table("CLOSE_RANGE_UNSHARE=2 CLOSE_RANGE_CLOEXEC=4"),
  socket: table("SOCK_NONBLOCK=04000 SOCK_CLOEXEC=02000000"),
  msg: table(`MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_TRUNC=0x20 MSG_DONTWAIT=0x40 MSG_EOR=0x80
    MSG_WAITALL=0x100 MSG_CONFIRM=0x800 MSG_ERRQUEUE=0x2000 MSG_NOSIGNAL=0x4000 MSG_MORE=0x8000
    MSG_WAITFORONE=0x10000 MSG_FASTOPEN=0x20000000 MSG_CMSG_CLOEXEC=0x40000000`),
  flock: table("LOCK_SH=1 LOCK_EX=2 LOCK_NB=4 LOCK_UN=8"),
  fdcloexec: table("FD_CLOEXEC=1"),
  rseq: table("RSEQ_FLAG_UNREGISTER=1"),
  seccomp: table(
    "SECCOMP_FILTER_FLAG_TSYNC=1 SECCOMP_FILTER_FLAG_LOG=2 SECCOMP_FILTER_FLAG_SPEC_ALLOW=4 SECCOMP_FILTER_FLAG_NEW_LISTENER=8 SECCOMP_FILTER_FLAG_TSYNC_ESRCH=0x10",
  ),
};

const reversed = (names: Readonly<Record<string, number>>): Names =>
  Object.entries(names).map(([name, value]) => [value, name] as const);

export const CHOICES: Readonly<Record<string, Names>> = {
  accessMode: table("O_RDONLY=0 O_WRONLY=1 O_RDWR=2 O_ACCMODE=3"),
  whence: table("SEEK_SET=0 SEEK_CUR=1 SEEK_END=2 SEEK_DATA=3 SEEK_HOLE=4"),
  how: table("SIG_BLOCK=0 SIG_UNBLOCK=1 SIG_SETMASK=2"),
  clock: table(`CLOCK_REALTIME=0 CLOCK_MONOTONIC=1 CLOCK_PROCESS_CPUTIME_ID=2 CLOCK_THREAD_CPUTIME_ID=3
    CLOCK_MONOTONIC_RAW=4 CLOCK_REALTIME_COARSE=5 CLOCK_MONOTONIC_COARSE=6 CLOCK_BOOTTIME=7
    CLOCK_REALTIME_ALARM=8 CLOCK_BOOTTIME_ALARM=9 CLOCK_TAI=11`),
  "rlimit-resource":
    table(`RLIMIT_CPU=0 RLIMIT_FSIZE=1 RLIMIT_DATA=2 RLIMIT_STACK=3 RLIMIT_CORE=4 RLIMIT_RSS=5
    RLIMIT_NPROC=6 RLIMIT_NOFILE=7 RLIMIT_MEMLOCK=8 RLIMIT_AS=9 RLIMIT_LOCKS=10 RLIMIT_SIGPENDING=11
    RLIMIT_MSGQUEUE=12 RLIMIT_NICE=13 RLIMIT_RTPRIO=14 RLIMIT_RTTIME=15`),
  arch: table("ARCH_SET_GS=0x1001 ARCH_SET_FS=0x1002 ARCH_GET_FS=0x1003 ARCH_GET_GS=0x1004"),
  family: table("AF_UNSPEC=0 AF_UNIX=1 AF_INET=2 AF_INET6=10 AF_NETLINK=16 AF_PACKET=17 AF_VSOCK=40"),
  socktype: table("SOCK_STREAM=1 SOCK_DGRAM=2 SOCK_RAW=3 SOCK_SEQPACKET=5"),
  shutdown: table("SHUT_RD=0 SHUT_WR=1 SHUT_RDWR=2"),
  level: table("SOL_IP=0 SOL_SOCKET=1 SOL_TCP=6 SOL_UDP=17 SOL_IPV6=41"),
  epollctl: table("EPOLL_CTL_ADD=1 EPOLL_CTL_DEL=2 EPOLL_CTL_MOD=3"),
  itimer: table("ITIMER_REAL=0 ITIMER_VIRTUAL=1 ITIMER_PROF=2"),
  rusageWho: table("RUSAGE_SELF=0 RUSAGE_CHILDREN=-1 RUSAGE_THREAD=1"),
  "command:fcntl":
    table(`F_DUPFD=0 F_GETFD=1 F_SETFD=2 F_GETFL=3 F_SETFL=4 F_GETLK=5 F_SETLK=6 F_SETLKW=7 F_SETOWN=8
    F_GETOWN=9 F_SETSIG=10 F_GETSIG=11 F_OFD_GETLK=36 F_OFD_SETLK=37 F_OFD_SETLKW=38 F_DUPFD_CLOEXEC=1030
    F_SETPIPE_SZ=1031 F_GETPIPE_SZ=1032 F_ADD_SEALS=1033 F_GET_SEALS=1034`),
  futex: table(`FUTEX_WAIT=0 FUTEX_WAKE=1 FUTEX_REQUEUE=3 FUTEX_CMP_REQUEUE=4 FUTEX_WAKE_OP=5 FUTEX_LOCK_PI=6
    FUTEX_UNLOCK_PI=7 FUTEX_TRYLOCK_PI=8 FUTEX_WAIT_BITSET=9 FUTEX_WAKE_BITSET=10 FUTEX_LOCK_PI2=13`),
  request: table(`TCGETS=0x5401 TCSETS=0x5402 TCSETSW=0x5403 TCSETSF=0x5404 TIOCSCTTY=0x540e TIOCGPGRP=0x540f
    TIOCSPGRP=0x5410 TIOCGWINSZ=0x5413 TIOCSWINSZ=0x5414 FIONREAD=0x541b FIONBIO=0x5421 TIOCNOTTY=0x5422
    TIOCGSID=0x5429 FIONCLEX=0x5450 FIOCLEX=0x5451 TIOCGPTN=0x80045430 TIOCSPTLCK=0x40045431`),
  waitid: table("P_ALL=0 P_PID=1 P_PGID=2 P_PIDFD=3"),
  advice: reversed(Madvise),
  prctl: reversed(Prctl),
};

const SIGNALS: Names = [
  ...reversed(Signal),
  ...Array.from({ length: 33 }, (_, index): readonly [number, string] => [
    SIGRTMIN + index,
    index === 0 ? "SIGRTMIN" : `SIGRT_${index}`,
  ]),
];

export function choice(names: Names, value: number): string {
  return names.find(([number]) => number === value)?.[1] ?? hex(value);
}

export function flags(names: Names, value: number): string {
  let rest = value >>> 0;
  const found: string[] = [];
  for (const [bits, name] of names) {
    if ((rest & bits) >>> 0 !== bits >>> 0) continue;
    found.push(name);
    rest = (rest & ~bits) >>> 0;
  }
  if (rest !== 0 || found.length === 0) found.push(rest === 0 ? "0" : hex(rest));
  return found.join("|");
}

export function signalName(signal: number): string {
  return SIGNALS.find(([number]) => number === signal)?.[1] ?? String(signal);
}

/** "[INT CHLD]"; more than half of them as what is missing: "~[RTMIN RT_1]". */
export function signalSet(set: bigint): string {
  const bits = Array.from({ length: 64 }, (_, index) => ((set >> BigInt(index)) & 1n) === 1n);
  const isMost = bits.filter((bit) => bit).length > 32;
  const listed = bits.flatMap((bit, index) => (bit === isMost ? [] : [signalName(index + 1).slice(3)]));
  return `${isMost ? "~" : ""}[${listed.join(" ")}]`;
}

export function hex(value: number): string {
  return value < 0
    ? `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`
    : value === 0
      ? "0"
      : `0x${value.toString(16)}`;
}

export function pointer(value: number): string {
  return value === 0 ? "NULL" : hex(value);
}

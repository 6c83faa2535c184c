/**
 * What a container gets without `--security-opt seccomp=…`. Written from Docker's documentation ("Significant
 * syscalls blocked by the default profile") the other way round: what is refused, and which capability lifts it.
 */
import { SYSCALL_NAMES } from "../../../kernel/abi/syscall-names.ts";
import type { ProfileArgument, ProfileRule, SeccompProfile } from "./profile.ts";

/** Refused whoever asks: not namespaced, obsolete, or too good at breaking kernels. */
const REFUSED = [
  "add_key",
  "keyctl",
  "request_key",
  "kexec_load",
  "kexec_file_load",
  "move_pages",
  "migrate_pages",
  "nfsservctl",
  "pivot_root",
  "create_module",
  "get_kernel_syms",
  "query_module",
  "_sysctl",
  "sysfs",
  "swapon",
  "swapoff",
  "uselib",
  "ustat",
  "userfaultfd",
  "vserver",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "afs_syscall",
  "tuxcall",
  "security",
  "getpmsg",
  "putpmsg",
  "epoll_ctl_old",
  "epoll_wait_old",
];

/** Allowed to those who have the capability. */
const BY_CAPABILITY: Readonly<Record<string, readonly string[]>> = {
  CAP_DAC_READ_SEARCH: ["open_by_handle_at"],
  CAP_SYS_ADMIN: [
    "bpf",
    "clone",
    "clone3",
    "fanotify_init",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "lookup_dcookie",
    "lsm_get_self_attr",
    "lsm_set_self_attr",
    "lsm_list_modules",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "perf_event_open",
    "quotactl",
    "quotactl_fd",
    "setdomainname",
    "sethostname",
    "setns",
    "syslog",
    "umount2",
    "unshare",
  ],
  CAP_SYS_BOOT: ["reboot"],
  CAP_SYS_CHROOT: ["chroot"],
  CAP_SYS_MODULE: ["delete_module", "init_module", "finit_module"],
  CAP_SYS_PACCT: ["acct"],
  CAP_SYS_PTRACE: ["kcmp", "pidfd_getfd", "process_madvise"],
  CAP_SYS_RAWIO: ["iopl", "ioperm"],
  CAP_SYS_TIME: ["settimeofday", "clock_settime"],
  CAP_SYS_TTY_CONFIG: ["vhangup"],
  CAP_SYS_NICE: ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"],
  CAP_SYSLOG: ["syslog"],
  CAP_BPF: ["bpf"],
  CAP_PERFMON: ["perf_event_open"],
};

/** All namespaces that clone(2) makes: CLONE_NEW*. */
const CLONE_NAMESPACES = 0x7e02_0000;
const AF_VSOCK = 40;
/** PER_LINUX, PER_LINUX32, UNAME26, both, and asking. */
const PERSONALITIES = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];
const ENOSYS = 38;

const argument = (value: number, op: string, valueTwo = 0): ProfileArgument => ({
  index: 0,
  value,
  valueTwo,
  op,
});

export function defaultProfile(): SeccompProfile {
  const special = ["personality", "socket", "clone", "clone3"];
  const restricted = new Set([...REFUSED, ...special, ...Object.values(BY_CAPABILITY).flat()]);
  const allowed = [...SYSCALL_NAMES.values()].filter((name) => !restricted.has(name));
  const action = "SCMP_ACT_ALLOW";
  const withoutAdmin = { excludes: { caps: ["CAP_SYS_ADMIN"] } };
  const syscalls: ProfileRule[] = [
    { names: allowed, action },
    ...PERSONALITIES.map((persona) => ({
      names: ["personality"],
      action,
      args: [argument(persona, "SCMP_CMP_EQ")],
    })),
    { names: ["socket"], action, args: [argument(AF_VSOCK, "SCMP_CMP_NE")] },
    {
      names: ["clone"],
      action,
      args: [argument(CLONE_NAMESPACES, "SCMP_CMP_MASKED_EQ", 0)],
      ...withoutAdmin,
    },
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS, ...withoutAdmin },
    ...Object.entries(BY_CAPABILITY).map(([capability, names]) => ({
      names,
      action,
      includes: { caps: [capability] },
    })),
  ];
  return { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1, syscalls };
}

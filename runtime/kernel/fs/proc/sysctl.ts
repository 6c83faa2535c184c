/**
 * /proc/sys (sysctl(8)). One hard idea: what the kernel really has is read from where it is (hostname, limits,
 * boot id); a plain setting that changes nothing here keeps what root wrote, within Linux's bounds, because
 * programs write and read it back. Docker shows all of it read-only.
 */
import { Errno } from "../../abi/errno.ts";
import { O_ACCMODE, O_RDONLY } from "../../abi/fcntl.ts";
import type { Kernel } from "../../kernel.ts";
import { RELEASE, VERSION } from "../../abi/release.ts";
import { Capability, hasCapability } from "../../task/credentials.ts";
import { PID_MAX } from "../../task/pid-namespace.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import type { GeneratedDirectory, GeneratedNode, GeneratedText } from "../generated.ts";
import { directory, parseNumber } from "../nodes.ts";

const INT_MAX = 2_147_483_647;
const UINT_MAX = 4_294_967_295;
const HOSTNAME_MAX = 64;

/** A setting that is only kept: its start and its bounds; text when the bounds are missing. */
type Kept = readonly [start: number | string, least?: number, most?: number];

const KEPT: Readonly<Record<string, Kept>> = {
  "kernel/threads-max": [96_365, 1, INT_MAX],
  "kernel/pid_max": [PID_MAX, 301, 4_194_304],
  "kernel/panic_on_oops": [0, 0, 1],
  "kernel/sched_rt_period_us": [1_000_000, 1, INT_MAX],
  "kernel/sched_rt_runtime_us": [950_000, -1, INT_MAX],
  "kernel/shm_rmid_forced": [0, 0, 1],
  "kernel/panic": [0, -INT_MAX, INT_MAX],
  "kernel/core_pattern": ["core"],
  "kernel/core_uses_pid": [1, 0, 1],
  "kernel/randomize_va_space": [0, 0, 2],
  "kernel/sysrq": [0, 0, 511],
  "kernel/kptr_restrict": [1, 0, 2],
  "kernel/dmesg_restrict": [1, 0, 1],
  "kernel/perf_event_paranoid": [3, -1, 3],
  "kernel/unprivileged_bpf_disabled": [2, 0, 2],
  "kernel/sched_child_runs_first": [0, 0, 1],
  "kernel/shmmax": ["18446744073692774399"],
  "kernel/shmall": ["18446744073692774399"],
  "kernel/shmmni": [4096, 0, 32_768],
  "kernel/msgmax": [8192, 0, INT_MAX],
  "kernel/msgmnb": [16_384, 0, INT_MAX],
  "kernel/msgmni": [32_000, 0, 32_768],
  "kernel/sem": ["32000\t1024000000\t500\t32000"],
  "kernel/printk": ["4\t4\t1\t7"],
  "kernel/keys/maxkeys": [200, 0, INT_MAX],
  "kernel/numa_balancing": [0, 0, 1],
  "kernel/yama/ptrace_scope": [0, 0, 3],
  "kernel/io_uring_disabled": [2, 0, 2],
  "vm/overcommit_memory": [1, 0, 2],
  "vm/overcommit_ratio": [50, 0, INT_MAX],
  "vm/overcommit_kbytes": [0, 0, INT_MAX],
  "vm/max_map_count": [65_530, 0, INT_MAX],
  "vm/swappiness": [60, 0, 200],
  "vm/dirty_ratio": [20, 0, 100],
  "vm/dirty_background_ratio": [10, 0, 100],
  "vm/dirty_expire_centisecs": [3000, 0, INT_MAX],
  "vm/dirty_writeback_centisecs": [500, 0, INT_MAX],
  "vm/drop_caches": [0, 0, 4],
  "vm/mmap_min_addr": [65_536, 0, INT_MAX],
  "vm/min_free_kbytes": [8192, 0, INT_MAX],
  "vm/nr_hugepages": [0, 0, 0],
  "vm/panic_on_oom": [0, 0, 2],
  "vm/oom_kill_allocating_task": [0, 0, 1],
  "vm/vfs_cache_pressure": [100, 0, INT_MAX],
  "vm/zone_reclaim_mode": [0, 0, 7],
  "fs/lease-break-time": [45, 0, INT_MAX],
  "fs/dir-notify-enable": [1, 0, 1],
  "fs/mqueue/msg_default": [10, 1, 65_536],
  "fs/mqueue/msgsize_default": [8192, 128, INT_MAX],
  "fs/file-max": ["9223372036854775807"],
  "fs/nr_open": [1_048_576, 8, INT_MAX],
  "fs/pipe-max-size": [1_048_576, 4096, INT_MAX],
  "fs/pipe-user-pages-soft": [16_384, 0, INT_MAX],
  "fs/pipe-user-pages-hard": [0, 0, INT_MAX],
  "fs/aio-max-nr": [65_536, 0, INT_MAX],
  "fs/inotify/max_user_instances": [128, 0, INT_MAX],
  "fs/inotify/max_user_watches": [65_536, 0, INT_MAX],
  "fs/inotify/max_queued_events": [16_384, 0, INT_MAX],
  "fs/epoll/max_user_watches": [5_000_000, 0, INT_MAX],
  "fs/mqueue/queues_max": [256, 0, INT_MAX],
  "fs/mqueue/msg_max": [10, 1, 65_536],
  "fs/mqueue/msgsize_max": [8192, 128, INT_MAX],
  "fs/protected_hardlinks": [0, 0, 1],
  "fs/protected_symlinks": [0, 0, 1],
  "fs/protected_fifos": [0, 0, 2],
  "fs/protected_regular": [0, 0, 2],
  "fs/suid_dumpable": [0, 0, 2],
  "fs/leases-enable": [0, 0, 1],
  "fs/mount-max": [100_000, 1, INT_MAX],
  "net/core/somaxconn": [4096, 0, INT_MAX],
  "net/core/rmem_max": [212_992, 2304, INT_MAX],
  "net/core/wmem_max": [212_992, 4608, INT_MAX],
  "net/core/rmem_default": [212_992, 2304, INT_MAX],
  "net/core/wmem_default": [212_992, 4608, INT_MAX],
  "net/core/netdev_max_backlog": [1000, 0, INT_MAX],
  "net/ipv4/ip_default_ttl": [64, 1, 255],
  "net/ipv4/ip_nonlocal_bind": [0, 0, 1],
  "net/ipv4/icmp_echo_ignore_all": [0, 0, 1],
  "net/ipv4/icmp_echo_ignore_broadcasts": [1, 0, 1],
  "net/ipv4/tcp_fastopen": [1, 0, INT_MAX],
  "net/ipv4/tcp_sack": [1, 0, 1],
  "net/ipv4/tcp_timestamps": [1, 0, 2],
  "net/ipv4/tcp_window_scaling": [1, 0, 1],
  "net/ipv4/tcp_slow_start_after_idle": [1, 0, 1],
  "net/ipv4/tcp_syn_retries": [6, 1, 127],
  "net/ipv4/tcp_retries2": [15, 0, 255],
  "net/ipv4/tcp_max_tw_buckets": [8192, 0, INT_MAX],
  "net/ipv4/conf/all/forwarding": [1, 0, 1],
  "net/ipv4/conf/all/rp_filter": [0, 0, 2],
  "net/ipv4/conf/all/src_valid_mark": [0, 0, 1],
  "net/ipv4/conf/default/forwarding": [1, 0, 1],
  "net/ipv4/conf/default/rp_filter": [0, 0, 2],
  "net/ipv6/conf/lo/disable_ipv6": [0, 0, 1],
  "net/ipv6/conf/all/forwarding": [0, 0, 1],
  "net/ipv4/ip_forward": [1, 0, 1],
  "net/ipv4/ip_local_port_range": ["32768\t60999"],
  "net/ipv4/ip_unprivileged_port_start": [0, 0, 65_535],
  "net/ipv4/ping_group_range": ["0\t2147483647"],
  "net/ipv4/tcp_syncookies": [1, 0, 2],
  "net/ipv4/tcp_fin_timeout": [60, 0, INT_MAX],
  "net/ipv4/tcp_keepalive_time": [7200, 0, INT_MAX],
  "net/ipv4/tcp_keepalive_intvl": [75, 0, INT_MAX],
  "net/ipv4/tcp_keepalive_probes": [9, 0, INT_MAX],
  "net/ipv4/tcp_max_syn_backlog": [512, 0, INT_MAX],
  "net/ipv4/tcp_tw_reuse": [2, 0, 2],
  "net/ipv4/tcp_rmem": ["4096\t131072\t6291456"],
  "net/ipv4/tcp_wmem": ["4096\t16384\t4194304"],
  "net/ipv4/tcp_congestion_control": ["reno"],
  "net/ipv6/bindv6only": [0, 0, 1],
  "net/ipv6/conf/all/disable_ipv6": [0, 0, 1],
  "net/ipv6/conf/default/disable_ipv6": [0, 0, 1],
  "net/unix/max_dgram_qlen": [512, 0, INT_MAX],
};

const SETTINGS = new WeakMap<Kernel, Map<string, string>>();

/** The value of a kept setting now, for the parts of the kernel that heed it. */
export function setting(kernel: Kernel, name: string): string {
  return SETTINGS.get(kernel)?.get(name) ?? String(KEPT[name]?.[0] ?? "");
}

/** As written to the file below /proc/sys; ENOENT for one that is not there, EINVAL out of bounds. */
export function setSetting(kernel: Kernel, name: string, written: string): void {
  const kept = KEPT[name];
  if (kept === undefined) throw new SyscallError(Errno.ENOENT);
  const [, least, most] = kept;
  const isText = least === undefined || most === undefined;
  const values = SETTINGS.get(kernel) ?? new Map<string, string>();
  SETTINGS.set(kernel, values);
  values.set(name, isText ? written.trim() : String(parseNumber(written, least, most)));
}

function keptNode(kernel: Kernel, name: string): GeneratedText {
  return sysctl(
    0o644,
    () => `${setting(kernel, name)}\n`,
    (written) => setSetting(kernel, name, written),
  );
}

/** The mode holds for root as well: no capability passes it (test_perm). */
function sysctl(
  mode: number,
  text: (task: Task) => string,
  write?: (written: string, task: Task) => void,
): GeneratedText {
  const check = (_task: Task, flags: number): number => {
    const isWriting = (flags & O_ACCMODE) !== O_RDONLY;
    return isWriting && write === undefined ? -Errno.EACCES : 0;
  };
  return { type: "file", mode, text, check, ...(write === undefined ? {} : { write }) };
}

function uuidOf(bytes: Uint8Array): string {
  const raw = bytes.slice(0, 16);
  raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
  raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}\n`;
}

function nameSetting(kind: "hostname" | "domainname"): GeneratedText {
  return sysctl(
    0o644,
    ({ namespaces }) => `${namespaces.uts[kind]}\n`,
    (written, task) => {
      if (!hasCapability(task.credentials, Capability.CAP_SYS_ADMIN)) throw new SyscallError(Errno.EPERM);
      task.namespaces.uts[kind] = written.replace(/\n[^]*$/, "").slice(0, HOSTNAME_MAX);
    },
  );
}

function realNodes(kernel: Kernel): Readonly<Record<string, GeneratedText>> {
  const bootId = uuidOf(kernel.randomBytes(16));
  const told = (text: () => string): GeneratedText => sysctl(0o444, () => `${text()}\n`);
  return {
    "kernel/hostname": nameSetting("hostname"),
    "kernel/domainname": nameSetting("domainname"),
    "kernel/ostype": told(() => "Linux"),
    "kernel/osrelease": told(() => RELEASE),
    "kernel/version": told(() => VERSION),
    "kernel/arch": told(() => "x86_64"),
    "kernel/cap_last_cap": told(() => "40"),
    "kernel/ngroups_max": told(() => "65536"),
    "kernel/overflowuid": told(() => "65534"),
    "kernel/overflowgid": told(() => "65534"),
    "kernel/tainted": told(() => "0"),
    "kernel/ns_last_pid": sysctl(0o666, (task) => `${task.pidNamespace.lastPid}\n`),
    "kernel/random/uuid": sysctl(0o444, () => uuidOf(kernel.randomBytes(16))),
    "kernel/random/boot_id": sysctl(0o444, () => bootId),
    "kernel/random/entropy_avail": told(() => "256"),
    "kernel/random/poolsize": told(() => "256"),
    "kernel/pty/max": told(() => "4096"),
    "kernel/pty/nr": told(() => "0"),
    "kernel/seccomp/actions_avail": told(
      () => "kill_process kill_thread trap errno trace log allow",
    ),
    "fs/overflowuid": told(() => "65534"),
    "fs/overflowgid": told(() => "65534"),
    "fs/file-nr": told(() => `${openFiles(kernel)}\t0\t9223372036854775807`),
    "vm/user_reserve_kbytes": told(() => String(Math.min(131_072, UINT_MAX))),
    ...userLimits(),
  };
}

function userLimits(): Readonly<Record<string, GeneratedText>> {
  const names = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"];
  return Object.fromEntries(
    names.map((name) => [`user/max_${name}_namespaces`, sysctl(0o644, () => "96365\n")]),
  );
}

function openFiles(kernel: Kernel): number {
  const tables = new Set(
    kernel.rootPids
      .tasks()
      .filter(({ state }) => state !== "dead")
      .map(({ files }) => files),
  );
  return [...tables].reduce((sum, table) => sum + table.numbers().length, 0);
}

export function sysDirectory(kernel: Kernel): GeneratedDirectory {
  const files: Record<string, GeneratedNode> = { ...realNodes(kernel) };
  for (const name of Object.keys(KEPT)) files[name] = keptNode(kernel, name);
  return treeOf(files);
}

/** Directories of files named by paths. */
export function treeOf(files: Readonly<Record<string, GeneratedNode>>): GeneratedDirectory {
  const groups = new Map<string, Record<string, GeneratedNode>>();
  const entries: Record<string, GeneratedNode> = {};
  for (const [path, node] of Object.entries(files)) {
    const slash = path.indexOf("/");
    if (slash < 0) {
      entries[path] = node;
      continue;
    }
    const head = path.slice(0, slash);
    const group = groups.get(head) ?? {};
    group[path.slice(slash + 1)] = node;
    groups.set(head, group);
  }
  for (const [name, group] of groups) entries[name] = treeOf(group);
  return directory(entries);
}

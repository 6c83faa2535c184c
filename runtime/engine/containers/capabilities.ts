/**
 * Linux capabilities by name (capabilities(7)), the set Docker gives by default, and what
 * `--cap-add`, `--cap-drop` and `--privileged` make of it.
 */
import { fail } from "../../../layers/base/errors.ts";

const ALL = [
  "CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
  "CAP_KILL", "CAP_LEASE", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN",
  "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_PERFMON", "CAP_SETFCAP", "CAP_SETGID",
  "CAP_SETPCAP", "CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_CHROOT", "CAP_SYS_MODULE",
  "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
] as const;

/** moby oci/caps/defaults.go. */
const DEFAULT = [
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
  "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
] as const;

const KNOWN: ReadonlySet<string> = new Set(ALL);

/** "net_admin" → "CAP_NET_ADMIN", "ALL" stays; `field` is for the message. */
export function normalizeCapabilities(names: readonly string[] | null, field: "CapAdd" | "CapDrop"): readonly string[] {
  return (names ?? []).map((name) => {
    const upper = name.toUpperCase();
    if (upper === "ALL") return upper;
    const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    if (!KNOWN.has(full)) {
      throw fail("invalidParameter", `invalid ${field}: unknown capability: "${full}"`);
    }
    return full;
  });
}

export function capabilitiesOf(options: {
  readonly add: readonly string[] | null;
  readonly drop: readonly string[] | null;
  readonly isPrivileged: boolean;
}): readonly string[] {
  if (options.isPrivileged) return ALL;
  const add = normalizeCapabilities(options.add, "CapAdd");
  const drop = normalizeCapabilities(options.drop, "CapDrop");
  if (drop.includes("ALL") && !add.includes("ALL")) return add;
  if (add.includes("ALL")) return ALL.filter((name) => !drop.includes(name));
  const kept = DEFAULT.filter((name) => !drop.includes(name));
  return [...kept, ...add.filter((name) => !kept.some((had) => had === name))];
}

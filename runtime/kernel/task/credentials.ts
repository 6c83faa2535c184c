/**
 * Who a task is (struct cred, credentials(7)): user and group ids, supplementary groups, capability sets.
 * Immutable: a change makes a new value, so that tasks share one until they differ.
 */
import type { UserNamespace } from "../ns/user-namespace.ts";
import { fromKernelId, isWithin, OVERFLOW_ID } from "../ns/user-namespace.ts";

/** linux/capability.h, by bit number. */
export const Capability = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_LINUX_IMMUTABLE: 9,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_BROADCAST: 11,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_IPC_OWNER: 15,
  CAP_SYS_MODULE: 16,
  CAP_SYS_RAWIO: 17,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_PACCT: 20,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_BOOT: 22,
  CAP_SYS_NICE: 23,
  CAP_SYS_RESOURCE: 24,
  CAP_SYS_TIME: 25,
  CAP_SYS_TTY_CONFIG: 26,
  CAP_MKNOD: 27,
  CAP_LEASE: 28,
  CAP_AUDIT_WRITE: 29,
  CAP_AUDIT_CONTROL: 30,
  CAP_SETFCAP: 31,
  CAP_MAC_OVERRIDE: 32,
  CAP_MAC_ADMIN: 33,
  CAP_SYSLOG: 34,
  CAP_WAKE_ALARM: 35,
  CAP_BLOCK_SUSPEND: 36,
  CAP_AUDIT_READ: 37,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
  CAP_CHECKPOINT_RESTORE: 40,
} as const;
export type CapabilityName = keyof typeof Capability;

/** Every capability there is. */
export const ALL_CAPABILITIES = (1n << 41n) - 1n;

export interface Credentials {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  /** Capability sets, bit n is capability n. */
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly bounding: bigint;
  readonly ambient: bigint;
  /** prctl PR_SET_SECUREBITS. */
  readonly secureBits: number;
  /** The namespace its capabilities count in; undefined is the first. Ids are the kernel's in any case. */
  readonly user?: UserNamespace | undefined;
}

/** The kernel's own, for what it does before there is a program: all of root's powers. */
export const KERNEL_CREDENTIALS: Credentials = {
  uid: 0,
  euid: 0,
  suid: 0,
  fsuid: 0,
  gid: 0,
  egid: 0,
  sgid: 0,
  fsgid: 0,
  groups: [],
  permitted: ALL_CAPABILITIES,
  effective: ALL_CAPABILITIES,
  inheritable: 0n,
  bounding: ALL_CAPABILITIES,
  ambient: 0n,
  secureBits: 0,
};

/** In the first user namespace: over what the whole machine shares (capable()). */
export function hasCapability(credentials: Credentials, capability: number): boolean {
  return credentials.user === undefined && hasOwnCapability(credentials, capability);
}

/** In its own user namespace: over itself (ns_capable(current_user_ns())). */
export function hasOwnCapability(credentials: Credentials, capability: number): boolean {
  return ((credentials.effective >> BigInt(capability)) & 1n) === 1n;
}

/** Over something that belongs to `namespace` (cap_capable): inside it or above, or as the one who made it. */
export function hasCapabilityIn(
  credentials: Credentials,
  capability: number,
  namespace: UserNamespace | undefined,
): boolean {
  if (credentials.user === namespace) return hasOwnCapability(credentials, capability);
  if (!isWithin(namespace, credentials.user)) return false;
  for (let at = namespace; at !== undefined; at = at.parent) {
    if (at.parent === credentials.user && at.ownerUid === credentials.euid) return true;
  }
  return hasOwnCapability(credentials, capability);
}

/** A user's number as `credentials` sees it. */
export function shownUid(credentials: Credentials, uid: number): number {
  return credentials.user === undefined ? uid : (fromKernelId(credentials.user.uidMap, uid) ?? OVERFLOW_ID);
}

export function shownGid(credentials: Credentials, gid: number): number {
  return credentials.user === undefined ? gid : (fromKernelId(credentials.user.gidMap, gid) ?? OVERFLOW_ID);
}

export function isInGroup(credentials: Credentials, gid: number): boolean {
  return credentials.fsgid === gid || credentials.groups.includes(gid);
}

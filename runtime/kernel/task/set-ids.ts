/**
 * Changes of user and group ids and what they do to capabilities (kernel/sys.c, security/commoncap.c).
 * Functions from credentials to credentials; -1 leaves an id as it is, a number answered is -errno.
 */
import { Errno } from "../abi/errno.ts";
import { SECBIT_KEEP_CAPS, SECBIT_NO_SETUID_FIXUP } from "../abi/capability.ts";
import { Capability, hasOwnCapability } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { toKernelId } from "../ns/user-namespace.ts";

/** Real, effective, saved. */
export type IdTriple = readonly [real: number, effective: number, saved: number];
const KEEP = -1;

/** CAP_FS_SET: what follows the filesystem id. */
const FS_SET = [
  Capability.CAP_CHOWN,
  Capability.CAP_MKNOD,
  Capability.CAP_DAC_OVERRIDE,
  Capability.CAP_DAC_READ_SEARCH,
  Capability.CAP_FOWNER,
  Capability.CAP_FSETID,
  Capability.CAP_LINUX_IMMUTABLE,
  Capability.CAP_MAC_OVERRIDE,
].reduce((set, bit) => set | (1n << BigInt(bit)), 0n);

export type IdKind = "uid" | "gid";

/** The ids of one kind, as numbers of the kernel. */
export function idsOf(who: Credentials, kind: IdKind): IdTriple {
  return kind === "uid" ? [who.uid, who.euid, who.suid] : [who.gid, who.egid, who.sgid];
}

/** setuid(2), setgid(2). */
export function setId(old: Credentials, kind: IdKind, wanted: number): Credentials | number {
  const id = toKernel(old, kind, wanted);
  if (id === undefined) return -Errno.EINVAL;
  const [real, , saved] = idsOf(old, kind);
  if (mayChange(old, kind)) return withIds(old, kind, [id, id, id]);
  if (id !== real && id !== saved) return -Errno.EPERM;
  return withIds(old, kind, [real, id, saved]);
}

/** setreuid(2), setregid(2). */
export function setRealAndEffective(
  old: Credentials,
  kind: IdKind,
  wantedReal: number,
  wantedEffective: number,
): Credentials | number {
  const ids = idsOf(old, kind);
  const [real, effective] = [orKeep(old, kind, wantedReal), orKeep(old, kind, wantedEffective)];
  if (real === undefined || effective === undefined) return -Errno.EINVAL;
  const isPrivileged = mayChange(old, kind);
  if (real !== KEEP && real !== ids[0] && real !== ids[1] && !isPrivileged) return -Errno.EPERM;
  if (effective !== KEEP && !ids.includes(effective) && !isPrivileged) return -Errno.EPERM;
  const newEffective = effective === KEEP ? ids[1] : effective;
  const isSaved = real !== KEEP || (effective !== KEEP && effective !== ids[0]);
  return withIds(old, kind, [real === KEEP ? ids[0] : real, newEffective, isSaved ? newEffective : ids[2]]);
}

/** setresuid(2), setresgid(2). */
export function setAllIds(old: Credentials, kind: IdKind, wanted: IdTriple): Credentials | number {
  const ids = idsOf(old, kind);
  const [real, effective, saved] = wanted.map((id) => orKeep(old, kind, id));
  if (real === undefined || effective === undefined || saved === undefined) return -Errno.EINVAL;
  const isAllowed = [real, effective, saved].every((id) => id === KEEP || ids.includes(id));
  if (!isAllowed && !mayChange(old, kind)) return -Errno.EPERM;
  const chosen = (id: number, before: number): number => (id === KEEP ? before : id);
  return withIds(old, kind, [chosen(real, ids[0]), chosen(effective, ids[1]), chosen(saved, ids[2])]);
}

/** setfsuid(2), setfsgid(2): the same credentials where it may not be. */
export function setFilesystemId(old: Credentials, kind: IdKind, wanted: number): Credentials {
  const id = toKernel(old, kind, wanted);
  const current = kind === "uid" ? old.fsuid : old.fsgid;
  if (id === undefined || id === current) return old;
  if (![...idsOf(old, kind), current].includes(id) && !mayChange(old, kind)) return old;
  if (kind === "gid") return { ...old, fsgid: id };
  let { effective } = old;
  if ((old.secureBits & SECBIT_NO_SETUID_FIXUP) === 0) {
    const root = toKernelId(old.user?.uidMap, 0);
    if (current === root) effective &= ~FS_SET;
    else if (id === root) effective |= FS_SET & old.permitted;
  }
  return { ...old, fsuid: id, effective };
}

/** `ids` with the filesystem id after the effective one, and capabilities as cap_emulate_setxuid changes them. */
function withIds(old: Credentials, kind: IdKind, [real, effective, saved]: IdTriple): Credentials {
  if (kind === "gid") return { ...old, gid: real, egid: effective, sgid: saved, fsgid: effective };
  const changed = { ...old, uid: real, euid: effective, suid: saved, fsuid: effective };
  if ((old.secureBits & SECBIT_NO_SETUID_FIXUP) !== 0) return changed;
  const root = toKernelId(old.user?.uidMap, 0);
  let { permitted, effective: capabilities, ambient } = old;
  const wasRoot = idsOf(old, "uid").some((id) => id === root);
  const isRoot = [real, effective, saved].some((id) => id === root);
  if (wasRoot && !isRoot) {
    if ((old.secureBits & SECBIT_KEEP_CAPS) === 0) permitted = capabilities = 0n;
    ambient = 0n;
  }
  if (old.euid === root && effective !== root) capabilities = 0n;
  if (old.euid !== root && effective === root) capabilities = permitted;
  return { ...changed, permitted, effective: capabilities, ambient };
}

function mayChange(who: Credentials, kind: IdKind): boolean {
  return hasOwnCapability(who, kind === "uid" ? Capability.CAP_SETUID : Capability.CAP_SETGID);
}

function toKernel(who: Credentials, kind: IdKind, id: number): number | undefined {
  return toKernelId(kind === "uid" ? who.user?.uidMap : who.user?.gidMap, id);
}

function orKeep(who: Credentials, kind: IdKind, id: number): number | undefined {
  return id >>> 0 === 0xffff_ffff ? KEEP : toKernel(who, kind, id);
}

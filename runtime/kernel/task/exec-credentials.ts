/**
 * Ids and capabilities after exec (capabilities(7), "Transformation of capabilities during execve";
 * security/commoncap.c: cap_bprm_creds_from_file). One hard idea: first what the file would give, then,
 * where that is more than before and may not be (no_new_privs), the gain is taken back.
 */
import * as abi from "../abi/capability.ts";
import { Errno } from "../abi/errno.ts";
import type { Executable } from "../vfs/open-executable.ts";
import { MountFlag } from "../vfs/mount.ts";
import { fromKernelId, toKernelId } from "../ns/user-namespace.ts";
import { ALL_CAPABILITIES } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { isSubset } from "./capability-sets.ts";
import { SyscallError } from "./syscall-error.ts";
import type { Task } from "./task.ts";

const SETUID = 0o4000;
const SETGID = 0o2000;
const GROUP_EXECUTE = 0o010;

export interface ExecCredentials {
  readonly credentials: Credentials;
  /** AT_SECURE: the C library trusts no environment. */
  readonly isSecure: boolean;
}

/** What the task becomes by running `executable`; EPERM when the file asks for what is bounded away. */
export function credentialsForExec(task: Task, executable: Executable): ExecCredentials {
  const old = task.credentials;
  const { attributes, location } = executable;
  const mayGain = !location.mount.has(MountFlag.noSuid);
  const isMapped = isKnown(old, attributes.uid, attributes.gid);
  const isHonoured = mayGain && isMapped && !task.hasNoNewPrivileges;
  let euid = isHonoured && (attributes.mode & SETUID) !== 0 ? attributes.uid : old.euid;
  const isGroupSet = (attributes.mode & (SETGID | GROUP_EXECUTE)) === (SETGID | GROUP_EXECUTE);
  let egid = isHonoured && isGroupSet ? attributes.gid : old.egid;
  const file = mayGain ? fileCapabilities(executable, old) : undefined;
  let permitted =
    file === undefined ? 0n : (old.bounding & file.permitted) | (old.inheritable & file.inheritable);
  if (file?.isEffective === true && !isSubset(file.permitted, permitted)) throw new SyscallError(Errno.EPERM);
  let isEffective = file?.isEffective ?? false;
  const root = toKernelId(old.user?.uidMap, 0);
  const isRootTrusted = (old.secureBits & abi.SECBIT_NOROOT) === 0;
  const isMerelySetuid = file !== undefined && euid === root && old.uid !== root;
  if (isRootTrusted && !isMerelySetuid) {
    if (euid === root || old.uid === root) permitted = old.bounding | old.inheritable;
    if (euid === root) isEffective = true;
  }
  const isChanged = euid !== old.uid || egid !== old.gid;
  if ((isChanged || !isSubset(permitted, old.permitted)) && task.hasNoNewPrivileges) {
    euid = old.uid;
    egid = old.gid;
    permitted &= old.permitted;
  }
  const ambient = file !== undefined || isChanged ? 0n : old.ambient;
  permitted |= ambient;
  const credentials = {
    ...old,
    euid,
    suid: euid,
    fsuid: euid,
    egid,
    sgid: egid,
    fsgid: egid,
    permitted,
    ambient,
    effective: isEffective ? permitted : ambient,
    secureBits: old.secureBits & ~abi.SECBIT_KEEP_CAPS,
  };
  const isSecure = isChanged || (old.uid !== root && (isEffective || !isSubset(permitted, ambient)));
  return { credentials, isSecure };
}

/** Makes it so. Dumpable again, unless the ids differ (begin_new_exec) or something was gained (commit_creds). */
export function credentialsAfterExec(task: Task, executable: Executable): void {
  const old = task.credentials;
  const { credentials, isSecure } = credentialsForExec(task, executable);
  task.credentials = credentials;
  const isSame =
    credentials.euid === old.euid &&
    credentials.egid === old.egid &&
    isSubset(credentials.permitted, old.permitted);
  task.process.isDumpable =
    isSame && credentials.euid === credentials.uid && credentials.egid === credentials.gid;
  if (isSecure) task.parentDeathSignal = 0;
}

interface FileCapabilities {
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly isEffective: boolean;
}

/** The security.capability attribute (struct vfs_ns_cap_data); undefined without one that counts here. */
function fileCapabilities({ location }: Executable, who: Credentials): FileCapabilities | undefined {
  const { superblock, node } = location.dentry;
  const bytes = superblock.filesystem.getXattr(node, abi.XATTR_NAME_CAPS);
  if (bytes === undefined || bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint32(0, true);
  const revision = (magic & abi.VFS_CAP_REVISION_MASK) >>> 0;
  const sizes: Readonly<Record<number, number>> = {
    [abi.VFS_CAP_REVISION_1]: 12,
    [abi.VFS_CAP_REVISION_2]: 20,
    [abi.VFS_CAP_REVISION_3]: 24,
  };
  if (sizes[revision] !== bytes.length) return undefined;
  const owner = revision === abi.VFS_CAP_REVISION_3 ? view.getUint32(20, true) : 0;
  if (fromKernelId(who.user?.uidMap, owner) !== 0) return undefined;
  const isWide = revision !== abi.VFS_CAP_REVISION_1;
  const wordAt = (offset: number): bigint => BigInt(view.getUint32(offset, true));
  const permitted = wordAt(4) | (isWide ? wordAt(12) << 32n : 0n);
  const inheritable = wordAt(8) | (isWide ? wordAt(16) << 32n : 0n);
  return {
    permitted: permitted & ALL_CAPABILITIES,
    inheritable: inheritable & ALL_CAPABILITIES,
    isEffective: (magic & abi.VFS_CAP_FLAGS_EFFECTIVE) !== 0,
  };
}

function isKnown({ user }: Credentials, uid: number, gid: number): boolean {
  return (
    user === undefined ||
    (fromKernelId(user.uidMap, uid) !== undefined && fromKernelId(user.gidMap, gid) !== undefined)
  );
}

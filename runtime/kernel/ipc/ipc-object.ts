/**
 * What segments, semaphore sets and message queues have in common (ipc/util.c): a key, owners, a mode
 * and who may. One hard idea: nobody is asked by descriptor; every call looks at the object's own mode again, with the
 * creator counting as an owner for ever.
 */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import { hasCapabilityOverNamespace } from "../ns/namespace-owner.ts";
import { Capability, isInGroup, shownGid, shownUid } from "../task/credentials.ts";
import type { PidNamespace } from "../task/pid-namespace.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import { toKernelId } from "../ns/user-namespace.ts";

const PERMISSION_BITS = 0o777;
const NS_PER_S = 1_000_000_000n;

/** As `IpcIds` hands it to what it makes. */
export interface IpcBirth {
  readonly id: number;
  readonly sequence: number;
  readonly key: number;
  readonly mode: number;
  readonly task: Task;
}

export class IpcObject {
  readonly id: number;
  readonly sequence: number;
  readonly creatorUid: number;
  readonly creatorGid: number;
  key: number;
  uid: number;
  gid: number;
  mode: number;
  changedSeconds: bigint;
  /** Its number means nothing any more: those who wait answer EIDRM. */
  isRemoved = false;

  constructor({ id, sequence, key, mode, task }: IpcBirth) {
    this.id = id;
    this.sequence = sequence;
    this.key = key;
    this.mode = mode & PERMISSION_BITS;
    this.uid = this.creatorUid = task.credentials.euid;
    this.gid = this.creatorGid = task.credentials.egid;
    this.changedSeconds = secondsNow(task.kernel);
  }

  /** ipcperms: throws EACCES unless all of `wanted`, in any of its three groups of bits, are granted. */
  require(task: Task, wanted: number): void {
    const { credentials, namespaces } = task;
    const requested = (wanted >> 6) | (wanted >> 3) | wanted;
    const isOwner = credentials.euid === this.uid || credentials.euid === this.creatorUid;
    const isOfGroup = isInGroup(credentials, this.gid) || isInGroup(credentials, this.creatorGid);
    const granted = isOwner ? this.mode >> 6 : isOfGroup ? this.mode >> 3 : this.mode;
    if ((requested & ~granted & 0o7) === 0) return;
    if (hasCapabilityOverNamespace(credentials, Capability.CAP_IPC_OWNER, namespaces.ipc)) return;
    throw new SyscallError(Errno.EACCES);
  }

  /** IPC_SET, IPC_RMID: throws EPERM for all but owner, creator and CAP_SYS_ADMIN. */
  requireOwner(task: Task): void {
    const { euid } = task.credentials;
    if (euid === this.uid || euid === this.creatorUid) return;
    const isAdmin = hasCapabilityOverNamespace(
      task.credentials,
      Capability.CAP_SYS_ADMIN,
      task.namespaces.ipc,
    );
    if (!isAdmin) throw new SyscallError(Errno.EPERM);
  }

  /** struct ipc64_perm at the head of `view`. */
  writePermissions(task: Task, view: DataView): void {
    const { credentials } = task;
    const ids = [
      shownUid(credentials, this.uid),
      shownGid(credentials, this.gid),
      shownUid(credentials, this.creatorUid),
      shownGid(credentials, this.creatorGid),
    ];
    view.setInt32(0, this.key, true);
    ids.forEach((id, index) => view.setUint32(4 + index * 4, id, true));
    view.setUint32(20, this.mode, true);
    view.setUint16(24, this.sequence, true);
  }

  /** IPC_SET: ipc_update_perm. */
  setPermissions(task: Task, view: DataView): void {
    const { user } = task.credentials;
    const uid = toKernelId(user?.uidMap, view.getUint32(4, true));
    const gid = toKernelId(user?.gidMap, view.getUint32(8, true));
    if (uid === undefined || gid === undefined) throw new SyscallError(Errno.EINVAL);
    this.uid = uid;
    this.gid = gid;
    this.mode = (this.mode & ~PERMISSION_BITS) | (view.getUint32(20, true) & PERMISSION_BITS);
    this.changedSeconds = secondsNow(task.kernel);
  }
}

export function secondsNow(kernel: Kernel): bigint {
  return kernel.realtimeNs() / NS_PER_S;
}

/** The number of a process that did something, as `task` sees it, also when it has ended; 0 when nobody has. */
export function shownPid({ pidNamespace }: Task, process: Process | undefined): number {
  if (process === undefined) return 0;
  const { leader } = process;
  let at: PidNamespace | undefined = leader.pidNamespace;
  while (at !== undefined && at !== pidNamespace) at = at.parent;
  return at === undefined ? 0 : (leader.pids[at.level] ?? 0);
}

/** A structure that IPC_SET reads, or that is to be filled in. */
export function readStructure(task: Task, address: number, sizeBytes: number): DataView {
  return new DataView(task.memory.copyIn(address, sizeBytes).buffer);
}

export function writeStructure(
  task: Task,
  address: number,
  sizeBytes: number,
  fill: (view: DataView) => void,
): void {
  const bytes = new Uint8Array(sizeBytes);
  fill(new DataView(bytes.buffer));
  task.memory.copyOut(address, bytes);
}

/** struct of 32-bit words. */
export function writeWords(task: Task, address: number, sizeBytes: number, words: readonly number[]): void {
  writeStructure(task, address, sizeBytes, (view) =>
    words.forEach((word, index) => view.setInt32(index * 4, word, true)),
  );
}

/** struct of 64-bit words. */
export function writeLongs(task: Task, address: number, sizeBytes: number, words: readonly bigint[]): void {
  writeStructure(task, address, sizeBytes, (view) =>
    words.forEach((word, index) => view.setBigUint64(index * 8, BigInt.asUintN(64, word), true)),
  );
}

export function isCreating(flags: number): boolean {
  return (flags & abi.IPC_CREAT) !== 0;
}

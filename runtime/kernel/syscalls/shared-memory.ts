/** shmget(2), shmat(2), shmdt(2), shmctl(2). */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import { MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import { ipcOf, limit, longLimit } from "../ipc/ipc-namespace.ts";
import { readStructure, shownPid, writeLongs, writeStructure } from "../ipc/ipc-object.ts";
import { Attachment, SharedSegment } from "../ipc/shared-segment.ts";
import { hasCapabilityOverNamespace } from "../ns/namespace-owner.ts";
import { PAGE_BYTES, pageCeil } from "../mm/region.ts";
import { Capability } from "../task/credentials.ts";
import { Rlimit } from "../task/limits.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** S_IRUGO, S_IWUGO, S_IXUGO. */
const [READ, WRITE, EXECUTE] = [0o444, 0o222, 0o111];

function sysShmget(task: Task, key: number, sizeBytes: number, flags: number): Result {
  const { segments } = ipcOf(task);
  const { kernel } = task;
  const size = BigInt.asUintN(64, BigInt(sizeBytes));
  const checkNew = (): void => {
    if (size < 1n || size > longLimit(kernel, "shmmax")) throw new SyscallError(Errno.EINVAL);
    const pages = (size + BigInt(PAGE_BYTES - 1)) / BigInt(PAGE_BYTES);
    if (totalPages(task) + pages > longLimit(kernel, "shmall")) throw new SyscallError(Errno.ENOSPC);
    // There are no huge pages (vm/nr_hugepages is 0).
    if ((flags & abi.SHM_HUGETLB) !== 0) throw new SyscallError(Errno.ENOMEM);
  };
  return segments.get(task, {
    key,
    flags,
    countMax: limit(kernel, "shmmni"),
    checkNew,
    make: (birth) => new SharedSegment(birth, sizeBytes, segments),
    checkFound: (found) => {
      if (BigInt(found.sizeBytes) < size) throw new SyscallError(Errno.EINVAL);
    },
  });
}

function totalPages(task: Task): bigint {
  return ipcOf(task).segments.all.reduce((sum, { pageCount }) => sum + BigInt(pageCount), 0n);
}

function sysShmat(task: Task, id: number, wanted: number, flags: number): Result {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (id < 0) return -Errno.EINVAL;
  let address = wanted;
  if (address !== 0) {
    if (address % PAGE_BYTES !== 0) {
      if (!has(abi.SHM_RND)) return -Errno.EINVAL;
      address -= address % PAGE_BYTES;
    }
    if (address === 0 && has(abi.SHM_REMAP)) return -Errno.EINVAL;
  } else if (has(abi.SHM_REMAP)) return -Errno.EINVAL;
  const isWriting = !has(abi.SHM_RDONLY);
  const segment = ipcOf(task).segments.find(id);
  segment.require(task, READ | (isWriting ? WRITE : 0) | (has(abi.SHM_EXEC) ? EXECUTE : 0));
  const { addressSpace, process } = task;
  const sizeBytes = pageCeil(segment.sizeBytes);
  const isTaken = address !== 0 && addressSpace.regionsIn(address, address + sizeBytes).length > 0;
  if (isTaken && !has(abi.SHM_REMAP)) return -Errno.EINVAL;
  if (addressSpace.sizeBytes + sizeBytes > process.limit(Rlimit.RLIMIT_AS).soft) return -Errno.ENOMEM;
  return addressSpace.map({
    address,
    sizeBytes,
    isFixed: address !== 0,
    protection: PROT_READ | (isWriting ? PROT_WRITE : 0) | (has(abi.SHM_EXEC) ? PROT_EXEC : 0),
    flags: MAP_SHARED | addressSpace.lockFuture,
    backing: new Attachment(segment),
  });
}

/** Everything of the attachment that starts at `address`, though it may have been cut since. */
function sysShmdt(task: Task, address: number): Result {
  if (address % PAGE_BYTES !== 0) return -Errno.EINVAL;
  const { addressSpace } = task;
  const isHead = ({ start, position }: { readonly start: number; readonly position: number }): boolean =>
    start >= address && start - address === position;
  const first = addressSpace.regions.find((region) => region.backing instanceof Attachment && isHead(region));
  if (first === undefined) return -Errno.EINVAL;
  const own = addressSpace.regions.filter((region) => region.backing === first.backing && isHead(region));
  for (const { start, end } of own) addressSpace.unmap(start, end);
  return 0;
}

function sysShmctl(task: Task, id: number, command: number, address: number): Result {
  if (command < 0 || id < 0) return -Errno.EINVAL;
  const { segments } = ipcOf(task);
  switch (command) {
    case abi.IPC_INFO:
      return tellLimits(task, address);
    case abi.SHM_INFO:
      return tellUse(task, address);
    case abi.IPC_STAT:
    case abi.SHM_STAT:
    case abi.SHM_STAT_ANY: {
      const segment = command === abi.IPC_STAT ? segments.find(id) : segments.at(id);
      if (command !== abi.SHM_STAT_ANY) segment.require(task, READ);
      writeStructure(task, address, abi.SHMID_DS_BYTES, (view) => fillSegment(task, segment, view));
      return command === abi.IPC_STAT ? 0 : segment.id;
    }
    case abi.IPC_SET: {
      const view = readStructure(task, address, abi.SHMID_DS_BYTES);
      const segment = segments.find(id);
      segment.requireOwner(task);
      segment.setPermissions(task, view);
      return 0;
    }
    case abi.IPC_RMID: {
      const segment = segments.find(id);
      segment.requireOwner(task);
      segment.destroy();
      return 0;
    }
    case abi.SHM_LOCK:
    case abi.SHM_UNLOCK:
      return lock(task, segments.find(id), command === abi.SHM_LOCK);
    default:
      return -Errno.EINVAL;
  }
}

function lock(task: Task, segment: SharedSegment, isLocking: boolean): Result {
  const { credentials, namespaces, process } = task;
  if (!hasCapabilityOverNamespace(credentials, Capability.CAP_IPC_LOCK, namespaces.ipc)) {
    if (credentials.euid !== segment.uid && credentials.euid !== segment.creatorUid) return -Errno.EPERM;
    if (isLocking && process.limit(Rlimit.RLIMIT_MEMLOCK).soft === 0) return -Errno.EPERM;
  }
  segment.mode = isLocking ? segment.mode | abi.SHM_LOCKED : segment.mode & ~abi.SHM_LOCKED;
  return 0;
}

function fillSegment(task: Task, segment: SharedSegment, view: DataView): void {
  segment.writePermissions(task, view);
  view.setBigUint64(48, BigInt(segment.sizeBytes), true);
  view.setBigInt64(56, segment.attachedSeconds, true);
  view.setBigInt64(64, segment.detachedSeconds, true);
  view.setBigInt64(72, segment.changedSeconds, true);
  view.setInt32(80, shownPid(task, segment.creator), true);
  view.setInt32(84, shownPid(task, segment.lastUser), true);
  view.setBigUint64(88, BigInt(segment.attachments), true);
}

function tellLimits(task: Task, address: number): Result {
  const { kernel } = task;
  const countMax = BigInt(limit(kernel, "shmmni"));
  const words = [longLimit(kernel, "shmmax"), 1n, countMax, countMax, longLimit(kernel, "shmall")];
  writeLongs(task, address, abi.SHMINFO_BYTES, words);
  return ipcOf(task).segments.indexMax;
}

/** Resident pages: those that were written. */
function tellUse(task: Task, address: number): Result {
  const { segments } = ipcOf(task);
  const resident = segments.all.reduce((sum, { pages }) => sum + BigInt(pages.pageCount), 0n);
  writeLongs(task, address, abi.SHM_INFO_BYTES, [BigInt(segments.count), totalPages(task), resident]);
  return segments.indexMax;
}

export const SHARED_MEMORY_CALLS: readonly SyscallRow[] = [
  call(29, "shmget", "int, size, int", sysShmget, "no huge pages"),
  call(30, "shmat", "int, address, int", sysShmat),
  call(31, "shmctl", "int, int, address", sysShmctl),
  call(67, "shmdt", "address", sysShmdt),
];

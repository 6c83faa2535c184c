/** mmap(2), munmap(2), mprotect(2), brk(2), mremap(2). Advice and locking are memory-advice.ts. */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/mman.ts";
import { populate } from "../mm/populate.ts";
import { remap } from "../mm/remap.ts";
import type { Backing } from "../mm/region.ts";
import { PAGE_BYTES, pageCeil, RegionFlag } from "../mm/region.ts";
import { AnonymousObject } from "../mm/shared-object.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { MountFlag } from "../vfs/mount.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const PROT_ALL = abi.PROT_READ | abi.PROT_WRITE | abi.PROT_EXEC;
/** TASK_SIZE: what no address of a 64-bit program exceeds. */
const TASK_BYTES = 0x7fff_ffff_f000;

function sysMmap(
  task: Task,
  hint: number,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  position: number,
): Result {
  const { addressSpace } = task;
  const kind = flags & abi.MAP_TYPE;
  const isAnonymous = (flags & abi.MAP_ANONYMOUS) !== 0;
  if (position % PAGE_BYTES !== 0) return -Errno.EINVAL;
  if (!isAnonymous && task.files.get(fd | 0) === undefined) return -Errno.EBADF;
  if (length === 0) return -Errno.EINVAL;
  const sizeBytes = pageCeil(length);
  if (length < 0 || sizeBytes > TASK_BYTES) return -Errno.ENOMEM;
  const isFixed = (flags & (abi.MAP_FIXED | abi.MAP_FIXED_NOREPLACE)) !== 0;
  if (isFixed && hint % PAGE_BYTES !== 0) return -Errno.EINVAL;
  if ((flags & abi.MAP_FIXED_NOREPLACE) !== 0 && addressSpace.regionsIn(hint, hint + sizeBytes).length > 0)
    return -Errno.EEXIST;
  const isShared = kind === abi.MAP_SHARED || kind === abi.MAP_SHARED_VALIDATE;
  if (!isShared && kind !== abi.MAP_PRIVATE) return -Errno.EINVAL;
  if (kind === abi.MAP_SHARED_VALIDATE && (isAnonymous || (flags & ~abi.MAP_KNOWN) !== 0)) {
    return isAnonymous ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
  }
  const limit = checkLimits(task, sizeBytes, protection, flags);
  if (limit !== 0) return limit;
  const file = isAnonymous ? anonymous(task, isShared) : fileBacking(task, fd | 0, protection, isShared);
  if (typeof file === "number") return file;
  const start = addressSpace.map({
    address: isFixed ? hint : pageCeil(Math.max(0, hint)),
    sizeBytes,
    isFixed,
    protection: protection & PROT_ALL,
    flags: flags | file.flags | addressSpace.lockFuture,
    backing: file.backing,
    position: isAnonymous ? 0 : position,
  });
  const isPopulated = (flags & (abi.MAP_POPULATE | abi.MAP_LOCKED)) !== 0 || addressSpace.lockFuture !== 0;
  if (start > 0 && isPopulated) populate(addressSpace, start, start + sizeBytes);
  return start;
}

interface Mapped {
  readonly backing: Backing | undefined;
  readonly flags: number;
}

function anonymous(task: Task, isShared: boolean): Mapped {
  return { backing: isShared ? new AnonymousObject(task.kernel.nextTemporary()) : undefined, flags: 0 };
}

function fileBacking(task: Task, fd: number, protection: number, isShared: boolean): Mapped | number {
  const file = task.files.get(fd);
  if (file === undefined) return -Errno.EBADF;
  const isWriting = (protection & abi.PROT_WRITE) !== 0;
  if (!file.isReadable || (isShared && isWriting && !file.isWritable)) return -Errno.EACCES;
  if ((protection & abi.PROT_EXEC) !== 0 && file.location?.mount.has(MountFlag.noExec) === true)
    return -Errno.EPERM;
  const backing = file.map(isShared);
  if (typeof backing === "number") return backing;
  return { backing, flags: isShared && !file.isWritable ? RegionFlag.mayNotWrite : 0 };
}

/** RLIMIT_AS, RLIMIT_DATA and RLIMIT_MEMLOCK (mm/mmap.c: may_expand_vm, mlock_future_ok). */
function checkLimits(task: Task, sizeBytes: number, protection: number, flags: number): number {
  const { process, addressSpace } = task;
  if (addressSpace.sizeBytes + sizeBytes > process.limit(Rlimit.RLIMIT_AS).soft) return -Errno.ENOMEM;
  const isData = (protection & abi.PROT_WRITE) !== 0 && (flags & abi.MAP_TYPE) === abi.MAP_PRIVATE;
  const limit = process.limit(Rlimit.RLIMIT_DATA).soft;
  if (isData && limit !== Number.POSITIVE_INFINITY && addressSpace.dataBytes + sizeBytes > limit)
    return -Errno.ENOMEM;
  return 0;
}

function sysMunmap(task: Task, address: number, length: number): Result {
  const isInside = address >= 0 && length > 0 && address + pageCeil(length) <= TASK_BYTES;
  if (address % PAGE_BYTES !== 0 || !isInside) return -Errno.EINVAL;
  task.addressSpace.unmap(address, address + pageCeil(length));
  return 0;
}

function sysMprotect(task: Task, address: number, length: number, protection: number): Result {
  const { addressSpace } = task;
  const known = PROT_ALL | abi.PROT_SEM | abi.PROT_GROWSDOWN | abi.PROT_GROWSUP;
  const grows = protection & (abi.PROT_GROWSDOWN | abi.PROT_GROWSUP);
  if (grows === (abi.PROT_GROWSDOWN | abi.PROT_GROWSUP) || address % PAGE_BYTES !== 0) return -Errno.EINVAL;
  if (length === 0) return 0;
  if (length < 0) return -Errno.ENOMEM;
  if ((protection & ~known) !== 0) return -Errno.EINVAL;
  let start = address;
  if (grows !== 0) {
    const region = addressSpace.regionAt(address);
    if (region === undefined) return -Errno.ENOMEM;
    if (grows === abi.PROT_GROWSUP || (region.flags & abi.MAP_GROWSDOWN) === 0) return -Errno.EINVAL;
    start = region.start;
  }
  return addressSpace.protect(start, address + pageCeil(length), protection & PROT_ALL);
}

function sysBrk(task: Task, wanted: number): Result {
  const { addressSpace, process } = task;
  const growth = wanted - addressSpace.heapEnd;
  if (growth > 0 && addressSpace.sizeBytes + growth > process.limit(Rlimit.RLIMIT_AS).soft)
    return addressSpace.heapEnd;
  return addressSpace.setHeapEnd(wanted, process.limit(Rlimit.RLIMIT_DATA).soft);
}

function sysMremap(
  task: Task,
  address: number,
  oldBytes: number,
  newBytes: number,
  flags: number,
  wanted: number,
): Result {
  const growthMax = task.process.limit(Rlimit.RLIMIT_AS).soft - task.addressSpace.sizeBytes;
  return remap(task.addressSpace, { address, oldBytes, newBytes, flags, wanted, growthMax });
}

export const MEMORY_CALLS: readonly SyscallRow[] = [
  call(
    9,
    "mmap",
    "address, size, flags:prot, flags:map, fd, offset",
    sysMmap,
    "no huge pages; beyond 4 GiB only what has no room below",
  ),
  call(10, "mprotect", "address, size, flags:prot", sysMprotect),
  call(11, "munmap", "address, size", sysMunmap),
  call(12, "brk", "address", sysBrk),
  call(25, "mremap", "address, size, size, flags:mremap, address", sysMremap),
];

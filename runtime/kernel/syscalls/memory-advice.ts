/** madvise(2), mincore(2), msync(2), mlock(2) and its relatives. There is no swap: locked is resident. */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/mman.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { populate } from "../mm/populate.ts";
import { PAGE_BYTES, pageCeil, pageFloor, RegionFlag } from "../mm/region.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const { Madvise } = abi;
/** Told to the kernel, and of no consequence without swap, huge pages or core dumps. */
const HINTS = new Set<number>([
  Madvise.MADV_NORMAL, Madvise.MADV_RANDOM, Madvise.MADV_SEQUENTIAL, Madvise.MADV_WILLNEED, Madvise.MADV_MERGEABLE,
  Madvise.MADV_UNMERGEABLE, Madvise.MADV_HUGEPAGE, Madvise.MADV_NOHUGEPAGE, Madvise.MADV_DONTDUMP,
  Madvise.MADV_DODUMP, Madvise.MADV_COLD, Madvise.MADV_PAGEOUT,
]);
const FORK_FLAGS = new Map<number, readonly [set: number, clear: number]>([
  [Madvise.MADV_DONTFORK, [RegionFlag.dontFork, 0]],
  [Madvise.MADV_DOFORK, [0, RegionFlag.dontFork]],
  [Madvise.MADV_WIPEONFORK, [RegionFlag.wipeOnFork, 0]],
  [Madvise.MADV_KEEPONFORK, [0, RegionFlag.wipeOnFork]],
]);

function sysMadvise(task: Task, address: number, length: number, advice: number): Result {
  const { addressSpace } = task;
  const isKnown = Object.values(Madvise).some((known) => known === advice);
  if (!isKnown || address % PAGE_BYTES !== 0 || length < 0) return -Errno.EINVAL;
  const end = address + pageCeil(length);
  if (end === address) return 0;
  if (advice === Madvise.MADV_POPULATE_READ || advice === Madvise.MADV_POPULATE_WRITE) {
    return populateOrFail(addressSpace, address, end, advice === Madvise.MADV_POPULATE_WRITE);
  }
  const regions = addressSpace.regionsIn(address, end);
  for (const region of regions) {
    const [from, to] = [Math.max(address, region.start), Math.min(end, region.end)];
    const refusal = adviseRegion(addressSpace, region, from, to, advice);
    if (refusal !== 0) return refusal;
  }
  return addressSpace.coveredEnd(address, end) < end ? -Errno.ENOMEM : 0;
}

type Regions = ReturnType<AddressSpace["regionsIn"]>;

function adviseRegion(space: AddressSpace, region: Regions[number], from: number, to: number, advice: number): number {
  const isLocked = (region.flags & abi.MAP_LOCKED) !== 0;
  const isShared = (region.flags & abi.MAP_SHARED) !== 0;
  const isAnonymous = region.backing === undefined;
  const fork = FORK_FLAGS.get(advice);
  if (fork !== undefined) {
    if (advice === Madvise.MADV_WIPEONFORK && (!isAnonymous || isShared)) return -Errno.EINVAL;
    setFlags(space, from, to, ...fork);
    return 0;
  }
  if (HINTS.has(advice)) return 0;
  switch (advice) {
    case Madvise.MADV_DONTNEED:
      if (isLocked) return -Errno.EINVAL;
      space.discard(from, to);
      return 0;
    case Madvise.MADV_DONTNEED_LOCKED:
      space.discard(from, to);
      return 0;
    case Madvise.MADV_FREE:
      return isAnonymous && !isLocked ? 0 : -Errno.EINVAL;
    default:
      // MADV_REMOVE of private memory; of shared memory it is not there.
      return -Errno.EINVAL;
  }
}

function setFlags(space: AddressSpace, start: number, end: number, set: number, clear: number): void {
  space.change(start, end, (region) => ({ ...region, flags: (region.flags & ~clear) | set }));
}

function populateOrFail(space: AddressSpace, address: number, end: number, isWriting: boolean): Result {
  for (let page = address; page < end; page += PAGE_BYTES) {
    const region = space.regionAt(page);
    if (region === undefined) return -Errno.ENOMEM;
    const outcome = space.touch(page, isWriting ? abi.PROT_WRITE : abi.PROT_READ);
    if (outcome.kind === "outOfMemory") return -Errno.ENOMEM;
    if (outcome.kind === "signal") return outcome.signal === SIGBUS ? -Errno.EFAULT : -Errno.EINVAL;
  }
  return 0;
}

const SIGBUS = 7;

function sysMincore(task: Task, address: number, length: number, vector: number): Result {
  const { addressSpace } = task;
  if (address % PAGE_BYTES !== 0) return -Errno.EINVAL;
  const end = address + pageCeil(length);
  if (length < 0 || addressSpace.coveredEnd(address, end) < end) return -Errno.ENOMEM;
  const bytes = new Uint8Array((end - address) / PAGE_BYTES);
  for (let index = 0; index < bytes.length; index++) {
    const page = address + index * PAGE_BYTES;
    // Pages of files are in memory, all of them.
    const isThere = addressSpace.isResident(page) || addressSpace.regionAt(page)?.backing?.share !== undefined;
    bytes[index] = isThere ? 1 : 0;
  }
  task.memory.copyOut(vector, bytes);
  return 0;
}

function sysMsync(task: Task, address: number, length: number, flags: number): Result {
  const { addressSpace } = task;
  if ((flags & ~(abi.MS_ASYNC | abi.MS_INVALIDATE | abi.MS_SYNC)) !== 0 || address % PAGE_BYTES !== 0) return -Errno.EINVAL;
  if ((flags & abi.MS_ASYNC) !== 0 && (flags & abi.MS_SYNC) !== 0) return -Errno.EINVAL;
  if (length < 0) return -Errno.ENOMEM;
  const end = address + pageCeil(length);
  const isLocked = addressSpace.regionsIn(address, end).some((region) => (region.flags & abi.MAP_LOCKED) !== 0);
  if ((flags & abi.MS_INVALIDATE) !== 0 && isLocked) return -Errno.EBUSY;
  addressSpace.synchronize(address, end);
  return addressSpace.coveredEnd(address, end) < end ? -Errno.ENOMEM : 0;
}

/** 0, or what mlock answers when so much may not be locked. */
function refuseLock(task: Task, bytes: number): number {
  if (hasCapability(task.credentials, Capability.CAP_IPC_LOCK)) return 0;
  const limit = task.process.limit(Rlimit.RLIMIT_MEMLOCK).soft;
  if (limit === 0) return -Errno.EPERM;
  return bytes > limit ? -Errno.ENOMEM : 0;
}

function lock(task: Task, address: number, length: number, isOnFault: boolean): Result {
  const { addressSpace } = task;
  const start = pageFloor(address);
  const end = pageCeil(address + length);
  if (length < 0 || end < start) return -Errno.EINVAL;
  const refusal = refuseLock(task, addressSpace.lockedBytes + end - start);
  if (refusal !== 0) return refusal;
  const covered = addressSpace.coveredEnd(start, end);
  setFlags(addressSpace, start, covered, abi.MAP_LOCKED, 0);
  if (!isOnFault && !populate(addressSpace, start, covered)) return -Errno.ENOMEM;
  return covered < end ? -Errno.ENOMEM : 0;
}

function sysMlock2(task: Task, address: number, length: number, flags: number): Result {
  return (flags & ~abi.MLOCK_ONFAULT) !== 0 ? -Errno.EINVAL : lock(task, address, length, flags !== 0);
}

function sysMunlock(task: Task, address: number, length: number): Result {
  const { addressSpace } = task;
  const [start, end] = [pageFloor(address), pageCeil(address + length)];
  if (length < 0 || end < start) return -Errno.EINVAL;
  const covered = addressSpace.coveredEnd(start, end);
  setFlags(addressSpace, start, covered, 0, abi.MAP_LOCKED);
  return covered < end ? -Errno.ENOMEM : 0;
}

function sysMlockall(task: Task, flags: number): Result {
  const { addressSpace } = task;
  const isKnown = (flags & ~(abi.MCL_CURRENT | abi.MCL_FUTURE | abi.MCL_ONFAULT)) === 0;
  if (!isKnown || flags === 0 || flags === abi.MCL_ONFAULT) return -Errno.EINVAL;
  const refusal = refuseLock(task, (flags & abi.MCL_CURRENT) !== 0 ? addressSpace.sizeBytes : 0);
  if (refusal !== 0) return refusal;
  addressSpace.lockFuture = (flags & abi.MCL_FUTURE) !== 0 ? abi.MAP_LOCKED : 0;
  if ((flags & abi.MCL_CURRENT) === 0) return 0;
  for (const { start, end } of [...addressSpace.regions]) {
    setFlags(addressSpace, start, end, abi.MAP_LOCKED, 0);
    if ((flags & abi.MCL_ONFAULT) === 0) populate(addressSpace, start, end);
  }
  return 0;
}

function sysMunlockall(task: Task): Result {
  const { addressSpace } = task;
  addressSpace.lockFuture = 0;
  for (const { start, end } of [...addressSpace.regions]) setFlags(addressSpace, start, end, 0, abi.MAP_LOCKED);
  return 0;
}

export const MEMORY_ADVICE_CALLS: readonly SyscallRow[] = [
  call(26, "msync", "address, size, flags:msync", sysMsync),
  call(27, "mincore", "address, size, address", sysMincore),
  call(28, "madvise", "address, size, advice", sysMadvise, "MADV_FREE keeps the pages; no MADV_REMOVE, no poison"),
  call(149, "mlock", "address, size", (task, address, length) => lock(task, address, length, false)),
  call(150, "munlock", "address, size", sysMunlock),
  call(151, "mlockall", "flags:mlockall", sysMlockall),
  call(152, "munlockall", "", sysMunlockall),
  call(325, "mlock2", "address, size, flags:mlock2", sysMlock2),
];

/** mmap(2), munmap(2), mprotect(2), brk(2). */
import { Errno } from "../abi/errno.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  PROT_WRITE,
} from "../abi/mman.ts";
import type { Backing } from "../mm/region.ts";
import { PAGE_BYTES, pageCeil } from "../mm/region.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

function sysMmap(
  task: Task,
  hint: number,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  position: number,
): Result {
  const kind = flags & MAP_TYPE;
  if (length <= 0 || position % PAGE_BYTES !== 0) return -Errno.EINVAL;
  if (kind !== MAP_SHARED && kind !== MAP_PRIVATE && kind !== MAP_SHARED_VALIDATE) return -Errno.EINVAL;
  const isFixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0;
  if (isFixed && hint % PAGE_BYTES !== 0) return -Errno.EINVAL;
  const sizeBytes = pageCeil(length);
  if (
    (flags & MAP_FIXED_NOREPLACE) !== 0 &&
    task.addressSpace.regions.some(({ start, end }) => start < hint + sizeBytes && hint < end)
  ) {
    return -Errno.EEXIST;
  }
  let backing: Backing | undefined;
  if ((flags & MAP_ANONYMOUS) === 0) {
    const found = backingOf(task, fd, protection, kind !== MAP_PRIVATE);
    if (typeof found === "number") return found;
    backing = found;
  }
  return task.addressSpace.map({
    address: pageCeil(hint),
    sizeBytes,
    isFixed,
    protection: protection & 7,
    flags,
    backing,
    position,
  });
}

function backingOf(task: Task, fd: number, protection: number, isShared: boolean): Backing | number {
  const file = task.files.get(fd);
  if (file === undefined) return -Errno.EBADF;
  if (!file.isReadable || (isShared && (protection & PROT_WRITE) !== 0 && !file.isWritable))
    return -Errno.EACCES;
  return file.map(isShared);
}

function sysMunmap(task: Task, address: number, length: number): Result {
  if (address % PAGE_BYTES !== 0 || length <= 0) return -Errno.EINVAL;
  task.addressSpace.unmap(address, address + pageCeil(length));
  return 0;
}

function sysMprotect(task: Task, address: number, length: number, protection: number): Result {
  if (address % PAGE_BYTES !== 0 || length < 0) return -Errno.EINVAL;
  return length === 0 ? 0 : task.addressSpace.protect(address, address + pageCeil(length), protection & 7);
}

function sysBrk(task: Task, wanted: number): Result {
  return task.addressSpace.setHeapEnd(wanted, task.process.limit(Rlimit.RLIMIT_DATA).soft);
}

export const MEMORY_CALLS: readonly SyscallRow[] = [
  call(
    9,
    "mmap",
    "address, size, flags:prot, flags:map, fd, offset",
    sysMmap,
    "shared writable mappings are not coherent yet",
  ),
  call(10, "mprotect", "address, size, flags:prot", sysMprotect),
  call(11, "munmap", "address, size", sysMunmap),
  call(12, "brk", "address", sysBrk),
];

/** What threads need beside futexes: set_tid_address(2), set_robust_list(2), arch_prctl(2), rseq(2). */
import { Errno } from "../abi/errno.ts";
import { registerRseq } from "../task/rseq.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const ARCH_SET_GS = 0x1001;
const ARCH_SET_FS = 0x1002;
const ARCH_GET_FS = 0x1003;
const ARCH_GET_GS = 0x1004;
const ROBUST_LIST_BYTES = 24;
const RSEQ_FLAG_UNREGISTER = 1;
const RSEQ_BYTES = 32;
/** cpu_id_start 0, cpu_id RSEQ_CPU_ID_UNINITIALIZED. */
const UNREGISTERED_RSEQ = [0, 0, 0, 0, 255, 255, 255, 255];

function sysArchPrctl(task: Task, code: number, address: number): Result {
  const { context } = task;
  switch (code) {
    case ARCH_SET_FS:
      context.fsBase = BigInt.asUintN(64, BigInt(address));
      return 0;
    case ARCH_SET_GS:
      context.gsBase = BigInt.asUintN(64, BigInt(address));
      return 0;
    case ARCH_GET_FS:
      task.memory.writeU64(address, context.fsBase);
      return 0;
    case ARCH_GET_GS:
      task.memory.writeU64(address, context.gsBase);
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

function sysSetTidAddress(task: Task, address: number): Result {
  task.clearChildTid = address;
  return task.ownTid;
}

function sysSetRobustList(task: Task, head: number, sizeBytes: number): Result {
  if (sizeBytes !== ROBUST_LIST_BYTES) return -Errno.EINVAL;
  task.robustList = head;
  return 0;
}

function sysGetRobustList(task: Task, pid: number, head: number, size: number): Result {
  const target = (pid | 0) === 0 ? task : task.pidNamespace.task(pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  task.memory.writeInteger(size, ROBUST_LIST_BYTES);
  task.memory.writeInteger(head, target.robustList);
  return 0;
}

function sysRseq(task: Task, address: number, sizeBytes: number, flags: number, signature: number): Result {
  const { rseq } = task;
  const size = sizeBytes >>> 0;
  if ((flags & ~RSEQ_FLAG_UNREGISTER) !== 0) return -Errno.EINVAL;
  if (flags === RSEQ_FLAG_UNREGISTER) {
    if (rseq.address === 0 || rseq.address !== address || rseq.sizeBytes !== size) return -Errno.EINVAL;
    if (rseq.signature !== signature >>> 0) return -Errno.EPERM;
    task.memory.copyOut(address, Uint8Array.from(UNREGISTERED_RSEQ));
    task.rseq = { address: 0, sizeBytes: 0, signature: 0 };
    return 0;
  }
  if (rseq.address !== 0) {
    if (rseq.address !== address || rseq.sizeBytes !== size) return -Errno.EINVAL;
    return rseq.signature === signature >>> 0 ? -Errno.EBUSY : -Errno.EPERM;
  }
  if (size < RSEQ_BYTES || address % RSEQ_BYTES !== 0) return -Errno.EINVAL;
  task.memory.writable(address, size);
  task.rseq = { address, sizeBytes: size, signature: signature >>> 0 };
  registerRseq(task);
  return 0;
}

export const THREAD_CALLS: readonly SyscallRow[] = [
  call(158, "arch_prctl", "int, address", sysArchPrctl),
  call(218, "set_tid_address", "address", sysSetTidAddress),
  call(273, "set_robust_list", "address, size", sysSetRobustList),
  call(274, "get_robust_list", "pid, address, address", sysGetRobustList),
  call(334, "rseq", "address, size, int, int", sysRseq),
];

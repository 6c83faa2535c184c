/** What threads need: futex(2), set_tid_address(2), set_robust_list(2), arch_prctl(2). */
import { Errno } from "../abi/errno.ts";
import { registerRseq } from "../task/rseq.ts";
import { FUTEX_BITSET_MATCH_ANY, requeueFutex, waitFutex, wakeFutex } from "../task/futex.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const ARCH_SET_GS = 0x1001;
const ARCH_SET_FS = 0x1002;
const ARCH_GET_FS = 0x1003;
const ARCH_GET_GS = 0x1004;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX_REQUEUE = 3;
const FUTEX_CMP_REQUEUE = 4;
const FUTEX_WAKE_OP = 5;
const FUTEX_WAIT_BITSET = 9;
const FUTEX_WAKE_BITSET = 10;
const FUTEX_CLOCK_REALTIME = 0x100;
/** FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME. */
const FUTEX_FLAGS = 0x180;
const ROBUST_LIST_BYTES = 24;
const RSEQ_FLAG_UNREGISTER = 1;
const RSEQ_BYTES = 32;
/** cpu_id_start 0, cpu_id RSEQ_CPU_ID_UNINITIALIZED. */
const UNREGISTERED_RSEQ = [0, 0, 0, 0, 255, 255, 255, 255];
const NS_PER_S = 1_000_000_000;

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

/** When a futex wait ends: relative for FUTEX_WAIT, else a moment of one of two clocks. */
function futexDeadlineNs(task: Task, command: number, operation: number, timeout: number): number | undefined {
  if (timeout === 0) return undefined;
  const { kernel, memory } = task;
  const [seconds, nanoseconds] = [memory.readInteger(timeout), memory.readInteger(timeout + 8)];
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= NS_PER_S) throw new SyscallError(Errno.EINVAL);
  const ns = seconds * NS_PER_S + nanoseconds;
  if (command === FUTEX_WAIT) return kernel.monotonicNs() + ns;
  if ((operation & FUTEX_CLOCK_REALTIME) === 0) return ns;
  const leftNs = BigInt(seconds) * BigInt(NS_PER_S) + BigInt(nanoseconds) - kernel.realtimeNs();
  return kernel.monotonicNs() + Number(leftNs);
}

/** FUTEX_WAKE_OP: changes the second word, and wakes its waiters too when it compared so before. */
function changeWord(task: Task, address: number, encoded: number): boolean {
  const old = task.memory.readU32(address) | 0;
  const operand = (encoded << 8) >> 20;
  const value = ((encoded >>> 28) & 8) === 0 ? operand : 1 << (operand & 31);
  const results = [value, old + value, old | value, old & ~value, old ^ value];
  const result = results[(encoded >>> 28) & 7];
  if (result === undefined) throw new SyscallError(Errno.ENOSYS);
  task.memory.writeU32(address, result >>> 0);
  const compared = (encoded << 20) >> 20;
  const answers = [
    old === compared,
    old !== compared,
    old < compared,
    old <= compared,
    old > compared,
    old >= compared,
  ];
  const answer = answers[(encoded >>> 24) & 15];
  if (answer === undefined) throw new SyscallError(Errno.ENOSYS);
  return answer;
}

function sysFutex(
  task: Task,
  address: number,
  operation: number,
  value: number,
  timeout: number,
  second: number,
  third: number,
): Result {
  const command = operation & ~FUTEX_FLAGS;
  if (address % 4 !== 0) return -Errno.EINVAL;
  switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: {
      const bitset = command === FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : third >>> 0;
      if (bitset === 0) return -Errno.EINVAL;
      return waitFutex(task, address, value, bitset, futexDeadlineNs(task, command, operation, timeout));
    }
    case FUTEX_WAKE:
      return wakeFutex(task, address, value | 0);
    case FUTEX_WAKE_BITSET:
      return third >>> 0 === 0 ? -Errno.EINVAL : wakeFutex(task, address, value | 0, third >>> 0);
    case FUTEX_CMP_REQUEUE:
    case FUTEX_REQUEUE: {
      if ((value | 0) < 0 || (timeout | 0) < 0) return -Errno.EINVAL;
      if (command === FUTEX_CMP_REQUEUE && task.memory.readU32(address) !== third >>> 0) return -Errno.EAGAIN;
      const { woken, moved } = requeueFutex(task, address, value | 0, timeout | 0, second);
      return command === FUTEX_CMP_REQUEUE ? woken + moved : woken;
    }
    case FUTEX_WAKE_OP: {
      const isSecond = changeWord(task, second, third | 0);
      const woken = wakeFutex(task, address, value | 0);
      return isSecond ? woken + wakeFutex(task, second, timeout | 0) : woken;
    }
    default:
      return -Errno.ENOSYS;
  }
}

export const THREAD_CALLS: readonly SyscallRow[] = [
  call(158, "arch_prctl", "int, address", sysArchPrctl),
  call(202, "futex", "address, futex, int, timespec, address, int", sysFutex, "no priority inheritance, no futex_waitv"),
  call(218, "set_tid_address", "address", sysSetTidAddress),
  call(273, "set_robust_list", "address, size", sysSetRobustList),
  call(274, "get_robust_list", "pid, address, address", sysGetRobustList),
  call(334, "rseq", "address, size, int, int", sysRseq),
];

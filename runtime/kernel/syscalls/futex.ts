/**
 * futex(2), futex_waitv(2) and the calls that are to replace futex: what their words mean. One hard idea:
 * timeouts are relative for FUTEX_WAIT alone; everywhere else they are moments of the clock that is named.
 */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/futex.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "../abi/time.ts";
import type { FutexDeadline, FutexWait, FutexWord } from "../task/futex.ts";
import { FUTEX_BITSET_MATCH_ANY, requeueFutex, waitAny, waitFutex, wakeFutex } from "../task/futex.ts";
import { lockPi, unlockPi } from "../task/futex-pi.ts";
import { requeueToMutex, waitForRequeue } from "../task/futex-pi-requeue.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import { NEVER_NS } from "../task/timers.ts";
import type { Result } from "../task/wait.ts";
import { countMissing } from "./dispatch.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { absoluteDeadline, deadlineIn, readTimespec } from "./timespec.ts";

const { FutexOperation } = abi;
const NO_DEADLINE: FutexDeadline = { ns: undefined, isTimed: false };
/** What may come with FUTEX_CLOCK_REALTIME. */
const CLOCKED = new Set<number>([
  FutexOperation.FUTEX_WAIT_BITSET,
  FutexOperation.FUTEX_WAIT_REQUEUE_PI,
  FutexOperation.FUTEX_LOCK_PI2,
]);

function sysFutex(
  task: Task,
  address: number,
  operation: number,
  value: number,
  fourth: number,
  second: number,
  third: number,
): Result {
  const command = operation & ~(abi.FUTEX_PRIVATE_FLAG | abi.FUTEX_CLOCK_REALTIME) & 0x7fff_ffff;
  const isPrivate = (operation & abi.FUTEX_PRIVATE_FLAG) !== 0;
  const isRealtime = (operation & abi.FUTEX_CLOCK_REALTIME) !== 0;
  if (isRealtime && !CLOCKED.has(command)) return -Errno.ENOSYS;
  const word = { address, isPrivate };
  const clockId = isRealtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  switch (command) {
    case FutexOperation.FUTEX_WAIT: {
      const wait = { word, expected: value, bitset: FUTEX_BITSET_MATCH_ANY };
      return waitFutex(task, wait, relativeDeadline(task, fourth));
    }
    case FutexOperation.FUTEX_WAIT_BITSET: {
      const deadline = deadlineAt(task, clockId, fourth);
      if (third >>> 0 === 0) return -Errno.EINVAL;
      return waitFutex(task, { word, expected: value, bitset: third }, deadline);
    }
    case FutexOperation.FUTEX_WAKE:
      return wakeFutex(task, word, value | 0);
    case FutexOperation.FUTEX_WAKE_BITSET:
      return third >>> 0 === 0 ? -Errno.EINVAL : wakeFutex(task, word, value | 0, third);
    case FutexOperation.FUTEX_REQUEUE:
    case FutexOperation.FUTEX_CMP_REQUEUE: {
      const expected = command === FutexOperation.FUTEX_CMP_REQUEUE ? third : undefined;
      const [wakeCount, moveCount] = [value | 0, fourth | 0];
      return requeueFutex(task, { from: word, to: { address: second, isPrivate }, wakeCount, moveCount, expected });
    }
    case FutexOperation.FUTEX_WAKE_OP:
      return wakeOperation(task, word, { address: second, isPrivate }, value | 0, fourth | 0, third | 0);
    case FutexOperation.FUTEX_LOCK_PI:
      return lockPi(task, { word, deadlineNs: deadlineAt(task, CLOCK_REALTIME, fourth).ns, isTrying: false });
    case FutexOperation.FUTEX_LOCK_PI2:
      return lockPi(task, { word, deadlineNs: deadlineAt(task, clockId, fourth).ns, isTrying: false });
    case FutexOperation.FUTEX_TRYLOCK_PI:
      return lockPi(task, { word, deadlineNs: undefined, isTrying: true });
    case FutexOperation.FUTEX_WAIT_REQUEUE_PI: {
      const { ns: deadlineNs } = deadlineAt(task, clockId, fourth);
      return waitForRequeue(task, { word, expected: value, mutex: { address: second, isPrivate }, deadlineNs });
    }
    case FutexOperation.FUTEX_CMP_REQUEUE_PI: {
      const counts = { wakeCount: value | 0, moveCount: fourth | 0 };
      return requeueToMutex(task, { from: word, mutex: { address: second, isPrivate }, ...counts, expected: third });
    }
    case FutexOperation.FUTEX_UNLOCK_PI:
      return unlockPi(task, word);
    default:
      countMissing(task, `futex ${command}`);
      return -Errno.ENOSYS;
  }
}

function relativeDeadline(task: Task, address: number): FutexDeadline {
  return address === 0 ? NO_DEADLINE : { ns: deadlineIn(task, readTimespec(task, address)), isTimed: true };
}

function deadlineAt(task: Task, clockId: number, address: number): FutexDeadline {
  if (address === 0) return NO_DEADLINE;
  const ns = absoluteDeadline(task, clockId, address);
  return { ns: ns >= NEVER_NS ? undefined : ns, isTimed: true };
}

/** Does what `encoded` says to the word at `to`, wakes `from`, and `to` when its old value compares. */
function wakeOperation(
  task: Task,
  from: FutexWord,
  to: FutexWord,
  wakeCount: number,
  otherCount: number,
  encoded: number,
): Result {
  const compared = (encoded << 20) >> 20;
  let argument = (encoded << 8) >> 20;
  const operation = (encoded >>> 28) & 7;
  const comparison = (encoded >>> 24) & 15;
  if (((encoded >>> 28) & abi.FUTEX_OP_OPARG_SHIFT) !== 0) argument = 1 << (argument & 31);
  if (from.address % 4 !== 0 || to.address % 4 !== 0) return -Errno.EINVAL;
  const old = task.memory.readI32(to.address);
  const value = operate(operation, old, argument);
  if (value === undefined) return -Errno.ENOSYS;
  task.memory.writeU32(to.address, value);
  const isWaking = compare(comparison, old, compared);
  if (isWaking === undefined) return -Errno.ENOSYS;
  const woken = wakeFutex(task, from, wakeCount);
  return isWaking ? woken + wakeFutex(task, to, otherCount) : woken;
}

/** FUTEX_OP_SET, ADD, OR, ANDN, XOR. */
function operate(operation: number, old: number, argument: number): number | undefined {
  return [argument, old + argument, old | argument, old & ~argument, old ^ argument][operation];
}

/** FUTEX_OP_CMP_EQ, NE, LT, LE, GT, GE. */
function compare(comparison: number, old: number, value: number): boolean | undefined {
  return [old === value, old !== value, old < value, old <= value, old > value, old >= value][comparison];
}

/** The word of one of the newer calls: EINVAL for sizes but 32 bits, and for flags nobody knows. */
function sizedWord(address: number, flags: number): FutexWord {
  const isKnown = (flags & ~(abi.FUTEX2_SIZE_MASK | abi.FUTEX2_PRIVATE)) === 0;
  if (!isKnown || (flags & abi.FUTEX2_SIZE_MASK) !== abi.FUTEX2_SIZE_U32) throw new SyscallError(Errno.EINVAL);
  return { address, isPrivate: (flags & abi.FUTEX2_PRIVATE) !== 0 };
}

/** struct futex_waitv: value, address, flags, reserved. */
function readWaits(task: Task, address: number, count: number): readonly FutexWait[] {
  return Array.from({ length: count }, (_, index) => {
    const view = new DataView(task.memory.copyIn(address + index * abi.FUTEX_WAITV_BYTES, abi.FUTEX_WAITV_BYTES).buffer);
    const flags = view.getUint32(16, true);
    if (view.getUint32(20, true) !== 0 || view.getUint32(4, true) !== 0) throw new SyscallError(Errno.EINVAL);
    const word = sizedWord(Number(view.getBigUint64(8, true)), flags);
    return { word, expected: view.getUint32(0, true), bitset: FUTEX_BITSET_MATCH_ANY };
  });
}

function clockedDeadline(task: Task, timeout: number, clockId: number): FutexDeadline {
  if (timeout === 0) return NO_DEADLINE;
  if (clockId !== CLOCK_MONOTONIC && clockId !== CLOCK_REALTIME) throw new SyscallError(Errno.EINVAL);
  return deadlineAt(task, clockId, timeout);
}

function sysFutexWaitv(
  task: Task,
  waits: number,
  count: number,
  flags: number,
  timeout: number,
  clockId: number,
): Result {
  if (flags !== 0 || count <= 0 || count > abi.FUTEX_WAITV_MAX || waits === 0) return -Errno.EINVAL;
  const deadline = clockedDeadline(task, timeout, clockId);
  return waitAny(task, readWaits(task, waits, count), deadline, (index) => index);
}

function sysFutexWake(task: Task, address: number, mask: number, count: number, flags: number): Result {
  const word = sizedWord(address, flags);
  if (mask === 0 || mask > 0xffff_ffff) return -Errno.EINVAL;
  return (count | 0) === 0 ? 0 : wakeFutex(task, word, count | 0, mask);
}

function sysFutexWait(
  task: Task,
  address: number,
  expected: number,
  mask: number,
  flags: number,
  timeout: number,
  clockId: number,
): Result {
  const word = sizedWord(address, flags);
  if (mask === 0 || mask > 0xffff_ffff || expected < 0 || expected > 0xffff_ffff) return -Errno.EINVAL;
  return waitFutex(task, { word, expected, bitset: mask }, clockedDeadline(task, timeout, clockId));
}

function sysFutexRequeue(task: Task, waits: number, flags: number, wakeCount: number, moveCount: number): Result {
  if (flags !== 0 || waits === 0) return -Errno.EINVAL;
  const [from, to] = readWaits(task, waits, 2);
  if (from === undefined || to === undefined) return -Errno.EINVAL;
  const counts = { wakeCount: wakeCount | 0, moveCount: moveCount | 0 };
  return requeueFutex(task, { from: from.word, to: to.word, ...counts, expected: from.expected });
}

export const FUTEX_CALLS: readonly SyscallRow[] = [
  call(202, "futex", "address, futex, int, timespec, address, int", sysFutex),
  call(449, "futex_waitv", "address, int, int, timespec, clock", sysFutexWaitv),
  call(454, "futex_wake", "address, int, int, int", sysFutexWake),
  call(455, "futex_wait", "address, int, int, int, timespec, clock", sysFutexWait),
  call(456, "futex_requeue", "address, int, int, int", sysFutexRequeue),
];

/**
 * sched_setscheduler(2) and its relatives, sched_yield(2), sched_getaffinity(2), getcpu(2), membarrier(2).
 * There is one processor and one round of tasks: policies are kept and checked as Linux does, and order
 * nothing.
 */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/sched.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const PRIORITY_MAX = 99;
/** The slice of SCHED_RR (sched_rr_timeslice) and about what CFS gives. */
const [RR_SLICE_NS, SLICE_NS] = [100_000_000, 3_000_000] as const;
/** cpumask_size() of a kernel for up to 64 processors. */
const MASK_BYTES = 8;
const REGISTRATIONS: readonly (readonly [register: number, command: number])[] = [
  [abi.MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0],
  [abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED],
  [abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE],
  [abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ],
];
const MEMBARRIER_ALL = 0x3ff;

function targetOf(task: Task, pid: number): Task | undefined {
  return pid === 0 ? task : task.pidNamespace.task(pid);
}

function prioritiesOf(policy: number): readonly [min: number, max: number] | undefined {
  switch (policy) {
    case abi.SCHED_FIFO:
    case abi.SCHED_RR:
      return [1, PRIORITY_MAX];
    case abi.SCHED_NORMAL:
    case abi.SCHED_BATCH:
    case abi.SCHED_IDLE:
    case abi.SCHED_DEADLINE:
    case abi.SCHED_EXT:
      return [0, 0];
    default:
      return undefined;
  }
}

/** 0 after the change, or -errno (kernel/sched/syscalls.c: __sched_setscheduler). */
function setPolicy(task: Task, target: Task, policy: number, priority: number, resets: boolean): number {
  const range = prioritiesOf(policy);
  if (range === undefined || policy >= abi.SCHED_DEADLINE) return -Errno.EINVAL;
  if (priority < range[0] || priority > range[1]) return -Errno.EINVAL;
  if (!hasCapability(task.credentials, Capability.CAP_SYS_NICE)) {
    const limit = target.process.limit(Rlimit.RLIMIT_RTPRIO).soft;
    const isRaised =
      range[1] > 0 &&
      (target.policy !== policy ? limit === 0 : priority > target.priority && priority > limit);
    const isOther =
      task.credentials.euid !== target.credentials.euid && task.credentials.euid !== target.credentials.uid;
    if (isRaised || isOther || (target.resetsPolicyOnFork && !resets)) return -Errno.EPERM;
  }
  target.policy = policy;
  target.priority = priority;
  target.resetsPolicyOnFork = resets;
  return 0;
}

function sysSchedSetscheduler(task: Task, pid: number, policy: number, address: number): Result {
  if ((pid | 0) < 0 || (policy | 0) < 0 || address === 0) return -Errno.EINVAL;
  const priority = task.memory.readI32(address);
  const target = targetOf(task, pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  const resets = (policy & abi.SCHED_RESET_ON_FORK) !== 0;
  return setPolicy(task, target, policy & ~abi.SCHED_RESET_ON_FORK, priority, resets);
}

function sysSchedSetparam(task: Task, pid: number, address: number): Result {
  if ((pid | 0) < 0 || address === 0) return -Errno.EINVAL;
  const priority = task.memory.readI32(address);
  const target = targetOf(task, pid | 0);
  return target === undefined
    ? -Errno.ESRCH
    : setPolicy(task, target, target.policy, priority, target.resetsPolicyOnFork);
}

function sysSchedGetscheduler(task: Task, pid: number): Result {
  if ((pid | 0) < 0) return -Errno.EINVAL;
  const target = targetOf(task, pid | 0);
  return target === undefined
    ? -Errno.ESRCH
    : target.policy | (target.resetsPolicyOnFork ? abi.SCHED_RESET_ON_FORK : 0);
}

function sysSchedGetparam(task: Task, pid: number, address: number): Result {
  if ((pid | 0) < 0 || address === 0) return -Errno.EINVAL;
  const target = targetOf(task, pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  task.memory.writeU32(address, target.priority);
  return 0;
}

function sysSchedSetattr(task: Task, pid: number, address: number, flags: number): Result {
  if (address === 0 || (pid | 0) < 0 || flags !== 0) return -Errno.EINVAL;
  const { memory } = task;
  const size = memory.readU32(address) || abi.SCHED_ATTR_BYTES_MIN;
  if (size < abi.SCHED_ATTR_BYTES_MIN || size > 4096) return -Errno.E2BIG;
  const bytes = memory.copyIn(address, size);
  if (bytes.subarray(abi.SCHED_ATTR_BYTES).some((byte) => byte !== 0)) return -Errno.E2BIG;
  const view = new DataView(bytes.buffer);
  const attributeFlags = view.getUint32(8, true);
  if ((attributeFlags & ~0x7f) !== 0) return -Errno.EINVAL;
  const target = targetOf(task, pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  const resets = (attributeFlags & abi.SCHED_FLAG_RESET_ON_FORK) !== 0;
  const changed = setPolicy(task, target, view.getInt32(4, true), view.getUint32(20, true), resets);
  if (changed === 0) target.nice = Math.max(-20, Math.min(19, view.getInt32(16, true)));
  return changed;
}

function sysSchedGetattr(task: Task, pid: number, address: number, sizeBytes: number, flags: number): Result {
  const size = sizeBytes >>> 0;
  if (address === 0 || (pid | 0) < 0 || flags !== 0) return -Errno.EINVAL;
  if (size < abi.SCHED_ATTR_BYTES_MIN || size > 4096) return -Errno.EINVAL;
  const target = targetOf(task, pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const known = Math.min(size, abi.SCHED_ATTR_BYTES);
  view.setUint32(0, known, true);
  view.setUint32(4, target.policy, true);
  view.setUint32(8, target.resetsPolicyOnFork ? abi.SCHED_FLAG_RESET_ON_FORK : 0, true);
  view.setInt32(
    16,
    target.policy === abi.SCHED_NORMAL || target.policy === abi.SCHED_BATCH ? target.nice : 0,
    true,
  );
  view.setUint32(20, target.priority, true);
  if (target.policy === abi.SCHED_NORMAL || target.policy === abi.SCHED_BATCH)
    view.setBigUint64(24, BigInt(SLICE_NS), true);
  task.memory.copyOut(address, bytes);
  return 0;
}

function sysSchedRrGetInterval(task: Task, pid: number, address: number): Result {
  if ((pid | 0) < 0) return -Errno.EINVAL;
  const target = targetOf(task, pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  const ns = target.policy === abi.SCHED_RR ? RR_SLICE_NS : target.policy === abi.SCHED_FIFO ? 0 : SLICE_NS;
  task.memory.writeInteger(address, 0);
  task.memory.writeInteger(address + 8, ns);
  return 0;
}

function sysSchedSetaffinity(task: Task, pid: number, sizeBytes: number, address: number): Result {
  const mask = task.memory.copyIn(address, Math.min(sizeBytes >>> 0, MASK_BYTES));
  const target = targetOf(task, pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  const isOther =
    task.credentials.euid !== target.credentials.euid && task.credentials.euid !== target.credentials.uid;
  if (isOther && !hasCapability(task.credentials, Capability.CAP_SYS_NICE)) return -Errno.EPERM;
  return ((mask[0] ?? 0) & 1) === 0 ? -Errno.EINVAL : 0;
}

function sysSchedGetaffinity(task: Task, pid: number, sizeBytes: number, address: number): Result {
  const size = sizeBytes >>> 0;
  if (size < 1 || size % MASK_BYTES !== 0) return -Errno.EINVAL;
  if (targetOf(task, pid | 0) === undefined) return -Errno.ESRCH;
  task.memory.writeInteger(address, 1);
  return MASK_BYTES;
}

/** To the end of the round: a wait that is over at once. */
function sysSchedYield(task: Task): Result {
  task.kernel.scheduler.enqueue(task);
  return new Blocked({ queues: [], retry: () => 0, reason: "sched_yield" });
}

function sysGetcpu(task: Task, cpu: number, node: number): Result {
  if (cpu !== 0) task.memory.writeU32(cpu, 0);
  if (node !== 0) task.memory.writeU32(node, 0);
  return 0;
}

/** With one processor every switch between tasks is a barrier; only the registrations are to be kept. */
function sysMembarrier(task: Task, command: number, flags: number, cpu: number): Result {
  const { addressSpace } = task;
  const takesCpu = command === abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
  if (flags !== 0 && !(takesCpu && flags === abi.MEMBARRIER_CMD_FLAG_CPU)) return -Errno.EINVAL;
  if (flags !== 0 && cpu < 0) return -Errno.EINVAL;
  if (command === abi.MEMBARRIER_CMD_QUERY) return MEMBARRIER_ALL;
  if (command === abi.MEMBARRIER_CMD_GLOBAL || command === abi.MEMBARRIER_CMD_GLOBAL_EXPEDITED) return 0;
  if (command === abi.MEMBARRIER_CMD_GET_REGISTRATIONS) return addressSpace.membarrierRegistrations;
  for (const [register, barrier] of REGISTRATIONS) {
    if (command === register) {
      addressSpace.membarrierRegistrations |= register;
      return 0;
    }
    if (command === barrier)
      return (addressSpace.membarrierRegistrations & register) === 0 ? -Errno.EPERM : 0;
  }
  return -Errno.EINVAL;
}

const bounds = (policy: number, which: 0 | 1): Result => prioritiesOf(policy | 0)?.[which] ?? -Errno.EINVAL;

export const SCHEDULING_CALLS: readonly SyscallRow[] = [
  call(24, "sched_yield", "", sysSchedYield),
  call(142, "sched_setparam", "pid, address", sysSchedSetparam, "priorities order nothing"),
  call(143, "sched_getparam", "pid, address", sysSchedGetparam),
  call(
    144,
    "sched_setscheduler",
    "pid, int, address",
    sysSchedSetscheduler,
    "policies order nothing; no deadlines",
  ),
  call(145, "sched_getscheduler", "pid", sysSchedGetscheduler),
  call(146, "sched_get_priority_max", "int", (_task, policy) => bounds(policy, 1)),
  call(147, "sched_get_priority_min", "int", (_task, policy) => bounds(policy, 0)),
  call(148, "sched_rr_get_interval", "pid, timespec", sysSchedRrGetInterval),
  call(203, "sched_setaffinity", "pid, size, address", sysSchedSetaffinity),
  call(204, "sched_getaffinity", "pid, size, address", sysSchedGetaffinity),
  call(309, "getcpu", "address, address, address", sysGetcpu),
  call(314, "sched_setattr", "pid, address, int", sysSchedSetattr, "no deadlines, no clamps"),
  call(315, "sched_getattr", "pid, address, size, int", sysSchedGetattr),
  call(324, "membarrier", "int, int, int", sysMembarrier),
];

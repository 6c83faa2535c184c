/** Limits, usage and priorities of processes: prlimit(2), getrusage(2), times(2), getpriority(2), ioprio_set(2). */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/resource.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import type { Limit } from "../task/limits.ts";
import { Rlimit, RLIMITS, UNLIMITED } from "../task/limits.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { childrenUsage, encodeUsage, processUsage, taskUsage } from "../task/usage.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** sysctl_nr_open: the hard limit of descriptors may not be raised beyond. */
const NR_OPEN = 1_048_576;
const NS_PER_TICK = 10_000_000;
const [NICE_MIN, NICE_MAX] = [-20, 19] as const;

function readLimit(task: Task, address: number): Limit {
  const [soft, hard] = [task.memory.readU64(address), task.memory.readU64(address + 8)];
  const value = (word: bigint): number => (word === abi.RLIM_INFINITY ? UNLIMITED : Number(word));
  return { soft: value(soft), hard: value(hard) };
}

function writeLimit(task: Task, address: number, { soft, hard }: Limit): void {
  const word = (value: number): bigint => (value === UNLIMITED ? abi.RLIM_INFINITY : BigInt(value));
  task.memory.writeU64(address, word(soft));
  task.memory.writeU64(address + 8, word(hard));
}

/** 0 after the change, or -errno (kernel/sys.c: do_prlimit). */
function changeLimit(task: Task, process: Process, resource: number, wanted: Limit): number {
  if (wanted.soft > wanted.hard) return -Errno.EINVAL;
  if (resource === Rlimit.RLIMIT_NOFILE && wanted.hard > NR_OPEN) return -Errno.EPERM;
  const isRaised = wanted.hard > process.limit(resource).hard;
  if (isRaised && !hasCapability(task.credentials, Capability.CAP_SYS_RESOURCE)) return -Errno.EPERM;
  process.limits[resource] = wanted;
  if (resource === Rlimit.RLIMIT_STACK)
    for (const one of process.tasks) one.addressSpace.stackBytesMax = wanted.soft;
  return 0;
}

function mayLimit(task: Task, target: Task): boolean {
  if (task.process === target.process) return true;
  const [who, whose] = [task.credentials, target.credentials];
  const isSame =
    [whose.uid, whose.euid, whose.suid].every((uid) => uid === who.uid) &&
    [whose.gid, whose.egid, whose.sgid].every((gid) => gid === who.gid);
  return isSame || hasCapability(who, Capability.CAP_SYS_RESOURCE);
}

function sysPrlimit64(task: Task, pid: number, resource: number, wanted: number, old: number): Result {
  const target = (pid | 0) === 0 ? task : task.pidNamespace.task(pid | 0);
  if (target === undefined) return -Errno.ESRCH;
  if (resource >>> 0 >= RLIMITS) return -Errno.EINVAL;
  if (!mayLimit(task, target)) return -Errno.EPERM;
  const before = target.process.limit(resource);
  if (wanted !== 0) {
    const refusal = changeLimit(task, target.process, resource, readLimit(task, wanted));
    if (refusal !== 0) return refusal;
  }
  if (old !== 0) writeLimit(task, old, before);
  return 0;
}

function sysGetrlimit(task: Task, resource: number, address: number): Result {
  if (resource >>> 0 >= RLIMITS) return -Errno.EINVAL;
  writeLimit(task, address, task.process.limit(resource));
  return 0;
}

function sysSetrlimit(task: Task, resource: number, address: number): Result {
  const wanted = readLimit(task, address);
  return resource >>> 0 >= RLIMITS ? -Errno.EINVAL : changeLimit(task, task.process, resource, wanted);
}

function sysGetrusage(task: Task, who: number, address: number): Result {
  task.kernel.chargeTurn();
  const usage = usageOf(task, who | 0);
  if (usage === undefined) return -Errno.EINVAL;
  task.memory.copyOut(address, encodeUsage(usage));
  return 0;
}

function usageOf(task: Task, who: number): ReturnType<typeof taskUsage> | undefined {
  switch (who) {
    case abi.RUSAGE_SELF:
      return processUsage(task.process);
    case abi.RUSAGE_CHILDREN:
      return childrenUsage(task.process);
    case abi.RUSAGE_THREAD:
      return taskUsage(task);
    default:
      return undefined;
  }
}

function sysTimes(task: Task, address: number): Result {
  task.kernel.chargeTurn();
  const ticks = (ns: number): number => Math.floor(ns / NS_PER_TICK);
  if (address !== 0) {
    const words = [ticks(task.process.cpuNs), 0, ticks(task.process.childrenUsage.cpuNs), 0];
    words.forEach((word, index) => task.memory.writeInteger(address + index * 8, word));
  }
  return ticks(task.kernel.monotonicNs());
}

/** The tasks that (which, who) of getpriority and ioprio_get mean; undefined for another `which`. */
function targetsOf(task: Task, which: number, who: number): readonly Task[] | undefined {
  switch (which) {
    case abi.PRIO_PROCESS: {
      const target = who === 0 ? task : task.pidNamespace.task(who);
      return target === undefined ? [] : [target];
    }
    case abi.PRIO_PGRP: {
      const group = who === 0 ? task.process.group : task.pidNamespace.task(who)?.process.group;
      const isNamed = who === 0 || group?.founder.tidIn(task.pidNamespace) === who;
      return group === undefined || !isNamed
        ? []
        : [...group.members].flatMap((process) => [...process.tasks]);
    }
    case abi.PRIO_USER: {
      const uid = who === 0 ? task.credentials.uid : who;
      return task.pidNamespace.tasks().filter((other) => other.credentials.uid === uid);
    }
    default:
      return undefined;
  }
}

function sysGetpriority(task: Task, which: number, who: number): Result {
  const targets = targetsOf(task, which | 0, who | 0);
  if (targets === undefined) return -Errno.EINVAL;
  if (targets.length === 0) return -Errno.ESRCH;
  return 20 - Math.min(...targets.map(({ nice }) => nice));
}

function sysSetpriority(task: Task, which: number, who: number, value: number): Result {
  const targets = targetsOf(task, which | 0, who | 0);
  if (targets === undefined) return -Errno.EINVAL;
  const nice = Math.max(NICE_MIN, Math.min(NICE_MAX, value | 0));
  let answer: number = -Errno.ESRCH;
  for (const target of targets) {
    const refusal = refuseNice(task, target, nice);
    if (refusal !== 0) answer = refusal;
    else {
      target.nice = nice;
      if (answer === -Errno.ESRCH) answer = 0;
    }
  }
  return answer;
}

function refuseNice(task: Task, target: Task, nice: number): number {
  const who = task.credentials;
  if (hasCapability(who, Capability.CAP_SYS_NICE)) return 0;
  if (target.credentials.uid !== who.euid && target.credentials.euid !== who.euid) return -Errno.EPERM;
  const isBetter = nice < target.nice;
  return isBetter && 20 - nice > target.process.limit(Rlimit.RLIMIT_NICE).soft ? -Errno.EACCES : 0;
}

function sysIoprioSet(task: Task, which: number, who: number, value: number): Result {
  const [rank, level] = [value >> abi.IOPRIO_CLASS_SHIFT, value & (abi.IOPRIO_LEVELS - 1)];
  if (rank < abi.IOPRIO_CLASS_NONE || rank > abi.IOPRIO_CLASS_IDLE) return -Errno.EINVAL;
  if (rank === abi.IOPRIO_CLASS_NONE && level !== 0) return -Errno.EINVAL;
  const isReal = rank === abi.IOPRIO_CLASS_RT;
  const isAllowed = [Capability.CAP_SYS_ADMIN, Capability.CAP_SYS_NICE].some((one) =>
    hasCapability(task.credentials, one),
  );
  if (isReal && !isAllowed) return -Errno.EPERM;
  const targets = targetsOf(task, (which | 0) - 1, who | 0);
  if (targets === undefined) return -Errno.EINVAL;
  for (const target of targets) target.ioPriority = value;
  return targets.length === 0 ? -Errno.ESRCH : 0;
}

function sysIoprioGet(task: Task, which: number, who: number): Result {
  const targets = targetsOf(task, (which | 0) - 1, who | 0);
  if (targets === undefined) return -Errno.EINVAL;
  if (targets.length === 0) return -Errno.ESRCH;
  const best = (abi.IOPRIO_CLASS_BE << abi.IOPRIO_CLASS_SHIFT) | 4;
  const shown = targets.map(({ ioPriority }) => (ioPriority === 0 && targets.length > 1 ? best : ioPriority));
  return Math.min(...shown);
}

export const RESOURCE_CALLS: readonly SyscallRow[] = [
  call(97, "getrlimit", "rlimit-resource, address", sysGetrlimit),
  call(98, "getrusage", "int, address", sysGetrusage, "all time is user time"),
  call(100, "times", "address", sysTimes, "all time is user time"),
  call(140, "getpriority", "int, int", sysGetpriority),
  call(141, "setpriority", "int, int, int", sysSetpriority, "tasks run in turn whatever their nice value"),
  call(160, "setrlimit", "rlimit-resource, rlimit", sysSetrlimit),
  call(251, "ioprio_set", "int, int, int", sysIoprioSet, "kept, not acted on"),
  call(252, "ioprio_get", "int, int", sysIoprioGet),
  call(
    302,
    "prlimit64",
    "pid, rlimit-resource, rlimit, address",
    sysPrlimit64,
    "CPU, RTTIME, MSGQUEUE and LOCKS are kept, not enforced",
  ),
];

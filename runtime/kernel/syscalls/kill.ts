/** Sending signals: kill(2), tgkill(2), rt_sigqueueinfo(2), pidfd_send_signal(2), and who may (check_kill_permission). */
import { Errno } from "../abi/errno.ts";
import { SI_TKILL, SI_USER, SIGNAL_MAX, Signal } from "../abi/signal.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { Rlimit } from "../task/limits.ts";
import type { Process } from "../task/process.ts";
import { groupIdIn } from "../task/process.ts";
import { sendToProcess, sendToTask } from "../task/send-signal.ts";
import type { SignalInfo } from "../task/signal-state.ts";
import { SIGRTMIN } from "../abi/signal.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** linux/pidfd.h. */
const PIDFD_SIGNAL_THREAD = 1;
const PIDFD_SIGNAL_PROCESS_GROUP = 4;
const PIDFD_SIGNAL_ALL = 7;

/** 0 or -EPERM. Signal 0 asks only. */
export function mayKill(task: Task, target: Process, signal: number): number {
  if (target === task.process) return 0;
  const [own, theirs] = [task.credentials, target.leader.credentials];
  const isSameUser = [theirs.suid, theirs.uid].some((uid) => uid === own.euid || uid === own.uid);
  if (isSameUser || hasCapability(own, Capability.CAP_KILL)) return 0;
  return signal === Signal.SIGCONT && target.session === task.process.session ? 0 : -Errno.EPERM;
}

/** What a signal from `task` says about its sender. */
export function fromTask(task: Task, signal: number, code: number): SignalInfo {
  return { signal, code, pid: task.process.id, uid: task.credentials.uid };
}

function isSignal(signal: number): boolean {
  return signal >= 0 && signal <= SIGNAL_MAX;
}

/** Sends to each of `targets` that may be sent to: kill's answer. */
function killAll(task: Task, targets: readonly Process[], signal: number): number {
  if (targets.length === 0) return -Errno.ESRCH;
  let answer = -Errno.EPERM;
  for (const target of targets) {
    if (mayKill(task, target, signal) !== 0) continue;
    answer = 0;
    if (signal !== 0) sendToProcess(target, fromTask(task, signal, SI_USER));
  }
  return answer;
}

/** All processes seen from the caller's namespace, once each. */
function visibleProcesses(task: Task): readonly Process[] {
  return [...new Set(task.pidNamespace.tasks().map((other) => other.process))];
}

function sysKill(task: Task, pid: number, signal: number): Result {
  if (!isSignal(signal)) return -Errno.EINVAL;
  const { process, pidNamespace } = task;
  if (pid > 0) {
    const target = pidNamespace.task(pid)?.process;
    return target === undefined ? -Errno.ESRCH : killAll(task, [target], signal);
  }
  if (pid === -1) {
    const others = visibleProcesses(task).filter((other) => other !== process && other.leader.tidIn(pidNamespace) > 1);
    const answer = killAll(task, others, signal);
    return answer === -Errno.EPERM ? 0 : answer;
  }
  const members = visibleProcesses(task).filter(({ group }) =>
    pid === 0 ? group === process.group : groupIdIn(group, pidNamespace) === -pid,
  );
  return killAll(task, members, signal);
}

function sysTgkill(task: Task, tgid: number, tid: number, signal: number): Result {
  if (tgid <= 0 || tid <= 0) return -Errno.EINVAL;
  return killTask(task, tgid, tid, fromTask(task, signal, SI_TKILL));
}

function sysTkill(task: Task, tid: number, signal: number): Result {
  if (tid <= 0) return -Errno.EINVAL;
  return killTask(task, 0, tid, fromTask(task, signal, SI_TKILL));
}

/** `tgid` 0 is any. */
function killTask(task: Task, tgid: number, tid: number, info: SignalInfo): number {
  const target = task.pidNamespace.task(tid);
  if (target === undefined) return -Errno.ESRCH;
  if (tgid !== 0 && target.process.leader.tidIn(task.pidNamespace) !== tgid) return -Errno.ESRCH;
  if (!isSignal(info.signal)) return -Errno.EINVAL;
  const refusal = mayKill(task, target.process, info.signal);
  if (refusal !== 0 || info.signal === 0) return refusal;
  if (isQueueFull(target.process, info)) return -Errno.EAGAIN;
  sendToTask(target, info);
  return 0;
}

/** Real-time signals are queued until RLIMIT_SIGPENDING. */
function isQueueFull(process: Process, { signal }: SignalInfo): boolean {
  if (signal < SIGRTMIN) return false;
  let count = process.pending.count();
  for (const task of process.tasks) count += task.pending.count();
  return count >= process.limit(Rlimit.RLIMIT_SIGPENDING).soft;
}

/** siginfo_t as a program filled it in; -EPERM for what only the kernel says, except to oneself. */
function readInfo(task: Task, signal: number, address: number, isOneself: boolean): SignalInfo | number {
  const { memory, pidNamespace } = task;
  const code = memory.readI32(address + 8);
  if ((code >= 0 || code === SI_TKILL) && !isOneself) return -Errno.EPERM;
  const sender = pidNamespace.task(memory.readI32(address + 16));
  return {
    signal, code, errno: memory.readI32(address + 4), pid: sender?.tid ?? 0, uid: memory.readU32(address + 20),
    value: memory.readU64(address + 24),
  };
}

function sysRtSigqueueinfo(task: Task, pid: number, signal: number, address: number): Result {
  const target = pid > 0 ? task.pidNamespace.task(pid)?.process : undefined;
  const info = readInfo(task, signal, address, target === task.process);
  if (typeof info === "number") return info;
  if (target === undefined) return -Errno.ESRCH;
  return sendInfo(task, target, info);
}

function sendInfo(task: Task, target: Process, info: SignalInfo): number {
  if (!isSignal(info.signal)) return -Errno.EINVAL;
  const refusal = mayKill(task, target, info.signal);
  if (refusal !== 0 || info.signal === 0) return refusal;
  if (isQueueFull(target, info)) return -Errno.EAGAIN;
  sendToProcess(target, info);
  return 0;
}

function sysRtTgsigqueueinfo(task: Task, tgid: number, tid: number, signal: number, address: number): Result {
  if (tgid <= 0 || tid <= 0) return -Errno.EINVAL;
  const info = readInfo(task, signal, address, tid === task.ownTid);
  return typeof info === "number" ? info : killTask(task, tgid, tid, info);
}

/** Of a pidfd, and of a /proc/<pid> that is open: what there was before pidfd_open (pidfd_to_pid). */
function processOfFile(file: FileDescription | undefined): Process | undefined {
  if (file === undefined || file.isPath) return undefined;
  if (file.pidfdProcess !== undefined) return file.pidfdProcess;
  const dentry = file.location?.dentry;
  return dentry?.superblock.filesystem.processOf?.(dentry.node);
}

function sysPidfdSendSignal(task: Task, fd: number, signal: number, address: number, flags: number): Result {
  if ((flags & ~PIDFD_SIGNAL_ALL) !== 0 || (flags & (flags - 1)) !== 0) return -Errno.EINVAL;
  const target = processOfFile(task.files.get(fd));
  if (target === undefined) return -Errno.EBADF;
  if (target.leader.tidIn(task.pidNamespace) === 0 && !target.isZombie) return -Errno.EINVAL;
  if (target.isReaped) return -Errno.ESRCH;
  const info = address === 0 ? fromTask(task, signal, SI_USER) : readInfo(task, signal, address, target === task.process);
  if (typeof info === "number") return info;
  if (address !== 0 && task.memory.readI32(address) !== signal) return -Errno.EINVAL;
  if (flags === PIDFD_SIGNAL_THREAD) return killTask(task, 0, target.leader.tidIn(task.pidNamespace), info);
  if (flags !== PIDFD_SIGNAL_PROCESS_GROUP) return sendInfo(task, target, info);
  return killAll(task, [...target.group.members], signal);
}

export const KILL_CALLS: readonly SyscallRow[] = [
  call(62, "kill", "pid, signal", sysKill),
  call(129, "rt_sigqueueinfo", "pid, signal, siginfo", sysRtSigqueueinfo),
  call(200, "tkill", "pid, signal", sysTkill),
  call(234, "tgkill", "pid, pid, signal", sysTgkill),
  call(297, "rt_tgsigqueueinfo", "pid, pid, signal, siginfo", sysRtTgsigqueueinfo),
  call(424, "pidfd_send_signal", "fd, signal, siginfo, flags", sysPidfdSendSignal),
];

/**
 * wait4(2) and waitid(2) (kernel/exit.c: do_wait). One hard idea: a caller's children are looked through
 * anew at every wake, so that what is reported is what holds at that moment, once.
 */
import { Errno } from "../abi/errno.ts";
import { CLD_CONTINUED, CLD_STOPPED, CLD_TRAPPED, Signal } from "../abi/signal.ts";
import * as abi from "../abi/wait.ts";
import { exitInfo, forgetThread, reap } from "../task/exit.ts";
import { unlinkTracee } from "../task/ptrace.ts";
import type { Process, ProcessGroup } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { shownUid } from "../task/credentials.ts";
import { addUsage, encodeUsage, processUsage, taskUsage } from "../task/usage.ts";
import type { Usage } from "../task/usage.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const WAIT4_OPTIONS = abi.WNOHANG | abi.WUNTRACED | abi.WCONTINUED | abi.WNOTHREAD | abi.WALL | abi.WCLONE;
const WAITID_STATES = abi.WEXITED | abi.WSTOPPED | abi.WCONTINUED;
/** siginfo_t as far as waitid fills it. */
const INFO_BYTES = 28;
const WAITID_OPTIONS = abi.WNOHANG | abi.WNOWAIT | WAITID_STATES | abi.WNOTHREAD | abi.WALL | abi.WCLONE;

/** What is waited for. */
interface Wait {
  readonly isWanted: (child: Process) => boolean;
  /** The same of what is traced: single threads. */
  readonly isWantedTask: (tracee: Task) => boolean;
  readonly options: number;
  readonly report: (child: Task, status: number, usage: Usage) => number;
  /** Nothing yet, with WNOHANG. */
  readonly nothing: () => number;
}

function doWait(task: Task, wait: Wait): Result {
  const { process } = task;
  const attempt = (): Result => {
    const wanted = [...process.children].filter(
      (child) => wait.isWanted(child) && isOfKind(child, wait.options),
    );
    const traced = [...process.tracees].filter((tracee) => wait.isWantedTask(tracee));
    if (wanted.length === 0 && traced.length === 0) return -Errno.ECHILD;
    for (const tracee of traced) {
      const answer = waitForTracee(tracee, process, wait);
      if (answer !== undefined) return answer;
    }
    for (const child of wanted) {
      const tracer = child.leader.ptrace?.tracer.process;
      // Another traces it: that one hears of its end first; what it traces itself has been looked at.
      if (tracer !== undefined && (tracer !== process ? child.isZombie : !child.isZombie)) continue;
      const status = statusOf(child, wait.options);
      if (status === undefined) continue;
      const usage = processUsage(child);
      addUsage(usage, child.childrenUsage);
      const answer = wait.report(child.leader, status, usage);
      if ((wait.options & abi.WNOWAIT) !== 0) return answer;
      if (child.isZombie) reap(child);
      else child.stateChange = undefined;
      return answer;
    }
    if ((wait.options & abi.WNOHANG) !== 0) return wait.nothing();
    return new Blocked({ queues: [process.childQueue], retry: attempt, reason: "do_wait" });
  };
  return attempt();
}

/** A tracee's stop, or its end when that is the tracer's to know; undefined when there is nothing to tell. */
function waitForTracee(tracee: Task, waiter: Process, wait: Wait): Result | undefined {
  const { process, ptrace } = tracee;
  const isKept = (wait.options & abi.WNOWAIT) !== 0;
  const usage = taskUsage(tracee);
  if (tracee.state === "dead") {
    const isLeader = process.leader === tracee;
    const isForChildren = isLeader && process.parent === waiter;
    if ((wait.options & abi.WEXITED) === 0 || isForChildren || (isLeader && !process.isZombie)) return undefined;
    const answer = wait.report(tracee, process.exitStatus ?? tracee.exitStatus, usage);
    if (isKept) return answer;
    if (isLeader) unlinkTracee(tracee);
    else forgetThread(tracee);
    return answer;
  }
  const stop = ptrace?.stop;
  if (stop === undefined || stop.isReported) return undefined;
  const answer = wait.report(tracee, (stop.code << 8) | abi.STATUS_STOPPED, usage);
  if (!isKept) stop.isReported = true;
  return answer;
}

/** "Clone" children are those that end with another signal than SIGCHLD. */
function isOfKind(child: Process, options: number): boolean {
  if ((options & abi.WALL) !== 0) return true;
  return (child.exitSignal !== Signal.SIGCHLD) === ((options & abi.WCLONE) !== 0);
}

/** The wait status of what there is to report now. */
function statusOf(child: Process, options: number): number | undefined {
  if (child.isZombie) return (options & abi.WEXITED) !== 0 ? (child.exitStatus ?? 0) : undefined;
  if (child.stateChange === "stopped" && (options & abi.WSTOPPED) !== 0)
    return (child.stopSignal << 8) | abi.STATUS_STOPPED;
  if (child.stateChange === "continued" && (options & abi.WCONTINUED) !== 0) return abi.STATUS_CONTINUED;
  return undefined;
}

function groupFilter(task: Task, id: number): (child: Process) => boolean {
  const own: ProcessGroup = task.process.group;
  return (child) => (id === 0 ? child.group === own : child.group.founder.tidIn(task.pidNamespace) === id);
}

function sysWait4(task: Task, pid: number, address: number, options: number, usageAddress: number): Result {
  const flags = options >>> 0;
  const who = pid | 0;
  if ((flags & ~WAIT4_OPTIONS) !== 0) return -Errno.EINVAL;
  if (who === -0x8000_0000) return -Errno.ESRCH;
  const isWanted =
    who === -1
      ? () => true
      : who > 0
        ? (child: Process) => child.leader.tidIn(task.pidNamespace) === who
        : groupFilter(task, -who);
  return doWait(task, {
    isWanted,
    isWantedTask: (tracee) =>
      who > 0 ? tracee.tidIn(task.pidNamespace) === who : isWanted(tracee.process),
    options: flags | abi.WEXITED,
    report: (child, status, usage) => {
      if (usageAddress !== 0) task.memory.copyOut(usageAddress, encodeUsage(usage));
      if (address !== 0) task.memory.writeU32(address, status);
      return child.tidIn(task.pidNamespace);
    },
    nothing: () => 0,
  });
}

function sysWaitid(
  task: Task,
  kind: number,
  id: number,
  info: number,
  options: number,
  usageAddress: number,
): Result {
  const flags = options >>> 0;
  if ((flags & ~WAITID_OPTIONS) !== 0 || (flags & WAITID_STATES) === 0) return -Errno.EINVAL;
  const target = waitidFilter(task, kind | 0, id | 0);
  if (typeof target === "number") return target;
  const isNonBlocking = target.isNonBlocking && (flags & abi.WNOHANG) === 0;
  return doWait(task, {
    isWanted: target.isWanted,
    isWantedTask: (tracee) =>
      (kind | 0) === abi.P_PID ? tracee.tidIn(task.pidNamespace) === (id | 0) : target.isWanted(tracee.process),
    options: isNonBlocking ? flags | abi.WNOHANG : flags,
    report: (child, status, usage) => {
      if (usageAddress !== 0) task.memory.copyOut(usageAddress, encodeUsage(usage));
      if (info !== 0) task.memory.copyOut(info, childInfo(task, child, status));
      return 0;
    },
    nothing: () => {
      if (isNonBlocking) return -Errno.EAGAIN;
      if (info !== 0) task.memory.copyOut(info, new Uint8Array(INFO_BYTES));
      return 0;
    },
  });
}

interface WaitTarget {
  readonly isWanted: (child: Process) => boolean;
  readonly isNonBlocking: boolean;
}

function waitidFilter(task: Task, kind: number, id: number): WaitTarget | number {
  const blocking = (isWanted: WaitTarget["isWanted"]): WaitTarget => ({ isWanted, isNonBlocking: false });
  switch (kind) {
    case abi.P_ALL:
      return blocking(() => true);
    case abi.P_PID:
      return id <= 0 ? -Errno.EINVAL : blocking((child) => child.leader.tidIn(task.pidNamespace) === id);
    case abi.P_PGID:
      return id < 0 ? -Errno.EINVAL : blocking(groupFilter(task, id));
    case abi.P_PIDFD: {
      if (id < 0) return -Errno.EINVAL;
      const file = task.files.get(id);
      const process = file?.pidfdProcess;
      if (file === undefined || process === undefined) return -Errno.EBADF;
      return { isWanted: (child) => child === process, isNonBlocking: file.isNonBlocking };
    }
    default:
      return -Errno.EINVAL;
  }
}

/** siginfo_t of SIGCHLD: signo, errno, code, padding, pid, uid, status. */
function childInfo(task: Task, child: Task, status: number): Uint8Array {
  const how = child.state === "dead" && (status & 0xff) !== abi.STATUS_STOPPED && status !== abi.STATUS_CONTINUED
    ? exitInfo(status)
    : child.ptrace?.stop !== undefined
    ? { code: CLD_TRAPPED, status: status >> 8 }
    : status === abi.STATUS_CONTINUED
      ? { code: CLD_CONTINUED, status: Signal.SIGCONT }
      : { code: CLD_STOPPED, status: status >> 8 };
  const pid = child.tidIn(task.pidNamespace);
  const uid = shownUid(task.credentials, child.credentials.uid);
  return new Uint8Array(Int32Array.of(Signal.SIGCHLD, 0, how.code, 0, pid, uid, how.status).buffer);
}

export const WAIT_CALLS: readonly SyscallRow[] = [
  call(61, "wait4", "pid, address, flags:wait, address", sysWait4),
  call(247, "waitid", "int, pid, address, flags:wait, address", sysWaitid),
];

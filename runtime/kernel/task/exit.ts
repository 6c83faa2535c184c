/**
 * The end of tasks and processes (kernel/exit.c): resources go at once, the number and the status wait for
 * the parent; children go to the nearest subreaper or the init of the namespace; the end of an init takes
 * its namespace with it.
 */
import {
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SIG_IGN,
  Signal,
} from "../abi/signal.ts";
import type { Ptrace } from "./ptrace.ts";
import { notifyTracer, releaseTracees, unlinkTracee } from "./ptrace.ts";
import { undoSemaphores } from "../ipc/semaphore-set.ts";
import { leaveTerminal } from "../tty/job-control.ts";
import { releasePiLocks } from "./futex-pi.ts";
import { wakeFutex } from "./futex.ts";
import { releaseRobustList } from "./robust-list.ts";
import { hasStopped, isOrphaned } from "./process-groups.ts";
import type { Process, StateChange } from "./process.ts";
import { endProcess, kernelSignal, sendToGroup, sendToProcess } from "./send-signal.ts";
import type { Task } from "./task.ts";
import { cancelTimers } from "./timers.ts";
import { addUsage, processUsage, taskUsage } from "./usage.ts";

const CORE_DUMPED = 0x80;

/** Ends one task with wait status `status`; the last one ends the process. */
export function exitTask(task: Task, status: number): void {
  const { process, kernel } = task;
  kernel.chargeTurn();
  addUsage(process.endedUsage, taskUsage(task));
  task.state = "dead";
  task.exitStatus = status;
  task.tracer?.ended(task, process.exitStatus ?? status);
  releaseRobustList(task);
  releasePiLocks(task);
  clearChildTid(task);
  task.vforkDone?.();
  task.vforkDone = undefined;
  task.files.release(task);
  task.filesystem.release();
  task.handlers.release();
  task.context.dispose();
  task.addressSpace.release();
  task.cgroup.unchargeTask();
  process.tasks.delete(task);
  if (task.ptrace !== undefined) tracedEnd(task, task.ptrace);
  else if (task !== process.leader) freePids(task);
  if (process.tasks.size === 0) endOfProcess(process, process.exitStatus ?? status);
  else if (process.exitStatus === undefined && task === process.leader) kernel.makeReady(task);
}

/** A traced thread waits for its tracer, as a process waits for its parent. */
function tracedEnd(task: Task, ptrace: Ptrace): void {
  ptrace.stop = undefined;
  if (task === task.process.leader) return;
  const { code, status } = exitInfo(task.process.exitStatus ?? task.exitStatus);
  notifyTracer(task, code, status);
}

/** The tracer has waited for a thread that ended. */
export function forgetThread(task: Task): void {
  unlinkTracee(task);
  freePids(task);
}

/** Tells the parent of a change: SIGCHLD and those who wait. */
export function notifyParent(process: Process, change: StateChange | "exited", code?: number): void {
  const { parent, leader } = process;
  if (parent === undefined) return;
  const status = process.exitStatus ?? leader.exitStatus;
  const action = parent.leader.handlers.action(Signal.SIGCHLD);
  const isWanted = change === "exited" || (action.flags & SA_NOCLDSTOP) === 0;
  const signal = change === "exited" ? process.exitSignal : Signal.SIGCHLD;
  if (isWanted && signal !== 0) {
    const how =
      change === "continued"
        ? { code: CLD_CONTINUED, status: Signal.SIGCONT }
        : change === "stopped"
          ? { code: code ?? CLD_EXITED, status: process.stopSignal }
          : exitInfo(status);
    sendToProcess(parent, { signal, ...how, pid: process.id, uid: leader.credentials.uid });
  }
  parent.childQueue.wake();
}

/** Takes a zombie away: wait*(2) has told its parent. */
export function reap(process: Process): void {
  const { parent } = process;
  process.onUntraced = undefined;
  unlinkTracee(process.leader);
  if (parent !== undefined) {
    addUsage(parent.childrenUsage, processUsage(process));
    addUsage(parent.childrenUsage, process.childrenUsage);
    parent.children.delete(process);
  }
  process.group.remove(process);
  freePids(process.leader);
}

/** si_code and si_status of a wait status. */
export function exitInfo(status: number): { readonly code: number; readonly status: number } {
  const signal = status & 0x7f;
  if (signal === 0) return { code: CLD_EXITED, status: (status >> 8) & 0xff };
  return { code: (status & CORE_DUMPED) !== 0 ? CLD_DUMPED : CLD_KILLED, status: signal };
}

function endOfProcess(process: Process, status: number): void {
  process.exitStatus = status;
  process.isZombie = true;
  cancelTimers(process);
  undoSemaphores(process);
  endOfNamespace(process);
  releaseTracees(process);
  leaveTerminal(process, true);
  reparent(process);
  hangUpOrphans(process, process.parent, process);
  const { ptrace } = process.leader;
  process.exitQueue.wake();
  process.leader.kernel.onExit(process);
  if (ptrace === undefined || ptrace.tracer.process === process.parent) {
    tellParent(process);
    return;
  }
  // Somebody else traces it: its parent hears of the end when that one has waited.
  process.onUntraced = () => tellParent(process);
  const { code, status: shown } = exitInfo(status);
  notifyTracer(process.leader, code, shown);
}

function tellParent(process: Process): void {
  const { parent } = process;
  const action = parent?.leader.handlers.action(Signal.SIGCHLD);
  const isUnwaited =
    action !== undefined && (action.handler === SIG_IGN || (action.flags & SA_NOCLDWAIT) !== 0);
  notifyParent(process, "exited");
  if (parent === undefined || (isUnwaited && process.exitSignal === Signal.SIGCHLD)) {
    reap(process);
    parent?.childQueue.wake();
  }
}

function reparent(process: Process): void {
  if (process.children.size === 0) return;
  const heir = reaperOf(process);
  for (const child of process.children) {
    child.parent = heir;
    const { parentDeathSignal } = child.leader;
    if (parentDeathSignal !== 0)
      sendToProcess(child, { signal: parentDeathSignal, code: 0, pid: process.id });
    heir?.children.add(child);
    if (child.isZombie) {
      if (heir === undefined) reap(child);
      else notifyParent(child, "exited");
    }
    hangUpOrphans(child, process);
  }
  process.children.clear();
}

function reaperOf(process: Process): Process | undefined {
  const init = process.leader.pidNamespace.init?.process;
  for (let at = process.parent; at !== undefined && at !== init; at = at.parent) {
    if (at.isSubreaper && !at.isZombie && at.leader.pidNamespace === process.leader.pidNamespace) return at;
  }
  return init === process || init?.isZombie === true ? undefined : init;
}

function endOfNamespace(process: Process): void {
  const { pidNamespace, ownTid } = process.leader;
  if (ownTid !== 1) return;
  pidNamespace.isDead = true;
  for (const task of pidNamespace.tasks()) endProcess(task.process, Signal.SIGKILL);
}

/**
 * `member`'s group loses a guide: `process` ends, which is the parent of `member` or `member` itself. When it
 * was the last one and somebody is stopped, the group is hung up (kill_orphaned_pgrp).
 */
function hangUpOrphans(member: Process, guide: Process | undefined, leaving?: Process): void {
  const { group, session } = member;
  if (guide === undefined || guide.group === group || guide.session !== session) return;
  if (!hasStopped(group) || !isOrphaned(group, leaving)) return;
  sendToGroup(group, kernelSignal(Signal.SIGHUP));
  sendToGroup(group, kernelSignal(Signal.SIGCONT));
}

function clearChildTid(task: Task): void {
  const { clearChildTid: address, addressSpace } = task;
  if (address === 0 || !addressSpace.isShared) return;
  const bytes = addressSpace.bytes(address, 4, 2);
  if (bytes === undefined) return;
  bytes.fill(0);
  wakeFutex(task, { address, isPrivate: false }, 1);
}

function freePids(task: Task): void {
  let namespace: Task["pidNamespace"] | undefined = task.pidNamespace;
  for (; namespace !== undefined; namespace = namespace.parent)
    namespace.free(task.pids[namespace.level] ?? 0);
}

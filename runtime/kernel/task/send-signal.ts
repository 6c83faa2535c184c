/**
 * Sending signals (kernel/signal.c: send_signal, prepare_signal, complete_signal). Stop and continue act at
 * once, before delivery: SIGCONT wakes a stopped process even where it is blocked or ignored, and each of
 * the two drops the other.
 */
import { POLLIN } from "../abi/poll.ts";
import { PTRACE_EVENT_STOP } from "../abi/ptrace.ts";
import { SI_KERNEL, Signal, SIG_DFL, signalBit } from "../abi/signal.ts";
import type { Process, ProcessGroup } from "./process.ts";
import type { SignalInfo } from "./signal-state.ts";
import type { Task } from "./task.ts";

const STOPS =
  signalBit(Signal.SIGSTOP) | signalBit(Signal.SIGTSTP) | signalBit(Signal.SIGTTIN) | signalBit(Signal.SIGTTOU);

/** From the kernel itself: a terminal, a timer. */
export function kernelSignal(signal: number): SignalInfo {
  return { signal, code: SI_KERNEL };
}

/** To a process: whichever of its tasks takes it. False when nothing was queued: it is ignored. */
export function sendToProcess(process: Process, info: SignalInfo): boolean {
  if (process.isZombie || !prepare(process, info)) return false;
  process.pending.add(asSeenBy(process.leader, info));
  wakeFor(process, info);
  process.signalQueue.notify(POLLIN);
  return true;
}

/** To one task: tgkill, or its own instruction (`isForced`: also to an init that has no handler). */
export function sendToTask(task: Task, info: SignalInfo, isForced = false): boolean {
  if (task.state === "dead" || !prepare(task.process, info, task, isForced)) return false;
  task.pending.add(asSeenBy(task, info));
  const isBlocked = (task.blockedSignals & signalBit(info.signal)) !== 0n;
  if (!isBlocked || info.signal === Signal.SIGKILL) take(task, info);
  else if (task.state === "blocked") task.kernel.makeReady(task); // It may be in sigtimedwait.
  task.process.signalQueue.notify(POLLIN);
  return true;
}

/** The sender's number where the receiver lives: asked now, because the sender may be gone later. */
function asSeenBy(task: Task, info: SignalInfo): SignalInfo {
  if (info.pid === undefined || info.pid === 0) return info;
  return { ...info, pid: task.kernel.rootPids.task(info.pid)?.tidIn(task.pidNamespace) ?? 0 };
}

export function sendToGroup(group: ProcessGroup, info: SignalInfo): void {
  for (const process of [...group.members]) sendToProcess(process, info);
}

/**
 * A signal that an instruction caused: cannot be blocked or ignored. When it is, the process dies of it
 * (force_sig_info).
 */
export function forceSignal(task: Task, info: SignalInfo): void {
  const bit = signalBit(info.signal);
  if ((task.blockedSignals & bit) !== 0n || task.handlers.isIgnored(info.signal)) {
    const { mask } = task.handlers.action(info.signal);
    task.handlers.setAction(info.signal, { handler: SIG_DFL, flags: 0, restorer: 0, mask });
    task.blockedSignals &= ~bit;
  }
  sendToTask(task, { ...info, isForced: true }, true);
}

/** Ends every task of a process with wait status `status`; nothing when it is ending already. */
export function endProcess(process: Process, status: number): void {
  if (process.exitStatus !== undefined) return;
  process.exitStatus = status;
  process.isStopped = false;
  for (const task of process.tasks) task.kernel.makeReady(task, true);
}

/** Continues a stopped process; its parent hears of it when it next runs, as in Linux (SIGNAL_CLD_CONTINUED). */
export function continueProcess(process: Process): void {
  if (!process.isStopped) return;
  process.isStopped = false;
  process.stateChange = "continued";
  process.hasContinued = true;
  for (const task of process.tasks) {
    noteContinued(task);
    task.kernel.makeReady(task);
  }
}

/** A seized tracee stops again to say so; one that was listened to ends its group stop (ptrace_trap_notify). */
function noteContinued({ ptrace }: Task): void {
  if (ptrace?.isSeized !== true) return;
  if (ptrace.isListening) ptrace.stop = undefined;
  ptrace.isListening = false;
  ptrace.trap = { kind: "event", code: (PTRACE_EVENT_STOP << 8) | Signal.SIGTRAP };
}

/** Whether the signal is to be queued at all. */
function prepare(process: Process, info: SignalInfo, target?: Task, isForced = false): boolean {
  const { signal } = info;
  const bit = signalBit(signal);
  if (signal === Signal.SIGCONT) {
    dropFromAll(process, STOPS);
    continueProcess(process);
  } else if ((bit & STOPS) !== 0n) dropFromAll(process, signalBit(Signal.SIGCONT));
  const { handlers, blockedSignals } = target ?? process.leader;
  // A tracer sees also what would be ignored.
  if ((target ?? process.leader).ptrace !== undefined && signal !== Signal.SIGKILL) return true;
  // What is blocked is kept even where it would be ignored: sigwait may take it.
  if ((blockedSignals & bit) !== 0n) return true;
  return (isForced || !isProtectedInit(process, info)) && !handlers.isIgnored(signal);
}

/**
 * The init of a pid namespace takes only signals it has handlers for, be they from inside, a terminal or a
 * timer; from an ancestor also SIGKILL and SIGSTOP (pid_namespaces(7)).
 */
function isProtectedInit(process: Process, { signal, pid = 0 }: SignalInfo): boolean {
  const { leader } = process;
  const { pidNamespace, kernel } = leader;
  if (leader.ownTid !== 1 || leader.handlers.action(signal).handler !== SIG_DFL) return false;
  if (signal !== Signal.SIGKILL && signal !== Signal.SIGSTOP) return true;
  return pid !== 0 && (kernel.rootPids.task(pid)?.tidIn(pidNamespace) ?? 0) !== 0;
}

function dropFromAll(process: Process, set: bigint): void {
  process.pending.drop(set);
  for (const task of process.tasks) task.pending.drop(set);
}

function wakeFor(process: Process, info: SignalInfo): void {
  const bit = signalBit(info.signal);
  const takers = [process.leader, ...process.tasks].filter(
    (task) => task.state !== "dead" && ((task.blockedSignals & bit) === 0n || info.signal === Signal.SIGKILL),
  );
  const taker = takers[0];
  if (taker !== undefined) take(taker, info);
  // signalfd and sigwait look at blocked signals as well.
  for (const task of process.tasks) if (task !== taker && task.state === "blocked") task.kernel.makeReady(task);
}

function take(task: Task, { signal }: SignalInfo): void {
  if (signal === Signal.SIGKILL) endProcess(task.process, Signal.SIGKILL);
  else task.kernel.makeReady(task);
}

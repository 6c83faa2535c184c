/**
 * Delivery on the way back to the guest (arch/x86/kernel/signal.c): takes one pending signal after the
 * other; a handler gets a frame on the stack, a default action is carried out; and a call that was cut
 * short is made again where signal(7) says so.
 */
import { Errno, ERESTART_RESTARTBLOCK, ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS } from "../abi/errno.ts";
import {
  CLD_STOPPED, SA_NODEFER, SA_RESETHAND, SA_RESTART, SIG_DFL, SIG_IGN, Signal, signalBit,
} from "../abi/signal.ts";
import { notifyParent } from "./exit.ts";
import { isOrphaned } from "./process-groups.ts";
import { stopForSignal, takeTrap } from "./ptrace.ts";
import { endProcess, forceSignal } from "./send-signal.ts";
import { abortSequence } from "./rseq.ts";
import { pushSignalFrame } from "./signal-frame.ts";
import { DEFAULT_ACTION, defaultActionOf, UNBLOCKABLE } from "./signal-state.ts";
import type { SignalAction, SignalInfo } from "./signal-state.ts";
import { takeSignal } from "./take-signal.ts";
import type { Task } from "./task.ts";

const RAX = 0;
/** Number of restart_syscall(2). */
const RESTART_SYSCALL = 219;
/** `syscall` is two bytes long. */
const SYSCALL_BYTES = 2;
/** WCOREDUMP in a wait status. */
const CORE_DUMPED = 0x80;

export function deliverSignals(task: Task): void {
  for (;;) {
    if (takeTrap(task)) return;
    const injected = takeInjected(task);
    const info = injected ?? takeSignal(task, task.blockedSignals);
    if (info === undefined) break;
    if (task.ptrace !== undefined && injected === undefined && info.signal !== Signal.SIGKILL) {
      stopForSignal(task, info);
      return;
    }
    task.tracer?.signalled(task, info);
    const action = task.handlers.action(info.signal);
    if (action.handler === SIG_IGN) continue;
    if (action.handler !== SIG_DFL) {
      handle(task, info, action);
      return;
    }
    // It came while an init had it blocked (SIGNAL_UNKILLABLE); its namespace's own cannot kill an init.
    const isInit = task.process.leader.ownTid === 1 && info.isForced !== true;
    if (isInit && info.signal !== Signal.SIGKILL && info.signal !== Signal.SIGSTOP) continue;
    // What was cut short is decided when the task goes on: SIGCONT may have a handler.
    if (!carryOutDefault(task, info.signal)) return;
  }
  restartCall(task, undefined);
  if (task.savedMask !== undefined) {
    task.blockedSignals = task.savedMask;
    task.savedMask = undefined;
  }
}

/** What the tracer lets through; blocked meanwhile, it waits like any other. */
function takeInjected(task: Task): SignalInfo | undefined {
  const info = task.ptrace?.injected;
  if (task.ptrace === undefined || info === undefined) return undefined;
  task.ptrace.injected = undefined;
  if ((task.blockedSignals & signalBit(info.signal)) === 0n) return info;
  task.pending.add(info);
  return undefined;
}

/** False when the task shall not go on now. */
function carryOutDefault(task: Task, signal: number): boolean {
  const { process } = task;
  switch (defaultActionOf(signal)) {
    case "ignore":
    case "continue":
      return true;
    case "stop":
      if (signal !== Signal.SIGSTOP && isOrphaned(process.group)) return true;
      process.isStopped = true;
      process.stopSignal = signal;
      process.stateChange = "stopped";
      notifyParent(process, "stopped", CLD_STOPPED);
      for (const other of process.tasks) if (other.ptrace !== undefined) task.kernel.makeReady(other);
      return false;
    case "core":
      endProcess(process, signal | (process.limit(4).soft > 0 ? CORE_DUMPED : 0));
      return false;
    case "terminate":
      endProcess(process, signal);
      return false;
  }
}

function handle(task: Task, info: SignalInfo, action: SignalAction): void {
  abortSequence(task);
  restartCall(task, action);
  const mask = task.savedMask ?? task.blockedSignals;
  task.savedMask = undefined;
  if (!pushSignalFrame(task, info, action, mask)) {
    forceSignal(task, { signal: Signal.SIGSEGV, code: 0x80 });
    if (info.signal === Signal.SIGSEGV) endProcess(task.process, Signal.SIGSEGV);
    return;
  }
  const own = (action.flags & SA_NODEFER) !== 0 ? 0n : signalBit(info.signal);
  task.blockedSignals = (task.blockedSignals | action.mask | own) & ~UNBLOCKABLE;
  if ((action.flags & SA_RESETHAND) !== 0) task.handlers.setAction(info.signal, DEFAULT_ACTION);
}

/** A call cut short: again, or EINTR for the handler that runs now. */
function restartCall(task: Task, action: SignalAction | undefined): void {
  if (!task.isInterrupted) return;
  task.isInterrupted = false;
  const { context } = task;
  const answer = -context.integer(RAX);
  switch (answer) {
    case ERESTARTNOINTR:
      break;
    case ERESTARTSYS:
      if (action === undefined || (action.flags & SA_RESTART) !== 0) break;
      context.setInteger(RAX, -Errno.EINTR);
      return;
    case ERESTARTNOHAND:
    case ERESTART_RESTARTBLOCK:
      if (action === undefined) break;
      context.setInteger(RAX, -Errno.EINTR);
      return;
    default:
      return;
  }
  context.setInteger(RAX, answer === ERESTART_RESTARTBLOCK ? RESTART_SYSCALL : task.syscallNumber);
  context.rip -= SYSCALL_BYTES;
}

/**
 * Job control (drivers/tty/tty_jobctrl.c): who may use a terminal now, and what happens when a session
 * loses it. One hard idea: a terminal belongs to a session and its foreground is a group of it; every
 * process remembers its terminal by itself, so that one forked before the leader took it has none.
 */
import { Errno, ERESTARTSYS } from "../abi/errno.ts";
import { SIG_IGN, Signal, signalBit } from "../abi/signal.ts";
import type { ControllingTerminal, Process, Session } from "../task/process.ts";
import { isOrphaned } from "../task/process-groups.ts";
import { kernelSignal, sendToGroup, sendToProcess } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";

/**
 * Whether `task` may read (SIGTTIN) or change (SIGTTOU) its terminal: 0, -EIO, or -ERESTARTSYS when its
 * group was stopped for trying (tty_check_change).
 */
export function checkForeground(task: Task, terminal: ControllingTerminal, signal: number): number {
  const { process } = task;
  if (process.terminal !== terminal || terminal.foreground === undefined) return 0;
  if (process.group === terminal.foreground) return 0;
  const isBlocked = (task.blockedSignals & signalBit(signal)) !== 0n;
  if (isBlocked || task.handlers.action(signal).handler === SIG_IGN) {
    return signal === Signal.SIGTTIN ? -Errno.EIO : 0;
  }
  if (isOrphaned(process.group)) return -Errno.EIO;
  sendToGroup(process.group, kernelSignal(signal));
  task.isInterrupted = true;
  return -ERESTARTSYS;
}

/** The terminal becomes that of the session `process` leads (proc_set_tty). */
export function takeTerminal(process: Process, terminal: ControllingTerminal): void {
  terminal.session = process.session;
  terminal.foreground = process.group;
  process.terminal = terminal;
  process.hungUpGroup = undefined;
}

/** Nobody in the session has a terminal any more (session_clear_tty). */
export function clearTerminal(session: Session | undefined): void {
  for (const group of session?.groups ?? []) for (const member of group.members) member.terminal = undefined;
}

/** The leader of a session gives its terminal up, or ends (disassociate_ctty). */
export function leaveTerminal(process: Process, isEnding: boolean): void {
  if (process.session.leader !== process) return;
  const { terminal } = process;
  if (terminal === undefined) {
    const group = isEnding ? process.hungUpGroup : undefined;
    process.hungUpGroup = undefined;
    if (group === undefined) return;
    sendToGroup(group, kernelSignal(Signal.SIGHUP));
    sendToGroup(group, kernelSignal(Signal.SIGCONT));
    return;
  }
  const { foreground } = terminal;
  terminal.session = undefined;
  terminal.foreground = undefined;
  clearTerminal(process.session);
  if (foreground === undefined) return;
  sendToGroup(foreground, kernelSignal(Signal.SIGHUP));
  if (!isEnding) sendToGroup(foreground, kernelSignal(Signal.SIGCONT));
}

/** The line is gone: the session's leader hears of it (tty_signal_session_leader). */
export function hangUpSession(terminal: ControllingTerminal): void {
  const { session, foreground } = terminal;
  terminal.session = undefined;
  terminal.foreground = undefined;
  clearTerminal(session);
  if (session === undefined || session.leader.isZombie) return;
  session.leader.hungUpGroup = foreground;
  sendToProcess(session.leader, kernelSignal(Signal.SIGHUP));
  sendToProcess(session.leader, kernelSignal(Signal.SIGCONT));
}

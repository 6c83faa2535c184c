/** sigaction(2), sigprocmask(2), sigreturn(2), kill(2). */
import { Errno } from "../abi/errno.ts";
import { SIG_IGN, Signal, SIGNAL_MAX, signalBit } from "../abi/signal.ts";
import { endProcess } from "../task/send-signal.ts";
import { popSignalFrame } from "../task/signal-frame.ts";
import { UNBLOCKABLE } from "../task/signal-state.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const SET_BYTES = 8;
const RAX = 0;

function sysRtSigaction(task: Task, signal: number, action: number, old: number, setBytes: number): Result {
  if (setBytes !== SET_BYTES || signal < 1 || signal > SIGNAL_MAX) return -Errno.EINVAL;
  const { memory, handlers } = task;
  const before = handlers.action(signal);
  if (action !== 0) {
    if (signal === Signal.SIGKILL || signal === Signal.SIGSTOP) return -Errno.EINVAL;
    handlers.setAction(signal, {
      handler: memory.readInteger(action),
      flags: memory.readU32(action + 8),
      restorer: memory.readInteger(action + 16),
      mask: memory.readU64(action + 24) & ~UNBLOCKABLE,
    });
    if (handlers.isIgnored(signal) || handlers.action(signal).handler === SIG_IGN) {
      task.process.pending.drop(signalBit(signal));
      for (const other of task.process.tasks) other.pending.drop(signalBit(signal));
    }
  }
  if (old !== 0) {
    memory.writeInteger(old, before.handler);
    memory.writeU64(old + 8, BigInt(before.flags));
    memory.writeInteger(old + 16, before.restorer);
    memory.writeU64(old + 24, before.mask);
  }
  return 0;
}

function sysRtSigprocmask(task: Task, how: number, set: number, old: number, setBytes: number): Result {
  if (setBytes !== SET_BYTES) return -Errno.EINVAL;
  const before = task.blockedSignals;
  if (set !== 0) {
    const given = task.memory.readU64(set);
    if (how < 0 || how > 2) return -Errno.EINVAL;
    const after = how === 0 ? before | given : how === 1 ? before & ~given : given;
    task.blockedSignals = after & ~UNBLOCKABLE;
  }
  if (old !== 0) task.memory.writeU64(old, before);
  return 0;
}

function sysRtSigreturn(task: Task): Result {
  if (!popSignalFrame(task)) {
    endProcess(task.process, Signal.SIGSEGV);
    return 0;
  }
  return task.context.integer(RAX);
}

export const SIGNAL_CALLS: readonly SyscallRow[] = [
  call(13, "rt_sigaction", "signal, sigaction, address, size", sysRtSigaction),
  call(14, "rt_sigprocmask", "int, sigset, address, size", sysRtSigprocmask),
  call(15, "rt_sigreturn", "", sysRtSigreturn),
];

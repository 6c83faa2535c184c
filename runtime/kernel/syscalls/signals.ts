/** sigaction(2), sigprocmask(2), sigreturn(2), sigsuspend(2), sigwaitinfo(2), sigaltstack(2). */
import { Errno, ERESTARTNOHAND } from "../abi/errno.ts";
import { SIG_IGN, Signal, SIGNAL_MAX, signalBit } from "../abi/signal.ts";
import { endProcess } from "../task/send-signal.ts";
import {
  isOnStack,
  popSignalFrame,
  SIGINFO_BYTES,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
  writeSignalInfo,
} from "../task/signal-frame.ts";
import { UNBLOCKABLE } from "../task/signal-state.ts";
import { takeSignal } from "../task/take-signal.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { deadlineIn, readTimespec } from "./timespec.ts";

const RAX = 0;
const SET_BYTES = 8;
/** asm/signal.h. */
const MINSIGSTKSZ = 2048;

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
  // As a number of 64 bits it would not be exact.
  task.keepsRegisters = true;
  return task.context.integer(RAX);
}

function sysRtSigpending(task: Task, set: number, setBytes: number): Result {
  if (setBytes > SET_BYTES) return -Errno.EINVAL;
  const pending = (task.pending.set | task.process.pending.set) & task.blockedSignals;
  const bytes = new DataView(new ArrayBuffer(SET_BYTES));
  bytes.setBigUint64(0, pending, true);
  task.memory.copyOut(set, new Uint8Array(bytes.buffer, 0, setBytes));
  return 0;
}

function sysRtSigsuspend(task: Task, set: number, setBytes: number): Result {
  if (setBytes !== SET_BYTES) return -Errno.EINVAL;
  setTemporaryMask(task, task.memory.readU64(set));
  return untilSignal("sigsuspend");
}

/** The mask of a call that waits (sigsuspend, ppoll): a handler's frame restores the one before. */
export function setTemporaryMask(task: Task, mask: bigint): void {
  task.savedMask = task.blockedSignals;
  task.blockedSignals = mask & ~UNBLOCKABLE;
}

/** Nothing but a signal ends this; when no handler runs it begins anew. */
function untilSignal(reason: string): Result {
  const blocked: Blocked = new Blocked({
    queues: [],
    retry: () => blocked,
    interrupt: () => -ERESTARTNOHAND,
    reason,
  });
  return blocked;
}

function sysRtSigtimedwait(
  task: Task,
  set: number,
  address: number,
  timeout: number,
  setBytes: number,
): Result {
  if (setBytes !== SET_BYTES) return -Errno.EINVAL;
  const wanted = task.memory.readU64(set) & ~UNBLOCKABLE;
  const durationNs = timeout === 0 ? undefined : readTimespec(task, timeout);
  const attempt = (): Result => {
    const info = takeSignal(task, ~wanted);
    if (info === undefined) return blocked;
    if (address !== 0) {
      const bytes = new Uint8Array(SIGINFO_BYTES);
      writeSignalInfo(new DataView(bytes.buffer), info);
      task.memory.copyOut(address, bytes);
    }
    return info.signal;
  };
  const blocked: Blocked = new Blocked({
    queues: [],
    deadlineNs: durationNs === undefined ? undefined : deadlineIn(task, durationNs),
    retry: attempt,
    timeout: () => -Errno.EAGAIN,
    interrupt: () => -Errno.EINTR,
    reason: "do_sigtimedwait",
  });
  const first = attempt();
  return first === blocked && durationNs === 0 ? -Errno.EAGAIN : first;
}

function sysSigaltstack(task: Task, address: number, old: number): Result {
  const before = task.alternateStack;
  const isOn = isOnStack(task);
  if (address !== 0) {
    const { memory } = task;
    const stack = {
      address: memory.readInteger(address),
      flags: memory.readU32(address + 8),
      sizeBytes: memory.readInteger(address + 16),
    };
    if (isOn) return -Errno.EPERM;
    const mode = (stack.flags & ~SS_AUTODISARM) >>> 0;
    if (mode > SS_DISABLE) return -Errno.EINVAL;
    if (mode === SS_DISABLE) task.alternateStack = { address: 0, sizeBytes: 0, flags: stack.flags };
    else if (stack.sizeBytes >= 0 && stack.sizeBytes < MINSIGSTKSZ) return -Errno.ENOMEM;
    else task.alternateStack = { ...stack, flags: (stack.flags & SS_AUTODISARM) >>> 0 };
  }
  if (old !== 0) {
    const state = before.sizeBytes === 0 ? SS_DISABLE : isOn ? SS_ONSTACK : 0;
    task.memory.writeInteger(old, before.address);
    task.memory.writeU64(old + 8, BigInt((state | (before.flags & SS_AUTODISARM)) >>> 0));
    task.memory.writeInteger(old + 16, before.sizeBytes);
  }
  return 0;
}

export const SIGNAL_CALLS: readonly SyscallRow[] = [
  call(13, "rt_sigaction", "signal, sigaction, address, size", sysRtSigaction),
  call(14, "rt_sigprocmask", "int, sigset, address, size", sysRtSigprocmask),
  call(15, "rt_sigreturn", "", sysRtSigreturn),
  call(34, "pause", "", () => untilSignal("sys_pause")),
  call(127, "rt_sigpending", "address, size", sysRtSigpending),
  call(128, "rt_sigtimedwait", "sigset, address, timespec, size", sysRtSigtimedwait),
  call(130, "rt_sigsuspend", "sigset, size", sysRtSigsuspend),
  call(131, "sigaltstack", "address, address", sysSigaltstack),
];

/**
 * ptrace(2): the tracer's side. One hard idea: nearly every request is about a tracee that is stopped, and belongs to
 * the very thread that attached; everything else is "no such process".
 */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/ptrace.ts";
import { SI_USER, Signal, SIGNAL_MAX } from "../abi/signal.ts";
import { mayLookInto } from "../task/ptrace-access.ts";
import {
  readFpu,
  readRegisters,
  readXsave,
  registerAt,
  setRegisterAt,
  writeRegisters,
} from "../task/ptrace-registers.ts";
import type { Ptrace, RunMode } from "../task/ptrace.ts";
import { linkTracee, resumeTracee, unlinkTracee } from "../task/ptrace.ts";
import { endProcess, sendToTask } from "../task/send-signal.ts";
import { readSignalInfo, SIGINFO_BYTES, writeSignalInfo } from "../task/signal-frame.ts";
import { UNBLOCKABLE } from "../task/signal-state.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const WORD_BYTES = 8;
/** rdi, rsi, rdx, r10, r8, r9. */
const ARGUMENTS = [7, 6, 2, 10, 8, 9] as const;
const [ENTRY_INFO_BYTES, EXIT_INFO_BYTES, NO_INFO_BYTES] = [80, 33, 24];

const MODES: Readonly<Record<number, RunMode>> = {
  [abi.PTRACE_CONT]: "free",
  [abi.PTRACE_SYSCALL]: "calls",
  [abi.PTRACE_SINGLESTEP]: "step",
};

function sysPtrace(task: Task, request: number, pid: number, address: number, data: number): Result {
  if (request === abi.PTRACE_TRACEME) return traceMe(task);
  const tracee = task.pidNamespace.task(pid | 0);
  if (tracee === undefined) return -Errno.ESRCH;
  if (request === abi.PTRACE_ATTACH) return attach(task, tracee, false, 0);
  if (request === abi.PTRACE_SEIZE) {
    if (address !== 0 || (data & ~abi.PTRACE_O_ALL) !== 0) return address !== 0 ? -Errno.EIO : -Errno.EINVAL;
    return attach(task, tracee, true, data);
  }
  const { ptrace } = tracee;
  if (ptrace?.tracer !== task) return -Errno.ESRCH;
  if (request === abi.PTRACE_KILL) {
    if (ptrace.stop !== undefined) endProcess(tracee.process, Signal.SIGKILL);
    return 0;
  }
  if (request === abi.PTRACE_INTERRUPT) return interrupt(tracee, ptrace);
  if (ptrace.stop === undefined || ptrace.isListening || tracee.state === "dead") return -Errno.ESRCH;
  return askStopped(task, tracee, ptrace, request, address, data);
}

function traceMe(task: Task): Result {
  const { parent } = task.process;
  if (task.ptrace !== undefined) return -Errno.EPERM;
  if (parent !== undefined) linkTracee(task, parent.leader, false, 0);
  return 0;
}

function attach(task: Task, tracee: Task, isSeized: boolean, options: number): Result {
  if (tracee.process === task.process) return -Errno.EPERM;
  if (!mayLookInto(task, tracee, false)) return -Errno.EPERM;
  if (tracee.state === "dead" || tracee.ptrace !== undefined) return -Errno.EPERM;
  const ptrace = linkTracee(tracee, task, isSeized, options);
  if (tracee.process.isStopped) task.kernel.makeReady(tracee);
  else if (!isSeized) sendToTask(tracee, { signal: Signal.SIGSTOP, code: SI_USER, pid: 0, uid: 0 });
  ptrace.isInCall = tracee.parking !== undefined;
  return 0;
}

function interrupt(tracee: Task, ptrace: Ptrace): Result {
  if (!ptrace.isSeized) return -Errno.EIO;
  if (ptrace.stop === undefined || ptrace.isListening) {
    ptrace.trap = { kind: "event", code: (abi.PTRACE_EVENT_STOP << 8) | Signal.SIGTRAP };
    if (ptrace.isListening) resumeTracee(tracee, "free", 0);
    tracee.kernel.makeReady(tracee);
  }
  return 0;
}

function askStopped(
  task: Task,
  tracee: Task,
  ptrace: Ptrace,
  request: number,
  address: number,
  data: number,
): Result {
  const mode = MODES[request];
  if (mode !== undefined || request === abi.PTRACE_DETACH) {
    const signal = data >>> 0;
    if (signal > SIGNAL_MAX) return -Errno.EIO;
    resumeTracee(tracee, mode ?? "free", signal);
    if (mode === undefined) unlinkTracee(tracee);
    return 0;
  }
  switch (request) {
    case abi.PTRACE_PEEKTEXT:
    case abi.PTRACE_PEEKDATA:
      task.memory.copyOut(data, peek(tracee, address));
      return 0;
    case abi.PTRACE_POKETEXT:
    case abi.PTRACE_POKEDATA:
      return tracee.addressSpace.poke(address, wordBytes(BigInt.asUintN(64, BigInt(data)), task, data))
        ? 0
        : -Errno.EIO;
    case abi.PTRACE_PEEKUSER:
    case abi.PTRACE_POKEUSER:
      return userWord(task, tracee, request === abi.PTRACE_PEEKUSER, address, data);
    case abi.PTRACE_SETOPTIONS:
      if ((data & ~abi.PTRACE_O_ALL) !== 0) return -Errno.EINVAL;
      ptrace.options = data;
      return 0;
    case abi.PTRACE_GETEVENTMSG:
      task.memory.writeInteger(data, ptrace.message);
      return 0;
    case abi.PTRACE_LISTEN:
      if (!ptrace.isSeized || ptrace.stop?.kind !== "group") return -Errno.EIO;
      ptrace.isListening = true;
      return 0;
    case abi.PTRACE_GET_SYSCALL_INFO:
      return syscallInfo(task, tracee, ptrace, address, data);
    default:
      return registers(task, tracee, ptrace, request, address, data);
  }
}

/** The word at an address, whatever its page allows. */
function peek(tracee: Task, address: number): Uint8Array {
  const bytes = tracee.addressSpace.bytes(address, WORD_BYTES, 0);
  if (bytes === undefined) throw new SyscallError(Errno.EIO);
  return bytes.slice();
}

/** All 64 bits of the argument: a number holds 53 of them exactly. */
function wordBytes(value: bigint, task: Task, data: number): Uint8Array {
  const exact = Number.isSafeInteger(data) ? value : task.context.register(10);
  const bytes = new Uint8Array(WORD_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, exact, true);
  return bytes;
}

/** Of struct user only the registers; debug registers read as 0 and take nothing else. */
function userWord(task: Task, tracee: Task, isReading: boolean, offset: number, data: number): Result {
  if (offset < 0 || offset % WORD_BYTES !== 0 || offset >= abi.USER_BYTES) return -Errno.EIO;
  const isRegister = offset < abi.USER_REGS_BYTES;
  const index = offset / WORD_BYTES;
  if (isReading) {
    const value = isRegister ? registerAt(tracee, index) : 0n;
    task.memory.writeU64(data, value);
    return 0;
  }
  if (isRegister) {
    setRegisterAt(
      tracee,
      index,
      new DataView(wordBytes(BigInt.asUintN(64, BigInt(data)), task, data).buffer).getBigUint64(0, true),
    );
    return 0;
  }
  const isDebug =
    offset >= abi.DEBUG_REGISTERS_OFFSET && offset < abi.DEBUG_REGISTERS_OFFSET + 8 * WORD_BYTES;
  if (!isDebug) return -Errno.EIO;
  return data === 0 ? 0 : -Errno.EINVAL;
}

function registers(
  task: Task,
  tracee: Task,
  ptrace: Ptrace,
  request: number,
  address: number,
  data: number,
): Result {
  switch (request) {
    case abi.PTRACE_GETREGS:
      task.memory.copyOut(data, readRegisters(tracee));
      return 0;
    case abi.PTRACE_SETREGS:
      writeRegisters(tracee, task.memory.copyIn(data, abi.USER_REGS_BYTES));
      return 0;
    case abi.PTRACE_GETFPREGS:
      task.memory.copyOut(data, readFpu(tracee));
      return 0;
    case abi.PTRACE_SETFPREGS:
      return tracee.context.restoreFpu(task.memory.copyIn(data, abi.USER_FPREGS_BYTES)) ? 0 : -Errno.EINVAL;
    case abi.PTRACE_GETREGSET:
    case abi.PTRACE_SETREGSET:
      return registerSet(task, tracee, request === abi.PTRACE_GETREGSET, address, data);
    case abi.PTRACE_GETSIGINFO:
    case abi.PTRACE_SETSIGINFO:
      return signalInfo(task, ptrace, request === abi.PTRACE_GETSIGINFO, data);
    case abi.PTRACE_GETSIGMASK:
      if (address !== WORD_BYTES) return -Errno.EINVAL;
      task.memory.writeU64(data, tracee.savedMask ?? tracee.blockedSignals);
      return 0;
    case abi.PTRACE_SETSIGMASK:
      if (address !== WORD_BYTES) return -Errno.EINVAL;
      tracee.blockedSignals = task.memory.readU64(data) & ~UNBLOCKABLE;
      return 0;
    default:
      return -Errno.EIO;
  }
}

/** Through struct iovec: as much as fits, and how much that was. */
function registerSet(task: Task, tracee: Task, isReading: boolean, kind: number, vector: number): Result {
  const [base, sizeBytes] = [task.memory.readInteger(vector), task.memory.readInteger(vector + WORD_BYTES)];
  if (sizeBytes < 0 || sizeBytes % WORD_BYTES !== 0) return -Errno.EINVAL;
  const whole =
    kind === abi.NT_PRSTATUS
      ? readRegisters(tracee)
      : kind === abi.NT_PRFPREG
        ? readFpu(tracee)
        : kind === abi.NT_X86_XSTATE
          ? readXsave(tracee)
          : undefined;
  if (whole === undefined) return -Errno.EINVAL;
  const count = Math.min(sizeBytes, whole.length);
  if (isReading) task.memory.copyOut(base, whole.subarray(0, count));
  else if (kind === abi.NT_PRSTATUS) writeRegisters(tracee, task.memory.copyIn(base, count));
  else {
    if (count < abi.USER_FPREGS_BYTES) return -Errno.EFAULT;
    if (!tracee.context.restoreFpu(task.memory.copyIn(base, abi.USER_FPREGS_BYTES))) return -Errno.EINVAL;
  }
  task.memory.writeInteger(vector + WORD_BYTES, count);
  return 0;
}

/** EINVAL in a group stop: that is how a tracer tells it from a signal's. */
function signalInfo(task: Task, { stop }: Ptrace, isReading: boolean, address: number): Result {
  if (stop === undefined || (stop.kind === "group" && stop.code < 0x100)) return -Errno.EINVAL;
  if (isReading) {
    const bytes = new Uint8Array(SIGINFO_BYTES);
    writeSignalInfo(new DataView(bytes.buffer), stop.info);
    task.memory.copyOut(address, bytes);
  } else stop.info = readSignalInfo(new DataView(task.memory.copyIn(address, SIGINFO_BYTES).buffer));
  return 0;
}

function syscallInfo(task: Task, tracee: Task, { stop }: Ptrace, sizeBytes: number, address: number): Result {
  const { context } = tracee;
  const bytes = new Uint8Array(ENTRY_INFO_BYTES + WORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, abi.AUDIT_ARCH_X86_64, true);
  view.setBigUint64(8, BigInt.asUintN(64, BigInt(context.rip)), true);
  view.setBigUint64(16, context.register(4), true);
  let length = NO_INFO_BYTES;
  if (stop?.kind === "entry") {
    view.setUint8(0, abi.PTRACE_SYSCALL_INFO_ENTRY);
    view.setBigInt64(24, BigInt(tracee.syscallNumber), true);
    ARGUMENTS.forEach((register, index) =>
      view.setBigUint64(32 + index * 8, context.register(register), true),
    );
    length = ENTRY_INFO_BYTES;
  } else if (stop?.kind === "exit") {
    const value = BigInt.asIntN(64, context.register(0));
    view.setUint8(0, abi.PTRACE_SYSCALL_INFO_EXIT);
    view.setBigInt64(24, value, true);
    view.setUint8(32, value < 0n && value >= -4095n ? 1 : 0);
    length = EXIT_INFO_BYTES;
  }
  task.memory.copyOut(address, bytes.subarray(0, Math.min(length, sizeBytes)));
  return length;
}

export const PTRACE_CALLS: readonly SyscallRow[] = [
  call(101, "ptrace", "int, pid, address, address", sysPtrace, "no seccomp events, no debug registers"),
];

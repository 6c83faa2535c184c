/**
 * The frame a handler starts with, and sigreturn: struct rt_sigframe, ucontext and siginfo of x86-64
 * (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h, asm-generic/siginfo.h). Programs read and
 * change all of it: garbage collectors, Go's preemption, language runtimes.
 */
import { PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import { SA_ONSTACK, SI_MESGQ, SI_QUEUE, SI_TIMER, SI_USER, SI_TKILL, Signal } from "../abi/signal.ts";
import type { SignalAction, SignalInfo } from "./signal-state.ts";
import { UNBLOCKABLE } from "./signal-state.ts";
import type { Task } from "./task.ts";

const RSP = 4;
/** r8..r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp: the order of struct sigcontext, as register numbers. */
const SIGCONTEXT_REGISTERS = [8, 9, 10, 11, 12, 13, 14, 15, 7, 6, 5, 3, 2, 0, 1, 4] as const;
const REDZONE_BYTES = 128;
const FPSTATE_BYTES = 512;
/** pretcode, ucontext, siginfo. */
const UCONTEXT = 8;
const MCONTEXT = UCONTEXT + 40;
const SIGMASK = UCONTEXT + 296;
const SIGINFO = UCONTEXT + 304;
const FRAME_BYTES = SIGINFO + 128;
const [RIP, EFLAGS, SEGMENTS, ERROR, TRAPNO, OLDMASK, CR2, FPSTATE] = [128, 136, 144, 152, 160, 168, 176, 184] as const;
/** cs 0x33, ss 0x2b as 64-bit Linux has them, in struct sigcontext's order cs, gs, fs, ss. */
const SEGMENT_WORD = 0x002b_0000_0000_0033n;
/** uc_flags: UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS. */
const UC_FLAGS = 6n;
/** TF, DF, RF are clear in a handler. */
const HANDLER_FLAGS_CLEAR = 0x1_0500;
/** Flags that sigreturn restores (FIX_EFLAGS). */
const RESTORED_FLAGS = 0x5_0dd5;
export const SIGINFO_BYTES = 128;
export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;
export const SS_AUTODISARM = 0x8000_0000;

/** Puts the frame of `info` on the stack and points the context at the handler; false when it does not fit. */
export function pushSignalFrame(task: Task, info: SignalInfo, action: SignalAction, mask: bigint): boolean {
  const { context, addressSpace } = task;
  const oldStack = { ...task.alternateStack };
  const fpstate = stackPointer(task, action) - FPSTATE_BYTES;
  const fpstateAt = fpstate - (fpstate % 64);
  const below = fpstateAt - FRAME_BYTES;
  const frame = below - (below % 16) - 8;
  if (isOverflowing(task, action, frame)) return false;
  const bytes = addressSpace.bytes(frame, fpstateAt + FPSTATE_BYTES - frame, PROT_WRITE);
  if (bytes === undefined) return false;
  bytes.fill(0, 0, FRAME_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setBigUint64(0, BigInt(action.restorer), true);
  view.setBigUint64(UCONTEXT, UC_FLAGS, true);
  view.setBigUint64(UCONTEXT + 16, BigInt(oldStack.address), true);
  view.setUint32(UCONTEXT + 24, oldStack.flags | (isOnStack(task) ? SS_ONSTACK : 0), true);
  view.setBigUint64(UCONTEXT + 32, BigInt(oldStack.sizeBytes), true);
  SIGCONTEXT_REGISTERS.forEach((register, index) =>
    view.setBigUint64(MCONTEXT + index * 8, context.register(register), true),
  );
  view.setBigUint64(MCONTEXT + RIP, BigInt(context.rip), true);
  view.setBigUint64(MCONTEXT + EFLAGS, BigInt(context.rflags), true);
  view.setBigUint64(MCONTEXT + SEGMENTS, SEGMENT_WORD, true);
  view.setBigUint64(MCONTEXT + ERROR, BigInt(task.trap.errorCode), true);
  view.setBigUint64(MCONTEXT + TRAPNO, BigInt(task.trap.number), true);
  view.setBigUint64(MCONTEXT + OLDMASK, mask, true);
  view.setBigUint64(MCONTEXT + CR2, BigInt.asUintN(64, BigInt(Math.trunc(task.trap.address))), true);
  view.setBigUint64(MCONTEXT + FPSTATE, BigInt(fpstateAt), true);
  view.setBigUint64(SIGMASK, mask, true);
  writeSignalInfo(new DataView(bytes.buffer, bytes.byteOffset + SIGINFO, SIGINFO_BYTES), info);
  context.saveFpu(bytes.subarray(fpstateAt - frame, fpstateAt - frame + FPSTATE_BYTES));
  if ((oldStack.flags & SS_AUTODISARM) !== 0) task.alternateStack = { address: 0, sizeBytes: 0, flags: SS_DISABLE };
  enterHandler(task, action.handler, info.signal, frame);
  return true;
}

/** rt_sigreturn(2): everything as the frame says; false when the frame is not readable. */
export function popSignalFrame(task: Task): boolean {
  const { context, addressSpace } = task;
  const frame = context.integer(RSP) - 8;
  const bytes = addressSpace.bytes(frame, FRAME_BYTES, PROT_READ);
  if (bytes === undefined) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fpstate = Number(view.getBigUint64(MCONTEXT + FPSTATE, true));
  const saved = fpstate === 0 ? undefined : addressSpace.bytes(fpstate, FPSTATE_BYTES, PROT_READ);
  if (fpstate !== 0 && (saved === undefined || !context.restoreFpu(saved.slice()))) return false;
  SIGCONTEXT_REGISTERS.forEach((register, index) =>
    context.setRegister(register, view.getBigUint64(MCONTEXT + index * 8, true)),
  );
  context.rip = Number(view.getBigUint64(MCONTEXT + RIP, true));
  const flags = Number(view.getBigUint64(MCONTEXT + EFLAGS, true) & 0xffff_ffffn);
  context.rflags = (context.rflags & ~RESTORED_FLAGS) | (flags & RESTORED_FLAGS);
  task.blockedSignals = view.getBigUint64(SIGMASK, true) & ~UNBLOCKABLE;
  task.alternateStack = {
    address: Number(view.getBigUint64(UCONTEXT + 16, true)),
    flags: view.getUint32(UCONTEXT + 24, true) & ~SS_ONSTACK,
    sizeBytes: Number(view.getBigUint64(UCONTEXT + 32, true)),
  };
  return true;
}

export function isOnStack(task: Task): boolean {
  const { address, sizeBytes, flags } = task.alternateStack;
  if ((flags & SS_AUTODISARM) !== 0) return false;
  const sp = task.context.integer(RSP);
  return sizeBytes > 0 && sp > address && sp <= address + sizeBytes;
}

/** siginfo_t, 128 bytes. */
export function writeSignalInfo(view: DataView, info: SignalInfo): void {
  view.setInt32(0, info.signal, true);
  view.setInt32(4, info.errno ?? 0, true);
  view.setInt32(8, info.code, true);
  if (info.signal === Signal.SIGSYS && info.syscall !== undefined) {
    view.setBigUint64(16, info.address ?? 0n, true);
    view.setInt32(24, info.syscall, true);
    view.setUint32(28, 0xc000_003e, true); // AUDIT_ARCH_X86_64
    return;
  }
  if (info.address !== undefined) {
    view.setBigUint64(16, info.address, true);
    return;
  }
  if (info.code === SI_TIMER) {
    view.setInt32(16, info.timerId ?? 0, true);
    view.setInt32(20, info.overrun ?? 0, true);
    view.setBigInt64(24, info.value ?? 0n, true);
    return;
  }
  if (info.band !== undefined) {
    view.setBigInt64(16, BigInt(info.band), true);
    view.setInt32(24, info.fd ?? 0, true);
    return;
  }
  view.setInt32(16, info.pid ?? 0, true);
  view.setUint32(20, info.uid ?? 0, true);
  if (info.signal === Signal.SIGCHLD && info.code > 0) view.setInt32(24, info.status ?? 0, true);
  else if ([SI_QUEUE, SI_USER, SI_TKILL, SI_MESGQ].includes(info.code)) view.setBigInt64(24, info.value ?? 0n, true);
}

/** The same back: PTRACE_SETSIGINFO. */
export function readSignalInfo(view: DataView): SignalInfo {
  const [signal, errno, code] = [view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true)];
  const isFault = code > 0 && FAULTS.includes(signal);
  if (isFault) return { signal, errno, code, address: view.getBigUint64(16, true) };
  const [pid, uid] = [view.getInt32(16, true), view.getUint32(20, true)];
  if (signal === Signal.SIGCHLD && code > 0) return { signal, errno, code, pid, uid, status: view.getInt32(24, true) };
  return { signal, errno, code, pid, uid, value: view.getBigInt64(24, true) };
}

/** Those whose siginfo holds an address. */
const FAULTS: readonly number[] = [Signal.SIGILL, Signal.SIGTRAP, Signal.SIGBUS, Signal.SIGFPE, Signal.SIGSEGV];

function stackPointer(task: Task, action: SignalAction): number {
  const { address, sizeBytes } = task.alternateStack;
  const isSwitching = (action.flags & SA_ONSTACK) !== 0 && sizeBytes > 0 && !isOnStack(task);
  return isSwitching ? address + sizeBytes : task.context.integer(RSP) - REDZONE_BYTES;
}

/** A frame that does not fit on the alternate stack is never written below it. */
function isOverflowing(task: Task, action: SignalAction, frame: number): boolean {
  const { address, sizeBytes } = task.alternateStack;
  if (sizeBytes === 0) return false;
  const isOn = isOnStack(task) || (action.flags & SA_ONSTACK) !== 0;
  return isOn && !(frame > address && frame <= address + sizeBytes);
}

function enterHandler(task: Task, handler: number, signal: number, frame: number): void {
  const { context } = task;
  context.setInteger(0, 0);
  context.setInteger(7, signal);
  context.setInteger(6, frame + SIGINFO);
  context.setInteger(2, frame + UCONTEXT);
  context.setInteger(RSP, frame);
  context.rip = handler;
  context.rflags &= ~HANDLER_FLAGS_CLEAR;
}

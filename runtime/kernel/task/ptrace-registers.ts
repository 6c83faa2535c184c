/** A tracee's registers as ptrace(2) shows and takes them: struct user_regs_struct, fxsave, xsave (asm/user_64.h). */
import * as abi from "../abi/ptrace.ts";
import type { Task } from "./task.ts";

/** r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi, as register numbers. */
const GENERAL = [15, 14, 13, 12, 5, 3, 11, 10, 9, 8, 0, 1, 2, 6, 7] as const;
const [ORIG_RAX, RIP, CS, EFLAGS, RSP, SS, FS_BASE, GS_BASE] = [15, 16, 17, 18, 19, 20, 21, 22] as const;
const WORDS = abi.USER_REGS_BYTES / 8;
const [USER_CS, USER_SS] = [0x33n, 0x2bn];
/** What a tracer may change of them (FLAG_MASK of arch/x86/kernel/ptrace.c). */
const FLAGS_SETTABLE = 0x5_0dd5;
/** x87 and SSE: XCR0 of a processor without AVX. */
const XFEATURES = 3n;

export function readRegisters(task: Task): Uint8Array {
  const bytes = new Uint8Array(abi.USER_REGS_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < WORDS; index++) view.setBigUint64(index * 8, registerAt(task, index), true);
  return bytes;
}

/** As much as is given, from the first on. */
export function writeRegisters(task: Task, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let index = 0; index < Math.min(WORDS, bytes.length >> 3); index++) {
    setRegisterAt(task, index, view.getBigUint64(index * 8, true));
  }
}

export function registerAt(task: Task, index: number): bigint {
  const { context } = task;
  const general = GENERAL[index];
  if (general !== undefined) return context.register(general);
  switch (index) {
    case ORIG_RAX:
      return BigInt.asUintN(64, BigInt(task.ptrace?.isInCall === true ? task.syscallNumber : -1));
    case RIP:
      return BigInt.asUintN(64, BigInt(context.rip));
    case CS:
      return USER_CS;
    case EFLAGS:
      return BigInt(context.rflags >>> 0);
    case RSP:
      return context.register(4);
    case SS:
      return USER_SS;
    case FS_BASE:
      return context.fsBase;
    case GS_BASE:
      return context.gsBase;
    default:
      return 0n; // ds, es, fs, gs.
  }
}

export function setRegisterAt(task: Task, index: number, value: bigint): void {
  const { context, ptrace } = task;
  const general = GENERAL[index];
  if (general !== undefined) {
    context.setRegister(general, value);
    return;
  }
  switch (index) {
    case ORIG_RAX: {
      const number = Number(BigInt.asIntN(32, value));
      task.syscallNumber = number;
      // No call, so none is made again.
      if (number < 0) task.isInterrupted = false;
      if (ptrace !== undefined) ptrace.isInCall = number >= 0;
      return;
    }
    case RIP:
      context.rip = Number(BigInt.asIntN(64, value));
      return;
    case EFLAGS:
      context.rflags = (context.rflags & ~FLAGS_SETTABLE) | (Number(value & 0xffff_ffffn) & FLAGS_SETTABLE);
      return;
    case RSP:
      context.setRegister(4, value);
      return;
    case FS_BASE:
      context.fsBase = value;
      return;
    case GS_BASE:
      context.gsBase = value;
      return;
    default:
      return; // Segments are what they are.
  }
}

export function readFpu(task: Task): Uint8Array {
  const bytes = new Uint8Array(abi.USER_FPREGS_BYTES);
  task.context.saveFpu(bytes);
  return bytes;
}

/** xsave's standard form, with x87 and SSE in it. */
export function readXsave(task: Task): Uint8Array {
  const bytes = new Uint8Array(abi.USER_FPREGS_BYTES + abi.XSAVE_HEADER_BYTES);
  bytes.set(readFpu(task));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(abi.XFEATURES_OFFSET, XFEATURES, true);
  view.setBigUint64(abi.USER_FPREGS_BYTES, XFEATURES, true);
  return bytes;
}

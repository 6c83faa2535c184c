/**
 * Restartable sequences (rseq(2), kernel/rseq.c): a few instructions that must not be interrupted. One hard
 * idea: there is one processor, so the numbers a program reads never change, and only leaving the guest
 * inside a sequence matters: it then goes on at the abort handler.
 */
import { Errno } from "../abi/errno.ts";
import { Signal } from "../abi/signal.ts";
import { endProcess } from "./send-signal.ts";
import { SyscallError } from "./syscall-error.ts";
import type { Task } from "./task.ts";

/** struct rseq: cpu_id_start, cpu_id, rseq_cs, flags, node_id, mm_cid. */
const [CPU_ID_START, CPU_ID, CRITICAL_SECTION, NODE_ID, MM_CID] = [0, 4, 8, 20, 24] as const;
/** struct rseq_cs: version, flags, start_ip, post_commit_offset, abort_ip. */
const [START, LENGTH, ABORT] = [8, 16, 24] as const;

/** Tells the program which processor it runs on: the only one. */
export function registerRseq(task: Task): void {
  const { address } = task.rseq;
  for (const at of [CPU_ID_START, CPU_ID, NODE_ID, MM_CID]) task.memory.writeU32(address + at, 0);
}

/** The guest was stopped between two instructions: a sequence it was in is aborted. */
export function abortSequence(task: Task): void {
  const { address, signature } = task.rseq;
  if (address === 0) return;
  try {
    const { memory, context } = task;
    const section = memory.readInteger(address + CRITICAL_SECTION);
    if (section === 0) return;
    const offset = context.rip - memory.readInteger(section + START);
    memory.writeInteger(address + CRITICAL_SECTION, 0);
    if (offset < 0 || offset >= memory.readInteger(section + LENGTH)) return;
    const abort = memory.readInteger(section + ABORT);
    if (memory.readU32(abort - 4) !== signature) throw new SyscallError(Errno.EFAULT);
    context.rip = abort;
  } catch (thrown) {
    if (!(thrown instanceof SyscallError)) throw thrown;
    endProcess(task.process, Signal.SIGSEGV);
  }
}

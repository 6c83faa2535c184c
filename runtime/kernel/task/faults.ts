/** What a fault of the processor is to a Linux program (arch/x86/kernel/traps.c, mm/fault.c). */
import type { Fault } from "../../cpu/machine.ts";
import { Vector } from "../../cpu/machine.ts";
import {
  FPE_FLTDIV,
  FPE_FLTINV,
  FPE_FLTOVF,
  FPE_FLTRES,
  FPE_FLTUND,
  FPE_INTDIV,
  ILL_ILLOPN,
  SEGV_ACCERR,
  SIG_IGN,
  SI_KERNEL,
  Signal,
  TRAP_TRACE,
  BUS_ADRALN,
} from "../abi/signal.ts";
import { LogLevel } from "../kernel-log.ts";
import { outOfMemory } from "./out-of-memory.ts";
import { forceSignal } from "./send-signal.ts";
import type { Task } from "./task.ts";

const RSP = 4;
const MXCSR_OFFSET = 24;
const MASK_SHIFT = 7;
/** Exception bits of MXCSR and of the x87 status word, most important first, with their si_code. */
const FLOAT_CODES = [
  [1, FPE_FLTINV],
  [4, FPE_FLTDIV],
  [8, FPE_FLTOVF],
  [16, FPE_FLTUND],
  [2, FPE_FLTUND],
  [32, FPE_FLTRES],
] as const;

/** Error code of a page fault: present, write, user, fetch. */
const [PF_PROT, PF_WRITE, PF_USER, PF_INSTR] = [1, 2, 4, 16] as const;
/** Of a general protection fault by `int 0x80`: the gate's place in the descriptor table. */
const GATE_80 = 0x402;

export function raiseFault(task: Task, fault: Fault): void {
  noteTrap(task, fault);
  switch (fault.vector) {
    case Vector.pageFault:
      pageFault(task, fault);
      return;
    case Vector.divideError:
      forceSignal(task, { signal: Signal.SIGFPE, code: FPE_INTDIV, address: BigInt(task.context.rip) });
      return;
    case Vector.x87FloatingPoint:
    case Vector.simdFloatingPoint:
      forceSignal(task, {
        signal: Signal.SIGFPE,
        code: floatCode(task, fault.vector),
        address: BigInt(task.context.rip),
      });
      return;
    case Vector.invalidOpcode:
      noteInstruction(task);
      forceSignal(task, { signal: Signal.SIGILL, code: ILL_ILLOPN, address: BigInt(task.context.rip) });
      return;
    case Vector.stackFault:
      forceSignal(task, { signal: Signal.SIGBUS, code: SI_KERNEL });
      return;
    case Vector.breakpoint:
      forceSignal(task, { signal: Signal.SIGTRAP, code: SI_KERNEL });
      return;
    case Vector.debug:
      forceSignal(task, { signal: Signal.SIGTRAP, code: TRAP_TRACE, address: BigInt(task.context.rip) });
      return;
    case Vector.alignmentCheck:
      forceSignal(task, { signal: Signal.SIGBUS, code: BUS_ADRALN, address: 0n });
      return;
    case Vector.interrupt80:
      // The 32-bit gate of a kernel without CONFIG_IA32_EMULATION: a general protection fault.
      forceSignal(task, { signal: Signal.SIGSEGV, code: SI_KERNEL });
      return;
    default:
      forceSignal(task, { signal: Signal.SIGSEGV, code: SI_KERNEL });
  }
}

function noteTrap(task: Task, { vector }: Fault): void {
  if (vector === Vector.pageFault) return;
  const isGate = vector === Vector.interrupt80;
  const number = isGate ? Vector.generalProtection : vector;
  task.trap = { number, errorCode: isGate ? GATE_80 : 0, address: task.trap.address };
}

function pageFault(task: Task, fault: Fault): void {
  const outcome = task.addressSpace.handleFault(fault);
  if (outcome.kind === "mended") {
    task.minorFaults += 1;
    return;
  }
  if (outcome.kind === "outOfMemory") {
    outOfMemory(task);
    return;
  }
  const isPresent = outcome.code === SEGV_ACCERR && fault.isPresent;
  const errorCode =
    PF_USER | (isPresent ? PF_PROT : 0) | (fault.isWrite ? PF_WRITE : 0) | (fault.isFetch ? PF_INSTR : 0);
  const address = task.addressSpace.shownAddress(fault.address);
  task.trap = { number: Vector.pageFault, errorCode, address };
  if (outcome.signal === Signal.SIGSEGV && isUnhandled(task)) noteSegfault(task, address, errorCode);
  forceSignal(task, {
    signal: outcome.signal,
    code: outcome.code,
    address: BigInt(Math.trunc(address)),
  });
}

/** unhandled_signal: it will die of this. */
function isUnhandled(task: Task): boolean {
  return task.handlers.action(Signal.SIGSEGV).handler <= SIG_IGN && task.ptrace === undefined;
}

/** As show_signal_msg says it. */
function noteSegfault(
  { kernel, context, addressSpace, comm, tid }: Task,
  address: number,
  errorCode: number,
): void {
  const hex = (value: number): string => BigInt.asUintN(64, BigInt(Math.trunc(value))).toString(16);
  const region = addressSpace.regionAt(context.rip);
  const name = region?.backing?.path.split("/").at(-1);
  const place =
    region === undefined || name === undefined
      ? ""
      : ` in ${name}[${hex(region.start)}+${hex(region.end - region.start)}]`;
  const registers = `ip ${hex(context.rip).padStart(16, "0")} sp ${hex(context.integer(RSP)).padStart(16, "0")}`;
  kernel.note(
    LogLevel.info,
    `${comm}[${tid}]: segfault at ${hex(address)} ${registers} error ${errorCode.toString(16)}${place}`,
  );
}

function floatCode(task: Task, vector: number): number {
  const image = new Uint8Array(512);
  task.context.saveFpu(image);
  const view = new DataView(image.buffer);
  const word =
    vector === Vector.simdFloatingPoint ? view.getUint32(MXCSR_OFFSET, true) : view.getUint16(2, true);
  const masked = vector === Vector.simdFloatingPoint ? word >> MASK_SHIFT : view.getUint16(0, true);
  const raised = word & ~masked & 0x3f;
  return FLOAT_CODES.find(([bit]) => (raised & bit) !== 0)?.[1] ?? FPE_FLTINV;
}

/** Keeps the bytes of an instruction we do not have: `docker inspect` names them. */
function noteInstruction(task: Task): void {
  const BYTES = 15;
  const { rip } = task.context;
  const count = task.addressSpace.reachable(rip, BYTES, 1);
  const bytes = task.addressSpace.bytes(rip, count, 1) ?? new Uint8Array(0);
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  task.cgroup.diagnostics.noteIllegal({ comm: task.comm, pid: task.ownTid, rip, bytes: text });
}
